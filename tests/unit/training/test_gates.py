"""What cannot be trained on is refused with the way out; what is no better is held back."""

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.contract import ModelName
from foretell.manifest import Gate, Metric
from foretell.tables import CleaningReport, Finding
from foretell.tables.report import TableReport
from foretell.tables.rows import NO_CUSTOMER
from training.errors import InputError
from training.evaluate.figures import Metrics
from training.evaluate.hold_out import NAIVE
from training.gates import data, promotion
from training.periods import LabelWindow

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)

NAIVE_FIGURES = {"Gini": 0.7, "RMSE": 100.0, "AUC": 0.8, "Brier": 0.15}
NAIVE_GATE = "Not worse than the naive forecast"


def metric(name: str, value: float, better: Literal["lower", "higher"], peer: str) -> Metric:
    return Metric(name=name, value=value, peers={peer: NAIVE_FIGURES[name]}, better=better)


def figures(peer: str = NAIVE, **changed: float) -> Metrics:
    """As good as the peer in everything, but for what is changed."""
    ours = {**NAIVE_FIGURES, **changed}
    return {
        ModelName.CLV: (
            metric("Gini", ours["Gini"], "higher", peer),
            metric("RMSE", ours["RMSE"], "lower", peer),
        ),
        ModelName.CHURN: (
            metric("AUC", ours["AUC"], "higher", peer),
            metric("Brier", ours["Brier"], "lower", peer),
        ),
    }


def told(name: str, value: float) -> Metric:
    return Metric(name=name, value=value, peers={}, better="near", target=1.0)


class TestWhatIsRefused:
    """Each refusal names the option at fault and a value that works."""

    @pytest.mark.parametrize("as_of", [date(2023, 12, 31), date(2025, 1, 1)])
    def test_a_day_outside_the_log(self, as_of: date) -> None:
        with pytest.raises(InputError, match=r"--as-of .* 2024-01-01 to 2024-12-31"):
            data.check_period(FIRST, LAST, as_of, 90)

    def test_a_horizon_longer_than_the_history(self) -> None:
        with pytest.raises(InputError, match=r"--horizon-days 366: .*365 days.*--horizon-days 365"):
            data.check_period(FIRST, LAST, LAST, 366)

        data.check_period(FIRST, LAST, LAST, 365)

    def test_a_horizon_of_nothing(self) -> None:
        with pytest.raises(InputError, match="--horizon-days 0"):
            data.check_period(FIRST, LAST, LAST, 0)

    def test_a_history_in_which_nothing_can_follow_anything(self) -> None:
        with pytest.raises(InputError, match="cover 1 days"):
            data.check_period(FIRST, LAST, FIRST + timedelta(days=1), 1)

        data.check_period(FIRST, LAST, FIRST + timedelta(days=2), 1)

    @given(st.integers(2, 365), st.integers(1, 800))
    def test_whoever_follows_the_advice_is_not_refused_again(
        self, history: int, horizon: int
    ) -> None:
        as_of = FIRST + timedelta(days=history)
        try:
            data.check_period(FIRST, LAST, as_of, horizon)
        except InputError:
            assert horizon > history
            data.check_period(FIRST, LAST, as_of, history)

    def test_a_log_in_which_nothing_is_ever_paid_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"nobody spent anything within 90 days.*amount"):
            data.check_spend(np.zeros(1_000), 90)

        data.check_spend(np.array([0.0, 0.01]), 90)

    def test_too_few_customers(self) -> None:
        data.check_customers(500, LAST)

        with pytest.raises(InputError, match="only 499 customers had bought by 2024-12-31"):
            data.check_customers(499, LAST)

    @pytest.mark.parametrize("left", [0, 49, 951, 1000])
    def test_an_outcome_that_hardly_ever_happens(self, left: int) -> None:
        with pytest.raises(InputError, match=r"at least 50 of each.*--horizon-days"):
            data.check_outcomes(np.arange(1000) < left, 90)

    @pytest.mark.parametrize("left", [50, 950])
    def test_two_outcomes_that_happen_pass(self, left: int) -> None:
        data.check_outcomes(np.arange(1000) < left, 90)


class TestWhatIsWarnedOf:
    """The version is trained, and whoever reads its figures is told."""

    @staticmethod
    def warnings(
        churned: int = 1_000,
        of: int = 2_000,
        labels: int = 90,
        without_customer: int = 0,
    ) -> dict[str, Gate]:
        nobody = (Finding(NO_CUSTOMER.reason, without_customer, ()),) if without_customer else ()
        transactions = TableReport(
            "transactions", ("log.csv",), 1_000, 1_000 - without_customer, nobody
        )
        found = data.warnings(
            CleaningReport((transactions,), negative_rows=0, cancelled_days=0),
            LabelWindow(LAST, labels),
            90,
            np.arange(of) < churned,
        )
        return {gate.name: gate for gate in found}

    def test_nothing_where_there_is_enough_of_everything(self) -> None:
        found = self.warnings(without_customer=200)

        assert [gate.verdict for gate in found.values()] == ["passed"] * 3

    @pytest.mark.parametrize(("churned", "of"), [(999, 3_000), (2_001, 3_000)])
    def test_few_customers_of_an_outcome(self, churned: int, of: int) -> None:
        found = self.warnings(churned, of)["Customers of each outcome"]

        assert found.verdict == "warned"
        assert f"{churned:,} did not" in found.detail

    def test_labels_that_cover_less_than_the_horizon(self) -> None:
        found = self.warnings(labels=89)["History"]

        assert found.verdict == "warned"
        assert "89 days of a horizon of 90" in found.detail

    def test_many_transactions_of_nobody(self) -> None:
        found = self.warnings(without_customer=201)["Transactions without a customer"]

        assert found.verdict == "warned"
        assert found.detail.startswith("20.1%")


class TestPromotion:
    """Failed is what is worse by more than two fits differ; ties and noise pass."""

    def test_as_good_as_the_peer_passes_and_tells_all_figures(self) -> None:
        gate = promotion.against(NAIVE, figures())

        assert (gate.name, gate.verdict) == (NAIVE_GATE, "passed")
        for name in NAIVE_FIGURES:
            assert name in gate.detail

    @pytest.mark.parametrize(
        ("name", "tolerated", "too_bad", "allowed"),
        [
            ("Gini", 0.6901, 0.6899, "0.01 below"),
            ("RMSE", 104.9, 105.1, "5% above"),
            ("AUC", 0.7901, 0.7899, "0.01 below"),
            ("Brier", 0.1549, 0.1551, "0.005 above"),
        ],
    )
    def test_a_figure_may_be_a_little_worse_and_not_more(
        self, name: str, tolerated: float, too_bad: float, allowed: str
    ) -> None:
        passed = promotion.against(NAIVE, figures(**{name: tolerated}))
        failed = promotion.against(NAIVE, figures(**{name: too_bad}))

        assert passed.verdict == "passed"
        assert failed.verdict == "failed"
        assert failed.detail.startswith(f"{name} {too_bad:.4g}, naive {NAIVE_FIGURES[name]:.4g}")
        assert allowed in failed.detail

    @given(
        st.sampled_from(["Gini", "RMSE", "AUC", "Brier"]), st.floats(0, 1), st.floats(0.001, 200)
    )
    def test_better_never_fails_and_worse_never_helps(
        self, name: str, better_by: float, worse_by: float
    ) -> None:
        towards_better = 1 if name in {"Gini", "AUC"} else -1
        peer = NAIVE_FIGURES[name]

        better = promotion.against(NAIVE, figures(**{name: peer + towards_better * better_by}))
        worse = promotion.against(NAIVE, figures(**{name: peer - towards_better * worse_by}))
        much_worse = promotion.against(
            NAIVE, figures(**{name: peer - towards_better * 2 * worse_by})
        )

        assert better.verdict == "passed"
        assert much_worse.verdict == "failed" or worse.verdict == "passed"

    def test_only_what_is_worse_is_told_of_a_failure(self) -> None:
        gate = promotion.against(NAIVE, figures(Gini=0.5, Brier=0.3))

        assert "Gini" in gate.detail
        assert "Brier" in gate.detail
        assert "AUC" not in gate.detail
        assert "RMSE" not in gate.detail

    def test_the_live_version_has_a_gate_of_its_own(self) -> None:
        gate = promotion.against(promotion.LIVE, figures(promotion.LIVE, AUC=0.5))

        assert (gate.name, gate.verdict) == (promotion.GATE, "failed")
        assert "live version 0.8" in gate.detail

    def test_without_anything_to_compare_with_it_is_a_warning(self) -> None:
        gate = promotion.not_compared("it looks 90 days ahead")

        assert (gate.name, gate.verdict) == (promotion.GATE, "warned")
        assert gate.detail == "it looks 90 days ahead"

    @pytest.mark.parametrize(
        ("model", "name", "good", "odd"),
        [
            (ModelName.CLV, "Bias", (0.8, 1.0, 1.25), (0.79, 1.26)),
            (ModelName.CLV, "Interval coverage", (0.7, 0.8, 0.9), (0.69, 0.91)),
            (ModelName.CHURN, "Calibration error", (0.0, 0.1), (0.11,)),
        ],
    )
    def test_a_figure_out_of_the_ordinary_warns_and_does_not_fail(
        self, model: ModelName, name: str, good: tuple[float, ...], odd: tuple[float, ...]
    ) -> None:
        def verdict(value: float) -> str:
            metrics: Metrics = {ModelName.CLV: (), ModelName.CHURN: ()}
            (gate,) = promotion.plausible({**metrics, model: (told(name, value),)})
            assert gate.name == name
            return gate.verdict

        assert {verdict(value) for value in good} == {"passed"}
        assert {verdict(value) for value in odd} == {"warned"}

    def test_only_failures_hold_a_version_back(self) -> None:
        gates = (
            promotion.not_compared("there is nothing"),
            promotion.against(NAIVE, figures(Gini=0.1)),
            promotion.against(promotion.LIVE, figures(promotion.LIVE)),
        )

        assert [gate.name for gate in promotion.failed(gates)] == [NAIVE_GATE]
        assert promotion.failed(()) == ()
