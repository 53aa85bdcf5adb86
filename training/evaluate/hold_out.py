"""Customers that no fit saw: what they did, and what each method had said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

FORETELL: Final = "Foretell"
NAIVE: Final = "Naive"
CLASSIC: Final = "Pareto/NBD + Gamma-Gamma"


@dataclass(frozen=True)
class Interval:
    """Median and bounds of the spend over the horizon, each of shape (rows,), in currency."""

    low: Vector
    median: Vector
    high: Vector


@dataclass(frozen=True)
class Forecast:
    """What one method says of each customer."""

    spend: Vector
    """Expected spend over the horizon, shape (rows,), in the shop's currency."""
    churn: Vector
    """Probability of no purchase in the horizon, shape (rows,)."""
    interval: Interval | None = None
    """None for methods that have none."""


@dataclass(frozen=True)
class HoldOut:
    """What the customers spent, who of them left, and the forecasts by method; ours comes first."""

    spend: Vector
    churned: Labels
    forecasts: Mapping[str, Forecast]
