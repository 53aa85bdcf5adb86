"""The measures mean what the literature says they mean."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from training.evaluate import metrics
from training.evaluate.hold_out import Interval

SPEND = np.array([0.0, 0.0, 10.0, 30.0])
EQUAL = np.ones(4)

FORECASTS = hnp.arrays(np.float64, 30, elements=st.sampled_from([0.0, 1.0]) | st.floats(0, 100))
SPENDS = hnp.arrays(
    np.float64, 30, elements=st.sampled_from([0.0, 50.0]) | st.floats(1, 100)
).filter(np.any)


def test_errors_of_a_forecast_worked_out_by_hand() -> None:
    forecast = np.array([2.0, 0.0, 8.0, 34.0])

    assert metrics.mae(SPEND, forecast) == pytest.approx(2.0)
    assert metrics.rmse(SPEND, forecast) == pytest.approx(np.sqrt(6.0))
    assert metrics.bias(SPEND, forecast) == pytest.approx(1.1)


def test_twice_the_truth_is_a_bias_of_2() -> None:
    assert metrics.bias(SPEND, 2 * SPEND) == 2
    assert metrics.bias(SPEND, np.zeros(4)) == 0


# --- the order of the customers --------------------------------------------------------------


def test_the_lorenz_curve_takes_the_best_forecasts_first() -> None:
    assert metrics.lorenz(SPEND, np.array([1.0, 2, 3, 4])).tolist() == [0.75, 1, 1, 1]
    assert metrics.lorenz(SPEND, np.array([4.0, 3, 2, 1])).tolist() == [0, 0, 0.25, 1]


def test_customers_with_one_forecast_share_what_they_spent() -> None:
    assert metrics.lorenz(SPEND, EQUAL).tolist() == [0.25, 0.5, 0.75, 1]
    assert metrics.lorenz(SPEND, np.array([5.0, 1, 5, 1])) == pytest.approx([0.125, 0.25, 0.625, 1])


def test_gini_is_1_for_the_perfect_order_and_0_for_no_order() -> None:
    assert metrics.gini(SPEND, SPEND**2) == pytest.approx(1.0)
    assert metrics.gini(SPEND, EQUAL) == pytest.approx(0.0)
    assert metrics.gini(SPEND, -SPEND) == pytest.approx(-1.0)


def test_gini_worked_out_by_hand() -> None:
    # Over the diagonal (1/4, 2/4, 3/4, 1) the perfect order has (3/4, 1, 1, 1), that is 5/4; the
    # order 10, 30, 0, 0 has (1/4, 1, 1, 1), that is 3/4.
    assert metrics.gini(SPEND, np.array([1.0, 1, 4, 3])) == pytest.approx(3 / 5)


@given(st.lists(st.booleans(), min_size=30, max_size=30), FORECASTS)
def test_gini_of_yes_or_no_is_that_of_the_area_under_the_curve(
    bought: list[bool], forecast: np.ndarray
) -> None:
    bought[:2] = [True, False]

    # What was forecast may differ by less than the negative of it can tell.
    gini = metrics.gini(np.array(bought, dtype=float), forecast)

    assert gini == pytest.approx(2 * roc_auc_score(bought, forecast) - 1, abs=1e-9)


RANKINGS = [metrics.gini, metrics.top_decile_share, metrics.spearman]


@pytest.mark.parametrize("of", RANKINGS)
@given(actual=SPENDS, forecast=FORECASTS, order=st.permutations(range(30)))
def test_the_order_of_the_rows_is_no_skill(
    of: "type[metrics.gini]", actual: np.ndarray, forecast: np.ndarray, order: list[int]
) -> None:
    # Given some order among the customers, or a correlation of it means nothing
    actual[0], forecast[0] = 101, 101

    assert of(actual[order], forecast[order]) == pytest.approx(of(actual, forecast))


@pytest.mark.parametrize("of", RANKINGS)
def test_a_ranking_does_not_care_for_the_level(of: "type[metrics.gini]") -> None:
    random = np.random.default_rng(1)
    actual, forecast = random.gamma(0.5, 100, 200), random.gamma(0.5, 100, 200)

    assert of(actual, 7 * forecast + 3) == pytest.approx(of(actual, forecast))


def test_spearman_gives_equal_values_their_mean_rank() -> None:
    # Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: the correlation is 4.5 / sqrt(4.5 * 5).
    assert metrics.spearman(SPEND, np.arange(4.0)) == pytest.approx(np.sqrt(0.9))
    assert metrics.spearman(SPEND, -SPEND) == pytest.approx(-1)


def test_the_top_tenth_is_counted_by_forecast() -> None:
    actual = np.arange(20.0)

    assert metrics.top_decile_share(actual, actual) == pytest.approx((19 + 18) / 190)
    assert metrics.top_decile_share(actual, -actual) == pytest.approx(1 / 190)
    assert metrics.top_decile_share(actual, np.ones(20)) == pytest.approx(0.1)


def test_of_few_customers_the_best_is_the_top_tenth() -> None:
    assert metrics.top_decile_share(SPEND, SPEND) == pytest.approx(0.75)


# --- the level -------------------------------------------------------------------------------


def test_decile_mape_looks_at_the_mean_of_each_tenth() -> None:
    # Given ten pairs, whose forecasts are right in the mean of each pair
    forecast = np.repeat(np.arange(1.0, 11), 2)
    actual = forecast + np.tile([-0.5, 0.5], 10)

    assert metrics.decile_mape(actual, forecast + 0) == pytest.approx(0)
    assert metrics.decile_mape(actual, 1.2 * forecast) == pytest.approx(0.2)
    # When one pair of ten is forecast at twice what it spends
    forecast[-2:] *= 2
    assert metrics.decile_mape(actual, forecast) == pytest.approx(0.1)


def test_a_tenth_that_spent_nothing_has_no_ratio() -> None:
    actual = np.array([0.0] * 5 + [10.0] * 5)
    forecast = np.array([1.0] * 5 + [12.0] * 5)

    assert metrics.decile_mape(actual, forecast) == pytest.approx(0.2)


def test_decile_mape_of_fewer_than_ten_customers_has_as_many_parts() -> None:
    assert metrics.decile_mape(SPEND, np.array([0.0, 1, 11, 27])) == pytest.approx(0.1)


# --- intervals -------------------------------------------------------------------------------


def test_a_bound_itself_is_covered() -> None:
    interval = Interval(
        low=np.array([0.0, 1, 10, 5]), median=np.zeros(4), high=np.array([0.0, 9, 20, 29])
    )

    # 0 in [0, 0], 0 under [1, 9], 10 in [10, 20], 30 over [5, 29]
    assert metrics.coverage(SPEND, interval) == 0.5
    assert metrics.upper_miss(SPEND, interval) == 0.25


# --- probabilities ---------------------------------------------------------------------------


def test_calibration_error_is_the_gap_between_told_and_seen() -> None:
    forecast = np.repeat([0.2, 0.8], 100)
    as_told = np.concatenate([np.arange(100) < 20, np.arange(100) < 80]).astype(float)
    shuffled = np.concatenate(
        [np.random.default_rng(0).permutation(p) for p in np.split(as_told, 2)]
    )

    assert metrics.calibration_error(np.ones(200), forecast) == pytest.approx(0.5)
    assert metrics.calibration_error(shuffled, forecast) < 0.12


def test_calibration_error_worked_out_by_hand() -> None:
    # Given ten bins of two; in each one of two leaves, and what is told is off by 0.05 to 0.45
    forecast = np.repeat(np.arange(0.05, 1, 0.1), 2)
    churned = np.tile([0.0, 1.0], 10)

    assert metrics.calibration_error(churned, forecast) == pytest.approx(
        np.mean([0.45, 0.35, 0.25, 0.15, 0.05] * 2)
    )


def test_calibration_error_of_fewer_than_ten_customers_counts_each() -> None:
    told = np.array([0.1, 0.6, 1.0])

    assert metrics.calibration_error(np.array([0.0, 1, 1]), told) == pytest.approx(0.5 / 3)


# --- groups ----------------------------------------------------------------------------------


def test_variance_explained_is_all_for_point_groups_and_none_for_one_group() -> None:
    scores = np.array([[0, 0], [0, 0], [4, 4]], np.float32)

    assert metrics.variance_explained(scores, np.array([0, 0, 1])) == pytest.approx(1)
    assert metrics.variance_explained(scores, np.array([0, 0, 0])) == pytest.approx(0)


def test_variance_explained_worked_out_by_hand() -> None:
    scores = np.array([[0.0], [2], [6], [8]], np.float32)

    # Sum of squares 40 in all, 2 in each of two groups.
    assert metrics.variance_explained(scores, np.array([3, 3, 1, 1])) == pytest.approx(0.9)


@given(SPENDS, FORECASTS)
def test_no_measure_is_infinite(actual: np.ndarray, forecast: np.ndarray) -> None:
    of_spend = (
        metrics.mae,
        metrics.rmse,
        metrics.bias,
        metrics.gini,
        metrics.top_decile_share,
        metrics.decile_mape,
    )
    # Where all spent the same there is no order to find.
    actual[0] = 101

    assert np.isfinite([partial(of, actual)(forecast) for of in of_spend]).all()
