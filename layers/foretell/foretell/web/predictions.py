"""The routes that answer: one customer, and several at once."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, get_args

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foretell import body, problems
from foretell.contract import (
    BatchPrediction,
    BatchResult,
    CustomerRecord,
    ModelName,
    Prediction,
    RiskCategory,
    ValueTier,
)
from foretell.live import LiveModel
from foretell.predictor import ANSWERS
from foretell.problems import InvalidRequest
from foretell.telemetry import count, days, fact, milliseconds

MAX_BYTES: Final = 64 * 1024
"""Far more than one customer record takes."""

MAX_BATCH_BYTES: Final = 2 * 1024 * 1024
"""More than a thousand of them take."""

Asked = Sequence[CustomerRecord]

_SAID: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ORDINARY: Final = {b"": True, b"explain=true": True, b"explain=false": False}
_TIERS: Final = ("value_tier", "risk_category")
_METRICS: Final = {
    tier: f"Predictions{tier.replace(' ', '')}"
    for tier in (*get_args(ValueTier), *get_args(RiskCategory))
}


def routes(model: ModelName, live: LiveModel) -> tuple[Route, ...]:
    """POST /predict/{model} and POST /predict/{model}/batch."""

    async def one(request: Request) -> Response:
        explain = _explain(request)
        record = body.record(await _json(request, MAX_BYTES))
        return _ok(_answers(live, [record], explain=explain)[1][0])

    async def several(request: Request) -> Response:
        explain = _explain(request)
        records = body.records(await _json(request, MAX_BATCH_BYTES))
        return _ok(_together(live, records, explain=explain))

    return (
        Route(f"/predict/{model}", one, methods=["POST"]),
        Route(f"/predict/{model}/batch", several, methods=["POST"]),
    )


def _together(
    live: LiveModel, records: Sequence[CustomerRecord | InvalidRequest], *, explain: bool
) -> BaseModel:
    answer = ANSWERS[live.model]
    together, each = BatchPrediction[answer], BatchResult[answer]  # type: ignore[valid-type]
    possible = [record for record in records if isinstance(record, CustomerRecord)]
    version, predictions = _answers(live, possible, explain=explain)
    count("RecordsRefused", len(records) - len(possible))
    in_turn = iter(predictions)
    return together.model_construct(
        model_version=version,
        predicted=len(possible),
        refused=len(records) - len(possible),
        results=tuple(
            each.model_construct(errors=record.faults)
            if isinstance(record, InvalidRequest)
            else each.model_construct(prediction=next(in_turn))
            for record in records
        ),
    )


async def _json(request: Request, at_most: int) -> Any:  # noqa: ANN401 - whatever was sent
    body.require_json(_header(request, b"content-type"))
    return body.parse(await body.read(request.receive, at_most))


def _header(request: Request, name: bytes) -> str:
    # Starlette would make a mapping of all of them first.
    return next((value for key, value in request.scope["headers"] if key == name), b"").decode(
        "latin-1"
    )


def _explain(request: Request) -> bool:
    query: bytes = request.scope["query_string"]
    if query in _ORDINARY:
        return _ORDINARY[query]
    unknown = set(request.query_params) - {"explain"}
    if unknown:
        raise InvalidRequest(
            [problems.fault((name,), "Unknown query parameter") for name in sorted(unknown)]
        )
    said = request.query_params.get("explain", "true").lower()
    if said not in _SAID:
        raise InvalidRequest([problems.fault(("explain",), "Input should be true or false")])
    return _SAID[said]


def _answers(live: LiveModel, records: Asked, *, explain: bool) -> tuple[str, list[Prediction]]:
    """The version in service, and its answers."""
    serving = live.current()
    started = time.perf_counter()
    predictions = serving.predict(records, explain=explain) if records else []
    milliseconds("ModelLatency", (time.perf_counter() - started) * 1_000)
    days("ModelAge", (datetime.now(UTC).date() - serving.manifest.data.as_of).days)
    fact("model_version", serving.version)
    _count(predictions)
    return serving.version, predictions


def _count(predictions: Sequence[Prediction]) -> None:
    count("Predictions", len(predictions))
    for prediction in predictions:
        for name in _TIERS:
            tier = getattr(prediction, name, None)
            if tier is not None:
                count(_METRICS[tier])


def _ok(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")
