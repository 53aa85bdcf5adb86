"""What the truth says a customer does in a window."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.errors import InputError
from training.simulate.parameters import PARAMETERS, Days, Reals, cumulated_season

Flags = npt.NDArray[np.bool_]


def expected_spend(truth: pd.DataFrame, start: date, end: date) -> pd.Series:
    """Expected spend net of returns from `start` to `end`, both included, in currency units.

    It knows when each customer really left, and is exact up to the returns that cross the
    bounds of the window. A customer without a drop-out date is taken to stay, so beyond the
    simulated end it says what he would spend if he stayed.

    Returns:
        One value for each row of `truth`, indexed by customer_id, in the order of `truth`.

    Raises:
        InputError: `end` lies before `start`.
    """
    first, repeats = _purchases(truth, start, end)
    value = truth["mean_order_value"].to_numpy() * (1 - PARAMETERS.return_share)
    return _by_customer(truth, (repeats + first) * value, "expected_spend")


def no_purchase_probability(truth: pd.DataFrame, start: date, end: date) -> pd.Series:
    """Probability that a customer does not order from `start` to `end`, both included.

    It knows when each customer really left. Orders are a Poisson process, so it is
    exp(-expected orders), and 0 for whoever orders first in the window.

    Returns:
        One value for each row of `truth`, indexed by customer_id, in the order of `truth`.

    Raises:
        InputError: `end` lies before `start`.
    """
    first, repeats = _purchases(truth, start, end)
    return _by_customer(truth, np.where(first, 0.0, np.exp(-repeats)), "no_purchase_probability")


def _purchases(truth: pd.DataFrame, start: date, end: date) -> tuple[Flags, Reals]:
    """Whether the first purchase lies in the window, and the expected number of later ones."""
    if end < start:
        raise InputError(f"the window ends on {end}, before it starts on {start}: swap the dates")
    days = np.arange(np.datetime64(start, "D"), np.datetime64(end, "D") + 1)
    season_days = cumulated_season(days)
    first = _days_after(truth["first_purchase_date"], days[0])
    begin = season_days[np.clip(first + 1, 0, len(days))]
    until = season_days[np.clip(_days_after(truth["drop_out_date"], days[0]), 0, len(days))]
    repeats = truth["purchases_per_30_days"].to_numpy() / 30 * np.maximum(until - begin, 0)
    return (first >= 0) & (first < len(days)), repeats


def _by_customer(truth: pd.DataFrame, values: Reals, name: str) -> pd.Series:
    customers = pd.Index(truth["customer_id"], name="customer_id")
    return pd.Series(values, index=customers, name=name)


def _days_after(dates: pd.Series, day: np.datetime64) -> Days:
    """Whole days from `day`; a missing date lies after every window."""
    values = pd.to_datetime(dates).to_numpy().astype("datetime64[D]")
    never = np.iinfo(np.int64).max // 2
    return np.where(np.isnat(values), never, (values - day).astype(np.int64))
