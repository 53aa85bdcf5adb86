"""Nothing that happens after the cut-off day changes what the models are told of it.

The simulated shop is altered after the cut-off in every way a log can be, or before it, and looked
at again with the whole reading and cleaning in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foretell.tables import Sources, load
from training.periods import Period, period
from training.simulate import Shop, simulate, write

CUTOFF = date(2025, 6, 15)  # within a month, whose engagement is therefore of the future
HORIZON = 120
NEXT_DAY = pd.Timestamp(CUTOFF) + pd.Timedelta(days=1)

Random = np.random.Generator
Alteration = Callable[[Shop, Random], Shop]


def seen(shop: Shop, folder: Path) -> Period:
    write(shop, folder)
    names = ("transactions", "customers", "engagement")
    with load(Sources(*(str(folder / f"{name}.csv") for name in names))) as tables:
        return period(tables, CUTOFF, HORIZON)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(600, seed=2)


@pytest.fixture(scope="module")
def untouched(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Period:
    return seen(shop, tmp_path_factory.mktemp("untouched"))


def orders_at(shop: Shop, *, later: bool) -> pd.DataFrame:
    return shop.transactions[(shop.transactions["timestamp"] >= NEXT_DAY) == later]


def months_at(shop: Shop, *, later: bool) -> pd.DataFrame:
    """A month is of the past if it was over by the end of the cut-off day."""
    over = shop.engagement["month"] + pd.offsets.MonthEnd() < NEXT_DAY
    return shop.engagement[~over if later else over]


def with_later(shop: Shop, orders: pd.DataFrame) -> Shop:
    return replace(shop, transactions=pd.concat([orders_at(shop, later=False), orders]))


# --- what may happen afterwards --------------------------------------------------------------


def other_amounts(shop: Shop, random: Random) -> Shop:
    """Many of them reversals."""
    later = orders_at(shop, later=True)
    return with_later(shop, later.assign(amount=random.normal(50, 100, len(later))))


def other_buyers(shop: Shop, random: Random) -> Shop:
    later = orders_at(shop, later=True)
    names = random.permutation(later["customer_id"].to_numpy())
    return with_later(shop, later.assign(customer_id=names))


def other_days(shop: Shop, random: Random) -> Shop:
    """From the first second of the next day on."""
    later = orders_at(shop, later=True)
    seconds = random.permutation(np.arange(len(later)) * 3_000)
    moments = NEXT_DAY + pd.to_timedelta(seconds, unit="s")
    return with_later(shop, later.assign(timestamp=moments))


def fewer_orders(shop: Shop, random: Random) -> Shop:
    later = orders_at(shop, later=True)
    return with_later(shop, later[random.random(len(later)) < 0.5])


def more_orders(shop: Shop, random: Random) -> Shop:
    """Of known customers and of new ones, who must not appear."""
    later = orders_at(shop, later=True)
    names = [*shop.customers["customer_id"], *(f"new {number}" for number in range(100))]
    added = later.assign(customer_id=random.choice(names, len(later)), amount=9_999.0)
    return with_later(shop, pd.concat([later, added]))


ALTERATIONS = [other_amounts, other_buyers, other_days, fewer_orders, more_orders]


def everything(shop: Shop, random: Random) -> Shop:
    for alter in ALTERATIONS:
        shop = alter(shop, random)
    return shop


def assert_same_features(one: Period, other: Period) -> None:
    pd.testing.assert_frame_equal(one.features, other.features, check_exact=True)
    np.testing.assert_array_equal(one.examples.records, other.examples.records)


def test_there_are_a_past_and_a_future_to_tell_apart(shop: Shop, untouched: Period) -> None:
    for rows_at in (orders_at, months_at):
        assert len(rows_at(shop, later=False)) > 500
        assert len(rows_at(shop, later=True)) > 500
    assert len(untouched.features) > 300
    assert 0.2 < untouched.examples.churned.mean() < 0.8


@pytest.mark.parametrize("alter", [*ALTERATIONS, everything])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_ordered_later_changes_labels_and_no_feature(
    alter: Alteration, seed: int, shop: Shop, untouched: Period, tmp_path: Path
) -> None:
    found = seen(alter(shop, np.random.default_rng(seed)), tmp_path)

    assert_same_features(untouched, found)
    assert (found.examples.spend != untouched.examples.spend).mean() > 0.2


def other_months(shop: Shop, random: Random) -> Shop:
    later = months_at(shop, later=True)
    counts = ("emails_sent", "emails_opened", "website_visits", "support_tickets")
    altered = later.assign(**{name: random.integers(0, 99, len(later)) for name in counts})
    return replace(shop, engagement=pd.concat([months_at(shop, later=False), altered]))


def returns_of_earlier_orders(shop: Shop, random: Random) -> Shop:
    """On a day without orders, or they would be set off against those."""
    earlier = orders_at(shop, later=False)
    returned = earlier[random.random(len(earlier)) < 0.5]
    returned = returned.assign(amount=-returned["amount"].abs(), timestamp=NEXT_DAY)
    later = orders_at(shop, later=True)
    later = later[later["timestamp"] >= NEXT_DAY + pd.Timedelta(days=1)]
    return with_later(shop, pd.concat([returned, later]))


@pytest.mark.parametrize("alter", [other_months, returns_of_earlier_orders])
def test_engagement_and_returns_of_later_change_no_feature(
    alter: Alteration, shop: Shop, untouched: Period, tmp_path: Path
) -> None:
    found = seen(alter(shop, np.random.default_rng(1)), tmp_path)

    assert_same_features(untouched, found)


def test_without_a_future_the_features_are_the_same(
    shop: Shop, untouched: Period, tmp_path: Path
) -> None:
    # Given a log that was written at the end of the cut-off day
    known = replace(
        shop,
        transactions=orders_at(shop, later=False),
        engagement=months_at(shop, later=False),
    )

    found = seen(known, tmp_path)

    assert_same_features(untouched, found)
    assert (found.examples.spend == 0).all()
    assert found.examples.churned.all()


# --- and what does count ---------------------------------------------------------------------


def first_since(day: date, rows: pd.DataFrame) -> pd.Series:
    """Marks the first order of a known customer from the day on."""
    known = rows["customer_id"].notna() & (rows["amount"] > 0)
    chosen = known & (rows["timestamp"] >= pd.Timestamp(day))
    return chosen & (chosen.cumsum() == 1)


def an_amount_of_the_cut_off_day(shop: Shop) -> Shop:
    rows = shop.transactions
    one = first_since(CUTOFF, rows)
    return replace(shop, transactions=rows.assign(amount=rows["amount"] + one))


def a_buyer(shop: Shop) -> Shop:
    rows = shop.transactions
    names = rows["customer_id"].mask(first_since(date(2023, 1, 1), rows), "another")
    return replace(shop, transactions=rows.assign(customer_id=names))


def a_day(shop: Shop) -> Shop:
    """A week sooner."""
    rows = shop.transactions
    sooner = rows["timestamp"].mask(
        first_since(date(2023, 1, 1), rows), rows["timestamp"] - pd.Timedelta(days=7)
    )
    return replace(shop, transactions=rows.assign(timestamp=sooner))


def the_last_whole_month(shop: Shop) -> Shop:
    rows = shop.engagement
    visits = rows["website_visits"].mask(rows["month"] == pd.Timestamp(2025, 5, 1), 77)
    return replace(shop, engagement=rows.assign(website_visits=visits))


@pytest.mark.parametrize(
    "alter", [an_amount_of_the_cut_off_day, a_buyer, a_day, the_last_whole_month]
)
def test_what_was_known_by_then_does_change_features(
    alter: Callable[[Shop], Shop], shop: Shop, untouched: Period, tmp_path: Path
) -> None:
    found = seen(alter(shop), tmp_path)

    assert not untouched.features.equals(found.features)
