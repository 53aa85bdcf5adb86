"""The parameters of the classic models, as the package `lifetimes` fits them.

It is unmaintained: it prints, it warns, and a search may fail that succeeds from another start.
None of that gets past here.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from itertools import chain, islice, product
from types import ModuleType
from typing import Any, Final

import numpy as np

from training.errors import InputError
from training.evaluate.classic_models import BgNbd, GammaGamma, History, ParetoNbd, Payments

_PENALIZERS: Final = (0.0, 1e-4, 1e-3, 1e-2, 0.1)
# lifetimes takes those of BG/NBD and Gamma-Gamma as logarithms, those of Pareto/NBD as they are.
_LOG_STARTS: Final = (0.1, -1.0, 1.0)
_STARTS: Final = (1.0, 0.5)


class NotFitted(Exception):
    """A model has no usable parameters for these customers; the message says which and why."""


def bg_nbd(known: History) -> BgNbd:
    """By maximum likelihood; raises `NotFitted`, or `InputError` without the package."""
    fitter, customers = _lifetimes().BetaGeoFitter, _grouped(known)

    def fit(penalizer: float, start: float) -> Any:  # noqa: ANN401 - lifetimes is untyped
        return fitter(penalizer).fit(**customers, initial_params=[start] * 4, tol=1e-6)

    return BgNbd(**_first("BG/NBD", _fits(fit, _LOG_STARTS)).parameters)


def pareto_nbd(known: History) -> ParetoNbd:
    """By maximum likelihood; raises as `bg_nbd` does.

    Of two starts the better counts: the search (Nelder and Mead) does not tell where it got stuck.
    """
    fitter, customers = _lifetimes().ParetoNBDFitter, _grouped(known)

    def fit(penalizer: float, start: float) -> Any:  # noqa: ANN401 - lifetimes is untyped
        return fitter(penalizer).fit(**customers, initial_params=[start] * 4)

    fits = _fits(fit, _STARTS)
    two = (_first("Pareto/NBD", fits), *islice(fits, 1))
    return ParetoNbd(**min(two, key=lambda each: each.loss).parameters)


def gamma_gamma(known: Payments) -> GammaGamma:
    """By maximum likelihood on customers with a positive mean; raises as `bg_nbd` does.

    At q <= 1 the population's mean is infinite, so the next start or penalizer is tried. If it is
    so with all of them, everybody is expected to pay the mean amount.
    """
    paid = (known.count > 0) & (known.mean > 0)
    if not paid.any():
        raise NotFitted("Gamma-Gamma could not be fitted: no customer has a purchase that counts")
    count, mean = known.count[paid], known.mean[paid]
    # In units of the mean: neither the start nor the penalizer depends on the currency.
    unit = float((count * mean).sum() / count.sum())
    fitter = _lifetimes().GammaGammaFitter

    def fit(penalizer: float, start: float) -> Any:  # noqa: ANN401 - lifetimes is untyped
        return fitter(penalizer).fit(count, mean / unit, initial_params=[start] * 3, tol=1e-6)

    fits = _fits(fit, _LOG_STARTS)
    for each in chain([_first("Gamma-Gamma", fits)], fits):
        p, q, v = (each.parameters[name] for name in "pqv")
        if q > 1:
            return GammaGamma(unit * p * v / (q - 1), (q - 1) / p)
    return GammaGamma(unit, np.inf)


def _grouped(known: History) -> dict[str, Any]:
    """The arguments of a fit: customers that are alike counted once, with their number."""
    alike = np.stack([known.repeats, known.last, known.age], axis=1)
    rows, weights = np.unique(alike, axis=0, return_counts=True)
    return {"frequency": rows[:, 0], "recency": rows[:, 1], "T": rows[:, 2], "weights": weights}


@dataclass(frozen=True)
class _Fit:
    parameters: dict[str, float]
    loss: float


def _fits(fit: Callable[[float, float], Any], starts: tuple[float, ...]) -> Iterator[_Fit]:
    """The fits that succeed, by penalizer and start, the least penalized first."""
    for penalizer, start in product(_PENALIZERS, starts):
        try:
            fitted = fit(penalizer, start)
        # ConvergenceError and LinAlgError are ValueErrors.
        except (ValueError, ArithmeticError):
            continue
        parameters = {str(name): float(value) for name, value in fitted.params_.items()}
        # A search through NaN does not fail, it ends in one.
        loss = float(fitted._negative_log_likelihood_)
        if np.isfinite([*parameters.values(), loss]).all() and min(parameters.values()) > 0:
            yield _Fit(parameters, loss)


def _first(name: str, fits: Iterator[_Fit]) -> _Fit:
    for fit in fits:
        return fit
    raise NotFitted(f"{name} could not be fitted: no search for its parameters converged")


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what lifetimes prints and warns of; it also changes the filters for itself."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _lifetimes() -> ModuleType:
    try:
        import lifetimes  # noqa: PLC0415 - an extra; only an evaluation needs it
    except ImportError as missing:
        raise InputError(
            "the classic peers need the package lifetimes: pip install 'foretell[evaluation]'"
        ) from missing
    return lifetimes  # type: ignore[no-any-return]
