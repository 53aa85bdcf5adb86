"""The measures mean what the literature says they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foretell.contract import RECORD_FIELDS
from training import evaluate

SPEND = np.array([0.0, 0.0, 10.0, 30.0])


def records(**columns: list[float]) -> np.ndarray:
    size = len(next(iter(columns.values())))
    matrix = np.full((size, len(RECORD_FIELDS)), np.nan, np.float32)
    for name, values in columns.items():
        matrix[:, RECORD_FIELDS.index(name)] = values
    return matrix


def test_errors_of_a_forecast_worked_out_by_hand() -> None:
    forecast = np.array([2.0, 0.0, 8.0, 34.0])

    assert evaluate.mae(SPEND, forecast) == pytest.approx(2.0)
    assert evaluate.rmse(SPEND, forecast) == pytest.approx(np.sqrt(6.0))
    assert evaluate.bias(SPEND, forecast) == pytest.approx(1.1)


def test_gini_is_1_for_the_perfect_order_and_0_for_no_order() -> None:
    assert evaluate.gini(SPEND, SPEND**2) == pytest.approx(1.0)
    assert evaluate.gini(SPEND, np.ones(4)) == pytest.approx(0.0)
    assert evaluate.gini(SPEND, -SPEND) == pytest.approx(-1.0)


@given(
    hnp.arrays(np.float64, 30, elements=st.floats(0, 100)),
    st.permutations(range(30)),
)
def test_gini_does_not_depend_on_the_order_of_the_rows(
    forecast: np.ndarray, order: list[int]
) -> None:
    actual = np.arange(30, dtype=float)

    assert evaluate.gini(actual[order], forecast[order]) == pytest.approx(
        evaluate.gini(actual, forecast)
    )


def test_calibration_error_is_the_gap_between_told_and_seen() -> None:
    forecast = np.repeat([0.2, 0.8], 100)
    as_told = np.concatenate([np.arange(100) < 20, np.arange(100) < 80]).astype(float)
    shuffled = np.concatenate(
        [np.random.default_rng(0).permutation(p) for p in np.split(as_told, 2)]
    )

    assert evaluate.calibration_error(np.ones(200), forecast) == pytest.approx(0.5)
    assert evaluate.calibration_error(shuffled, forecast) < 0.12


def test_variance_explained_is_all_for_point_groups_and_none_for_one_group() -> None:
    scores = np.array([[0, 0], [0, 0], [4, 4]], np.float32)

    assert evaluate.variance_explained(scores, np.array([0, 0, 1])) == pytest.approx(1)
    assert evaluate.variance_explained(scores, np.array([0, 0, 0])) == pytest.approx(0)


def test_the_naive_spend_carries_the_past_on_and_tames_short_tenures() -> None:
    known = records(tenure_days=[300, 0], monetary=[600, 60])

    assert evaluate.naive_spend(known, 90).tolist() == [180, 180]


def test_the_naive_churn_is_the_share_of_leavers_at_the_same_recency() -> None:
    recency = np.arange(1000)
    known = records(recency=recency.tolist())
    churned = recency >= 500

    forecast = evaluate.naive_churn(known, churned, records(recency=[10, 990]))

    assert forecast.tolist() == pytest.approx([1 / 102, 101 / 102])


def test_every_metric_carries_the_naive_figure() -> None:
    spend = evaluate.clv_metrics(SPEND, SPEND, np.full(4, 10.0))
    churn = evaluate.churn_metrics(SPEND == 0, np.array([0.9, 0.8, 0.2, 0.1]), np.full(4, 0.5))

    told = {metric.name: (metric.value, metric.naive) for metric in (*spend, *churn)}
    assert told["MAE"] == (0.0, 10.0)
    assert told["Bias"] == (1.0, 1.0)
    assert told["AUC"] == (1.0, 0.5)
    assert told["Brier"] == (pytest.approx(0.025), 0.25)
