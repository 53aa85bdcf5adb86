"""The figures: pure functions of what happened and what was forecast."""

from typing import Final

import numpy as np
import numpy.typing as npt

from training.evaluate.hold_out import Interval
from training.models.segment import Scores

Vector = npt.NDArray[np.float64]

_BINS: Final = 10


def mae(actual: Vector, forecast: Vector) -> float:
    """Mean absolute error."""
    return float(np.abs(forecast - actual).mean())


def rmse(actual: Vector, forecast: Vector) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(((forecast - actual) ** 2).mean()))


def bias(actual: Vector, forecast: Vector) -> float:
    """Sum of the forecasts over the sum of what happened: 1 is right, 2 is twice too much."""
    return float(forecast.sum() / actual.sum())


def gini(actual: Vector, forecast: Vector) -> float:
    """Normalised Gini: 1 where the forecast ranks customers as their spend did, 0 at random.

    Twice the area between the Lorenz curve of the actual spend, customers taken from the best
    forecast down, and the diagonal, divided by the same for the perfect order (Frees, Meyers and
    Cummings 2011).
    """
    return _lorenz_area(actual, forecast) / _lorenz_area(actual, actual)


def spearman(actual: Vector, forecast: Vector) -> float:
    """Correlation of the ranks, equal values at their mean rank; 0 where all are equal."""
    if np.ptp(actual) == 0 or np.ptp(forecast) == 0:
        return 0.0
    from scipy.stats import spearmanr  # noqa: PLC0415 - scipy.stats takes a second to import

    return float(spearmanr(actual, forecast).statistic)


def top_decile_share(actual: Vector, forecast: Vector) -> float:
    """Share of the revenue that the tenth of the customers with the highest forecasts brought."""
    tenth = max(1, round(len(actual) / 10))
    return float(lorenz(actual, forecast)[tenth - 1])


def decile_mape(actual: Vector, forecast: Vector) -> float:
    """Mean over tenths by forecast of |mean forecast - mean actual| / mean actual.

    A tenth that spent nothing has no such ratio and is left out.
    """
    means = [
        (forecast[part].mean(), actual[part].mean())
        for part in np.array_split(np.argsort(forecast, kind="stable"), _BINS)
        if len(part)
    ]
    return float(np.mean([abs(told - real) / real for told, real in means if real > 0]))


def coverage(actual: Vector, interval: Interval) -> float:
    """Share of the customers whose spend lies within their interval, bounds included."""
    return float(((actual >= interval.low) & (actual <= interval.high)).mean())


def upper_miss(actual: Vector, interval: Interval) -> float:
    """Share of the customers who spent more than their upper bound."""
    return float((actual > interval.high).mean())


def calibration_error(churned: Vector, forecast: Vector) -> float:
    """Expected calibration error over ten equally large bins (Naeini et al. 2015).

    Mean over the bins of |share that left - mean probability|.
    """
    order = np.argsort(forecast, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    gaps = [abs(churned[part].mean() - forecast[part].mean()) * len(part) for part in bins]
    return float(np.sum(gaps) / len(churned))


def variance_explained(scores: Scores, groups: npt.NDArray[np.integer]) -> float:
    """1 - (sum of squares within the groups) / (total sum of squares)."""
    wide = scores.astype(np.float64)
    total = ((wide - wide.mean(axis=0)) ** 2).sum()
    within = sum(
        ((wide[groups == group] - wide[groups == group].mean(axis=0)) ** 2).sum()
        for group in np.unique(groups)
    )
    return float(1 - within / total)


def lorenz(actual: Vector, forecast: Vector) -> Vector:
    """Share of the revenue of the k customers with the highest forecasts, k = 1 to all.

    Customers with equal forecasts share their spend, so that the order of the rows is no skill.
    """
    order = np.argsort(-forecast, kind="stable")
    _, group = np.unique(-forecast[order], return_inverse=True)
    shared = (np.bincount(group, weights=actual[order]) / np.bincount(group))[group]
    return np.asarray(np.cumsum(shared) / actual.sum(), dtype=np.float64)


def _lorenz_area(actual: Vector, forecast: Vector) -> float:
    diagonal = np.arange(1, len(actual) + 1) / len(actual)
    return float((lorenz(actual, forecast) - diagonal).mean())
