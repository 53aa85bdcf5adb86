"""What a function tells of itself: the live version, and whether there is one."""

from typing import Final

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from foretell.actions import ActionRule
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.manifest import (
    Baselines,
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

    model_config = ConfigDict(frozen=True)

    model_version: str
    horizon_days: int
    data: TrainingData
    metrics: dict[ModelName, tuple[Metric, ...]]
    importances: dict[ModelName, dict[str, float]]
    value_tiers: tuple[ValueTierRule, ...]
    risk_categories: tuple[RiskCategoryRule, ...]
    personas: tuple[Persona, ...]
    actions: tuple[ActionRule, ...]
    baselines: Baselines
    libraries: dict[str, str]


_DESCRIBED: Final = tuple(name for name in ModelDescription.model_fields if name != "model_version")


def add(app: FastAPI, live: LiveModel) -> None:
    """GET /model and GET /health."""

    @app.get(
        "/model",
        summary="The live version: data, measured figures, personas, thresholds",
        operation_id="describe_model",
        tags=["Model"],
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
    )
    async def health() -> Health:
        return Health(model_version=live.current().version)
