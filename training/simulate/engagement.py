"""What customers do between purchases: emails opened, site visits and tickets, by month."""

from dataclasses import dataclass

import numpy as np

from training.simulate.parameters import PARAMETERS as P
from training.simulate.parameters import Days, Reals
from training.simulate.process import Calendar, People


@dataclass(frozen=True)
class Engagement:
    """Customer-months from sign-up on; arrays of shape (customer-months,)."""

    customer: Days  # index
    month: Days  # index into the calendar's months
    emails_sent: Days
    emails_opened: Days
    website_visits: Days
    support_tickets: Days


def engagement(
    who: People, written: Days, left: Days, cal: Calendar, rng: np.random.Generator
) -> Engagement:
    """Draw each customer's months; `written` tickets count only while he is active."""
    exposed = cal.overlap(who.signup, np.full_like(who.signup, cal.days))
    customer, month = np.nonzero(exposed)
    days = exposed[customer, month]
    active = cal.overlap(who.signup, left)[customer, month]
    engaged = _engaged_days(who, left, cal)[customer, month]
    sent = rng.poisson(P.emails_per_month / 30 * days * who.subscribed[customer])
    mood = rng.gamma(P.visits_noise_shape, 1 / P.visits_noise_shape, len(days))
    return Engagement(
        customer=customer,
        month=month,
        emails_sent=sent,
        emails_opened=rng.binomial(sent, who.open_share[customer] * engaged / days),
        website_visits=rng.poisson(who.visits[customer] / 30 * engaged * mood),
        support_tickets=rng.binomial(written[customer, month], active / days),
    )


def _engaged_days(who: People, left: Days, cal: Calendar) -> Reals:
    """Days of each month weighted by the engagement that is left: (customers, months)."""
    stays = left == cal.days
    leaving = np.where(stays, cal.days + P.fading_days, left)  # whoever stays does not fade
    bounds = np.maximum(cal.month_bounds, who.signup[:, None]) - leaving[:, None]
    return np.diff(_engaged_before(bounds), axis=1)


def _engaged_before(lag: Days) -> Reals:
    """Integral of the engagement up to `lag` days after leaving: 1, then fading, then afterglow."""
    days = P.fading_days
    full = np.minimum(lag, -days)
    fading = np.clip(lag + days, 0, days)
    after = np.maximum(lag, 0)
    return full + fading - (1 - P.faded) * fading**2 / (2 * days) + P.afterglow * after
