"""Exact Shapley values of tree ensembles, looked up.

On the way to a leaf a tree asks about a handful of columns. What the leaf contributes depends on
nothing but which of those conditions a customer meets, of which there are at most 2^6 combinations:
training has worked out the Shapley values of each (training.reasons says how), so that answering
is comparing, counting in binary and looking up. It is TreeSHAP to the last digit of float32, and
quicker than the prediction itself.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from foretell import arrays

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]

_ROWS_AT_ONCE: Final = 8
"""Of more the intermediate results would not stay in the processor's cache: half the speed."""


@dataclass(frozen=True)
class ShapleyTable:
    """The leaves of an ensemble, those with the most conditions first.

    The conditions stand one after the other: the first of every leaf, then the second of all
    leaves that have one, and so on.
    """

    columns: Integers
    """Of the features, which each condition asks about, shape (conditions,)."""
    above: Floats
    """A condition is met by what is above this, shape (conditions, 1) ..."""
    at_most: Floats
    """... and not above that, shape (conditions, 1)."""
    leaves_with: Integers
    """Number of leaves that have a first condition, a second, ..."""
    first: Integers
    """Row of the table for a leaf none of whose conditions is met, shape (leaves, 1)."""
    values: Floats
    """What a leaf contributes per field of the record, shape (combinations, fields). The row
    counts in binary: 1 is added where the first condition is met, 2 for the second, 4, ..."""
    base: npt.NDArray[np.float64]
    """Mean answer over the customers of the fit, shape (): where the contributions start."""

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """From what to_bytes made; nothing is unpickled.

        Raises:
            ValueError: it is something else.
        """
        return arrays.unpacked(cls, content)

    def to_bytes(self) -> bytes:
        """The arrays as an npz file; the same arrays give the same bytes."""
        return arrays.packed(self)

    def contributions(self, features: Floats) -> Floats:
        """Per field of the record, shape (rows, fields); with the base they add up to the answer.

        `features` of shape (rows, columns) is what the trees saw.
        """
        found = np.zeros((len(features), self.values.shape[1]), np.float32)
        if len(self.first):  # of trees that ask nothing there is nothing to add up
            for start in range(0, len(features), _ROWS_AT_ONCE):
                rows = slice(start, start + _ROWS_AT_ONCE)
                found[rows] = self._some(features[rows])
        return found

    def _some(self, features: Floats) -> Floats:
        # Customers lie along the last axis, so that each step runs over all of them in a row.
        asked = features.T.take(self.columns, axis=0, mode="clip")
        met = np.greater(asked, self.above)
        met &= asked <= self.at_most
        contributed = self.values.take(self._rows(met.view(np.uint8)), axis=0, mode="clip")
        leaves, customers, names = contributed.shape
        # A sum over the leaves; as a product BLAS does it, five times faster for one customer.
        ones = np.ones(leaves, dtype=np.float32)
        total: Floats = (ones @ contributed.reshape(leaves, -1)).reshape(customers, names)
        return total

    def _rows(self, met: npt.NDArray[np.uint8]) -> Integers:
        combination = met[: len(self.first)].copy()
        start = len(self.first)
        for number, leaves in enumerate(self.leaves_with[1:].tolist(), start=1):
            combination[:leaves] |= met[start : start + leaves] << number
            start += leaves
        return self.first + combination
