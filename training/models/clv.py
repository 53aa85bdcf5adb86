"""Lifetime value: XGBoost on the spend over the horizon."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost as xgb

Features = npt.NDArray[np.float32]
Amounts = npt.NDArray[np.float64]

# Tweedie, because spend is nothing for many customers and has a long tail for the others: its
# mean is unbiased, where log1p with squared error or absolute error lose most of the money.
# Shallow trees, because deeper ones follow single large customers.
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "reg:tweedie",
    "tweedie_variance_power": 1.5,
    "base_score": 1.0,
    "max_depth": 2,
    "learning_rate": 0.05,
    "min_child_weight": 20,
    "reg_lambda": 5.0,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "tree_method": "hist",
    "disable_default_eval_metric": True,
}
_TREES: Final = 300


@dataclass(frozen=True)
class ClvModel:
    """Trees that answer in multiples of the mean spend."""

    booster: xgb.Booster
    mean_spend: float
    """Over the horizon, in the shop's currency."""

    def predict(self, features: Features) -> Amounts:
        """Expected spend over the horizon, shape (rows,)."""
        multiples: npt.NDArray[np.float32] = self.booster.predict(xgb.DMatrix(features))
        return multiples.astype(np.float64) * self.mean_spend


def fit(features: Features, spend: Amounts, seed: int, copies: int = 1) -> ClvModel:
    """Fit on features of shape (rows, columns) and the spend that followed, shape (rows,).

    Each customer counts once, though there are `copies` rows of everybody.
    """
    mean_spend = float(np.float32(spend.mean()))
    weight = np.full(len(spend), 1 / copies)
    data = xgb.DMatrix(features, label=spend / mean_spend, weight=weight)
    booster = xgb.train({**_PARAMETERS, "seed": seed}, data, num_boost_round=_TREES)
    return ClvModel(booster, mean_spend)
