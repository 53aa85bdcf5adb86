"""Median and 80 % interval of a customer's spend, conformal: measured, not assumed.

Three XGBoost quantile models say how the spend of such customers scatters around what the
buy-till-you-die models expect, on the scale log(1 + spend / mean order value). Models fitted on
four fifths of the customers then answer for the last fifth (cross-conformal, Vovk 2015), and the
bounds are moved until one customer in ten is below and one in ten above.

Most customers may well spend nothing, and of those the lower bound is 0 and cannot be missed. So
the tenth below is made up of the customers of whom something can be expected: their bound is
higher than the tenth part of their own distribution would be, and worth knowing.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from training.models.columns import EXPECTED_SPEND, correction

Features = npt.NDArray[np.float32]
Amounts = npt.NDArray[np.float64]

COVERAGE: Final = 0.8
_MISSED_PER_TAIL: Final = 0.1
# Nearly everybody's tenth part is nothing, and nothing cannot be moved; three tenths can.
_QUANTILES: Final = {"low": 0.3, "median": 0.5, "high": 0.9}
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "reg:quantileerror",
    "base_score": 0.0,
    "max_depth": 2,
    "learning_rate": 0.08,
    "min_child_weight": 20,
    "reg_lambda": 1.0,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "tree_method": "hist",
    "disable_default_eval_metric": True,
}
_ROUNDS: Final = 60
_FOLDS: Final = 5
NOTHING: Final = 0.05
"""Of the mean order value is taken off a lower bound: a few cents are no bound, but nothing."""


class Bounds(NamedTuple):
    """Spend over the horizon in the shop's currency, each of shape (rows,), in order."""

    low: Amounts
    median: Amounts
    high: Amounts


@dataclass(frozen=True)
class IntervalModel:
    """The quantile models, and how far their bounds are moved."""

    low: xgb.Booster
    median: xgb.Booster
    high: xgb.Booster
    columns: tuple[int, ...]
    """Of the features, which the trees see."""
    unit: float
    """Mean order value, in the shop's currency."""
    low_shift: float
    high_shift: float

    def predict(self, features: Features) -> Bounds:
        """Median and bounds of the spend over the horizon."""
        data = _matrix(features[:, self.columns])
        expected = _expected(features, self.unit)
        low, median, high = (
            booster.predict(data).astype(np.float64) + expected
            for booster in (self.low, self.median, self.high)
        )
        return _bounds(low + self.low_shift, median, high + self.high_shift, self.unit)


def fit(
    features: Features, spend: Amounts, mean_order_value: float, seed: int, copies: int = 1
) -> IntervalModel:
    """Fit on features of shape (rows, columns) and the spend that followed, shape (rows,).

    With copies the rows of all customers follow each other that many times, in the same order.
    """
    unit = float(np.float32(mean_order_value))
    residuals = np.log1p(spend / unit) - _expected(features, unit)
    columns = correction(features)
    seen_by_trees = features[:, columns]
    customer = np.tile(np.arange(len(spend) // copies), copies)
    fold = np.random.default_rng(seed).integers(0, _FOLDS, len(spend) // copies)[customer]
    of_others = {name: np.empty(len(spend)) for name in _QUANTILES}
    for part in range(_FOLDS):
        seen, unseen = fold != part, fold == part
        for name, booster in _boosters(seen_by_trees[seen], residuals[seen], seed).items():
            of_others[name][unseen] = booster.predict(_matrix(seen_by_trees[unseen]))
    return IntervalModel(
        **_boosters(seen_by_trees, residuals, seed),
        columns=columns,
        unit=unit,
        low_shift=_low_shift(of_others, features, spend, unit),
        high_shift=float(np.quantile(residuals - of_others["high"], 1 - _MISSED_PER_TAIL)),
    )


def _boosters(features: Features, residuals: Amounts, seed: int) -> dict[str, xgb.Booster]:
    data = xgb.DMatrix(features, label=residuals, base_margin=np.zeros(len(residuals)))
    return {
        name: xgb.train(
            {**_PARAMETERS, "quantile_alpha": quantile, "seed": seed}, data, num_boost_round=_ROUNDS
        )
        for name, quantile in _QUANTILES.items()
    }


def _low_shift(
    of_others: dict[str, Amounts], features: Features, spend: Amounts, unit: float
) -> float:
    """The shift at which a tenth of the customers spent less than their lower bound."""
    expected = _expected(features, unit)
    low, median = of_others["low"] + expected, of_others["median"] + expected
    smallest, largest = -10.0, 10.0
    for _ in range(40):  # halved until the float32 of the graph cannot tell them apart
        shift = (smallest + largest) / 2
        missed = (spend < _bounds(low + shift, median, median, unit).low).mean()
        smallest, largest = (smallest, shift) if missed > _MISSED_PER_TAIL else (shift, largest)
    return smallest


def _bounds(low: Amounts, median: Amounts, high: Amounts, unit: float) -> Bounds:
    middle = unit * np.expm1(np.maximum(median, 0))
    least = unit * np.expm1(np.maximum(low, 0))
    told = np.maximum(least - NOTHING * unit, 0)
    most = unit * np.expm1(np.maximum(high, 0))
    return Bounds(np.minimum(told, middle), middle, np.maximum(most, middle))


def _expected(features: Features, unit: float) -> Amounts:
    return np.log1p(features[:, EXPECTED_SPEND].astype(np.float64) / unit)


def _matrix(features: Features) -> xgb.DMatrix:
    return xgb.DMatrix(features, base_margin=np.zeros(len(features)))
