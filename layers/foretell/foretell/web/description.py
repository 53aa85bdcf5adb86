"""What a function tells of itself: the live version, and whether there is one."""

from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foretell.actions import ActionRule
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.manifest import (
    Baselines,
    Evaluation,
    Gate,
    Metric,
    Persona,
    RiskCategoryRule,
    TrainingData,
    ValueTierRule,
)


class Health(BaseModel):
    """A function that can answer."""

    model_config = ConfigDict(frozen=True)

    status: str = "ok"
    model_version: str


class ModelDescription(BaseModel):
    """The live version: its data, its measured figures, what its words mean."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    model_version: str
    horizon_days: int
    training_horizon_days: int
    interval_coverage: float
    data: TrainingData
    evaluation: Evaluation
    metrics: dict[ModelName, tuple[Metric, ...]]
    importances: dict[ModelName, dict[str, float]]
    value_tiers: tuple[ValueTierRule, ...]
    risk_categories: tuple[RiskCategoryRule, ...]
    personas: tuple[Persona, ...]
    actions: tuple[ActionRule, ...]
    baselines: Baselines
    gates: tuple[Gate, ...]
    forced: str | None
    libraries: dict[str, str]


_DESCRIBED: Final = tuple(name for name in ModelDescription.model_fields if name != "model_version")


def routes(live: LiveModel) -> tuple[Route, ...]:
    """GET /model and GET /health."""

    async def describe(_: Request) -> Response:
        serving = live.current()
        described = {name: getattr(serving.manifest, name) for name in _DESCRIBED}
        return _ok(ModelDescription(model_version=serving.version, **described))

    async def health(_: Request) -> Response:
        return _ok(Health(model_version=live.current().version))

    return Route("/model", describe), Route("/health", health)


def _ok(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
