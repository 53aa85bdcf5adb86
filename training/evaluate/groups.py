"""The hold-out in groups: tenths by forecast, and bins by the churn probability given."""

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.manifest import PeerReliability, ReliabilityBin, Tenth
from training.evaluate.figures import told
from training.evaluate.hold_out import CLASSIC, FORETELL, HoldOut, Labels, Vector

Rows = npt.NDArray[np.intp]

_GROUPS: Final = 10
_CERTAINTY: Final = 1.96  # standard deviations to each side of a normal law that hold 95 %


def tenths(hold_out: HoldOut) -> tuple[Tenth, ...]:
    """Ten equal groups by our forecast, least valuable first; fewer with under ten customers."""
    ours = hold_out.forecasts[FORETELL]
    assert ours.interval is not None  # noqa: S101 - ours is the method that has one
    actual = shared(ours.spend, hold_out.spend)
    below = shared(ours.spend, hold_out.spend < ours.interval.low)
    above = shared(ours.spend, hold_out.spend > ours.interval.high)
    peers = {
        name: shared(ours.spend, forecast.spend)
        for name, forecast in hold_out.forecasts.items()
        if name != FORETELL
    }
    return tuple(
        Tenth(
            customers=len(rows),
            forecast=_mean(ours.spend[rows]),
            actual=_mean(actual[rows]),
            peers={name: _mean(spend[rows]) for name, spend in peers.items()},
            below=_mean(below[rows]),
            inside=told(max(1 - float(below[rows].mean() + above[rows].mean()), 0.0)),
            above=_mean(above[rows]),
        )
        for rows in _in_tenths(ours.spend)
    )


def reliability(probability: Vector, churned: Labels) -> tuple[ReliabilityBin, ...]:
    """The share that left against the probability given, in steps of 0.1; no empty bins."""
    step = np.minimum((probability * _GROUPS).astype(np.intp), _GROUPS - 1)
    return tuple(
        _bin(number / _GROUPS, probability[step == number], churned[step == number])
        for number in np.unique(step).tolist()
    )


def peer_reliability(hold_out: HoldOut) -> PeerReliability | None:
    """The same of the classic method; None where it was not asked."""
    forecast = hold_out.forecasts.get(CLASSIC)
    if forecast is None:
        return None
    return PeerReliability(name=CLASSIC, bins=reliability(forecast.churn, hold_out.churned))


def shared(forecast: Vector, values: npt.NDArray[np.float64 | np.bool_]) -> Vector:
    """Customers with equal forecasts share their values: the order of the rows is no skill."""
    _, tie = np.unique(forecast, return_inverse=True)
    means: Vector = np.bincount(tie, weights=values) / np.bincount(tie)
    return means[tie]


def _in_tenths(forecast: Vector) -> list[Rows]:
    order = np.argsort(forecast, kind="stable")
    return np.array_split(order, min(_GROUPS, len(forecast)))


def _mean(values: Vector) -> float:
    return told(float(values.mean()))


def _bin(start: float, probability: Vector, churned: Labels) -> ReliabilityBin:
    left, customers = float(churned.mean()), len(churned)
    # Wilson's interval (1927): unlike the textbook one it stays within 0 and 1.
    shrink = 1 + _CERTAINTY**2 / customers
    centre = (left + _CERTAINTY**2 / (2 * customers)) / shrink
    spread = left * (1 - left) / customers + (_CERTAINTY / (2 * customers)) ** 2
    reach = _CERTAINTY * float(np.sqrt(spread)) / shrink
    return ReliabilityBin(
        start=start,
        customers=customers,
        told=_mean(probability),
        left=told(left),
        low=told(max(centre - reach, 0.0)),
        high=told(min(centre + reach, 1.0)),
    )
