"""From the process to the four tables a shop would hand over, gaps and dirt included."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.errors import InputError
from training.simulate import process
from training.simulate.engagement import engagement
from training.simulate.parameters import PARAMETERS as P
from training.simulate.parameters import Days, Reals
from training.simulate.process import Calendar, Orders, People

LEAST_DAYS = 90
MOST_DAYS = 3_660

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Shop:
    """The tables of a shop and the truth behind them; `training.simulate` gives the columns."""

    transactions: pd.DataFrame
    customers: pd.DataFrame
    engagement: pd.DataFrame
    truth: pd.DataFrame


def simulate(customers: int, seed: int, end: date = date(2025, 12, 31), days: int = 1096) -> Shop:
    """Simulate a shop of `customers` customers over the `days` days up to and including `end`.

    Raises:
        InputError: `customers` is below 1, `seed` below 0, or `days` not 90 to 3,660.
    """
    _check(customers, seed, days)
    # One stream for each step, so that a change to one leaves the draws of the others alone.
    people, tickets, leaving, ordering, rows, gaps, engaging = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(7)
    )
    cal = process.calendar(end, days)
    who = process.people(customers, cal, people)
    written = process.tickets(who, cal, tickets)
    left = process.drop_outs(who, written, cal, leaving)
    orders = process.orders(who, left, cal, ordering)
    ids = np.array([f"C{number:06d}" for number in range(1, customers + 1)], dtype=object)
    return Shop(
        transactions=_transactions(orders, ids, cal, rows),
        customers=_customers(who, ids, cal, gaps),
        engagement=_engagement(who, written, left, ids, cal, engaging),
        truth=_truth(who, left, ids, cal),
    )


def _check(customers: int, seed: int, days: int) -> None:
    if customers < 1:
        raise InputError(f"--customers is {customers}: ask for at least 1 customer")
    if seed < 0:
        raise InputError(f"--seed is {seed}: use a whole number of 0 or more")
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise InputError(
            f"--days is {days}: simulate {LEAST_DAYS} days (less holds no history) to {MOST_DAYS}"
        )


def _transactions(
    orders: Orders, ids: Names, cal: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """Orders and returns by time, a few of them twice, guests without a customer."""
    order, second, amount = _with_returns(orders, rng)
    within = np.flatnonzero(second < cal.days * 86_400)
    twice = within[rng.random(len(within)) < P.duplicate_share]
    rows = np.concatenate([within, twice])
    rows = rows[np.argsort(second[rows], kind="stable")]
    order_ids = np.array([f"O{n:07d}" for n in range(1, len(orders.second) + 1)], dtype=object)
    known = np.concatenate([ids, [None]])  # a guest's index is -1
    return pd.DataFrame(
        {
            "customer_id": pd.Series(known[orders.customer[order[rows]]], dtype="str"),
            "timestamp": cal.first.astype("datetime64[s]") + second[rows],
            "amount": amount[rows],
            "order_id": pd.Series(order_ids[order[rows]], dtype="str"),
        }
    )


def _with_returns(orders: Orders, rng: np.random.Generator) -> tuple[Days, Days, Reals]:
    """Index of the order, second and amount of each row; the returns follow the orders."""
    count = len(orders.second)
    returned = np.flatnonzero(rng.random(count) < P.return_share)
    index = np.concatenate([np.arange(count), returned])
    second = np.concatenate([orders.second, _return_seconds(orders.second[returned], rng)])
    return index, second, np.concatenate([orders.amount, -orders.amount[returned]])


def _return_seconds(ordered: Days, rng: np.random.Generator) -> Days:
    day, second = np.divmod(ordered, 86_400)
    lag = rng.integers(P.returned_within, size=len(ordered))
    same_day = second + np.floor(rng.random(len(ordered)) * (86_400 - second)).astype(np.int64)
    later = process.seconds_of_day(len(ordered), rng)
    return (day + lag) * 86_400 + np.where(lag == 0, same_day, later)


def _customers(who: People, ids: Names, cal: Calendar, rng: np.random.Generator) -> pd.DataFrame:
    account = np.array(P.account_types, dtype=object)[who.account]
    account[rng.random(len(ids)) < P.account_type_missing] = None
    age = pd.Series(who.age, dtype="Int64")
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids, dtype="str"),
            "signup_date": cal.dates(who.signup),
            "age": age.mask(rng.random(len(ids)) < P.age_missing),
            "account_type": pd.Series(account, dtype="str"),
        }
    )


def _engagement(
    who: People, written: Days, left: Days, ids: Names, cal: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """One row for each customer and month since sign-up, some missing."""
    months = engagement(who, written, left, cal, rng)
    kept = rng.random(len(months.customer)) >= P.engagement_row_missing
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids[months.customer], dtype="str"),
            "month": cal.months[months.month].astype("datetime64[s]"),
            "emails_sent": months.emails_sent,
            "emails_opened": months.emails_opened,
            "website_visits": months.website_visits,
            "support_tickets": months.support_tickets,
        }
    )[kept].reset_index(drop=True)


def _truth(who: People, left: Days, ids: Names, cal: Calendar) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids, dtype="str"),
            "purchases_per_30_days": who.rate,
            "mean_order_value": who.order_value,
            "first_purchase_date": cal.dates(who.first_purchase),
            "drop_out_date": cal.dates(left),
            "one_time_buyer": who.one_time,
        }
    )
