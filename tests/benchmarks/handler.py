"""What a warm request costs: the whole Lambda handler, beside the least it could cost.

Run with `make bench`. All rows come from one run on one machine, taken in turn, so that a noisy
moment meets all of them; the ratios are what to compare between machines.
"""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from statistics import median, quantiles
from typing import Any

os.environ |= {
    "POWERTOOLS_TRACE_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "FORETELL_REFRESH_SECONDS": "3600",
}

from fastapi import FastAPI
from mangum import Mangum
from rich.console import Console
from rich.table import Table

from foretell.contract import CustomerRecord, to_matrix
from foretell.registry import connect
from infra.local import home, serve
from infra.local.object_store import object_store
from tests.shared.lambda_events import Context, http_event
from training import simulate
from training.request import TrainingRequest
from training.run import train
from training.tables import Sources

WHOLE = "whole handler, comprehensive"
ROUNDS = 2_000
WARM_UP = 200
CUSTOMER = {"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5}


def main() -> None:
    """Train once, then time the parts in turn."""
    with tempfile.TemporaryDirectory() as folder, object_store(Path(folder) / "s3", 0) as store:
        home.use(home.Platform("", store.endpoint_url, str(serve.REGISTRY)))
        os.environ["FORETELL_REGISTRY"] = str(serve.REGISTRY)
        _publish_a_version(Path(folder))
        # Logs and metrics are written as in Lambda, and thrown away.
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            timings = _in_turn(_calls())
    Console().print(_table(timings))


def _publish_a_version(folder: Path) -> None:
    registry = connect(serve.REGISTRY)
    registry.s3.create_bucket(Bucket=serve.REGISTRY.bucket)
    simulate.write(simulate.simulate(5_000, seed=1), folder)
    names = ("transactions", "customers", "engagement")
    sources = Sources(**{name: str(folder / f"{name}.csv") for name in names})
    train(TrainingRequest(sources), registry, lambda _: nullcontext())


def _calls() -> dict[str, Callable[[], Any]]:
    from functions.comprehensive.app import handler, live  # noqa: PLC0415 - needs the registry

    record = CustomerRecord.model_validate(CUSTOMER)
    matrix = to_matrix([record])
    serving = live.current()
    event = http_event("POST", "/predict/comprehensive", CUSTOMER)
    empty = Mangum(_empty_app(), lifespan="off")
    return {
        "onnxruntime alone": lambda: serving.run(matrix),
        "predictor: record to answer": lambda: serving.predict([record]),
        "empty FastAPI + Mangum handler": lambda: empty(event, Context()),
        WHOLE: lambda: handler(event, Context()),
    }


def _empty_app() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post("/predict/comprehensive")
    async def nothing() -> dict[str, str]:
        return {}

    return app


def _in_turn(calls: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    timings: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(WARM_UP + ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number >= WARM_UP:
                timings[name].append((time.perf_counter() - started) * 1_000)
    return timings


def _table(timings: dict[str, list[float]]) -> Table:
    table = Table(title=f"One customer, warm, {ROUNDS:,} rounds in turn (milliseconds)")
    table.add_column("")
    for column in ("p50", "p95", "p99", "p50 / whole handler"):
        table.add_column(column, justify="right")
    whole = median(timings[WHOLE])
    for name, values in timings.items():
        cuts = quantiles(values, n=100)
        row = (f"{median(values):.3f}", f"{cuts[94]:.3f}", f"{cuts[98]:.3f}")
        table.add_row(name, *row, f"{median(values) / whole:.2f}")
    return table


if __name__ == "__main__":
    main()
