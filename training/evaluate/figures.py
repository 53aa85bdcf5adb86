"""Which figures are told of a hold-out, of every method beside the others."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from foretell.contract import ModelName
from foretell.manifest import Metric
from training.evaluate import metrics
from training.evaluate.hold_out import Forecast, HoldOut
from training.models.interval import COVERAGE

Metrics = dict[ModelName, tuple[Metric, ...]]


class Measure(NamedTuple):
    """One figure of one method, or None where the method does not tell what it takes."""

    name: str
    better: Literal["lower", "higher", "near"]
    of: Callable[[HoldOut, Forecast], float | None]
    target: float | None = None


def measured(hold_out: HoldOut) -> Metrics:
    """Every figure of ours beside those of the peers; the hold-out's first method is ours."""
    return {
        model: tuple(_metric(measure, hold_out) for measure in measures)
        for model, measures in MEASURES.items()
    }


def told(value: float) -> float:
    """Six digits: what follows differs between processors and means nothing."""
    return float(f"{value:.6g}")


def _metric(measure: Measure, hold_out: HoldOut) -> Metric:
    values = {name: measure.of(hold_out, forecast) for name, forecast in hold_out.forecasts.items()}
    known = {name: told(value) for name, value in values.items() if value is not None}
    ours, *peers = known
    return Metric(
        name=measure.name,
        value=known[ours],
        peers={name: known[name] for name in peers},
        better=measure.better,
        target=measure.target,
    )


def _of_spend(of: Callable[[metrics.Vector, metrics.Vector], float]) -> Callable[..., float]:
    return lambda hold_out, forecast: of(hold_out.spend, forecast.spend)


def _of_churn(of: Callable[..., float]) -> Callable[..., float]:
    return lambda hold_out, forecast: float(of(hold_out.churned.astype("float64"), forecast.churn))


def _mae_of_median(hold_out: HoldOut, forecast: Forecast) -> float:
    """A method without a median is held to its only answer."""
    answer = forecast.interval.median if forecast.interval else forecast.spend
    return metrics.mae(hold_out.spend, answer)


def _coverage(hold_out: HoldOut, forecast: Forecast) -> float | None:
    return metrics.coverage(hold_out.spend, forecast.interval) if forecast.interval else None


def _upper_miss(hold_out: HoldOut, forecast: Forecast) -> float | None:
    return metrics.upper_miss(hold_out.spend, forecast.interval) if forecast.interval else None


MEASURES: Final = {
    ModelName.CLV: (
        Measure("MAE", "lower", _of_spend(metrics.mae)),
        Measure("MAE of the median", "lower", _mae_of_median),
        Measure("RMSE", "lower", _of_spend(metrics.rmse)),
        Measure("Bias", "near", _of_spend(metrics.bias), 1.0),
        Measure("Gini", "higher", _of_spend(metrics.gini)),
        Measure("Spearman", "higher", _of_spend(metrics.spearman)),
        Measure("Top-decile share", "higher", _of_spend(metrics.top_decile_share)),
        Measure("Decile MAPE", "lower", _of_spend(metrics.decile_mape)),
        Measure("Interval coverage", "near", _coverage, COVERAGE),
        Measure("Upper miss", "near", _upper_miss, (1 - COVERAGE) / 2),
    ),
    ModelName.CHURN: (
        Measure("AUC", "higher", _of_churn(roc_auc_score)),
        Measure("Brier", "lower", _of_churn(brier_score_loss)),
        Measure("Log loss", "lower", _of_churn(log_loss)),
        Measure("Calibration error", "lower", _of_churn(metrics.calibration_error)),
    ),
}
