"""The generative process: people, their tickets, when they leave and what they order.

Days are whole numbers from the first day of the window; `calendar.days` stands for "not within
the window". Nothing here knows of names, dates or files.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from training.simulate.parameters import HOUR_SHARES, Days, Reals, cumulated_season
from training.simulate.parameters import PARAMETERS as P


@dataclass(frozen=True)
class Calendar:
    """The simulated window: its days, its months and the season."""

    first: np.datetime64  # unit D
    days: int
    months: npt.NDArray[np.datetime64]  # shape (months,), unit M
    month_bounds: Days  # shape (months + 1,): first day of each month within the window, and days
    season_days: Reals  # shape (days + 1,): season-days before each day

    def dates(self, days: Days) -> npt.NDArray[np.datetime64]:
        """Dates (unit s) of day numbers, and NaT for what is not within the window."""
        dates = (self.first + days).astype("datetime64[s]")
        return np.where(days < self.days, dates, np.datetime64("NaT", "s"))

    def overlap(self, start: Days, stop: Days) -> Days:
        """Days of [start, stop) in each month: shape (len(start), months)."""
        bounds = np.clip(self.month_bounds, start[:, None], np.maximum(start, stop)[:, None])
        return np.diff(bounds, axis=1)


def calendar(end: date, days: int) -> Calendar:
    """The window of `days` days whose last is `end`."""
    first = np.datetime64(end - timedelta(days=days - 1), "D")
    dates = first + np.arange(days)
    months, starts = np.unique(dates.astype("datetime64[M]"), return_index=True)
    bounds = np.append(starts, days).astype(np.int64)
    return Calendar(first, days, months, bounds, cumulated_season(dates))


@dataclass(frozen=True)
class People:
    """What is drawn once for each customer; arrays of shape (customers,)."""

    signup: Days
    first_purchase: Days  # capped at the number of days: not within the window
    one_time: npt.NDArray[np.bool_]
    rate: Reals  # purchases per 30 days
    order_value: Reals  # currency units
    account: Days  # index into the account types
    age: Days  # years
    hazard: Reals  # drop-outs per 30 days without tickets
    ticket_rate: Reals  # per 30 days
    subscribed: npt.NDArray[np.bool_]
    open_share: Reals  # of the emails, while engaged
    visits: Reals  # per 30 days, while engaged


def people(customers: int, cal: Calendar, rng: np.random.Generator) -> People:
    """Draw the customers in the order of their sign-up."""
    signup = _signups(customers, cal, rng)
    lag = np.floor(P.first_purchase_within * rng.random(customers) ** 3).astype(np.int64)
    account = rng.choice(len(P.account_types), customers, p=P.account_shares)
    rate = _gamma(P.rate_shape, P.rate_mean, customers, rng)
    between = P.customer_value_sigma * rng.standard_normal(customers)
    popularity = (rate / P.rate_mean) ** P.visits_by_rate
    hazard = _gamma(P.hazard_shape, P.hazard_mean, customers, rng)
    return People(
        signup=signup,
        first_purchase=np.minimum(signup + lag, cal.days),
        one_time=rng.random(customers) < P.one_time_share,
        rate=rate,
        order_value=np.array(P.account_order_values)[account] * np.exp(between),
        account=account,
        age=(18 + 62 * rng.beta(1.8, 3.0, customers)).astype(np.int64),
        hazard=hazard * np.array(P.account_hazards)[account],
        ticket_rate=_gamma(P.ticket_shape, P.ticket_mean, customers, rng),
        subscribed=rng.random(customers) >= P.unsubscribed_share,
        open_share=rng.beta(P.open_alpha, P.open_beta, customers),
        visits=popularity * _gamma(P.visits_shape, P.visits_mean, customers, rng),
    )


def _signups(customers: int, cal: Calendar, rng: np.random.Generator) -> Days:
    growth = np.exp(P.growth_per_year * np.arange(cal.days) / 365)
    weights = growth * np.diff(cal.season_days)
    return np.sort(rng.choice(cal.days, customers, p=weights / weights.sum()))


def _gamma(shape: float, mean: float, size: int, rng: np.random.Generator) -> Reals:
    return rng.gamma(shape, mean / shape, size)


def tickets(who: People, cal: Calendar, rng: np.random.Generator) -> Days:
    """Tickets each customer would write in each month if nobody ever left: (customers, months)."""
    exposed = cal.overlap(who.signup, np.full_like(who.signup, cal.days))
    return rng.poisson(who.ticket_rate[:, None] * exposed / 30)


def drop_outs(who: People, written: Days, cal: Calendar, rng: np.random.Generator) -> Days:
    """First day on which each customer no longer buys: cumulative hazard crosses an Exp(1)."""
    at_risk_from = who.first_purchase + 1
    exposed = cal.overlap(at_risk_from, np.full_like(at_risk_from, cal.days))
    hazard = who.hazard[:, None] / 30 * np.exp(P.ticket_effect * _pressure(written))  # per day
    risk = np.cumsum(hazard * exposed, axis=1)
    threshold = rng.exponential(size=len(risk))
    month = np.minimum((risk < threshold[:, None]).sum(axis=1), risk.shape[1] - 1)
    row = np.arange(len(risk))
    before = risk[row, month] - (hazard * exposed)[row, month]
    days_into_month = np.ceil((threshold - before) / hazard[row, month])
    # Under a tiny hazard the crossing lies centuries ahead: cap before it becomes an integer.
    days_into_month = np.minimum(days_into_month, cal.days).astype(np.int64)
    leaves = np.maximum(cal.month_bounds[month], at_risk_from) + days_into_month
    return np.minimum(np.where(who.one_time, at_risk_from, leaves), cal.days)


def _pressure(written: Days) -> Reals:
    """Tickets of the earlier months, fading: p_m = memory · p_(m-1) + tickets_(m-1), capped."""
    pressure = np.zeros(written.shape)
    for month in range(1, written.shape[1]):
        pressure[:, month] = P.ticket_memory * pressure[:, month - 1] + written[:, month - 1]
    return np.minimum(pressure, P.pressure_cap)


@dataclass(frozen=True)
class Orders:
    """Orders in the order of time; arrays of shape (orders,)."""

    customer: Days  # index, -1 for a guest
    second: Days  # since the start of the window
    amount: Reals  # currency units, in whole cents


def orders(who: People, left: Days, cal: Calendar, rng: np.random.Generator) -> Orders:
    """The first purchases, the repeat purchases while active, and those of guests."""
    bought = np.flatnonzero(who.first_purchase < cal.days)
    repeating, repeat_day = _repeats(who, left, cal, rng)
    guest_day = _guest_days(np.concatenate([who.first_purchase[bought], repeat_day]), rng)
    customer = np.concatenate([bought, repeating, np.full(len(guest_day), -1)])
    day = np.concatenate([who.first_purchase[bought], repeat_day, guest_day])
    second = day * 86_400 + seconds_of_day(len(day), rng)
    value = np.where(customer < 0, P.account_order_values[0], who.order_value[customer])
    noise = P.order_value_sigma * rng.standard_normal(len(day)) - P.order_value_sigma**2 / 2
    amount = np.maximum(np.round(value * np.exp(noise), 2), 0.01)
    in_time = np.argsort(second, kind="stable")
    return Orders(customer[in_time], second[in_time], amount[in_time])


def _repeats(who: People, left: Days, cal: Calendar, rng: np.random.Generator) -> tuple[Days, Days]:
    """Customer and day of each repeat purchase: Poisson, uniform in season-time."""
    start = np.minimum(who.first_purchase + 1, cal.days)
    begin, until = cal.season_days[start], cal.season_days[np.maximum(start, left)]
    count = rng.poisson(who.rate / 30 * (until - begin))
    customer = np.repeat(np.arange(len(count)), count)
    moment = begin[customer] + rng.random(len(customer)) * (until - begin)[customer]
    day = np.searchsorted(cal.season_days, moment, side="right") - 1
    # Rounding may push a moment onto the bound itself.
    return customer, np.clip(day, start[customer], left[customer] - 1)


def _guest_days(days: Days, rng: np.random.Generator) -> Days:
    return rng.choice(days, rng.binomial(len(days), P.guest_share)) if len(days) else days


def seconds_of_day(size: int, rng: np.random.Generator) -> Days:
    """Seconds since midnight, by the shop's hours."""
    hours = rng.choice(24, size, p=HOUR_SHARES)
    return hours * 3_600 + rng.integers(3_600, size=size)
