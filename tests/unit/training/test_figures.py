"""Every figure is told of every method that can be held to it."""

from typing import Any

import numpy as np
import pytest

from foretell.contract import ModelName
from foretell.manifest import Metric
from training.evaluate.figures import MEASURES, measured, told
from training.evaluate.hold_out import FORETELL, NAIVE, Forecast, HoldOut, Interval

SPEND = np.array([0.0, 0.0, 10.0, 30.0])
INTERVAL = Interval(np.zeros(4), np.array([0.0, 0.0, 8.0, 22.0]), np.array([1.0, 1.0, 20.0, 25.0]))
OURS = Forecast(SPEND, np.array([0.9, 0.8, 0.2, 0.1]), INTERVAL)
THEIRS = Forecast(np.array([20.0, 10.0, 10.0, 10.0]), np.full(4, 0.5))


def figures(**others: Forecast) -> dict[str, Metric]:
    found = measured(HoldOut(SPEND, SPEND == 0, {FORETELL: OURS, **others}))
    return {metric.name: metric for metrics in found.values() for metric in metrics}


def test_every_measure_is_told_under_its_model() -> None:
    found = measured(HoldOut(SPEND, SPEND == 0, {FORETELL: OURS, NAIVE: THEIRS}))

    names = {model: [metric.name for metric in metrics] for model, metrics in found.items()}
    assert names == {model: [each.name for each in MEASURES[model]] for model in MEASURES}
    assert set(names) == {ModelName.CLV, ModelName.CHURN}
    assert len({name for each in names.values() for name in each}) == sum(map(len, names.values()))


@pytest.mark.parametrize(
    ("name", "ours", "naive"),
    [
        ("MAE", 0.0, 12.5),
        ("MAE of the median", 2.5, 12.5),  # the naive method's only answer
        ("RMSE", 0.0, 15.0),
        ("Bias", 1.0, 1.25),
        ("Gini", 1.0, -0.4),
        ("Spearman", 1.0, -2 / np.sqrt(13.5)),
        ("Top-decile share", 0.75, 0.0),
        ("Decile MAPE", 0.0, (0 + 20 / 30) / 2),
        ("AUC", 1.0, 0.5),
        ("Brier", 0.025, 0.25),
        ("Log loss", -np.log([0.9, 0.8, 0.8, 0.9]).mean(), np.log(2)),
        ("Calibration error", 0.15, 0.5),
    ],
)
def test_a_figure_of_ours_stands_beside_that_of_the_others(
    name: str, ours: float, naive: float
) -> None:
    metric = figures(Naive=THEIRS)[name]

    assert metric.value == pytest.approx(ours, abs=1e-6)
    assert metric.peers == {NAIVE: pytest.approx(naive, rel=1e-5)}


def test_a_method_without_an_interval_has_no_figure_of_it() -> None:
    found = figures(Naive=THEIRS, Other=OURS)

    for name, value in (("Interval coverage", 0.75), ("Upper miss", 0.25)):
        assert found[name].value == value
        assert found[name].peers == {"Other": value}


def test_alone_we_have_no_peers() -> None:
    assert all(metric.peers == {} for metric in figures().values())


def test_what_should_be_near_a_target_says_so_and_nothing_else_does() -> None:
    targets = {name: metric.target for name, metric in figures().items() if metric.better == "near"}

    assert targets == {
        "Bias": 1.0,
        "Interval coverage": 0.8,
        "Upper miss": pytest.approx(0.1),
    }
    assert all(metric.target is None for metric in figures().values() if metric.better != "near")


@pytest.mark.parametrize(
    ("name", "better"),
    [("MAE", "lower"), ("Gini", "higher"), ("AUC", "higher"), ("Brier", "lower")],
)
def test_the_direction_of_a_measure_is_that_in_which_the_better_method_lies(
    name: str, better: Any
) -> None:
    metric = figures(Naive=THEIRS)[name]

    assert metric.better == better
    assert (metric.value > metric.peers[NAIVE]) == (better == "higher")


@pytest.mark.parametrize(
    ("value", "short"), [(1234567.8, 1234570.0), (0.123456789, 0.123457), (0.0, 0.0), (-2.5, -2.5)]
)
def test_six_digits_are_told(value: float, short: float) -> None:
    assert told(value) == short
