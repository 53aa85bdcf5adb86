"""Churn: a random forest on whether a purchase followed within the horizon.

Among its columns is the buy-till-you-die models' probability of no purchase in the horizon: fitted
on one horizon the forest so answers for another, at the level that belongs to it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

from foretell.contract import RECORD_FIELDS
from training.examples import REQUIRED_FIELDS
from training.models.columns import FEATURES

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]

_TREES: Final = 100
_DEPTH: Final = 6
# Large leaves are what calibrates a forest: a leaf's share of leavers is then a probability, and
# neither a calibrator nor class weights (which destroy it) are wanted.
_LEAF: Final = 80
# All columns of a shop with nothing but a transaction log are made of the same four numbers:
# trees that see a few of them at a time differ, and their mean is better (CDNOW: Brier .1586
# instead of .1589). What the optional fields say stands in one column each, which most splits must
# see (simulated shop: .103 instead of .111).
_COLUMNS_PER_SPLIT: Final = 4
_COLUMNS_PER_SPLIT_WITH_OPTIONAL: Final = 12
_OPTIONAL: Final = [
    column
    for column, feature in enumerate(FEATURES)
    if feature.field in RECORD_FIELDS[REQUIRED_FIELDS:] and feature.field != "avg_purchase_amount"
]
_SMALLEST_LEAF: Final = 5
_CUSTOMERS_PER_LEAF: Final = 50


@dataclass(frozen=True)
class ChurnModel:
    """The forest."""

    forest: RandomForestClassifier

    def predict(self, features: Features) -> Probabilities:
        """Probability of no purchase in the horizon, shape (rows,)."""
        probabilities: Probabilities = self.forest.predict_proba(features)[:, 1]
        return probabilities


def fit(features: Features, churned: Labels, seed: int, copies: int = 1) -> ChurnModel:
    """Fit on features of shape (rows, columns) and whether each customer left, shape (rows,).

    A leaf holds as many customers, though there are `copies` rows of everybody.
    """
    customers = len(churned) // copies
    leaf = min(_LEAF, max(_SMALLEST_LEAF, customers // _CUSTOMERS_PER_LEAF))
    forest = RandomForestClassifier(
        n_estimators=_TREES,
        max_depth=_DEPTH,
        min_samples_leaf=leaf * copies,
        max_features=_columns_per_split(features),
        n_jobs=-1,
        random_state=seed,
    )
    forest.fit(features, churned)
    # Threads add up the trees' votes in the order they finish; one gives the same bits always.
    return ChurnModel(forest.set_params(n_jobs=1))


def _columns_per_split(features: Features) -> int:
    optional = features[:, _OPTIONAL]
    varies = (optional != optional[0]).any()
    return _COLUMNS_PER_SPLIT_WITH_OPTIONAL if varies else _COLUMNS_PER_SPLIT
