"""How good the forecasts are, on customers the fit never saw, beside naive forecasts."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from foretell.contract import RECORD_FIELDS
from foretell.manifest import Metric
from training.models.segment import Scores

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Records = npt.NDArray[np.float32]

_SHORTEST_TENURE: Final = 30.0
_BINS: Final = 10


class _Measure(NamedTuple):
    name: str
    better: Literal["lower", "higher", "one"]
    of: Callable[[Vector, Vector], float]


def naive_spend(records: Records, horizon_days: int) -> Vector:
    """Past spend per day, carried on over the horizon; a tenure under 30 days counts as 30."""
    columns = dict(zip(RECORD_FIELDS, records.astype(np.float64).T, strict=True))
    per_day: Vector = columns["monetary"] / np.maximum(columns["tenure_days"], _SHORTEST_TENURE)
    return per_day * horizon_days


def naive_churn(known: Records, churned: Labels, records: Records) -> Vector:
    """Share of leavers among the known customers whose recency is in the same tenth."""
    recency = RECORD_FIELDS.index("recency")
    edges = np.unique(np.quantile(known[:, recency], np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, known[:, recency], side="right")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    leavers = np.bincount(bins, weights=churned, minlength=len(edges) + 1)
    # One customer of each kind added to every bin: no forecast of 0 or 1 from a small one.
    shares: Vector = (leavers + 1) / (counts + 2)
    return shares[np.searchsorted(edges, records[:, recency], side="right")]


def clv_metrics(actual: Vector, forecast: Vector, naive: Vector) -> tuple[Metric, ...]:
    """MAE and RMSE in the shop's currency, bias and normalised Gini of a spend forecast."""
    return _measured(_OF_SPEND, actual, forecast, naive)


def churn_metrics(churned: Labels, forecast: Vector, naive: Vector) -> tuple[Metric, ...]:
    """AUC, Brier score, log loss and expected calibration error of a churn forecast."""
    return _measured(_OF_CHURN, churned.astype(np.float64), forecast, naive)


def segment_metrics(scores: Scores, personas: npt.NDArray[np.int64]) -> tuple[Metric, ...]:
    """Share of the customers' variance that the personas explain, beside fifths by spend.

    Args:
        scores: standard scores of recency, purchases, spend and tenure, shape (rows, 4).
        personas: segment ids, shape (rows,).

    """
    spend = scores[:, 2]
    fifths = np.searchsorted(np.quantile(spend, [0.2, 0.4, 0.6, 0.8]), spend)
    return (
        Metric(
            name="Variance explained",
            value=_told(variance_explained(scores, personas)),
            naive=_told(variance_explained(scores, fifths)),
            better="higher",
        ),
    )


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


def _lorenz_area(actual: Vector, forecast: Vector) -> float:
    order = np.argsort(-forecast, kind="stable")
    # Customers with equal forecasts share their spend, so that the order of the rows is no skill.
    _, group = np.unique(-forecast[order], return_inverse=True)
    shared = (np.bincount(group, weights=actual[order]) / np.bincount(group))[group]
    lorenz = np.cumsum(shared) / actual.sum()
    diagonal = np.arange(1, len(actual) + 1) / len(actual)
    return float((lorenz - diagonal).mean())


def _measured(
    measures: tuple[_Measure, ...], actual: Vector, forecast: Vector, naive: Vector
) -> tuple[Metric, ...]:
    return tuple(
        Metric(
            name=measure.name,
            value=_told(measure.of(actual, forecast)),
            naive=_told(measure.of(actual, naive)),
            better=measure.better,
        )
        for measure in measures
    )


def _told(value: float) -> float:
    """Six digits: what follows differs between processors and means nothing."""
    return float(f"{value:.6g}")


_OF_SPEND: Final = (
    _Measure("MAE", "lower", mae),
    _Measure("RMSE", "lower", rmse),
    _Measure("Bias", "one", bias),
    _Measure("Gini", "higher", gini),
)
_OF_CHURN: Final = (
    _Measure("AUC", "higher", lambda actual, forecast: float(roc_auc_score(actual, forecast))),
    _Measure("Brier", "lower", lambda actual, forecast: float(brier_score_loss(actual, forecast))),
    _Measure("Log loss", "lower", lambda actual, forecast: float(log_loss(actual, forecast))),
    _Measure("Calibration error", "lower", calibration_error),
)
