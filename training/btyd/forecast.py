"""The two models together, fitted to what customers did up to a day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from training.btyd.gamma_gamma import GammaGamma
from training.btyd.history import History
from training.btyd.pareto_nbd import ParetoNbd

Vector = npt.NDArray[np.float64]
LogLikelihood = Callable[[Vector], float]

_POLE: Final = 1e-4
_SCOUTS: Final = 2_000
_CUSTOMERS: Final = 20_000
"""Ten times as many would move the third digit of a parameter."""


class Outlook(NamedTuple):
    """The columns models.columns.OUTLOOK, each of shape (rows,)."""

    alive: Vector
    expected_purchases: Vector
    no_purchase: Vector
    mean_amount: Vector
    expected_spend: Vector


@dataclass(frozen=True)
class Btyd:
    """Fitted parameters."""

    buying: ParetoNbd
    amount: GammaGamma

    def outlook(self, history: History, horizon_days: float) -> Outlook:
        """What is to be expected of each customer within the horizon."""
        repeats, tenure = history.repeats, history.tenure
        alive = self.buying.alive(repeats, history.last, tenure)
        purchases = alive * self.buying.purchases(repeats, tenure, horizon_days)
        silent = self.buying.no_purchase(repeats, tenure, horizon_days)
        amount = self.amount.mean_amount(history.purchases, history.monetary)
        # At the bounds of the parameters the nodes are too few, and silence adds up to over 1.
        no_purchase = np.minimum(1 - alive * (1 - silent), 1)
        return Outlook(alive, purchases, no_purchase, amount, purchases * amount)


def fit(history: History, seed: int) -> Btyd:
    """Maximum likelihood on all purchases of the customers.

    Several starts on some of the customers find the hill, the best is followed to the top on all
    of them (20,000 at the most). The logarithms of the parameters are bounded, so that a shop in
    which, say, nobody ever leaves ends at a bound instead of at infinity.
    """
    random = np.random.default_rng(seed)
    known = _sample(history, _CUSTOMERS, random)
    return Btyd(_fit_buying(known, random), _fit_amount(known, random))


def _fit_buying(history: History, random: np.random.Generator) -> ParetoNbd:
    # Time in mean tenures: the bounds then mean the same for any shop.
    unit = max(float(history.tenure.mean()), 1.0)

    def objective(customers: History) -> LogLikelihood:
        repeats, last, tenure = customers.repeats, customers.last / unit, customers.tenure / unit

        def loss(logs: Vector) -> float:
            return -float(ParetoNbd(*np.exp(logs)).log_likelihood(repeats, last, tenure).mean())

        return loss

    starts = _logs((1, 1, 1, 1), (0.5, 0.2, 0.5, 1), (1, 0.2, 0.3, 3), (3, 1, 1, 5))
    bounds = _logs((0.02, 50), (1e-3, 1e3), (0.02, 20), (1e-3, 1e3))
    scouts = _sample(history, _SCOUTS, random)
    r, alpha, s, beta = np.exp(_climb(objective(scouts), objective(history), starts, bounds))
    return ParetoNbd(float(r), float(alpha * unit), _away_from_one(float(s)), float(beta * unit))


def _fit_amount(history: History, random: np.random.Generator) -> GammaGamma:
    spenders = history.of(np.flatnonzero(history.monetary > 0))
    means = spenders.monetary / spenders.purchases
    unit = float(means.mean())

    def objective(customers: History) -> LogLikelihood:
        purchases = customers.purchases
        mean = customers.monetary / customers.purchases / unit

        def loss(logs: Vector) -> float:
            p, q, v = np.exp(logs)
            return -float(GammaGamma(p, q, v).log_likelihood(purchases, mean).mean())

        return loss

    starts = _logs((1, 3, 1), (5, 4, 0.5), (0.5, 2, 2), (10, 1.5, 0.1))
    bounds = _logs((0.02, 1e3), (1.05, 50), (1e-3, 1e3))
    scouts = _sample(spenders, _SCOUTS, random)
    p, q, v = np.exp(_climb(objective(scouts), objective(spenders), starts, bounds))
    return GammaGamma(float(p), float(q), float(v * unit))


def _climb(
    scouting: LogLikelihood, climbing: LogLikelihood, starts: Vector, bounds: Vector
) -> Vector:
    found = [minimize(scouting, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda result: float(result.fun))
    return np.asarray(minimize(climbing, best.x, method="L-BFGS-B", bounds=bounds).x)


def _logs(*rows: tuple[float, ...]) -> Vector:
    return np.log(np.array(rows, dtype=np.float64))


def _sample(history: History, size: int, random: np.random.Generator) -> History:
    if len(history) <= size:
        return history
    return history.of(np.sort(random.choice(len(history), size, replace=False)))


def _away_from_one(s: float) -> float:
    """Where the expected purchases have a removable pole."""
    return s if abs(s - 1) > _POLE else 1 + _POLE
