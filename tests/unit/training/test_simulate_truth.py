"""The true probability of no purchase: by hand, and by what simulated customers did."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from training.errors import InputError
from training.simulate import Shop, no_purchase_probability, simulate
from training.simulate.parameters import season

START, END = date(2025, 3, 3), date(2025, 5, 31)


def one(first: str | None, drop_out: str | None, rate: float = 2.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a"],
            "purchases_per_30_days": [rate],
            "mean_order_value": [20.0],
            "first_purchase_date": [pd.Timestamp(first) if first else pd.NaT],
            "drop_out_date": [pd.Timestamp(drop_out) if drop_out else pd.NaT],
            "one_time_buyer": [False],
        }
    )


def season_days(start: date, end: date) -> float:
    """Of the days from start to end, both included."""
    days = np.arange(np.datetime64(start, "D"), np.datetime64(end, "D") + 1)
    return float(season(days).sum())


def probability(customer: pd.DataFrame, start: date = START, end: date = END) -> float:
    (found,) = no_purchase_probability(customer, start, end)
    return float(found)


@pytest.mark.parametrize("rate", [0.0, 0.3, 2.0])
def test_while_active_orders_are_a_poisson_process(rate: float) -> None:
    expected = np.exp(-rate / 30 * season_days(START, END))

    assert probability(one("2024-01-01", None, rate)) == pytest.approx(expected)


def test_nobody_buys_from_the_day_of_leaving_on() -> None:
    until = np.exp(-2 / 30 * season_days(START, date(2025, 3, 31)))

    assert probability(one("2024-01-01", "2025-04-01")) == pytest.approx(until)
    assert probability(one("2024-01-01", "2025-03-03")) == 1
    assert probability(one("2024-01-01", "2024-06-01")) == 1


@pytest.mark.parametrize("first", ["2025-03-03", "2025-04-01", "2025-05-31"])
def test_whoever_orders_first_in_the_window_orders_in_it(first: str) -> None:
    assert probability(one(first, None)) == 0
    assert probability(one(first, first)) == 0


@pytest.mark.parametrize("first", ["2025-06-01", None])
def test_whoever_has_not_come_does_not_buy(first: str | None) -> None:
    assert probability(one(first, None)) == 1


def test_the_day_after_the_first_purchase_is_the_first_on_which_one_may_come_back() -> None:
    expected = np.exp(-2 / 30 * season_days(START, END))

    assert probability(one("2025-03-02", None)) == pytest.approx(expected)


def test_the_probabilities_of_two_windows_multiply() -> None:
    middle = date(2025, 4, 10)
    customer = one("2024-01-01", "2025-05-01")

    parts = probability(customer, START, middle) * probability(
        customer, middle + timedelta(days=1), END
    )

    assert probability(customer) == pytest.approx(parts)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InputError, match="swap the dates"):
        no_purchase_probability(one("2024-01-01", None), END, START)


def silent(shop: Shop) -> pd.Series:
    """Whether each customer ordered nothing in the window."""
    rows = shop.transactions[shop.transactions["amount"] > 0]
    day = rows["timestamp"].dt.normalize()
    within = rows[day.between(pd.Timestamp(START), pd.Timestamp(END))]
    return ~shop.truth["customer_id"].isin(within["customer_id"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_many_simulated_customers_are_silent_as_it_says(seed: int) -> None:
    shop = simulate(5_000, seed=seed)

    told = no_purchase_probability(shop.truth, START, END)

    assert told.index.tolist() == shop.truth["customer_id"].tolist()
    assert told.between(0, 1).all()
    silence = silent(shop).to_numpy()
    assert silence[told == 1].all()
    assert not silence[told == 0].any()
    open_question = told.between(0.02, 0.98).to_numpy()
    fifth = pd.qcut(told[open_question], 5, labels=False).to_numpy()
    for part in range(5):
        seen, said = (
            values[open_question][fifth == part].mean() for values in (silence, told.to_numpy())
        )
        # Four standard errors of some 300 customers.
        assert seen == pytest.approx(said, abs=0.11)
    assert silence.sum() == pytest.approx(told.sum(), rel=0.02)
