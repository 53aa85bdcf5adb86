"""Gamma-Gamma (Fader and Hardie 2013): what a customer spends at a purchase."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GammaGamma:
    """An amount is Gamma(p, rate nu), and nu differs between customers as Gamma(q, rate v).

    q is above 1, below which no mean exists; v is in the shop's currency.
    """

    p: float
    q: float
    v: float

    def mean_amount(self, purchases: Vector, monetary: Vector) -> Vector:
        """Expected amount of the next purchase, shape (rows,), never 0.

        The mean of what the customer spent and what all spend, by how much is known of him.

        Args:
            purchases: so far, may be 0; shape (rows,).
            monetary: their total, may be 0; shape (rows,).

        """
        known = self.p * (self.v + monetary)
        return np.asarray(known / (self.p * purchases + self.q - 1), dtype=np.float64)

    def log_likelihood(self, purchases: Vector, mean: Vector) -> Vector:
        """Of each customer's mean amount, both positive, shape (rows,)."""
        shape = self.p * purchases
        return np.asarray(
            -betaln(shape, self.q)
            + self.q * np.log(self.v)
            + (shape - 1) * np.log(mean)
            + shape * np.log(purchases)
            - (shape + self.q) * np.log(purchases * mean + self.v),
            dtype=np.float64,
        )
