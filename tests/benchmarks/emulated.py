"""Cold starts under Lambda's runtime interface emulator: what is deployed, beside the peer."""

import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from foretell import environment
from tests.benchmarks.question import Side, about_one
from tests.benchmarks.timing import Tell
from tests.infra.artefacts.built import CLOUD, Built, BuiltFunction, sam_build
from tests.infra.emulator import python313
from tests.infra.emulator.emulator import Runtime, compile_all, install, provide, started

STARTS: Final = 7
ROUNDS: Final = 1 + STARTS
"""The first is not counted: it brings the files into memory."""

_PEER: Final = Path(__file__).with_name("peer")
_PEERS_PACKAGES: Final = ("fastapi", "joblib", "mangum", "pandas", "scikit-learn", "xgboost-cpu")
_TIMEOUT: Final = 30


@dataclass(frozen=True)
class Start:
    """One start and what followed: milliseconds, and memory in MB."""

    init: float
    answer: float
    peak_mb: float

    @property
    def total(self) -> float:
        """From the start of the process to the first answer."""
        return self.init + self.answer


@dataclass(frozen=True)
class Starts:
    """The median of each figure, and what was started."""

    middle: dict[Side, Start]
    unzipped_mb: dict[Side, float]
    """Code and packages."""

    python: str
    """Its version."""


def measure(folder: Path, tell: Tell) -> Starts | str:
    """Build both sides and start them in turn; or why that cannot be done here.

    Needs the environment of __main__: the registry and the peer's models.
    """
    folder.mkdir()
    runtime = _runtime(folder)
    if isinstance(runtime, str):
        return runtime
    functions = {Side.OURS: _ours(folder, runtime), Side.PEER: _peer(folder, runtime)}
    starts: dict[Side, list[Start]] = {side: [] for side in Side}
    for number in range(ROUNDS):
        for side, function in functions.items():
            start = _start(function, runtime, folder / f"{side}-{number}")
            if number:
                starts[side].append(start)
        tell()
    return Starts(
        {side: _middle(found) for side, found in starts.items()},
        {side: _megabytes(function) for side, function in functions.items()},
        _version(runtime.python),
    )


def _runtime(folder: Path) -> Runtime | str:
    if not (CLOUD / ".installed").exists():
        return "no SAM CLI, which carries the emulator: run `make cloud`"
    python = python313.installed() or _unpacked(folder / "python")
    if python is None:
        return python313.NONE
    provide(folder / "runtime", python)
    return Runtime(python, folder / "runtime")


def _unpacked(folder: Path) -> Path | None:
    python313.unpack(folder)
    return python313.of_the_image(folder)


def _ours(folder: Path, runtime: Runtime) -> BuiltFunction:
    sam_build(folder / "built", runtime.python)
    return Built(folder / "built").functions["ComprehensiveFunction"]


def _peer(folder: Path, runtime: Runtime) -> BuiltFunction:
    """The peer, packed with the same care: the same compiler, the same options."""
    code, layer = folder / "peer_code", folder / "peer_layer"
    shutil.copytree(
        _PEER, code / "tests/benchmarks/peer", ignore=shutil.ignore_patterns("__pycache__")
    )
    install(layer / "python", "tests/requirements.txt", *_PEERS_PACKAGES)
    compile_all(runtime.python, layer, code)
    return BuiltFunction(
        "peer", code, (layer,), "tests.benchmarks.peer.app.handler", 1024, _TIMEOUT, {}
    )


def _start(function: BuiltFunction, runtime: Runtime, folder: Path) -> Start:
    variables = {
        name: os.environ[name]
        for name in ("AWS_ENDPOINT_URL_S3", "PEER_MODELS", environment.REGISTRY)
    }
    with started(function, runtime, variables, folder) as emulated:
        answer = emulated.invoke(about_one())
        if answer.get("statusCode") != 200:
            raise SystemExit(f"{function.name} did not answer under the emulator: {answer}")
        (init,), (first,) = emulated.inits, emulated.invocations
        return Start(init, first, emulated.peak_mb())


def _middle(starts: list[Start]) -> Start:
    rows = [asdict(start) for start in starts]
    return Start(**{name: median(row[name] for row in rows) for name in rows[0]})


def _megabytes(function: BuiltFunction) -> float:
    files = (path for folder in (function.code, *function.layers) for path in folder.rglob("*"))
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def _version(python: Path) -> str:
    command = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.check_output(command, text=True).strip()
