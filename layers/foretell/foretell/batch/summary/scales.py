"""Fixed scales that all parts of a file are counted on, so that their counts add up.

Value is counted in preferred numbers, ISO 3's series R10 (about ten to a decade, and round) and,
beside risk, in R5, which is every other one of them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Counts = tuple[int, ...]

_R10: Final = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)
_DECADES: Final = 11
_LIMB: Final = 21
"""Bits: a float64 adds up 2^32 numbers of so many without rounding."""


def _edges(series: Sequence[int]) -> Integers:
    # Whole cents, from one cent on: whatever is less than one is nothing.
    starts = {-(-step * 10**decade // 100) for decade in range(_DECADES) for step in series}
    return np.array([0, *sorted(starts), 10**_DECADES], np.int64)


VALUE_EDGES: Final = _edges(_R10)
"""Cents at which each bin begins: nothing at all, .01 and so on; the last begins at 1e9."""
COARSE_VALUE_EDGES: Final = _edges(_R10[::2])
_COARSE: Final = np.searchsorted(COARSE_VALUE_EDGES, VALUE_EDGES, side="right") - 1

CHURN_BINS: Final = 50
RISK_BINS: Final = 20
"""Of churn beside value."""
_CERTAIN: Final = 1_000_000


def value_bins(cents: Integers) -> Integers:
    """The bin of VALUE_EDGES that each amount is in."""
    return np.searchsorted(VALUE_EDGES, cents, side="right") - 1


def coarse(bins: Integers) -> Integers:
    """The bin of COARSE_VALUE_EDGES for each of VALUE_EDGES."""
    return _COARSE[bins]


def churn_bins(millionths: Integers, bins: int) -> Integers:
    """The bin of each probability, of so many equal ones; certainty is in the last."""
    return np.minimum(millionths // (_CERTAIN // bins), bins - 1)


def counts(cells: Integers, number: int) -> Counts:
    """How many are in each cell."""
    return tuple(np.bincount(cells, minlength=number).tolist())


def sums(cells: Integers, amounts: Integers, number: int) -> Counts:
    """Sum of the amounts in each cell, none of them negative: exact, however large."""
    total = np.zeros(number, np.object_)  # Python's whole numbers
    for shift in range(0, int(amounts.max(initial=0)).bit_length(), _LIMB):
        digits = (amounts >> shift) & ((1 << _LIMB) - 1)
        found = np.bincount(cells, digits, number).astype(np.int64)
        total += found.astype(np.object_) << shift
    return tuple(total.tolist())


def added(some: Counts, others: Counts) -> Counts:
    """Element by element.

    Raises:
        ValueError: they are not of the same length.
    """
    return tuple(one + other for one, other in zip(some, others, strict=True))


def quantile(edges: Sequence[float], counted: Sequence[int], share: float) -> float | None:
    """The value that this share of the customers stays below, read off a histogram.

    Within its bin it is interpolated; the last bin is open and answers with where it begins. None
    where nobody was counted.

    Args:
        edges: where each bin begins.
        counted: customers in each bin.
        share: over 0 and under 1.

    """
    wanted = share * sum(counted)
    below = 0
    for place, inside in enumerate(counted):
        if inside and below + inside >= wanted:
            start = edges[place]
            end = edges[place + 1] if place + 1 < len(edges) else start
            return start + (end - start) * (wanted - below) / inside
        below += inside
    return None
