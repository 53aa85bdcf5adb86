"""The routes as FastAPI is to document them: what goes in, what comes out.

The functions serve the same paths (foretell.web) without declaring them: a function that starts
has no use for it. That both name the same paths is a test.
"""

from typing import Annotated, Final

from fastapi import FastAPI, Path, Query
from fastapi.responses import HTMLResponse

from foretell.batch.runs import RUN_ID
from foretell.contract import (
    BatchPrediction,
    CustomerBatch,
    CustomerRecord,
    ModelName,
)
from foretell.history import ModelHistory
from foretell.manifest import VERSION_PATTERN
from foretell.portfolio.documents import (
    RunDescription,
    RunPage,
    RunsQuery,
    Upload,
    UploadRequest,
)
from foretell.predictor import ANSWERS
from foretell.web.description import Health, ModelDescription

_SUMMARIES: Final = {
    ModelName.CLV: "What a customer will be worth",
    ModelName.CHURN: "Whether a customer is about to leave",
    ModelName.SEGMENT: "Which persona a customer is",
    ModelName.COMPREHENSIVE: "All three answers in one",
}
Explain = Annotated[
    bool,
    Query(description="Whether to give the reasons, too. A persona has none."),
]
RunId = Annotated[
    str,
    Path(description="As GET /portfolio/runs tells it.", pattern=f"^{RUN_ID.pattern}$"),
]
Version = Annotated[
    str | None,
    Query(
        description="As GET /model/history tells it; without it, the one in service.",
        pattern=f"^{VERSION_PATTERN.pattern}$",
    ),
]


def declared() -> FastAPI:
    """An app of all routes; it answers nothing."""
    app = FastAPI()
    for model in ModelName:
        _declare_predictions(app, model)
    _declare_description(app)
    _declare_portfolio(app)
    return app


def _declare_predictions(app: FastAPI, model: ModelName) -> None:
    summary, answer = _SUMMARIES[model], ANSWERS[model]

    @app.post(
        f"/predict/{model}",
        response_model=answer,
        summary=summary,
        operation_id=f"predict_{model}",
        tags=["Predictions"],
    )
    async def predict(record: CustomerRecord, explain: Explain = True) -> None: ...  # noqa: FBT002

    @app.post(
        f"/predict/{model}/batch",
        response_model=BatchPrediction[answer],  # type: ignore[valid-type]
        summary=f"{summary}, for up to 1,000 customers",
        operation_id=f"predict_{model}_batch",
        tags=["Predictions"],
    )
    async def predict_batch(batch: CustomerBatch, explain: Explain = True) -> None: ...  # noqa: FBT002


def _declare_description(app: FastAPI) -> None:
    @app.get(
        "/model",
        response_model=ModelDescription,
        summary="The live version: data, measured figures, personas, thresholds",
        operation_id="describe_model",
        tags=["Model"],
    )
    async def describe() -> None: ...

    @app.get(
        "/model/history",
        response_model=ModelHistory,
        summary="How the live version came to be the live one, newest change first",
        operation_id="describe_history",
        tags=["Model"],
    )
    async def history() -> None: ...

    @app.get(
        "/model/card",
        response_class=HTMLResponse,
        summary="The model card of a version: one HTML file to be kept",
        operation_id="model_card",
        tags=["Model"],
    )
    async def card(version: Version = None) -> None: ...

    @app.get(
        "/health",
        response_model=Health,
        summary="Whether a model is in service",
        operation_id="health",
        tags=["Model"],
    )
    async def health() -> None: ...


def _declare_portfolio(app: FastAPI) -> None:
    @app.post(
        "/portfolio/uploads",
        response_model=Upload,
        summary="Leave to upload a file of customers, or a transaction log, that is to be scored",
        operation_id="allow_upload",
        tags=["Portfolio"],
    )
    async def allow_upload(file: UploadRequest) -> None: ...

    @app.get(
        "/portfolio/runs",
        response_model=RunPage,
        summary="The runs, the one that was updated last first",
        operation_id="list_runs",
        tags=["Portfolio"],
    )
    async def list_runs(asked: Annotated[RunsQuery, Query()]) -> None: ...

    @app.get(
        "/portfolio/runs/{run_id}",
        response_model=RunDescription,
        summary="How far a run is, what came out, and where to download that",
        operation_id="describe_run",
        tags=["Portfolio"],
    )
    async def describe_run(run_id: RunId) -> None: ...
