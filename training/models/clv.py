"""Lifetime value: XGBoost corrects what the buy-till-you-die models expect.

The expected spend is the trees' offset: they learn by which factor this shop's customers differ
from it. On its own it is a good forecast that knows the horizon and extrapolates to the largest
customers, which trees cannot; what it cannot see is regularity, account types, engagement.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from training.models.columns import EXPECTED_SPEND, correction

Features = npt.NDArray[np.float32]
Amounts = npt.NDArray[np.float64]

# Tweedie, because spend is nothing for many customers and has a long tail for the others: its
# mean is unbiased, where log1p with squared error or absolute error lose most of the money.
# Shallow trees, because deeper ones follow single large customers; three at a time on half of the
# customers and an eighth of the columns, because their mean is steadier than one.
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "reg:tweedie",
    "tweedie_variance_power": 1.3,
    "base_score": 1.0,
    "max_depth": 2,
    "learning_rate": 0.03,
    "num_parallel_tree": 3,
    "min_child_weight": 20,
    "reg_lambda": 5.0,
    "subsample": 0.5,
    "colsample_bytree": 0.5,
    "colsample_bynode": 0.25,
    "tree_method": "hist",
    "disable_default_eval_metric": True,
}
_ROUNDS: Final = 150
_SMALLEST_OFFSET: Final = 0.002
_CAPPED_ABOVE: Final = 0.998


@dataclass(frozen=True)
class ClvModel:
    """Trees that answer with the factor on the expected spend."""

    booster: xgb.Booster
    columns: tuple[int, ...]
    """Of the features, which the trees see."""
    smallest_offset: float
    """Where next to nothing is expected, this is corrected instead; in the shop's currency."""

    def predict(self, features: Features) -> Amounts:
        """Expected spend over the horizon, shape (rows,); positive and finite."""
        data = xgb.DMatrix(features[:, self.columns], base_margin=np.zeros(len(features)))
        factors: npt.NDArray[np.float32] = self.booster.predict(data)
        return factors.astype(np.float64) * self.offset(features)

    def offset(self, features: Features) -> Amounts:
        """What the buy-till-you-die models expect, shape (rows,)."""
        return np.maximum(features[:, EXPECTED_SPEND], np.float32(self.smallest_offset)).astype(
            np.float64
        )


def fit(features: Features, spend: Amounts, seed: int, copies: int = 1) -> ClvModel:
    """Fit on features of shape (rows, columns) and the spend that followed, shape (rows,).

    Each customer counts once, though there are `copies` rows of everybody.
    """
    smallest = float(np.float32(_SMALLEST_OFFSET * features[:, EXPECTED_SPEND].mean()))
    offset = np.maximum(features[:, EXPECTED_SPEND], smallest).astype(np.float64)
    mean_spend = spend.mean()
    columns = correction(features)
    data = xgb.DMatrix(
        features[:, columns],
        label=_capped(spend / mean_spend, offset / mean_spend),
        weight=np.full(len(spend), 1 / copies),
        base_margin=np.log(offset / mean_spend),
    )
    booster = xgb.train({**_PARAMETERS, "seed": seed}, data, num_boost_round=_ROUNDS)
    return ClvModel(booster, columns, smallest)


def _capped(spend: Amounts, expected: Amounts) -> Amounts:
    """Spend with the largest surprises cut down to the 99.8 % quantile of all.

    A surprise is the Pearson residual (spend - expected) / sqrt(expected). Among wholesale
    customers a single one can outweigh all the others and move everybody's forecast by half; on
    logs without such customers it costs one per cent of the money.
    """
    scale = np.sqrt(expected)
    surprise = (spend - expected) / scale
    cap = max(float(np.quantile(surprise, _CAPPED_ABOVE)), 0.0)
    return np.asarray(np.minimum(spend, expected + cap * scale), dtype=np.float64)
