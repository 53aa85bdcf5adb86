"""The routes that answer: one customer, and several at once."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, get_args

from fastapi import FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from foretell import body, problems
from foretell.contract import (
    BatchPrediction,
    BatchResult,
    CustomerBatch,
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

Serve = Callable[[Request], Awaitable[Response]]
Asked = Sequence[CustomerRecord]

_SUMMARIES: Final = {
    ModelName.CLV: "What a customer will be worth",
    ModelName.CHURN: "Whether a customer is about to leave",
    ModelName.SEGMENT: "Which persona a customer is",
    ModelName.COMPREHENSIVE: "All three answers in one",
}
_SAID: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ORDINARY: Final = {b"": True, b"explain=true": True, b"explain=false": False}
_EXPLAIN: Final = Query(
    default=True, description="Whether to give the reasons, too. A persona has none."
)
_TIERS: Final = ("value_tier", "risk_category")
_METRICS: Final = {
    tier: f"Predictions{tier.replace(' ', '')}"
    for tier in (*get_args(ValueTier), *get_args(RiskCategory))
}


def add(app: FastAPI, model: ModelName, live: LiveModel) -> None:
    """POST /predict/{model} and POST /predict/{model}/batch."""
    _add_single(app, model, live)
    _add_batch(app, model, live)


def _add_single(app: FastAPI, model: ModelName, live: LiveModel) -> None:
    def predict(record: CustomerRecord, explain: bool = _EXPLAIN) -> Prediction:  # noqa: FBT001
        return _answers(live, [record], explain=explain)[1][0]

    async def serve(request: Request) -> Response:
        explain = _explain(request)
        record = body.record(await _json(request, MAX_BYTES))
        return _ok(predict(record, explain))

    _add_route(
        app,
        f"/predict/{model}",
        predict,
        serve,
        response_model=ANSWERS[model],
        summary=_SUMMARIES[model],
        operation_id=f"predict_{model}",
    )


def _add_batch(app: FastAPI, model: ModelName, live: LiveModel) -> None:
    answer = ANSWERS[model]
    together, each = BatchPrediction[answer], BatchResult[answer]  # type: ignore[valid-type]

    def predict(batch: CustomerBatch, explain: bool = _EXPLAIN) -> BaseModel:  # noqa: FBT001
        return answer_all(batch.records, explain=explain)

    def answer_all(
        records: Sequence[CustomerRecord | InvalidRequest], *, explain: bool
    ) -> BaseModel:
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

    async def serve(request: Request) -> Response:
        explain = _explain(request)
        records = body.records(await _json(request, MAX_BATCH_BYTES))
        return _ok(answer_all(records, explain=explain))

    _add_route(
        app,
        f"/predict/{model}/batch",
        predict,
        serve,
        response_model=together,
        summary=f"{_SUMMARIES[model]}, for up to 1,000 customers",
        operation_id=f"predict_{model}_batch",
    )


def _add_route(
    app: FastAPI,
    path: str,
    declared: Callable[..., object],
    serve: Serve,
    **documentation: Any,  # noqa: ANN401 - add_api_route's own
) -> None:
    """A POST route that is documented by what is declared and answered by `serve`.

    FastAPI's own way reads the body with a parser that lets repeated fields and NaN pass, and
    checks every answer once more, which takes as long as the prediction.
    """

    class Served(APIRoute):
        def get_route_handler(self) -> Any:  # noqa: ANN401 - as FastAPI has it
            return serve

    app.router.add_api_route(
        path,
        declared,
        methods=["POST"],
        tags=["Predictions"],
        route_class_override=Served,
        **documentation,
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
