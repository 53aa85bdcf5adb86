"""Every number of the simulated shop, and its season: what `process` draws from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """The parameters of the process; `training.simulate` gives the equations they stand in."""

    # Arrival
    growth_per_year: float = 0.35  # log growth of the sign-ups per day, so + 42 % a year
    first_purchase_within: int = 15  # days; the first purchase is 0 to 14 days after sign-up

    # Buying
    rate_shape: float = 1.3  # gamma shape of the purchase rate: its variation is 1 / sqrt(shape)
    rate_mean: float = 0.7  # purchases per 30 days of a customer who stays
    one_time_share: float = 0.14  # of the customers never come back after the first purchase

    # Spending: the median customer's mean order value and the spreads of the two log-normals
    account_types: tuple[str, ...] = ("Basic", "Premium", "Enterprise")
    account_shares: tuple[float, ...] = (0.70, 0.25, 0.05)
    account_order_values: tuple[float, ...] = (40.0, 65.0, 130.0)  # currency units
    customer_value_sigma: float = 0.45  # between customers of one account type
    order_value_sigma: float = 0.45  # between the orders of one customer

    # Leaving
    hazard_shape: float = 1.2  # gamma shape of the base hazard
    hazard_mean: float = 0.018  # drop-outs per 30 days without tickets
    account_hazards: tuple[float, ...] = (1.0, 0.8, 0.6)  # factor on the hazard by account type
    ticket_shape: float = 0.6  # gamma shape of the ticket rate
    ticket_mean: float = 0.2  # support tickets per 30 days
    ticket_memory: float = 0.7  # of a month's pressure remains in the next
    ticket_effect: float = 1.1  # log hazard per unit of pressure: one ticket makes it 3-fold
    pressure_cap: float = 3.0  # further tickets make nobody angrier

    # Engagement
    emails_per_month: float = 5.0  # sent per 30 days to a subscriber, whether he left or not
    unsubscribed_share: float = 0.12
    open_alpha: float = 2.0  # beta distribution of the share of emails a customer opens
    open_beta: float = 4.0
    visits_mean: float = 4.0  # site visits per 30 days of a customer with the mean purchase rate
    visits_shape: float = 1.2  # gamma shape of the visits between customers
    visits_by_rate: float = 0.4  # exponent of the purchase rate in the visits
    visits_noise_shape: float = 2.5  # gamma shape of the visits between one customer's months
    fading_days: int = 75  # engagement fades linearly over this time before a customer leaves
    faded: float = 0.15  # of the usual engagement on the last day
    afterglow: float = 0.03  # of the usual engagement after leaving

    # Gaps and dirt
    age_missing: float = 0.08
    account_type_missing: float = 0.03
    engagement_row_missing: float = 0.04
    return_share: float = 0.04  # of the orders come back whole
    returned_within: int = 15  # days; 0 to 14 days after the order
    guest_share: float = 0.005  # of the orders, on top of them, by nobody known
    duplicate_share: float = 0.001  # of the rows appear twice


PARAMETERS: Final = Parameters()

# Monday to Sunday, mean 1.
_WEEKDAYS: Final = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.1, 0.9])

# Orders by hour of the day: next to none at night, a hump at noon, the peak at eight.
_HOURS: Final = np.array(
    [2, 1, 1, 1, 1, 2, 6, 14, 24, 34, 42, 48, 52, 46, 42, 42, 44, 50, 58, 66, 70, 58, 32, 12],
    dtype=np.float64,
)
HOUR_SHARES: Final[Reals] = _HOURS / _HOURS.sum()


def _yearly(day_of_year: npt.NDArray[np.int64]) -> Reals:
    winter = 0.12 * np.cos(2 * np.pi * (day_of_year - 340) / 365)
    before_christmas = 0.7 * np.exp(-0.5 * ((day_of_year - 345) / 12) ** 2)
    return np.asarray(1 + winter + before_christmas, dtype=np.float64)


_YEAR_MEAN: Final = float(_yearly(np.arange(365)).mean())


def season(days: npt.NDArray[np.datetime64]) -> Reals:
    """The factor on every purchase rate for each calendar day (unit D); its mean is 1."""
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    return np.asarray(_yearly(day_of_year) / _YEAR_MEAN * _WEEKDAYS[weekday], dtype=np.float64)


def cumulated_season(days: npt.NDArray[np.datetime64]) -> Reals:
    """Season-days before each of the n days and, last, after them all: shape (n + 1,)."""
    return np.concatenate([[0.0], np.cumsum(season(days))])
