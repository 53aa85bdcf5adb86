"""Histograms from the drift baseline, which has bins of equal shares and two open ends."""

from dataclasses import dataclass

import numpy as np

from foretell.contract import ACCOUNT_TYPES
from foretell.manifest import FieldDistribution


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram; its area is the share of the customers."""

    start: float
    width: float
    share: float
    is_open: bool
    """Whether values beyond the bar count for it."""

    @property
    def height(self) -> float:
        """Share per unit of the field."""
        return self.share / self.width


def bars(distribution: FieldDistribution) -> tuple[Bar, ...]:
    """The bars of a field's histogram.

    The last bin is open, and the first unless it reaches down to 0, below which no field has
    values. Open bins are drawn as wide as their neighbours.
    """
    edges = distribution.edges
    if not edges:
        return ()
    widths = np.diff(edges).tolist() or [max(abs(edges[0]), 1.0)]
    first = max(edges[0] - widths[0], min(edges[0], 0.0))
    starts = (first, *edges)
    ends = (*edges, edges[-1] + widths[-1])
    last = len(edges)
    return tuple(
        Bar(start, end - start, share, is_open=number == last or (number == 0 and start > 0))
        for number, (start, end, share) in enumerate(
            zip(starts, ends, distribution.shares, strict=True)
        )
        if end > start
    )


def account_types(distribution: FieldDistribution) -> dict[str, float]:
    """Share of the customers by kind of account; kinds that share a bin are named together."""
    kinds: dict[int, list[str]] = {}
    for code, name in enumerate(ACCOUNT_TYPES):
        kinds.setdefault(sum(edge <= code for edge in distribution.edges), []).append(name)
    return {" or ".join(names): distribution.shares[number] for number, names in kinds.items()}


def middle(distribution: FieldDistribution) -> tuple[float, float]:
    """The edge that comes closest to halving the customers, and the share of them below it."""
    below = np.cumsum(distribution.shares)[:-1]
    nearest = int(np.abs(below - 0.5).argmin())
    return distribution.edges[nearest], float(below[nearest])
