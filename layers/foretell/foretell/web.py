"""The HTTP side of every function: one app factory, and errors as problem documents."""

import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.logging import correlation_paths
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mangum import Mangum
from mangum.types import LambdaContext
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foretell import problems
from foretell.contract import CustomerRecord, ModelName, Prediction
from foretell.live import LiveModel
from foretell.manifest import Metric, Persona, RiskCategoryRule, TrainingData, ValueTierRule
from foretell.predictor import ANSWERS, Predictor
from foretell.problems import ProblemKind, UnsupportedMediaType
from foretell.telemetry import count, logger, metrics, milliseconds, tracer

MAX_BODY_BYTES: Final = 64 * 1024
"""Far more than one customer record takes."""

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

_SUMMARIES: Final = {
    ModelName.CLV: "What a customer will be worth",
    ModelName.CHURN: "Whether a customer is about to leave",
    ModelName.SEGMENT: "Which persona a customer is",
    ModelName.COMPREHENSIVE: "All three answers in one",
}


class Health(BaseModel):
    """A function that can answer."""

    model_config = ConfigDict(frozen=True)

    status: str = "ok"
    model_version: str


class ModelDescription(BaseModel):
    """The live version: its data, its measured figures, what its words mean."""

    model_config = ConfigDict(frozen=True)

    model_version: str
    horizon_days: int
    data: TrainingData
    metrics: dict[ModelName, tuple[Metric, ...]]
    importances: dict[ModelName, dict[str, float]]
    value_tiers: tuple[ValueTierRule, ...]
    risk_categories: tuple[RiskCategoryRule, ...]
    personas: tuple[Persona, ...]
    libraries: dict[str, str]


def create_app(model: ModelName, live: LiveModel) -> FastAPI:
    """The function that serves one model; without documentation routes."""
    app = FastAPI(
        title=f"Foretell: {model}",
        openapi_url=None,
        exception_handlers=_exception_handlers(),
        middleware=[Middleware(_Guard)],
    )
    _add_prediction(app, model, live)
    _add_description(app, live)
    return app


def lambda_handler(app: FastAPI) -> Handler:
    """An app as the handler of a Lambda function behind an HTTP API."""
    # What is not named here would be sent as base64.
    asgi = Mangum(app, lifespan="off", text_mime_types=["application/json", problems.MEDIA_TYPE])

    @logger.inject_lambda_context(
        correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
    )
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    @metrics.log_metrics(capture_cold_start_metric=True)
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        count("Requests")
        return asgi(event, context)

    return handler  # type: ignore[no-any-return] # the decorators lose the type


def _add_prediction(app: FastAPI, model: ModelName, live: LiveModel) -> None:
    @app.post(
        f"/predict/{model}",
        response_model=ANSWERS[model],
        response_model_exclude_none=True,
        dependencies=[Depends(_require_json)],
        summary=_SUMMARIES[model],
        operation_id=f"predict_{model}",
        tags=["Predictions"],
        responses=_PROBLEM_RESPONSES,
    )
    async def predict(record: CustomerRecord) -> Prediction:
        return _timed(live.current(), record)


def _add_description(app: FastAPI, live: LiveModel) -> None:
    @app.get(
        "/model",
        summary="The live version: data, measured figures, personas, thresholds",
        operation_id="describe_model",
        tags=["Model"],
        responses=_UNAVAILABLE,
    )
    async def describe() -> ModelDescription:
        serving = live.current()
        return ModelDescription(
            model_version=serving.version,
            **{name: getattr(serving.manifest, name) for name in _DESCRIBED},
        )

    @app.get(
        "/health",
        summary="Whether a model is in service",
        operation_id="health",
        tags=["Model"],
        responses=_UNAVAILABLE,
    )
    async def health() -> Health:
        return Health(model_version=live.current().version)


def _timed(serving: Predictor, record: CustomerRecord) -> Prediction:
    started = time.perf_counter()
    prediction = serving.predict([record])[0]
    milliseconds("PredictionLatency", (time.perf_counter() - started) * 1_000)
    count("Predictions")
    tracer.put_annotation("model_version", serving.version)
    logger.info("Predicted", model=serving.model, model_version=serving.version)
    return prediction


async def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            "send the customer record as JSON with the header Content-Type: application/json"
        )


def _exception_handlers() -> dict[int | type[Exception], Callable[..., Any]]:
    return {
        RequestValidationError: _answer_invalid,
        HTTPException: _answer_http,
        **dict.fromkeys(problems.TABLE, _answer_known),
    }


async def _answer_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    count("ValidationFailed")
    faults = problems.faulty_fields(error.errors())
    names = ", ".join(fault["field"] for fault in faults)
    return _problem(problems.INVALID_RECORD, f"mend and send again: {names}", errors=faults)


async def _answer_known(_: Request, error: Exception) -> JSONResponse:
    kind = problems.TABLE[type(error)]
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        count("Unavailable")
        logger.error(kind.title, reason=str(error))
    return _problem(kind, str(error))


async def _answer_http(_: Request, error: HTTPException) -> JSONResponse:
    kind = problems.BY_STATUS.get(error.status_code, problems.INTERNAL)
    # Where nobody said more, Starlette repeats the name of the status.
    said = error.detail if error.detail != kind.status.phrase else "check the method and the path"
    answer = _problem(kind, said)
    answer.headers.update(error.headers or {})
    return answer


def _answer_unexpected(error: Exception) -> JSONResponse:
    count("Failed")
    # The message of an unforeseen error may hold customer data: where it arose is what is logged.
    origin = traceback.extract_tb(error.__traceback__)[-1]
    logger.error(
        "Unexpected error",
        error_type=type(error).__name__,
        origin=f"{origin.name}, line {origin.lineno} of {origin.filename}",
    )
    return _problem(problems.INTERNAL, "the failure was logged; the same request may work later")


class _Guard:
    """Reads no body beyond the limit, and answers an unforeseen error itself.

    Left to FastAPI, such an error is raised again behind the answer, and the server prints its
    trace; and a body that is too large is answered in plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"send one customer record, of at most {MAX_BODY_BYTES // 1024} KiB",
                )
            return message

        try:
            await self._app(scope, receive_limited, send)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            await _answer_unexpected(error)(scope, receive, send)


def _problem(kind: ProblemKind, detail: str, **members: object) -> JSONResponse:
    return JSONResponse(
        problems.document(kind, detail, **members),
        status_code=kind.status,
        media_type=problems.MEDIA_TYPE,
    )


_DESCRIBED: Final = tuple(name for name in ModelDescription.model_fields if name != "model_version")
_UNAVAILABLE: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "No usable model", "content": {problems.MEDIA_TYPE: {}}}
}
_PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    415: {"description": "The body is not JSON", "content": {problems.MEDIA_TYPE: {}}},
    422: {"description": "Every faulty field, named", "content": {problems.MEDIA_TYPE: {}}},
    **_UNAVAILABLE,
}
