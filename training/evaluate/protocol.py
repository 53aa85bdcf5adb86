"""How a hold-out comes about: what the fits may see, and what they are asked about."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeGuard

import numpy as np

from foretell.manifest import Evaluation
from foretell.tables import Tables
from training import fit
from training.evaluate import groups
from training.evaluate.hold_out import CLASSIC, FORETELL, NAIVE, Forecast, HoldOut, Interval
from training.evaluate.naive import naive_churn, naive_spend
from training.examples import Examples, Records
from training.graph.fitted import Forecasters
from training.models.columns import EXPECTED_SPEND, NO_PURCHASE
from training.periods import Period, Unseen, a_quarter, label_window, period

SHORTEST_HORIZON: Final = 14
"""Days of labels under which nothing can be learnt of a shop."""
FEWEST_CUSTOMERS: Final = 500
FEWEST_OF_EACH_OUTCOME: Final = 50


def earlier(tables: Tables, then: Period) -> Period | None:
    """What a training on the day of `then` would have learnt from: nothing after that day.

    None where the history before is too short.
    """
    window = label_window(tables.first_day, then.cutoff, then.horizon_days)
    if window.horizon_days < min(SHORTEST_HORIZON, then.horizon_days):
        return None
    return period(tables, window.cutoff, window.horizon_days)


@dataclass(frozen=True)
class Trial:
    """Who is asked about what, and what the fit may learn from; one period for both is a split."""

    learning: Period
    asked: Period
    unseen: Unseen


def trial(tables: Tables, learning: Period, as_of: date, horizon_days: int) -> Trial:
    """The recipe of a training as of a day, put to the test where the answer is known.

    Asked are customers in the newest days that have labels. The fit may learn what was known
    before those days, if that is enough to learn from; otherwise from other customers in them.
    """
    newest = min(horizon_days, (as_of - tables.first_day).days // 2)
    cutoff = as_of - timedelta(days=newest)
    same = (learning.cutoff, learning.horizon_days) == (cutoff, newest)
    asked = learning if same else period(tables, cutoff, newest)
    before = earlier(tables, asked)
    return Trial(before if _enough(before) else asked, asked, a_quarter)


def run(trial: Trial) -> HoldOut:
    """What came of it."""
    return measure(trial.learning, trial.asked, trial.unseen)


def described(trial: Trial, hold_out: HoldOut) -> Evaluation:
    """For the manifest."""
    return Evaluation(
        protocol="split" if trial.learning is trial.asked else "temporal",
        customers=len(hold_out.spend),
        cutoff=trial.asked.cutoff,
        horizon_days=trial.asked.horizon_days,
        learnt_cutoff=trial.learning.cutoff,
        learnt_horizon_days=trial.learning.horizon_days,
        tenths=groups.tenths(hold_out),
        reliability=groups.reliability(hold_out.forecasts[FORETELL].churn, hold_out.churned),
        reliability_peer=groups.peer_reliability(hold_out),
    )


def _enough(before: Period | None) -> TypeGuard[Period]:
    if before is None:
        return False
    left = int(before.examples.churned.sum())
    stayed = len(before.examples.churned) - left
    return left + stayed >= FEWEST_CUSTOMERS and min(left, stayed) >= FEWEST_OF_EACH_OUTCOME


def measure(learning: Period, asked: Period, unseen: Unseen) -> HoldOut:
    """Fit on the known customers of one period, ask about the unseen ones of another.

    With one period for both, other customers are asked about (split); with `earlier` and a
    period, other customers at a later date, as in a deployment (temporal).
    """
    known = learning.examples.of(~unseen(learning.customer_ids))
    rows = unseen(asked.customer_ids)
    present = asked.examples.of(~rows).records if learning is not asked else known.records
    forecasters = fit.fit_forecasters(known, learning.horizon_days, present, asked.horizon_days)
    return hold_out(forecasters, known, asked.examples.of(rows), asked.horizon_days)


def hold_out(
    forecasters: Forecasters, known: Examples, unseen: Examples, horizon_days: int
) -> HoldOut:
    """What the forecasters say of unseen customers, beside what needs no trees."""
    features = forecasters.preprocessing.transform(unseen.records).astype(np.float64)
    return HoldOut(
        unseen.spend,
        unseen.churned,
        {
            FORETELL: forecast(forecasters, unseen.records),
            NAIVE: Forecast(
                naive_spend(unseen.records, horizon_days),
                naive_churn(known.records, known.churned, unseen.records),
            ),
            CLASSIC: Forecast(features[:, EXPECTED_SPEND], features[:, NO_PURCHASE]),
        },
    )


def forecast(forecasters: Forecasters, records: Records) -> Forecast:
    """What the forecasters say of customers."""
    features = forecasters.preprocessing.transform(records)
    bounds = forecasters.interval.predict(features)
    return Forecast(
        forecasters.clv.predict(features),
        forecasters.churn.predict(features),
        Interval(bounds.low, bounds.median, bounds.high),
    )
