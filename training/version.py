"""What a trained version says of itself: thresholds, personas, importances, drift baseline."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from foretell.contract import RECORD_FIELDS, ModelName, RiskCategory, ValueTier
from foretell.manifest import (
    FieldDistribution,
    FileEntry,
    Persona,
    RiskCategoryRule,
    ValueTierRule,
    sha256,
)
from foretell.personas import PROFILES
from training.examples import Records
from training.graph.preprocessing import transform
from training.models import FittedModels
from training.models.clv import Amounts
from training.models.columns import FEATURE_NAMES, FEATURES
from training.models.segment import SegmentModel

_TIER_QUANTILES: Final = (0.5, 0.8, 0.95)
_RISK_THRESHOLDS: Final = (0.0, 0.25, 0.5, 0.75)
_BASELINE_BINS: Final = 10
_LIBRARIES: Final = (
    "duckdb",
    "numpy",
    "onnx",
    "onnxmltools",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "skl2onnx",
    "xgboost-cpu",
)


def value_tiers(forecasts: Amounts) -> tuple[ValueTierRule, ...]:
    """Half of the customers are in the lowest tier, one in twenty in the highest."""
    starts = (0.0, *(round(float(x), 2) for x in np.quantile(forecasts, _TIER_QUANTILES)))
    names: tuple[ValueTier, ...] = get_args(ValueTier)
    return tuple(
        ValueTierRule(name=name, at_least=start) for name, start in zip(names, starts, strict=True)
    )


def risk_categories() -> tuple[RiskCategoryRule, ...]:
    """Quarters of the probability."""
    names: tuple[RiskCategory, ...] = get_args(RiskCategory)
    return tuple(
        RiskCategoryRule(name=name, at_least=start)
        for name, start in zip(names, _RISK_THRESHOLDS, strict=True)
    )


def personas(model: SegmentModel, current: Records) -> tuple[Persona, ...]:
    """Each persona with its share of the current customers and their medians."""
    features = transform(current)
    chosen = model.distances(features).argmin(axis=1)
    columns = {name: features[:, column] for column, name in enumerate(FEATURE_NAMES)}

    def median(name: str, members: npt.NDArray[np.bool_]) -> float:
        # A persona that nobody is now has no customers to take a median of.
        return round(float(np.median(columns[name][members])), 2) if members.any() else 0.0

    return tuple(
        Persona(
            segment_id=number,
            name=profile.name,
            description=profile.description,
            share=float((chosen == number).mean()),
            recency=median("recency", chosen == number),
            purchases=median("purchases", chosen == number),
            monetary=median("monetary", chosen == number),
            tenure_days=median("tenure_days", chosen == number),
            recommended_actions=profile.recommended_actions,
        )
        for number, profile in enumerate(PROFILES)
    )


def importances(models: FittedModels) -> dict[ModelName, dict[str, float]]:
    """Share of each record field in the gain of the splits, largest first.

    What a person would call one thing is one thing: the columns made of a field count for it.
    """
    gains = models.clv.booster.get_score(importance_type="total_gain")
    of_clv = [_score(gains.get(f"f{column}", 0.0)) for column in range(len(FEATURES))]
    return {
        ModelName.CLV: _by_field(of_clv),
        ModelName.CHURN: _by_field(models.churn.forest.feature_importances_),
    }


def drift_baseline(current: Records) -> dict[str, FieldDistribution]:
    """How each field is distributed over the customers as of now, in tenths."""
    return {
        name: _distribution(values)
        for name, values in zip(RECORD_FIELDS, current.astype(np.float64).T, strict=True)
    }


def libraries() -> dict[str, str]:
    """The versions of everything that has a say in the figures."""
    return {name: metadata.version(name) for name in _LIBRARIES}


def file_entries(files: Mapping[str, bytes]) -> dict[str, FileEntry]:
    """Digest and size of each file."""
    return {
        name: FileEntry(sha256=sha256(content), size=len(content))
        for name, content in files.items()
    }


def _score(gain: float | list[float]) -> float:
    return float(np.sum(gain))


def _by_field(scores: Iterable[float]) -> dict[str, float]:
    totals = dict.fromkeys((feature.field for feature in FEATURES), 0.0)
    for feature, score in zip(FEATURES, scores, strict=True):
        totals[feature.field] += float(score)
    whole = sum(totals.values()) or 1.0
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return {field: round(score / whole, 6) for field, score in ranked}


def _distribution(values: npt.NDArray[np.float64]) -> FieldDistribution:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return FieldDistribution(edges=(), shares=(1.0,), missing=1.0)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BASELINE_BINS + 1)[1:-1]))
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return FieldDistribution(
        edges=tuple(edges.tolist()),
        shares=tuple((counts / len(known)).tolist()),
        missing=float(1 - len(known) / len(values)),
    )
