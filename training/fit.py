"""Fits the models: forecasts from what followed a cut-off, personas from today's customers."""

from collections.abc import Mapping
from typing import Final

from training import btyd
from training.examples import Examples, Records, with_gaps
from training.graph.fitted import FittedModels, Forecasters
from training.graph.preprocessing import Preprocessing, behaviour, history
from training.models import churn, clv, interval, segment

SEED: Final = 7


def fit(
    learning: Examples,
    learning_horizon: int,
    current: Records,
    horizon_days: int,
    centers_before: Mapping[int, segment.Behaviour],
) -> FittedModels:
    """The models of a version, for the customers as they are now."""
    forecasters = fit_forecasters(learning, learning_horizon, current, horizon_days)
    return FittedModels(forecasters, segment.fit(behaviour(current), centers_before))


def fit_forecasters(
    learning: Examples, learning_horizon: int, current: Records, horizon_days: int
) -> Forecasters:
    """Trees that learn from the past, over buy-till-you-die models of the past and of now.

    What the trees correct is fitted to the histories up to the cut-off; when they answer it is
    fitted to the histories up to now, which needs no labels. So the level is today's, and the
    horizon may be another than the one the labels cover.

    Args:
        learning: customers as of the cut-off, and what followed.
        learning_horizon: days that its labels cover.
        current: records of customers as of the day the forecasts are made.
        horizon_days: days to look ahead from there.

    """
    then = Preprocessing(btyd.fit(history(learning.records), SEED), learning_horizon)
    rows = with_gaps(learning, SEED)
    features = then.transform(rows.records)
    past = history(learning.records)
    mean_order_value = past.monetary.sum() / past.purchases.sum()
    return Forecasters(
        _now(then, learning.records, current, horizon_days),
        clv.fit(features, rows.spend, SEED, rows.copies),
        interval.fit(features, rows.spend, mean_order_value, SEED, rows.copies),
        churn.fit(features, rows.churned, SEED, rows.copies),
    )


def _now(
    then: Preprocessing, learnt_from: Records, current: Records, horizon_days: int
) -> Preprocessing:
    if current is learnt_from:
        return Preprocessing(then.btyd, horizon_days)
    return Preprocessing(btyd.fit(history(current), SEED), horizon_days)
