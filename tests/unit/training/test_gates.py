"""What cannot be trained on is refused with the figure and the way out."""

from datetime import date

import numpy as np
import pytest

from training import gates
from training.errors import InputError

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


def test_the_label_cutoff_lies_one_horizon_back() -> None:
    assert gates.check_period(FIRST, LAST, LAST, 90) == date(2024, 10, 2)


@pytest.mark.parametrize("as_of", [date(2023, 12, 31), date(2025, 1, 1)])
def test_a_day_outside_the_log_is_refused(as_of: date) -> None:
    with pytest.raises(InputError, match=r"--as-of .* 2024-01-01 to 2024-12-31"):
        gates.check_period(FIRST, LAST, as_of, 90)


def test_a_horizon_longer_than_half_the_history_is_refused_with_the_longest_possible() -> None:
    with pytest.raises(InputError, match=r"--horizon-days 300: .*365 days.*--horizon-days 182"):
        gates.check_period(FIRST, LAST, LAST, 300)

    gates.check_period(FIRST, LAST, LAST, 182)


def test_a_horizon_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="--horizon-days 0"):
        gates.check_period(FIRST, LAST, LAST, 0)


def test_too_few_customers_are_refused() -> None:
    gates.check_customers(500, LAST)
    with pytest.raises(InputError, match="only 499 customers"):
        gates.check_customers(499, LAST)


@pytest.mark.parametrize("left", [0, 49, 951, 1000])
def test_an_outcome_that_hardly_ever_happens_is_refused(left: int) -> None:
    with pytest.raises(InputError, match="at least 50 of each"):
        gates.check_outcomes(np.arange(1000) < left, 90)


def test_two_outcomes_that_happen_pass() -> None:
    gates.check_outcomes(np.arange(1000) < 50, 90)
