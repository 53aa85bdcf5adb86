"""What anybody would forecast without a model: the least that a model must beat."""

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.contract import RECORD_FIELDS

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Records = npt.NDArray[np.float32]

_SHORTEST_TENURE: Final = 30.0
_BINS: Final = 10


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
