"""Fits the three models, and measures the same recipe on customers it did not see."""

from typing import Final, NamedTuple

import numpy as np

from foretell.contract import ModelName
from foretell.manifest import Metric
from training import evaluate
from training.examples import Examples, Mask, Records, with_gaps
from training.graph.preprocessing import transform
from training.models import FittedModels, churn, clv, segment

SEED: Final = 7

Metrics = dict[ModelName, tuple[Metric, ...]]


def fit(examples: Examples, current: Records) -> FittedModels:
    """Forecasts from what followed the cut-off; personas from the customers as they are now."""
    forecasts = _fit_forecasts(examples)
    return FittedModels(forecasts.clv, forecasts.churn, segment.fit(transform(current)))


def hold_out_metrics(examples: Examples, rows: Mask, horizon_days: int) -> Metrics:
    """Figures of CLV and churn on the held-out rows, from a fit on all the others."""
    known, unseen = examples.of(~rows), examples.of(rows)
    forecasts = _fit_forecasts(known)
    features = transform(unseen.records)
    return {
        ModelName.CLV: evaluate.clv_metrics(
            unseen.spend,
            forecasts.clv.predict(features),
            evaluate.naive_spend(unseen.records, horizon_days),
        ),
        ModelName.CHURN: evaluate.churn_metrics(
            unseen.churned,
            forecasts.churn.predict(features),
            evaluate.naive_churn(known.records, known.churned, unseen.records),
        ),
    }


def segment_metrics(model: segment.SegmentModel, current: Records) -> Metrics:
    """How well the personas tell the customers apart."""
    features = transform(current)
    personas = model.distances(features).argmin(axis=1).astype(np.int64)
    return {
        ModelName.SEGMENT: evaluate.segment_metrics(model.scaling(features), personas),
    }


class _Forecasts(NamedTuple):
    clv: clv.ClvModel
    churn: churn.ChurnModel


def _fit_forecasts(examples: Examples) -> _Forecasts:
    rows = with_gaps(examples, SEED)
    features = transform(rows.records)
    return _Forecasts(
        clv.fit(features, rows.spend, SEED, rows.copies),
        churn.fit(features, rows.churned, SEED, rows.copies),
    )
