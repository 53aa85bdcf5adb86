"""Trees for many customers at once, answered by looking up instead of walking.

Walking from question to question a processor guesses where it goes, and guesses wrong about every
other time. Here each column of the features is first put between its thresholds, once for all
trees. Then

- a tree of the forest is a word of 64 bits, one for each leaf. Every column has for each place
  between its thresholds a word with the leaves that are still possible; of all of them together
  exactly one is left (QuickScorer: Lucchese et al., SIGIR 2015, for both sides of a question);
- trees that ask two questions at most are functions of two columns. All of those with the same two
  add up to one table, which says what they answer.

Both answer what the trees answer, but for the order in which float32s are added up.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from foretell import arrays

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]

LEAVES: Final = 64
"""At most, in a tree of the forest."""

_FOREST_ROWS: Final = 512
_PAIR_ROWS: Final = 2_048
"""At once: what lies between two steps must stay in the processor's cache."""
_BIAS: Final = 1_023
_MANTISSA: Final = 52
"""Of a float64: 2^n is stored as n + _BIAS, above so many bits of zeros."""


@dataclass(frozen=True)
class TreeTables:
    """A forest, and sums of trees with two questions at most, over the same columns.

    A column with n thresholds has n + 1 places; place i is above i of them. The places of all
    columns lie one after the other.
    """

    columns: Integers
    """Of the features, that are asked about, shape (columns,)."""
    thresholds: Floats
    """Of all these columns, ascending within each; what equals one is not above it."""
    first_thresholds: Integers
    """Where those of each column begin, and at last their number, shape (columns + 1,)."""
    possible: Words
    """Leaves of each tree that are possible from a place, shape (places, trees)."""
    leaves: Floats
    """What they contribute, shape (trees * LEAVES,)."""
    groups: Integers
    """Which group of columns a column is in, shape (columns,); few places together count as one
    column in the tables. -1 where no pair asks about it."""
    steps: Integers
    """What a place adds to the place in its group, shape (places,)."""
    pairs: Integers
    """The two groups of each table, shape (pairs, 2)."""
    widths: Integers
    """Places of the second group of each, shape (pairs,)."""
    first_cells: Integers
    """Where each table begins in `cells`, shape (pairs,)."""
    cells: Floats
    """What a pair of places adds to each sum, shape (all pairs of places, sums)."""

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

    def answers(self, features: Floats) -> tuple[Floats, Floats]:
        """The forest's answer, shape (rows,), and the sums, shape (rows, sums).

        `features` of shape (rows, columns) is what the trees were fitted on.
        """
        places = self._places(features)
        return self._forest(places), self._sums(places)

    def _places(self, features: Floats) -> list[Integers]:
        """Between which thresholds each customer is, among the places of all columns."""
        wanted = np.ascontiguousarray(features.T)
        found = []
        for number, column in enumerate(self.columns.tolist()):
            first, after = self.first_thresholds[number : number + 2].tolist()
            place = np.searchsorted(self.thresholds[first:after], wanted[column])
            place += first + number
            found.append(place.astype(np.int32))
        return found

    def _forest(self, places: list[Integers]) -> Floats:
        rows, trees = len(places[0]), self.possible.shape[1]
        found = np.empty(rows, np.float32)
        left = np.empty((_FOREST_ROWS, trees), np.uint64)
        more = np.empty_like(left)
        for start in range(0, rows, _FOREST_ROWS):
            some = slice(start, min(start + _FOREST_ROWS, rows))
            number = some.stop - start
            self._leaves_left([place[some] for place in places], left[:number], more[:number])
            found[some] = self._contributed(left[:number])
        return found

    def _leaves_left(self, places: list[Integers], left: Words, more: Words) -> None:
        np.take(self.possible, places[0], axis=0, out=left, mode="clip")
        for place in places[1:]:
            np.take(self.possible, place, axis=0, out=more, mode="clip")
            np.bitwise_and(left, more, out=left)

    def _contributed(self, left: Words) -> Floats:
        # A single bit is a power of two, and its place the exponent of the float.
        leaf = left.astype(np.float64).view(np.int64)
        leaf >>= _MANTISSA
        leaf += self._first_leaves
        return np.asarray(self.leaves.take(leaf, mode="clip").sum(axis=1))

    @cached_property
    def _first_leaves(self) -> npt.NDArray[np.int64]:
        return np.arange(self.possible.shape[1], dtype=np.int64) * LEAVES - _BIAS

    def _sums(self, places: list[Integers]) -> Floats:
        rows = len(places[0])
        found = np.zeros((rows, self.cells.shape[1]), np.float32)
        for start in range(0, rows, _PAIR_ROWS):
            some = slice(start, start + _PAIR_ROWS)
            self._add_pairs(self._grouped([place[some] for place in places]), found[some])
        return found

    def _grouped(self, places: list[Integers]) -> list[Integers]:
        found = [np.zeros(len(places[0]), np.int32) for _ in range(int(self.groups.max()) + 1)]
        for group, place in zip(self.groups.tolist(), places, strict=True):
            if group >= 0:
                found[group] += self.steps.take(place, mode="clip")
        return found

    def _add_pairs(self, grouped: list[Integers], found: Floats) -> None:
        described = zip(
            self.pairs.tolist(), self.widths.tolist(), self.first_cells.tolist(), strict=True
        )
        for (first, second), width, first_cell in described:
            cell = grouped[first] * np.int32(width)
            cell += grouped[second]
            cell += np.int32(first_cell)
            found += self.cells.take(cell, axis=0, mode="clip")
