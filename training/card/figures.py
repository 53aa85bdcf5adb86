"""From the hold-out's arrays to the numbers that are drawn; nothing here knows of pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.manifest import RiskCategoryRule
from training.evaluate.hold_out import FORETELL, HoldOut, Labels, Vector

Rows = npt.NDArray[np.intp]

PERFECT: Final = "Perfect order"
_GROUPS: Final = 10
SHARES: Final = np.linspace(0, 1, 101)
"""Where the gains are told: 0, 1, ... 100 % of the customers."""
_CERTAINTY: Final = 1.96  # standard deviations to each side of a normal law that hold 95 %


@dataclass(frozen=True)
class Tenth:
    """Customers with neighbouring forecasts; amounts are means per customer, in currency."""

    customers: int
    forecast: float
    actual: float
    peers: Mapping[str, float]
    """What other methods said of the same customers, by method."""


@dataclass(frozen=True)
class Coverage:
    """Shares of the customers whose spend lay below, inside and above their interval."""

    below: float
    inside: float
    above: float


@dataclass(frozen=True)
class Bin:
    """Customers with a churn probability in [start, start + 0.1)."""

    start: float
    customers: int
    told: float
    """Mean probability."""
    left: float
    """Share that really left."""
    low: float
    high: float
    """Bounds of the share that chance leaves open (95 %)."""


@dataclass(frozen=True)
class Outcome:
    """The customers of one risk category, and the share of them that left."""

    name: str
    customers: int
    left: float


def tenths(hold_out: HoldOut) -> tuple[Tenth, ...]:
    """Ten equal groups by our forecast, least valuable first; fewer with under ten customers."""
    ours = hold_out.forecasts[FORETELL].spend
    actual = _shared(ours, hold_out.spend)
    peers = {
        name: _shared(ours, forecast.spend)
        for name, forecast in hold_out.forecasts.items()
        if name != FORETELL
    }
    return tuple(
        Tenth(
            customers=len(rows),
            forecast=float(ours[rows].mean()),
            actual=float(actual[rows].mean()),
            peers={name: float(spend[rows].mean()) for name, spend in peers.items()},
        )
        for rows in _in_tenths(ours)
    )


def coverage(hold_out: HoldOut) -> tuple[Coverage, ...]:
    """What became of our intervals, for the same groups as `tenths`; empty without intervals."""
    forecast = hold_out.forecasts[FORETELL]
    if forecast.interval is None:
        return ()
    below = _shared(forecast.spend, hold_out.spend < forecast.interval.low)
    above = _shared(forecast.spend, hold_out.spend > forecast.interval.high)
    return tuple(
        _covered(float(below[rows].mean()), float(above[rows].mean()))
        for rows in _in_tenths(forecast.spend)
    )


def covered(groups: Sequence[Coverage], customers: Sequence[int]) -> Coverage:
    """The groups taken together, each with its number of customers."""
    below = np.average([group.below for group in groups], weights=customers)
    above = np.average([group.above for group in groups], weights=customers)
    return _covered(float(below), float(above))


def gains(hold_out: HoldOut) -> dict[str, Vector]:
    """Share of the revenue that the first 0, 1, ... 100 % of the customers bring, by method.

    Customers are taken from the best forecast down; this is the Lorenz curve of the actual spend
    in the order of the forecast (Frees, Meyers and Cummings 2011), and PERFECT in its own.
    """
    orders = {name: forecast.spend for name, forecast in hold_out.forecasts.items()}
    orders[PERFECT] = hold_out.spend
    return {name: _gained(hold_out.spend, order) for name, order in orders.items()}


def reliability(probability: Vector, churned: Labels) -> tuple[Bin, ...]:
    """The share that left against the probability given, in steps of 0.1; no empty bins."""
    step = np.minimum((probability * _GROUPS).astype(np.intp), _GROUPS - 1)
    return tuple(
        _bin(number / _GROUPS, probability[step == number], churned[step == number])
        for number in np.unique(step).tolist()
    )


def average_gap(bins: Sequence[Bin]) -> float:
    """Distance between told and seen, a mean over customers."""
    gaps = [abs(found.left - found.told) for found in bins]
    return float(np.average(gaps, weights=[found.customers for found in bins]))


def outcomes(
    probability: Vector, churned: Labels, rules: Sequence[RiskCategoryRule]
) -> tuple[Outcome, ...]:
    """How many of each risk category left; no empty categories."""
    ordered = sorted(rules, key=lambda rule: rule.at_least)
    starts = [rule.at_least for rule in ordered]
    category = np.searchsorted(starts, probability, side="right") - 1
    return tuple(
        Outcome(
            rule.name, int((category == number).sum()), float(churned[category == number].mean())
        )
        for number, rule in enumerate(ordered)
        if (category == number).any()
    )


def _in_tenths(forecast: Vector) -> list[Rows]:
    order = np.argsort(forecast, kind="stable")
    return np.array_split(order, min(_GROUPS, len(forecast)))


def _shared(forecast: Vector, values: npt.NDArray[np.float64 | np.bool_]) -> Vector:
    """Customers with equal forecasts share their values: the order of the rows is no skill."""
    _, tie = np.unique(forecast, return_inverse=True)
    means: Vector = np.bincount(tie, weights=values) / np.bincount(tie)
    return means[tie]


def _covered(below: float, above: float) -> Coverage:
    return Coverage(below, max(1 - below - above, 0.0), above)


def _gained(spend: Vector, order: Vector) -> Vector:
    best_first = np.argsort(-order, kind="stable")
    revenue = np.cumsum(np.append(0.0, _shared(order, spend)[best_first]))
    if revenue[-1] <= 0:
        return SHARES  # nobody spent anything, so that no order is better than another
    customers = np.linspace(0, 1, len(spend) + 1)
    curve: Vector = np.interp(SHARES, customers, revenue / revenue[-1])
    return curve


def _bin(start: float, probability: Vector, churned: Labels) -> Bin:
    left, customers = float(churned.mean()), len(churned)
    # Wilson's interval (1927): unlike the textbook one it stays within 0 and 1.
    shrink = 1 + _CERTAINTY**2 / customers
    centre = (left + _CERTAINTY**2 / (2 * customers)) / shrink
    spread = left * (1 - left) / customers + (_CERTAINTY / (2 * customers)) ** 2
    reach = _CERTAINTY * float(np.sqrt(spread)) / shrink
    told = float(probability.mean())
    return Bin(start, customers, told, left, max(centre - reach, 0.0), min(centre + reach, 1.0))
