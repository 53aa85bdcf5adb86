"""What a training needs before its figures can mean anything: refuse with the way out, or warn."""

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.manifest import Gate
from foretell.tables import CleaningReport
from foretell.tables.rows import NO_CUSTOMER
from training.errors import InputError
from training.evaluate.protocol import FEWEST_CUSTOMERS, FEWEST_OF_EACH_OUTCOME
from training.examples import Mask
from training.periods import LabelWindow

FEW_OF_AN_OUTCOME: Final = 1_000
MANY_WITHOUT_CUSTOMER: Final = 0.2


def check_period(first_day: date, last_day: date, as_of: date, horizon_days: int) -> None:
    """A day within the log with a horizon of history before it.

    Raises:
        InputError: the log does not reach to `as_of`, or not a horizon back behind it.

    """
    if horizon_days < 1:
        raise InputError(f"--horizon-days {horizon_days}: give a number of days of at least 1")
    if not first_day <= as_of <= last_day:
        raise InputError(
            f"--as-of {as_of}: the transactions run from {first_day} to {last_day};"
            " give a day between (the last day is the default)"
        )
    history = (as_of - first_day).days
    if history < max(horizon_days, 2):
        raise InputError(
            f"--horizon-days {horizon_days}: the transactions up to {as_of} cover {history} days,"
            " and nobody can look further ahead than back; give more history, or"
            f" --horizon-days {history} at the most"
        )


def check_customers(customers: int, cutoff: date) -> None:
    """Enough customers to fit on.

    Raises:
        InputError: there are too few.

    """
    if customers < FEWEST_CUSTOMERS:
        raise InputError(
            f"only {customers} customers had bought by {cutoff}, the day that separates features"
            f" from labels; at least {FEWEST_CUSTOMERS} are needed: give more history,"
            " or a shorter --horizon-days"
        )


def check_outcomes(churned: Mask, horizon_days: int) -> None:
    """Enough customers that stayed, and enough that left.

    Raises:
        InputError: nearly all did the same, so nothing can be learnt from it.

    """
    left = int(churned.sum())
    stayed = len(churned) - left
    if min(left, stayed) < FEWEST_OF_EACH_OUTCOME:
        raise InputError(
            f"of {len(churned)} customers {stayed} bought again within {horizon_days} days and"
            f" {left} did not; at least {FEWEST_OF_EACH_OUTCOME} of each are needed:"
            " try another --horizon-days"
        )


def check_spend(spend: npt.NDArray[np.float64], horizon_days: int) -> None:
    """Some money spent.

    Raises:
        InputError: nobody spent anything, so there is no value to forecast.

    """
    if not spend.sum() > 0:
        raise InputError(
            f"nobody spent anything within {horizon_days} days: check the mapping of the amount"
            " (--column amount=...)"
        )


def warnings(
    report: CleaningReport, window: LabelWindow, horizon_days: int, churned: Mask
) -> tuple[Gate, ...]:
    """What can be learnt from, but should be known to whoever reads the figures."""
    return (
        _outcomes(churned),
        _history(window, horizon_days),
        _without_customer(report),
    )


def _outcomes(churned: Mask) -> Gate:
    left = int(churned.sum())
    fewer = min(left, len(churned) - left)
    return Gate(
        name="Customers of each outcome",
        verdict="warned" if fewer < FEW_OF_AN_OUTCOME else "passed",
        detail=(
            f"{len(churned) - left:,} bought again and {left:,} did not;"
            f" with fewer than {FEW_OF_AN_OUTCOME:,} of each the figures scatter"
        ),
    )


def _history(window: LabelWindow, horizon_days: int) -> Gate:
    shorter = window.horizon_days < horizon_days
    return Gate(
        name="History",
        verdict="warned" if shorter else "passed",
        detail=(
            f"the labels cover {window.horizon_days} days of a horizon of {horizon_days}"
            + (": the rest is extrapolated, give twice the horizon in history" if shorter else "")
        ),
    )


def _without_customer(report: CleaningReport) -> Gate:
    transactions = report.tables[0]
    nobody = sum(
        found.count for found in transactions.dropped if found.reason == NO_CUSTOMER.reason
    )
    share = nobody / transactions.rows_read
    return Gate(
        name="Transactions without a customer",
        verdict="warned" if share > MANY_WITHOUT_CUSTOMER else "passed",
        detail=f"{share:.1%} of the rows; above {MANY_WITHOUT_CUSTOMER:.0%} much is left out",
    )
