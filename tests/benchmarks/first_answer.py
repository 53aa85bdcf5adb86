"""A Lambda function's first answer, in this process and timed: `first_answer ours|peer`.

Prints one line of JSON to the error stream, because Foretell's logs go to the other one. Imports
nothing that the app itself does not need.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.question import Side, about_one
from tests.shared.lambda_events import Context

APP: Final = {
    Side.OURS: "functions.comprehensive.app",
    Side.PEER: "tests.benchmarks.peer.app",
}
# The app would import them itself; first, they can be told from the loading of the models.
LIBRARIES: Final = {
    Side.OURS: ("foretell.start", "foretell.web"),
    Side.PEER: (
        "fastapi",
        "mangum",
        "joblib",
        "pandas",
        "sklearn.compose",
        "sklearn.ensemble",
        "sklearn.cluster",
        "xgboost",
    ),
}


def main(side: Side) -> None:
    """Import, load, answer."""
    started = time.perf_counter()
    for name in LIBRARIES[side]:
        importlib.import_module(name)
    imported = time.perf_counter()
    app = importlib.import_module(APP[side])
    loaded = time.perf_counter()
    answer = app.handler(about_one(), Context())
    answered = time.perf_counter()
    figures = {
        "status": answer["statusCode"],
        "libraries": (imported - started) * 1_000,
        "models": (loaded - imported) * 1_000,
        "answer": (answered - loaded) * 1_000,
        "peak_mb": _peak_mb(),
    }
    sys.stderr.write(json.dumps(figures) + "\n")
    sys.stderr.flush()


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # Linux counts what the parent held before exec into ru_maxrss, but not into VmHWM.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1_024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1_024 / 1e6


if __name__ == "__main__":
    main(Side(sys.argv[1]))
