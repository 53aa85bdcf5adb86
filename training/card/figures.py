"""What the card draws beside what the manifest says; nothing here knows of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from foretell.manifest import ReliabilityBin, RiskCategoryRule, Tenth
from training.evaluate.groups import shared
from training.evaluate.hold_out import HoldOut, Labels, Vector

PERFECT: Final = "Perfect order"
SHARES: Final = np.linspace(0, 1, 101)
"""Where the gains are told: 0, 1, ... 100 % of the customers."""


@dataclass(frozen=True)
class Coverage:
    """Shares of the customers whose spend lay below, inside and above their interval."""

    below: float
    inside: float
    above: float


@dataclass(frozen=True)
class Outcome:
    """The customers of one risk category, and the share of them that left."""

    name: str
    customers: int
    left: float


def covered(tenths: Sequence[Tenth]) -> Coverage:
    """All customers taken together."""
    customers = [group.customers for group in tenths]
    below = float(np.average([group.below for group in tenths], weights=customers))
    above = float(np.average([group.above for group in tenths], weights=customers))
    return Coverage(below, max(1 - below - above, 0.0), above)


def gains(hold_out: HoldOut) -> dict[str, Vector]:
    """Share of the revenue that the first 0, 1, ... 100 % of the customers bring, by method.

    Customers are taken from the best forecast down; this is the Lorenz curve of the actual spend
    in the order of the forecast (Frees, Meyers and Cummings 2011), and PERFECT in its own.
    """
    orders = {name: forecast.spend for name, forecast in hold_out.forecasts.items()}
    orders[PERFECT] = hold_out.spend
    return {name: _gained(hold_out.spend, order) for name, order in orders.items()}


def average_gap(bins: Sequence[ReliabilityBin]) -> float:
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


def _gained(spend: Vector, order: Vector) -> Vector:
    best_first = np.argsort(-order, kind="stable")
    revenue = np.cumsum(np.append(0.0, shared(order, spend)[best_first]))
    if revenue[-1] <= 0:
        return SHARES  # nobody spent anything, so that no order is better than another
    customers = np.linspace(0, 1, len(spend) + 1)
    curve: Vector = np.interp(SHARES, customers, revenue / revenue[-1])
    return curve
