"""What a training needs before its figures can mean anything."""

from datetime import date, timedelta
from typing import Final

from training.errors import InputError
from training.examples import Mask

FEWEST_CUSTOMERS: Final = 500
FEWEST_OF_EACH_OUTCOME: Final = 50


def check_period(first_day: date, last_day: date, as_of: date, horizon_days: int) -> date:
    """The label cut-off: one horizon before `as_of`.

    Raises:
        InputError: the log does not reach to `as_of`, or not a horizon back behind the cut-off.

    """
    if horizon_days < 1:
        raise InputError(f"--horizon-days {horizon_days}: give a number of days of at least 1")
    if not first_day <= as_of <= last_day:
        raise InputError(
            f"--as-of {as_of}: the transactions run from {first_day} to {last_day};"
            " give a day between (the last day is the default)"
        )
    history = (as_of - first_day).days
    if history < 2 * horizon_days:
        raise InputError(
            f"--horizon-days {horizon_days}: the transactions up to {as_of} cover {history} days,"
            " and a forecast needs twice its horizon, one to describe customers and one to see"
            f" what they did; give more history, or --horizon-days {history // 2} at the most"
        )
    return as_of - timedelta(days=horizon_days)


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
