"""What is timed warm: both sides whole, and the least that an answer could cost."""

from collections.abc import Callable, Mapping
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

import joblib
from fastapi import FastAPI
from mangum import Mangum

from foretell import predictor
from foretell.contract import CustomerRecord, ModelName, to_matrix
from foretell.registry import Registry
from tests.benchmarks.question import (
    CUSTOMER,
    ONE,
    WITHOUT_REASONS,
    Event,
    Side,
    about_many,
    about_one,
)
from tests.benchmarks.shop import Trained
from tests.benchmarks.timing import Call
from tests.shared.lambda_events import Context

Handler = Callable[[Event, Any], dict[str, Any]]


class Row(StrEnum):
    """A row of the table."""

    OURS = auto()
    OURS_REASONS = auto()
    PEER = auto()
    OURS_MANY = auto()
    OURS_MANY_REASONS = auto()
    PEER_MANY = auto()
    EMPTY = auto()
    PREDICT = auto()
    PREDICT_REASONS = auto()
    ONNX = auto()
    ONNX_MANY = auto()
    REDIS = auto()


def handlers(trained: Trained) -> dict[Row, Call]:
    """The whole Lambda handlers, each with the very event that API Gateway would send."""
    # Imported here: with the module comes the loading of the models.
    from functions.comprehensive.app import handler as ours  # noqa: PLC0415
    from tests.benchmarks.peer.app import handler as peer  # noqa: PLC0415

    many = len(trained.records)
    return {
        Row.OURS: _asking(ours, about_one(WITHOUT_REASONS), 1, reasons=False),
        Row.OURS_REASONS: _asking(ours, about_one(), 1, reasons=True),
        Row.PEER: _asking(peer, about_one(), 1, reasons=False),
        Row.OURS_MANY: _asking(
            ours, about_many(trained.records, WITHOUT_REASONS), many, reasons=False
        ),
        Row.OURS_MANY_REASONS: _asking(ours, about_many(trained.records), many, reasons=True),
        Row.PEER_MANY: _asking(peer, about_many(trained.records), many, reasons=False),
    }


def floors(trained: Trained) -> dict[Row, Call]:
    """Parts of our answer, alone."""
    from functions.comprehensive.app import live  # noqa: PLC0415 - as above

    serving = live.current()
    record = CustomerRecord.model_validate(CUSTOMER)
    one = to_matrix([record])
    many = to_matrix([CustomerRecord.model_validate(record) for record in trained.records])
    empty = Mangum(_empty_app(), lifespan="off")
    event = about_one()
    return {
        Row.EMPTY: lambda: empty(event, Context()),
        Row.PREDICT: lambda: serving.predict([record], explain=False),
        Row.PREDICT_REASONS: lambda: serving.predict([record], explain=True),
        Row.ONNX: lambda: serving.run(one),
        Row.ONNX_MANY: lambda: serving.run(many),
    }


def session() -> Any:
    """The session that our handler asks."""
    from functions.comprehensive.app import live  # noqa: PLC0415 - as above

    return live.current().session


def cached_answer() -> bytes:
    """What a cache would hold for one customer."""
    from functions.comprehensive.app import handler  # noqa: PLC0415 - as above

    body: str = handler(about_one(), Context())["body"]
    return body.encode()


def loading(registry: Registry, trained: Trained) -> Mapping[Side, Call]:
    """From what is stored to models that can answer."""
    return {
        Side.OURS: lambda: predictor.load(registry, ModelName.COMPREHENSIVE, trained.version),
        Side.PEER: lambda: [joblib.load(file) for file in joblib_files(trained.peer_models)],
    }


def joblib_files(folder: Path) -> list[Path]:
    """The peer's models."""
    return sorted(folder.glob("*.joblib"))


def _asking(handler: Handler, event: Event, customers: int, *, reasons: bool) -> Call:
    """Asks the same each time; once now, to see that the answer is the one to be timed."""
    answer = handler(event, Context())
    body = answer["body"]
    if answer["statusCode"] != 200:
        raise SystemExit(f"{event['rawPath']} answered {answer['statusCode']}: {body[:500]}")
    answered = body.count('"churn_probability":')
    if answered != customers or ('"reasons":' in body) != reasons:
        raise SystemExit(
            f"{event['rawPath']}?{event['rawQueryString']} was to answer for {customers} customers"
            f" {'with' if reasons else 'without'} reasons: {body[:500]}"
        )
    return lambda: handler(event, Context())


def _empty_app() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post(ONE)
    async def nothing() -> dict[str, str]:
        return {}

    return app
