"""`make bench`: Foretell beside a peer and beside the least it could cost.

Shows the tables and writes them to RESULTS.md. Everything is measured in one run, in turn; the
ratios are what to compare between machines.
"""

import os
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from foretell import environment
from foretell.manifest import CARD
from foretell.registry import Registry, RegistryAddress, connect
from tests.benchmarks import (
    cold_start,
    emulated,
    files,
    machine,
    overhead,
    render,
    report,
    rows,
    timing,
)
from tests.benchmarks.overhead import Overhead
from tests.benchmarks.question import Side
from tests.benchmarks.redis_floor import redis_get
from tests.benchmarks.report import Measured
from tests.benchmarks.rows import Row
from tests.benchmarks.servers import s3_server
from tests.benchmarks.shop import Trained, learn
from tests.benchmarks.timing import Tell, Timing
from training.terminal import console, errors, step_beside

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_REGISTRY: Final = RegistryAddress("benchmark")
_ROUNDS: Final = 120
_LOADS: Final = 20


def main() -> None:
    """Learn, measure, tell."""
    with tempfile.TemporaryDirectory() as folder, s3_server() as s3:
        _as_in_lambda(s3, Path(folder))
        registry = connect(_REGISTRY)
        registry.s3.create_bucket(Bucket=_REGISTRY.bucket)
        trained = learn(Path(folder), registry, step_beside)
        measured = _measure(registry, trained, Path(folder))
    tables = report.sections(measured, machine.described())
    render.to_terminal(tables, console)
    RESULTS.write_text(render.to_markdown(tables), encoding="utf-8")
    console.print(f"Written to {os.path.relpath(RESULTS)}.")


def _as_in_lambda(s3: str, folder: Path) -> None:
    """What the template and the Lambda runtime would set, for this process and its children."""
    os.environ |= {
        "AWS_ENDPOINT_URL_S3": s3,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        environment.REGISTRY: str(_REGISTRY),
        environment.REFRESH_SECONDS: "3600",
        "PEER_MODELS": str(folder / "peer"),
    }
    for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(variable, None)


def _measure(registry: Registry, trained: Trained, folder: Path) -> Measured:
    with _progress() as progress:
        cold = cold_start.measure(
            folder / "compiled", _bar(progress, "Cold starts", cold_start.ROUNDS)
        )
        under_emulator = emulated.measure(
            folder / "emulated", _bar(progress, "Under Lambda's emulator", emulated.ROUNDS)
        )
        loads = timing.in_turn(
            rows.loading(registry, trained), _LOADS, _bar(progress, "Loading models", _LOADS)
        )
        warm = _warm(trained, _bar(progress, "Warm requests", _ROUNDS))
        around = _overhead(trained, _bar(progress, "Around onnxruntime", overhead.SIGNS_OF_LIFE))
        customers = files.write(trained.customers, folder)
        scored = files.measure(
            customers, trained.version, _bar(progress, "Files of customers", files.ROUNDS)
        )
    return Measured(warm, around, cold, under_emulator, loads, _sizes(registry, trained), scored)


def _warm(trained: Trained, tell: Tell) -> dict[Row, Timing]:
    # Logs and metrics are written as in Lambda, and thrown away.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        calls = rows.handlers(trained) | rows.floors(trained)
        with redis_get(rows.cached_answer()) as look_up:
            if look_up is not None:
                calls[Row.REDIS] = look_up
            return timing.in_turn(calls, _ROUNDS, tell)


def _overhead(trained: Trained, tell: Tell) -> Overhead:
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        calls = rows.handlers(trained) | rows.floors(trained)
        return overhead.measure(calls[Row.EMPTY], calls[Row.OURS], rows.session(), tell)


def _sizes(registry: Registry, trained: Trained) -> dict[Side, dict[str, int]]:
    entries = registry.manifest(trained.version).files
    return {
        Side.OURS: {name: entry.size for name, entry in entries.items() if name != CARD},
        Side.PEER: {
            file.name: file.stat().st_size for file in rows.joblib_files(trained.peer_models)
        },
    }


def _progress() -> Progress:
    # It draws between the rounds only: a thread that draws would be measured, too.
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=errors, auto_refresh=False)


def _bar(progress: Progress, name: str, rounds: int) -> Tell:
    task = progress.add_task(name, total=rounds)

    def tell() -> None:
        progress.advance(task)
        progress.refresh()

    return tell


if __name__ == "__main__":
    main()
