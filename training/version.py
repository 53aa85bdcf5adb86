"""What a trained version says of itself: thresholds, personas, importances, drift baseline."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, ModelName, RiskCategory, ValueTier
from foretell.manifest import (
    FieldDistribution,
    FileEntry,
    Manifest,
    Persona,
    PersonaBehaviour,
    PersonaMembers,
    RiskCategoryRule,
    ValueTierRule,
    sha256,
)
from foretell.personas import PROFILES
from training.examples import Records
from training.graph.fitted import FittedModels
from training.models.clv import Amounts
from training.models.columns import FEATURES
from training.models.segment import COLUMNS, Behaviour

_TIER_QUANTILES: Final = (0.5, 0.8, 0.95)
_BASELINE_BINS: Final = 10
_KINDS: Final = np.arange(1.0, len(ACCOUNT_TYPES))
_LIBRARIES: Final = (
    "duckdb",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "scipy",
    "xgboost-cpu",
)


def value_tiers(forecasts: Amounts) -> tuple[ValueTierRule, ...]:
    """Half of the customers are in the lowest tier, one in twenty in the highest."""
    starts = (0.0, *(round(float(x), 2) for x in np.quantile(forecasts, _TIER_QUANTILES)))
    names: tuple[ValueTier, ...] = get_args(ValueTier)
    return tuple(
        ValueTierRule(name=name, at_least=start) for name, start in zip(names, starts, strict=True)
    )


def risk_categories(thresholds: tuple[float, float, float]) -> tuple[RiskCategoryRule, ...]:
    """From which probability on a customer is in which category."""
    names: tuple[RiskCategory, ...] = get_args(RiskCategory)
    return tuple(
        RiskCategoryRule(name=name, at_least=start)
        for name, start in zip(names, (0.0, *thresholds), strict=True)
    )


def personas(models: FittedModels, current: Records) -> tuple[Persona, ...]:
    """Each persona with its centre and the current customers who are it."""
    forecasters = models.forecasters
    features = forecasters.preprocessing.transform(current)
    chosen = models.segment.predict(features)
    worth = forecasters.clv.predict(features)
    leaving = forecasters.churn.predict(features)
    centers = models.segment.centers()

    def members(rows: npt.NDArray[np.bool_]) -> PersonaMembers | None:
        if not rows.any():
            return None
        return PersonaMembers(
            share=float(rows.mean()),
            median=_behaviour(np.median(features[rows][:, COLUMNS], axis=0)),
            customer_lifetime_value=round(float(worth[rows].mean()), 2),
            churn_probability=round(float(leaving[rows].mean()), 4),
        )

    return tuple(
        Persona(
            segment_id=number,
            name=profile.name,
            description=profile.description,
            center=_center(centers[number]) if number in centers else None,
            members=members(chosen == number),
        )
        for number, profile in enumerate(PROFILES)
    )


def centers(manifest: Manifest) -> dict[int, Behaviour]:
    """Where a version's personas lie, for the next training to start from."""
    return {
        persona.segment_id: (
            persona.center.recency,
            persona.center.purchases,
            persona.center.monetary,
            persona.center.tenure_days,
        )
        for persona in manifest.personas
        if persona.center is not None
    }


def importances(models: FittedModels) -> dict[ModelName, dict[str, float]]:
    """Share of each record field in the gain of the splits, largest first.

    What a person would call one thing is one thing: the columns made of a field count for it.
    """
    gains = models.forecasters.clv.booster.get_score(importance_type="total_gain")
    of_clv = np.zeros(len(FEATURES))
    for position, column in enumerate(models.forecasters.clv.columns):
        of_clv[column] = np.sum(gains.get(f"f{position}", 0.0))
    return {
        ModelName.CLV: _by_field(of_clv),
        ModelName.CHURN: _by_field(models.forecasters.churn.forest.feature_importances_),
    }


def drift_baseline(current: Records) -> dict[str, FieldDistribution]:
    """How each field is distributed over the customers as of now: in tenths, kinds by kind."""
    return {
        name: _distribution(values, _KINDS if name == "account_type" else None)
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


def _behaviour(median: npt.NDArray[np.float32]) -> PersonaBehaviour:
    recency, purchases, monetary, tenure_days = (round(float(value), 2) for value in median)
    return PersonaBehaviour(
        recency=recency, purchases=purchases, monetary=monetary, tenure_days=tenure_days
    )


def _center(center: Behaviour) -> PersonaBehaviour:
    # In full: the next training starts exactly there.
    recency, purchases, monetary, tenure_days = center
    return PersonaBehaviour(
        recency=recency, purchases=purchases, monetary=monetary, tenure_days=tenure_days
    )


def _by_field(scores: Iterable[float]) -> dict[str, float]:
    totals = dict.fromkeys((feature.field for feature in FEATURES), 0.0)
    for feature, score in zip(FEATURES, scores, strict=True):
        totals[feature.field] += float(score)
    whole = sum(totals.values()) or 1.0
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return {field: round(score / whole, 6) for field, score in ranked}


def _distribution(
    values: npt.NDArray[np.float64], given: npt.NDArray[np.float64] | None
) -> FieldDistribution:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return FieldDistribution(edges=(), shares=(1.0,), missing=1.0)
    tenths = np.linspace(0, 1, _BASELINE_BINS + 1)[1:-1]
    edges = np.unique(np.quantile(known, tenths)) if given is None else given
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return FieldDistribution(
        edges=tuple(edges.tolist()),
        shares=tuple((counts / len(known)).tolist()),
        missing=float(1 - len(known) / len(values)),
    )
