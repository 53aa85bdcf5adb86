"""Which days a fit learns from, and which customers it may not see."""

# As in test_features: or DuckDB's binding would report a leak at exit.
from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.tables import Sources, Tables, load
from training import examples, features
from training.periods import YEAR, LabelWindow, Unseen, a_quarter, half, label_window, period

FIRST = date(2023, 1, 1)


def window_after(history: int, horizon: int) -> LabelWindow:
    return label_window(FIRST, FIRST + timedelta(days=history), horizon)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


# --- the days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "horizon", "cutoff", "observed"),
    [
        pytest.param(1095, 180, 730, 180, id="the same days a year before"),
        pytest.param(2 * YEAR, 180, YEAR, 180, id="two years to the day"),
        pytest.param(2 * YEAR - 1, 180, 549, 180, id="a day less than two years"),
        pytest.param(2 * YEAR, YEAR, YEAR, YEAR, id="a whole year"),
        pytest.param(1095, YEAR + 1, 729, 366, id="more than a year: the newest days"),
        pytest.param(1095, 730, 548, 547, id="half of the history at the most"),
        pytest.param(365, 180, 185, 180, id="a year of history"),
        pytest.param(361, 180, 181, 180, id="just more than twice the horizon"),
        pytest.param(360, 180, 180, 180, id="just twice the horizon"),
        pytest.param(359, 180, 180, 179, id="just less than twice the horizon"),
        pytest.param(100, 180, 50, 50, id="a short history"),
        pytest.param(1, 180, 1, 0, id="a single day"),
        pytest.param(0, 180, 0, 0, id="no day"),
    ],
)
def test_the_days_to_learn_from(history: int, horizon: int, cutoff: int, observed: int) -> None:
    assert window_after(history, horizon) == LabelWindow(day(cutoff), observed)


@given(st.integers(0, 4_000), st.integers(1, 1_500))
def test_the_labels_lie_in_the_history_and_leave_as_much_before(history: int, horizon: int) -> None:
    found = window_after(history, horizon)

    known = (found.cutoff - FIRST).days
    assert 0 <= found.horizon_days <= horizon
    assert known + found.horizon_days <= history
    assert known >= found.horizon_days


@given(st.integers(2 * YEAR, 4_000), st.integers(1, YEAR))
def test_with_two_years_the_season_is_that_of_the_forecast(history: int, horizon: int) -> None:
    found = window_after(history, horizon)

    assert (day(history) - found.cutoff).days == YEAR
    assert found.horizon_days == horizon


# --- the customers ---------------------------------------------------------------------------

EVERYBODY = [f"C{number:05d}" for number in range(20_000)]
CHOICES = pytest.mark.parametrize(
    ("unseen", "share"),
    [(a_quarter, 0.25), (half(1), 0.5), (half(2), 0.5)],
    ids=["a quarter", "half", "another half"],
)


@CHOICES
def test_about_as_many_are_chosen_as_the_name_says(unseen: Unseen, share: float) -> None:
    chosen = unseen(EVERYBODY)

    assert chosen.dtype == np.bool_
    assert chosen.mean() == pytest.approx(share, abs=0.015)


@CHOICES
@given(names=st.lists(st.text(max_size=5), unique=True, max_size=10), data=st.data())
def test_a_customer_is_chosen_whoever_else_is_there(
    unseen: Unseen, share: float, names: list[str], data: st.DataObject
) -> None:
    others = data.draw(st.permutations(names))
    some = others[: len(others) // 2]

    together = dict(zip(names, unseen(names), strict=True))

    assert unseen(some).tolist() == [together[name] for name in some]


def test_nobody_can_be_chosen_from_nobody() -> None:
    assert a_quarter([]).shape == (0,)
    assert a_quarter([]).dtype == np.bool_


def test_the_halves_of_two_seeds_have_nothing_to_do_with_each_other() -> None:
    one, same, other = (half(seed)(EVERYBODY) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one, same)
    assert (one & other).mean() == pytest.approx(0.25, abs=0.015)
    assert (one & a_quarter(EVERYBODY)).mean() == pytest.approx(0.125, abs=0.015)


def test_who_is_in_the_quarter_is_the_same_in_every_release() -> None:
    # Figures of two versions can be compared only if the same customers were asked about.
    assert np.flatnonzero(a_quarter(EVERYBODY[:20])).tolist() == [8, 12, 14, 17, 19]


# --- both ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(shop: Path) -> Iterator[Tables]:
    sources = (str(shop / f"{name}.csv") for name in ("transactions", "customers", "engagement"))
    with load(Sources(*sources)) as found:
        yield found


def test_a_period_holds_the_customers_of_its_day_and_what_followed(tables: Tables) -> None:
    cutoff = tables.last_day - timedelta(days=90)

    found = period(tables, cutoff, 90)

    known, followed = features.labelled_customers(tables, cutoff, 90)
    assert (found.cutoff, found.horizon_days) == (cutoff, 90)
    assert found.customer_ids.tolist() == known["customer_id"].tolist()
    np.testing.assert_array_equal(found.examples.records, examples.records(known))
    np.testing.assert_array_equal(found.examples.spend, followed["spend"])
    np.testing.assert_array_equal(found.examples.churned, followed["purchases"] == 0)
    assert found.examples.copies == 1


def test_whoever_is_unseen_is_so_on_every_day(tables: Tables) -> None:
    earlier, later = (
        period(tables, tables.last_day - timedelta(days=days), 90) for days in (365, 90)
    )

    unseen = [set(each.customer_ids[a_quarter(each.customer_ids)]) for each in (earlier, later)]

    assert set(earlier.customer_ids) < set(later.customer_ids)
    assert unseen[0] == unseen[1] & set(earlier.customer_ids)
