"""Pareto/NBD (Schmittlein, Morrison and Colombo 1987): who is still a customer, how often he buys.

While active a customer buys as a Poisson process of rate lambda ~ Gamma(r, rate alpha) and leaves
after a time that is exponential with rate mu ~ Gamma(s, rate beta). Known of each is x (repeat
purchases), t (days from the first purchase to the last) and T (days since the first).

The textbook's formulas stand on Gauss's hypergeometric function, whose series fails for realistic
parameters. Here lambda and mu are integrated out first, which leaves one integral over the time of
leaving; with the power of the waiting time as its variable the integrand is smooth and bounded by
the ratio of alpha to beta, and a few Gauss-Legendre nodes are exact to 1e-7:

    silence(a, b) = (alpha + a)^k * [ (alpha + b)^-(r+x) (beta + b)^-s
                    + s * integral from a to b of (alpha + u)^-(r+x) (beta + u)^-(s+1) du ]
                  = z ((alpha + b) / (beta + b))^s
                    + (s / k) * integral from z to 1 of ((alpha + u) / (beta + u))^(s+1) dy
    with k = r + s + x,  z = ((alpha + a) / (alpha + b))^k,  u = (alpha + a) y^(-1/k) - alpha

It is, up to a factor, the probability of no purchase between the days a and b: between t and T it
is the likelihood, between T and T + horizon it is what is asked of the future.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Vector = npt.NDArray[np.float64]

_NODES: Final = 24


def _nodes() -> tuple[Vector, Vector]:
    """Gauss-Legendre in the root of y, so that the nodes gather at 0, where y^(-1/k) bends."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    roots = (points + 1) / 2
    return roots**2, weights * roots


POINTS, WEIGHTS = _nodes()
"""The nodes on [0, 1] and their weights, each of shape (nodes,)."""


@dataclass(frozen=True)
class ParetoNbd:
    """The parameters; alpha and beta in days."""

    r: float
    alpha: float
    s: float
    beta: float

    def alive(self, repeats: Vector, last: Vector, tenure: Vector) -> Vector:
        """Probability of still being a customer, shape (rows,).

        Args:
            repeats: purchases after the first, shape (rows,).
            last: days from the first purchase to the last, shape (rows,).
            tenure: days since the first purchase, shape (rows,).

        """
        staying = self._reach(repeats, last, tenure) * self._odds(tenure)
        return np.asarray(staying / self._silence(repeats, last, tenure), dtype=np.float64)

    def purchases(self, repeats: Vector, tenure: Vector, horizon_days: float) -> Vector:
        """Expected purchases within the horizon of a customer who is still one, shape (rows,)."""
        # The mean time left to buy in; s is kept away from 1, where this is a logarithm.
        decay = ((self.beta + tenure) / (self.beta + tenure + horizon_days)) ** (self.s - 1)
        time_left = (self.beta + tenure) * (1 - decay) / (self.s - 1)
        return np.asarray((self.r + repeats) / (self.alpha + tenure) * time_left, dtype=np.float64)

    def no_purchase(self, repeats: Vector, tenure: Vector, horizon_days: float) -> Vector:
        """Probability that a customer who is still one does not buy in it, shape (rows,)."""
        silence = self._silence(repeats, tenure, tenure + horizon_days)
        return np.asarray(silence / self._odds(tenure), dtype=np.float64)

    def log_likelihood(self, repeats: Vector, last: Vector, tenure: Vector) -> Vector:
        """Of each customer's history, shape (rows,); minus infinity is possible, NaN is not."""
        k = self.r + self.s + repeats
        parameters = (
            gammaln(self.r + repeats)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            + self.s * np.log(self.beta)
        )
        silence = np.maximum(self._silence(repeats, last, tenure), np.finfo(np.float64).tiny)
        return np.asarray(parameters - k * np.log(self.alpha + last) + np.log(silence))

    def _silence(self, repeats: Vector, start: Vector, end: Vector) -> Vector:
        k = self.r + self.s + repeats
        reach = self._reach(repeats, start, end)
        waited = reach[:, np.newaxis] + (1 - reach)[:, np.newaxis] * POINTS
        moment = (self.alpha + start)[:, np.newaxis] * waited ** (-1 / k)[:, np.newaxis]
        leaving = (moment / (moment + (self.beta - self.alpha))) ** (self.s + 1) @ WEIGHTS
        return np.asarray(reach * self._odds(end) + self.s / k * (1 - reach) * leaving)

    def _reach(self, repeats: Vector, start: Vector, end: Vector) -> Vector:
        return np.asarray(
            ((self.alpha + start) / (self.alpha + end)) ** (self.r + self.s + repeats)
        )

    def _odds(self, day: Vector) -> Vector:
        return np.asarray(((self.alpha + day) / (self.beta + day)) ** self.s)
