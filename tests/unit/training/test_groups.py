"""The hold-out in groups accounts for every customer, whatever was forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foretell.manifest import Tenth
from training.evaluate import groups
from training.evaluate.hold_out import CLASSIC, FORETELL, NAIVE, Forecast, HoldOut, Interval

AMOUNTS = st.integers(0, 5).map(float)  # few values, so that many customers tie
SIX_DIGITS = 2e-6


def a_hold_out(spend: np.ndarray, told: np.ndarray, **others: Forecast) -> HoldOut:
    """Ours forecasts `told` and half as much again to either side; 5 is a sure loss."""
    ours = Forecast(told, told / 5, Interval(told * 0.5, told, told * 1.5))
    return HoldOut(spend, spend == 0, {FORETELL: ours, **others})


@given(
    hnp.arrays(np.float64, st.integers(1, 80), elements=AMOUNTS).flatmap(
        lambda spend: st.tuples(
            st.just(spend), hnp.arrays(np.float64, len(spend), elements=AMOUNTS)
        )
    )
)
def test_given_any_hold_out_the_tenths_account_for_every_customer_and_all_the_revenue(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    spend, told = drawn

    tenths = groups.tenths(a_hold_out(spend, told, **{NAIVE: Forecast(spend, told / 5)}))

    sizes = [group.customers for group in tenths]
    assert len(tenths) == min(10, len(spend))
    assert sum(sizes) == len(spend)
    assert max(sizes) - min(sizes) <= 1
    for name, whole in {"forecast": told.sum(), "actual": spend.sum()}.items():
        means = [getattr(group, name) for group in tenths]
        assert np.dot(sizes, means) == pytest.approx(whole, rel=SIX_DIGITS)
    peers = [group.peers[NAIVE] for group in tenths]
    assert np.dot(sizes, peers) == pytest.approx(spend.sum(), rel=SIX_DIGITS)
    below = np.dot(sizes, [group.below for group in tenths])
    assert below == pytest.approx((spend < told * 0.5).sum(), rel=SIX_DIGITS)
    for group in tenths:
        assert group.below + group.inside + group.above == pytest.approx(1, abs=SIX_DIGITS)


def test_given_tied_forecasts_the_tenths_do_not_depend_on_the_order_of_the_rows() -> None:
    spend, forecast = np.arange(40.0), np.repeat([1.0, 2.0], 20)

    def tenths(order: np.ndarray) -> tuple[Tenth, ...]:
        return groups.tenths(a_hold_out(spend[order], forecast[order]))

    there, back = tenths(np.arange(40)), tenths(np.arange(40)[::-1])

    assert there == back
    assert [group.actual for group in there] == [9.5] * 5 + [29.5] * 5


def test_given_forecasts_the_least_valuable_tenth_comes_first() -> None:
    told = np.arange(100.0)[::-1]

    tenths = groups.tenths(a_hold_out(told * 1.2, told))

    assert [group.forecast for group in tenths] == [4.5 + 10 * number for number in range(10)]
    assert [group.inside for group in tenths] == [1.0] * 10


@given(hnp.arrays(np.float64, st.integers(1, 80), elements=AMOUNTS))
def test_given_any_probabilities_every_customer_is_in_the_bin_of_what_was_told(
    amounts: np.ndarray,
) -> None:
    bins = groups.reliability(amounts / 5, amounts > 2)

    assert sum(found.customers for found in bins) == len(amounts)
    for found in bins:
        assert found.customers > 0
        assert found.start <= found.told <= found.start + 0.1
        assert 0 <= found.low <= found.left <= found.high <= 1


def test_given_a_bin_chance_leaves_open_what_wilson_says() -> None:
    (found,) = groups.reliability(np.full(10, 0.35), np.arange(10) < 4)

    # Agresti and Coull 1998, equation (2), with z = 1.96.
    assert (found.start, found.customers, found.told, found.left) == (0.3, 10, 0.35, 0.4)
    assert (found.low, found.high) == pytest.approx((0.168180, 0.687326), abs=1e-5)


def test_given_a_sure_loss_it_is_in_the_last_bin() -> None:
    (found,) = groups.reliability(np.ones(3), np.ones(3, bool))

    assert (found.start, found.left, found.high) == (0.9, 1.0, 1.0)


def test_given_the_classic_method_its_probabilities_are_held_against_the_same_customers() -> None:
    spend, told = np.array([0.0, 0.0, 3.0]), np.array([4.0, 5.0, 1.0])
    theirs = Forecast(spend, np.array([0.5, 0.5, 0.5]))

    asked = groups.peer_reliability(a_hold_out(spend, told, **{CLASSIC: theirs}))

    assert asked is not None
    assert asked.name == CLASSIC
    assert [(found.customers, found.left) for found in asked.bins] == [(3, 0.666667)]
    assert groups.peer_reliability(a_hold_out(spend, told)) is None
