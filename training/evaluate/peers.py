"""The classic models as peers that ours are measured against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from training.evaluate.classic_fits import NotFitted, bg_nbd, gamma_gamma, pareto_nbd, quiet
from training.evaluate.classic_models import GammaGamma, History, Payments, PurchaseModel
from training.evaluate.hold_out import Forecast

__all__ = ["PEERS", "History", "Peer", "PeerForecasts", "forecasts"]

_Known = TypeVar("_Known")
_Model = TypeVar("_Model")


@dataclass(frozen=True)
class Peer:
    """A purchase model, and the payments from which Gamma-Gamma learns."""

    name: str
    model: Callable[[History], PurchaseModel]
    payments: Callable[[History], Payments]


PEERS: Final = (
    Peer("BG/NBD + Gamma-Gamma (classic)", bg_nbd, Payments.of_repeats),
    Peer("BG/NBD + Gamma-Gamma (all purchases)", bg_nbd, Payments.of_all),
    Peer("Pareto/NBD + Gamma-Gamma (classic)", pareto_nbd, Payments.of_repeats),
    Peer("Pareto/NBD + Gamma-Gamma (all purchases)", pareto_nbd, Payments.of_all),
)


@dataclass(frozen=True)
class PeerForecasts:
    """What the peers say, by name, and why those that say nothing do not."""

    forecasts: Mapping[str, Forecast]
    failures: Mapping[str, str]


def forecasts(known: History, unseen: History, horizon_days: int) -> PeerForecasts:
    """The forecasts of all peers, fitted on `known`, for each of `unseen`.

    The spend is E(purchases) E(amount). Each model is fitted once for all peers that use it.

    Raises:
        InputError: the package `lifetimes` is missing.

    """
    with quiet():
        models = {each: _outcome(each, known) for each in {peer.model for peer in PEERS}}
        amounts = {
            each: _outcome(gamma_gamma, each(known)) for each in {peer.payments for peer in PEERS}
        }
        said = {
            peer.name: _forecast(
                models[peer.model],
                amounts[peer.payments],
                unseen,
                peer.payments(unseen),
                horizon_days / 7,
            )
            for peer in PEERS
        }
    return PeerForecasts(
        {name: each for name, each in said.items() if isinstance(each, Forecast)},
        {name: str(each) for name, each in said.items() if isinstance(each, NotFitted)},
    )


def _forecast(
    model: PurchaseModel | NotFitted,
    amounts: GammaGamma | NotFitted,
    unseen: History,
    paid: Payments,
    weeks: float,
) -> Forecast | NotFitted:
    if isinstance(model, NotFitted):
        return model
    if isinstance(amounts, NotFitted):
        return amounts
    spend = model.expected(unseen, weeks) * amounts.expected(paid)
    # Two probabilities that add up to one may do so but for the last digit.
    churn = np.clip(model.none(unseen, weeks), 0, 1)
    broken = int((~np.isfinite(spend + churn)).sum())
    if broken:
        return NotFitted(f"the forecast of {broken} of {len(spend)} customers is not finite")
    return Forecast(spend, churn)


def _outcome(fit: Callable[[_Known], _Model], known: _Known) -> _Model | NotFitted:
    try:
        return fit(known)
    except NotFitted as reason:
        return reason
