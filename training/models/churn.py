"""Churn: a random forest on whether a purchase followed within the horizon."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]

_TREES: Final = 100
_DEPTH: Final = 6
# Large leaves are what calibrates a forest: a leaf's share of leavers is then a probability, and
# neither a calibrator nor class weights (which destroy it) are wanted.
_LEAF: Final = 80
# Trees that see most columns at each split agree with each other, so that their mean is not drawn
# towards the middle; with the usual square root of them it is.
_COLUMNS_PER_SPLIT: Final = 0.6
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
        max_features=_COLUMNS_PER_SPLIT,
        n_jobs=-1,
        random_state=seed,
    )
    forest.fit(features, churned)
    # Threads add up the trees' votes in the order they finish; one gives the same bits always.
    return ChurnModel(forest.set_params(n_jobs=1))
