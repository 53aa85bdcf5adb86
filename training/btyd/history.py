"""What buy-till-you-die models know of customers."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """Purchases so far; each of shape (rows,)."""

    purchases: Vector
    """Count, 1 or more; 0 where a caller has no purchase to tell of."""
    last: Vector
    """Days from the first purchase to the last."""
    tenure: Vector
    """Days since the first purchase."""
    monetary: Vector
    """Total spend, in the shop's currency."""

    @property
    def repeats(self) -> Vector:
        """Purchases after the first."""
        return np.maximum(self.purchases - 1, 0)

    def of(self, rows: npt.NDArray[np.int64]) -> Self:
        """Some of the customers."""
        return type(self)(
            self.purchases[rows], self.last[rows], self.tenure[rows], self.monetary[rows]
        )

    def __len__(self) -> int:
        return len(self.purchases)
