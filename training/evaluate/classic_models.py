"""The classic models of customers without a contract, given their parameters.

How often and how long customers buy: BG/NBD (Fader, Hardie and Lee 2005, "Counting Your Customers
the Easy Way") or Pareto/NBD (Schmittlein, Morrison and Colombo 1987, "Counting Your Customers").
What they pay: Gamma-Gamma (Fader, Hardie and Lee 2005, "RFM and CLV: Using Iso-Value Curves").

The equations are the published ones, in forms that stay finite for any number of purchases. Times
are in weeks, as in the papers, so that parameters can be compared.
"""

from dataclasses import dataclass, fields
from typing import Final, Protocol, Self

import numpy as np
import pandas as pd
from scipy.special import expit, exprel, hyp2f1

from training.evaluate.hold_out import Labels, Vector

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_TOO_NEAR_ONE: Final = 1e-6
_NEGLIGIBLE: Final = 40.0  # exp(-40) is less than the rounding of a double


@dataclass(frozen=True)
class History:
    """What the peers know of customers: columns of `customer_features`, each of shape (rows,)."""

    purchases: Vector
    first_to_last_days: Vector
    tenure_days: Vector
    recency: Vector
    monetary: Vector
    first_purchase_amount: Vector

    @classmethod
    def from_features(cls, frame: pd.DataFrame) -> Self:
        """The history of each row."""
        return cls(**{each.name: frame[each.name].to_numpy(np.float64) for each in fields(cls)})

    def of(self, rows: Labels) -> Self:
        """The history of some rows, by a mask of shape (rows,)."""
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    @property
    def repeats(self) -> Vector:
        """Purchases after the first: x in the papers."""
        return self.purchases - 1

    @property
    def last(self) -> Vector:
        """Weeks from the first purchase to the last: t_x in the papers."""
        return self.first_to_last_days / 7

    @property
    def age(self) -> Vector:
        """Weeks since the first purchase: T in the papers."""
        return self.tenure_days / 7


class PurchaseModel(Protocol):
    """How often customers will buy."""

    def expected(self, history: History, weeks: float) -> Vector:
        """Mean number of purchases in the next `weeks`, shape (rows,)."""

    def none(self, history: History, weeks: float) -> Vector:
        """Probability of no purchase in the next `weeks`, shape (rows,)."""


@dataclass(frozen=True)
class BgNbd:
    """Rates ~ Gamma(r, alpha); after each purchase a customer leaves with p ~ Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def expected(self, history: History, weeks: float) -> Vector:
        """Equation (10) of the paper after Euler's transformation of its 2F1.

        As printed the 2F1 overflows for many purchases; here its first two arguments do not grow.
        """
        # At a = 1 it is 0 / 0, and continuous.
        a = self.a if abs(self.a - 1) > _TOO_NEAR_ONE else 1 + _TOO_NEAR_ONE
        c = a + self.b + history.repeats - 1
        gone = weeks / (self.alpha + history.age + weeks)
        hyper = hyp2f1(a + self.b - 1 - self.r, a - 1, c, gone)
        if_active = c / (a - 1) * (1 - (1 - gone) ** (a - 1) * hyper)
        return np.asarray(self._active(history) * if_active)

    def none(self, history: History, weeks: float) -> Vector:
        """Leaving depends on purchases alone, so whoever is active keeps the rate until the next.

        1 - P(active) (1 - ((alpha + T) / (alpha + T + weeks))^(r + x)).
        """
        age = self.alpha + history.age
        silent = (age / (age + weeks)) ** (self.r + history.repeats)
        return np.asarray(1 - self._active(history) * (1 - silent))

    def _active(self, history: History) -> Vector:
        """P(active); it is 1 before the first repeat (Fader, Hardie and Lee 2008, note 21)."""
        repeats = history.repeats
        log_odds = (self.r + repeats) * np.log(
            (self.alpha + history.age) / (self.alpha + history.last)
        ) + np.log(self.a / (self.b + np.maximum(repeats, 1) - 1))
        return np.where(repeats == 0, 1.0, expit(-log_odds))


@dataclass(frozen=True)
class ParetoNbd:
    """Rates ~ Gamma(r, alpha); customers leave at any time with a hazard ~ Gamma(s, beta)."""

    r: float
    alpha: float
    s: float
    beta: float

    def expected(self, history: History, weeks: float) -> Vector:
        """P(active) E(purchases | active), equation (41) of Fader and Hardie (2005), s = 1 too."""
        longer = np.log1p(weeks / (self.beta + history.age))
        buying_weeks = (self.beta + history.age) * longer * exprel((1 - self.s) * longer)
        rate = (self.r + history.repeats) / (self.alpha + history.age)
        return np.asarray(self._active(history) * rate * buying_weeks)

    def none(self, history: History, weeks: float) -> Vector:
        """Not active, or active and silent until the end, or until leaving within the `weeks`."""
        end = history.age + weeks
        silent = np.exp(self._log_silent(history, history.age, end))
        leaving = self._leaves_silently(history, history.age, end)
        return np.asarray(1 - self._active(history) * (1 - silent - leaving))

    def _active(self, history: History) -> Vector:
        """P(active): stayed and was silent since the last purchase, against left and was."""
        left = self._leaves_silently(history, history.last, history.age)
        stayed = self._log_silent(history, history.last, history.age)
        with np.errstate(divide="ignore"):  # of whoever bought today
            return np.asarray(expit(stayed - np.log(left)))

    def _log_silent(self, history: History, start: Vector, end: Vector) -> Vector:
        """Log P(stays and does not buy from start to end | active at start)."""
        rate = -(self.r + history.repeats) * np.log((self.alpha + end) / (self.alpha + start))
        return np.asarray(rate - self.s * np.log((self.beta + end) / (self.beta + start)))

    def _leaves_silently(self, history: History, start: Vector, end: Vector) -> Vector:
        """P(leaves between start and end without a purchase before | active at start).

        The integral over the time u of leaving of
        ((alpha + start) / (alpha + u))^(r + x) s (beta + start)^s / (beta + u)^(s + 1),
        by Gauss-Legendre in log(alpha + u), up to where its first factor is negligible.
        """
        shape = self.r + history.repeats
        width = np.minimum(np.log((self.alpha + end) / (self.alpha + start)), _NEGLIGIBLE / shape)
        steps = width[:, None] * (_NODES + 1) / 2
        since = (self.alpha + start)[:, None] * np.expm1(steps)
        left = (self.beta + start)[:, None]
        density = self.s * np.exp(-shape[:, None] * steps) * (left / (left + since)) ** self.s
        density *= ((self.alpha + start)[:, None] + since) / (left + since)
        return np.asarray(width * (density @ _WEIGHTS) / 2)


@dataclass(frozen=True)
class Payments:
    """Purchases whose amounts count: how many of each customer, and their mean in currency."""

    count: Vector
    mean: Vector

    @classmethod
    def of_repeats(cls, history: History) -> Self:
        """All but the first, as the paper has it; without repeats a count and a mean of 0."""
        rest = history.monetary - history.first_purchase_amount
        return cls(history.repeats, rest / np.maximum(history.repeats, 1))

    @classmethod
    def of_all(cls, history: History) -> Self:
        """The first one too."""
        return cls(history.purchases, history.monetary / history.purchases)


@dataclass(frozen=True)
class GammaGamma:
    """The mean amount of a customer: a mean of the own and of the population's."""

    population_mean: float
    """p v / (q - 1), in currency."""
    population_weight: float
    """(q - 1) / p: as many purchases of the own weigh as much as the population."""

    def expected(self, paid: Payments) -> Vector:
        """Mean amount of a customer's next purchases, shape (rows,), in currency."""
        own = paid.count / (paid.count + self.population_weight)
        return np.asarray(own * paid.mean + (1 - own) * self.population_mean)
