"""A whole training run against a real S3 server: what it publishes, and what it never does."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from foretell import actions, tables
from foretell.batch import scorer
from foretell.contract import RECORD_FIELDS, ModelName
from foretell.manifest import Gate, Metric, Pointer, sha256, version_id
from foretell.personas import NEW_PROSPECTS
from foretell.predictor import INPUT, OUTPUTS
from foretell.registry import Registry
from foretell.shapley import ShapleyTable
from foretell.tables import Sources
from training import examples, features, fit, reasons
from training.errors import InputError, LostRace, ParityError
from training.evaluate.hold_out import CLASSIC, NAIVE
from training.gates import promotion
from training.graph import clusters, parity, trees
from training.graph.fitted import Forecasters
from training.graph.fragment import Branch
from training.models import clv, interval
from training.models.segment import COLUMNS
from training.periods import YEAR, a_quarter, period
from training.publish import live_or_none, promote, publish
from training.request import TrainingRequest
from training.run import CARD, TrainingResult, train

STEPS = (
    "Looking at the registry",
    "Reading the tables",
    "Computing the features",
    "Measuring on held-out customers",
    "Fitting the models",
    "Converting to ONNX and checking parity",
    "Tabulating the trees for batches",
    "Tabulating the reasons",
    "Comparing with the live version",
    "Drawing the model card",
    "Publishing",
    "Promoting",
)
EXPLAINED = (ModelName.CLV, ModelName.CHURN)
A_WEEK = timedelta(days=7)
IMPOSSIBLE = {(ModelName.CLV, "Gini"): promotion.Tolerance(difference=-1.0)}
"""Nothing is better than anything by this much."""

Step = Callable[[str], AbstractContextManager[None]]


def quietly(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def at(wanted: str, happening: Callable[[], object]) -> Step:
    """A step function at one of whose steps something happens."""

    @contextmanager
    def step(name: str) -> Iterator[None]:
        if name == wanted:
            happening()
        yield

    return step


@pytest.fixture(scope="module")
def request_for_shop(shop: Path) -> TrainingRequest:
    return TrainingRequest(
        Sources(
            transactions=str(shop / "transactions.csv"),
            customers=str(shop / "customers.csv"),
            engagement=str(shop / "engagement.csv"),
        )
    )


@pytest.fixture
def fitted_once(remembered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test fitted from the very same rows need not be fitted again."""
    remembered.use(monkeypatch)


@pytest.fixture(scope="module")
def a_week_before(request_for_shop: TrainingRequest, trained: Any) -> TrainingRequest:
    """The same shop, as it was a week before its last day."""
    return replace(request_for_shop, as_of=trained.manifest.data.last_day - A_WEEK)


def better_than(peer: str, metric: Metric) -> bool:
    other = metric.peers[peer]
    if metric.target is not None:
        return abs(metric.value - metric.target) < abs(other - metric.target)
    return metric.value < other if metric.better == "lower" else metric.value > other


def by_name(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def gate(result: TrainingResult, name: str) -> Gate:
    (found,) = (gate for gate in result.manifest.gates if gate.name == name)
    return found


def live_version(registry: Registry) -> str:
    found = live_or_none(registry)
    assert found is not None
    return found.pointer.version


class TestWhatIsPublished:
    """The manifest tells all that the functions, the page and the analyst need."""

    def test_the_data_are_described(self, trained: Any) -> None:
        data = trained.manifest.data

        assert data.as_of == data.last_day
        assert (data.as_of - data.label_cutoff).days == YEAR
        assert trained.manifest.training_horizon_days == trained.manifest.horizon_days == 180
        assert 0 < data.training_customers < data.customers
        assert 0.3 < data.churn_rate < 0.7

    def test_the_measured_customers_and_days_were_not_learnt_from(self, trained: Any) -> None:
        evaluation = trained.manifest.evaluation
        watched, learnt = (
            timedelta(days=days)
            for days in (evaluation.horizon_days, evaluation.learnt_horizon_days)
        )

        assert evaluation.protocol == "temporal"
        assert evaluation.cutoff + watched == trained.manifest.data.as_of
        assert evaluation.learnt_cutoff + learnt <= evaluation.cutoff
        assert 0 < evaluation.customers < trained.manifest.data.customers / 2

    def test_what_is_drawn_is_of_the_measured_customers(self, trained: Any) -> None:
        evaluation = trained.manifest.evaluation
        classic = evaluation.reliability_peer

        assert classic.name == CLASSIC
        for group in (evaluation.tenths, evaluation.reliability, classic.bins):
            assert sum(part.customers for part in group) == evaluation.customers
        assert len(evaluation.tenths) == 10
        forecasts = [tenth.forecast for tenth in evaluation.tenths]
        assert forecasts == sorted(forecasts)
        assert set(evaluation.tenths[0].peers) == {NAIVE, CLASSIC}

    def test_what_is_drawn_says_what_the_measures_say(self, trained: Any) -> None:
        evaluation = trained.manifest.evaluation
        measured = {m.name: m.value for m in trained.manifest.metrics[ModelName.CLV]}

        def mean(parts: Any, name: str) -> float:
            return sum(getattr(part, name) * part.customers for part in parts) / sum(
                part.customers for part in parts
            )

        forecast, actual = (mean(evaluation.tenths, name) for name in ("forecast", "actual"))
        assert forecast / actual == pytest.approx(measured["Bias"], rel=1e-4)
        inside = mean(evaluation.tenths, "inside")
        assert inside == pytest.approx(measured["Interval coverage"], rel=1e-4)
        left, theirs = (
            mean(bins, "left")
            for bins in (evaluation.reliability, evaluation.reliability_peer.bins)
        )
        assert left == pytest.approx(theirs, rel=1e-4)

    @pytest.mark.parametrize(
        ("model", "peer", "names"),
        [
            (ModelName.CLV, NAIVE, {"MAE", "RMSE", "Bias", "Gini", "Decile MAPE"}),
            (ModelName.CHURN, NAIVE, {"AUC", "Brier", "Log loss"}),
            (ModelName.SEGMENT, "Fifths by spend", {"Variance explained"}),
        ],
    )
    def test_the_forecasts_are_better_than_naive_ones(
        self, trained: Any, model: ModelName, peer: str, names: set[str]
    ) -> None:
        metrics = by_name(trained.manifest.metrics[model])

        assert names <= set(metrics)
        for name in names:
            assert better_than(peer, metrics[name]), metrics[name]

    @pytest.mark.parametrize("model", [ModelName.CLV, ModelName.CHURN])
    def test_every_figure_that_a_peer_can_have_stands_beside_the_peers(
        self, trained: Any, model: ModelName
    ) -> None:
        for name, metric in by_name(trained.manifest.metrics[model]).items():
            of_intervals = name in {"Interval coverage", "Upper miss"}
            assert set(metric.peers) == (set() if of_intervals else {NAIVE, CLASSIC}), name

    def test_an_interval_holds_about_as_many_customers_as_it_promises(self, trained: Any) -> None:
        coverage = by_name(trained.manifest.metrics[ModelName.CLV])["Interval coverage"]

        assert coverage.target == trained.manifest.interval_coverage == 0.8
        assert 0.7 <= coverage.value <= 0.9

    def test_importances_are_shares_of_the_record_fields(self, trained: Any) -> None:
        for shares in trained.manifest.importances.values():
            assert set(shares) == set(RECORD_FIELDS)
            assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
            assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert next(iter(trained.manifest.importances[ModelName.CHURN])) == "recency"

    def test_the_personas_are_all_customers_and_like_their_names(self, trained: Any) -> None:
        personas = {persona.name: persona for persona in trained.manifest.personas}
        members = {name: found.members for name, found in personas.items() if found.members}
        median = {name: found.median for name, found in members.items()}

        assert len(personas) == 5
        assert sum(found.share for found in members.values()) == pytest.approx(1)
        assert median["High-Value Engaged"].monetary == max(
            found.monetary for found in median.values()
        )
        assert median[NEW_PROSPECTS].tenure_days < 90
        assert median["Dormant"].recency > 90
        assert median["At-Risk"].recency > 90
        assert median["At-Risk"].purchases > median["Dormant"].purchases
        assert members["Loyal Regulars"].churn_probability < members["At-Risk"].churn_probability

    def test_thresholds_rise_from_nought(self, trained: Any) -> None:
        for rules in (trained.manifest.value_tiers, trained.manifest.risk_categories):
            starts = [rule.at_least for rule in rules]
            assert starts[0] == 0
            assert starts == sorted(set(starts))

    def test_the_drift_baseline_covers_every_field(self, trained: Any) -> None:
        baseline = trained.manifest.drift_baseline

        assert set(baseline) == set(RECORD_FIELDS)
        for field in baseline.values():
            assert sum(field.shares) == pytest.approx(1)
            assert len(field.shares) == len(field.edges) + 1
        assert 0.05 < baseline["age"].missing < 0.12

    def test_the_model_card_is_a_page_and_one_of_the_files(self, trained: Any) -> None:
        page = trained.files[CARD]

        assert trained.manifest.files[CARD].sha256 == sha256(page)
        assert trained.manifest.files[CARD].size == len(page)
        assert page.lstrip().lower().startswith(b"<!doctype html>")
        assert b"</html>" in page
        assert set(trained.manifest.files) == {
            CARD,
            *(model.graph_file for model in ModelName),
            *(model.reasons_file for model in EXPLAINED),
            *(scorer.FEATURES_GRAPH, scorer.TREES, scorer.ANSWERS_GRAPH),
        }

    def test_the_table_of_actions_that_was_trained_with_is_published(self, trained: Any) -> None:
        assert trained.manifest.actions == actions.TABLE

    def test_explanations_start_from_a_customer_amid_the_others(self, trained: Any) -> None:
        baselines, data = trained.manifest.baselines, trained.manifest.data
        tiers = [rule.at_least for rule in trained.manifest.value_tiers]

        assert baselines.churn_probability == pytest.approx(data.churn_rate, abs=0.05)
        assert 0 < baselines.still_active < 1
        assert 0.5 < baselines.correction < 2
        # Half of the customers are worth less than where the second tier starts.
        assert tiers[0] < baselines.typical_value < tiers[2]
        assert baselines.smallest_expected_spend < baselines.typical_value / 10

    def test_the_risk_thresholds_that_were_asked_for_are_published(
        self, registry: Registry, fitted_once: None, request_for_shop: TrainingRequest
    ) -> None:
        result = train(
            replace(request_for_shop, risk_thresholds=(0.1, 0.4, 0.9)), registry, quietly
        )

        assert {rule.name: rule.at_least for rule in result.manifest.risk_categories} == {
            "Low Risk": 0.0,
            "Medium Risk": 0.1,
            "High Risk": 0.4,
            "Critical Risk": 0.9,
        }

    @pytest.mark.slow
    def test_a_log_too_short_for_other_dates_is_measured_on_other_customers(
        self, live_registry: Registry, shop: Path, tmp_path: Path
    ) -> None:
        """Given 41 days of a log and a horizon of 40, labels cover 20, and nothing is before."""
        log = pd.read_csv(shop / "transactions.csv")
        day = pd.to_datetime(log["timestamp"]).dt.normalize()
        short = log[day > day.max() - pd.Timedelta(days=41)]
        short.to_csv(tmp_path / "short.csv", index=False)

        result = train(
            TrainingRequest(Sources(str(tmp_path / "short.csv")), horizon_days=40),
            live_registry,
            quietly,
        )

        evaluation = result.manifest.evaluation
        assert evaluation.protocol == "split"
        assert evaluation.cutoff == evaluation.learnt_cutoff
        assert result.manifest.training_horizon_days == 20
        history = gate(result, "History")
        assert history.verdict == "warned"
        assert "20 days of a horizon of 40" in history.detail
        # The live version looks another number of days ahead: it is no yardstick.
        compared = gate(result, promotion.GATE)
        assert compared.verdict == "warned"
        assert "180 days ahead" in compared.detail

    def test_the_fused_graph_agrees_with_the_single_ones_to_the_bit(
        self, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        with tables.load(request_for_shop.sources) as loaded:
            rows = examples.records(features.customer_features(loaded, loaded.last_day))

        answers = {
            model: dict(
                zip(
                    OUTPUTS[model],
                    ort.InferenceSession(trained.files[model.graph_file]).run(
                        OUTPUTS[model], {INPUT: rows}
                    ),
                    strict=True,
                )
            )
            for model in ModelName
        }
        fused = answers.pop(ModelName.COMPREHENSIVE)
        for single in answers.values():
            for name, values in single.items():
                np.testing.assert_array_equal(values, fused[name])


class TestWhatACallerMayLeaveOut:
    """Four fields are enough: a forecast without the others is less sharp, but not off."""

    @pytest.fixture
    def unseen(self, fitted_once: None, a_week_before: TrainingRequest) -> tuple[Any, Any]:
        """Forecasters fitted on three quarters of the customers, and the others."""
        assert a_week_before.as_of is not None
        with tables.load(a_week_before.sources) as loaded:
            found = period(loaded, a_week_before.as_of - timedelta(days=180), 180)
        held_out = a_quarter(found.customer_ids)
        known = found.examples.of(~held_out)
        forecasters = fit.fit_forecasters(known, 180, known.records, 180)
        return forecasters, found.examples.of(held_out)

    def test_neither_value_nor_risk_is_off_without_them(self, unseen: tuple[Any, Any]) -> None:
        forecasters, customers = unseen
        records = customers.records.copy()
        records[:, examples.REQUIRED_FIELDS :] = np.nan

        seen = forecasters.preprocessing.transform(records)

        spend, risk = forecasters.clv.predict(seen), forecasters.churn.predict(seen)
        assert spend.sum() == pytest.approx(customers.spend.sum(), rel=0.2)
        assert risk.mean() == pytest.approx(customers.churned.mean(), abs=0.05)


class TestReproducibility:
    """What went in decides what comes out, to the byte."""

    @pytest.mark.slow
    def test_the_same_tables_give_the_same_version(
        self, registry: Registry, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        result = train(request_for_shop, registry, quietly)

        assert result.version == trained.version
        assert result.manifest.files == trained.manifest.files

    def test_the_same_tables_give_the_live_version_again(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        request_for_shop: TrainingRequest,
    ) -> None:
        """Though there is a live version to start from now; a needless reason is not kept."""
        before = live_registry.live()

        result = train(replace(request_for_shop, force="to be sure"), live_registry, quietly)

        assert result.version == trained.version
        assert result.manifest.forced is None
        assert result.promoted
        assert live_registry.versions() == (trained.version,)
        assert live_registry.live() == before

    @pytest.mark.slow
    def test_another_day_is_another_version_held_against_the_live_one(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
    ) -> None:
        result = train(a_week_before, live_registry, quietly)

        assert result.version != trained.version
        compared = gate(result, promotion.GATE)
        assert compared.verdict == "passed"
        for figure in ("Gini", "RMSE", "AUC", "Brier"):
            assert figure in compared.detail
        assert promotion.GATE not in {found.name for found in trained.manifest.gates}
        assert live_version(live_registry) == result.version


class TestTheGates:
    """What is no better than a guess, or worse than what is live, is published and held back."""

    def test_a_version_worse_than_the_live_one_is_published_but_not_made_live(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        better_than_possible = {**promotion.TOLERANCES, **IMPOSSIBLE}

        def from_the_comparison_on() -> None:
            monkeypatch.setattr(promotion, "TOLERANCES", better_than_possible)

        before = live_registry.live()

        result = train(
            a_week_before,
            live_registry,
            at("Comparing with the live version", from_the_comparison_on),
        )

        assert not result.promoted
        (failed,) = promotion.failed(result.manifest.gates)
        assert failed.name == promotion.GATE
        assert failed.detail.startswith("Gini ")
        assert set(live_registry.versions()) == {trained.version, result.version}
        assert live_registry.manifest(result.version) == result.manifest
        assert live_registry.live() == before

    def test_a_version_no_better_than_naive_is_held_back_until_somebody_promotes_it(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(promotion, "TOLERANCES", IMPOSSIBLE)

        result = train(a_week_before, live_registry, quietly)

        assert not result.promoted
        assert gate(result, "Not worse than the naive forecast").verdict == "failed"
        assert live_version(live_registry) == trained.version

        promote(live_registry, result.version, live_or_none(live_registry))

        assert live_version(live_registry) == result.version

    def test_a_reason_makes_it_live_all_the_same_and_is_kept(
        self,
        live_registry: Registry,
        fitted_once: None,
        a_week_before: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(promotion, "TOLERANCES", IMPOSSIBLE)
        forced = replace(a_week_before, force="the old one is broken")

        result = train(forced, live_registry, quietly)

        assert result.promoted
        assert live_version(live_registry) == result.version
        assert live_registry.manifest(result.version).forced == "the old one is broken"
        assert promotion.failed(result.manifest.gates)

    def test_a_live_version_that_this_code_cannot_read_only_warns(
        self, registry: Registry, fitted_once: None, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        manifest = b'{"schema_version": 1, "algorithm": "of another time"}'
        older = version_id(trained.manifest.data.as_of, manifest)
        pointer = Pointer(version=older, history=()).model_dump_json().encode()
        for key, body in {
            registry.address.manifest(older): manifest,
            registry.address.pointer: pointer,
        }.items():
            registry.s3.put_object(Bucket=registry.address.bucket, Key=key, Body=body)

        result = train(request_for_shop, registry, quietly)

        compared = gate(result, promotion.GATE)
        assert compared.verdict == "warned"
        assert older in compared.detail
        assert "train again" in compared.detail
        assert result.promoted
        assert live_version(registry) == result.version


class TestParity:
    """Nothing is published that answers differently from the models it came from."""

    @pytest.mark.slow
    def test_native_and_onnx_agree_on_23570_real_customers(
        self, registry: Registry, cdnow: Path
    ) -> None:
        columns = ("timestamp=date", "amount=dollar_value")
        result = train(
            TrainingRequest(Sources(str(cdnow / "CDNOW_master.txt"), columns=columns)),
            registry,
            quietly,
        )

        assert result.manifest.data.customers == 23_570
        compared = {f"{model}.{name}" for model, names in OUTPUTS.items() for name in names}
        compared |= {f"{model}.reasons" for model in EXPLAINED}
        compared |= {f"batch.{name}" for name in OUTPUTS[ModelName.COMPREHENSIVE]}
        assert set(result.manifest.parity) == compared
        assert max(result.manifest.parity.values()) <= parity.TOLERANCE
        # Ten times better than what is allowed: the difference grows with the number of
        # customers. The bounds are differences of larger amounts, which loses a digit.
        of_sums = [
            difference
            for name, difference in result.manifest.parity.items()
            if "interval" not in name
        ]
        assert max(of_sums) <= parity.TOLERANCE / 10

        # A log in which nobody is new: all of them first bought more than a year before.
        personas = {persona.name: persona for persona in result.manifest.personas}
        nobody = personas.pop(NEW_PROSPECTS)
        assert nobody.members is None
        assert nobody.center is None
        assert sum(found.members.share for found in personas.values() if found.members) == (
            pytest.approx(1)
        )

    def test_a_small_shop_is_compared_on_20000_rows_too(self) -> None:
        few = np.random.default_rng(1).uniform(0, 10, (700, len(RECORD_FIELDS)))

        rows = parity.comparison_rows(few.astype(np.float32), seed=1)

        assert len(rows) == parity.ROWS == 20_000
        assert np.isnan(rows[700:, 4:]).any(axis=0).all()
        assert not np.isnan(rows[:, :4]).any()

    def test_a_graph_that_is_wrong_is_not_published(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        right = trees.clv_branch

        def an_upper_bound_a_thousandth_too_high(
            model: clv.ClvModel, bounds: interval.IntervalModel
        ) -> Branch:
            return right(model, replace(bounds, high_shift=bounds.high_shift + 0.001))

        monkeypatch.setattr(trees, "clv_branch", an_upper_bound_a_thousandth_too_high)

        with pytest.raises(ParityError, match=r"nothing was published.*clv\.interval_high"):
            train(a_week_before, live_registry, quietly)
        assert live_registry.versions() == (trained.version,)

    def test_a_persona_that_flips_is_noticed(
        self,
        registry: Registry,
        fitted_once: None,
        request_for_shop: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(clusters, "COLUMNS", COLUMNS[::-1])

        with pytest.raises(ParityError, match=r"segment\.segment_id"):
            train(request_for_shop, registry, quietly)
        assert registry.versions() == ()

    @pytest.mark.parametrize(
        ("model", "wrong"),
        [(ModelName.CHURN, 0.001), (ModelName.CLV, np.nan)],
        ids=["by a thousandth", "by what is not a number"],
    )
    def test_reasons_that_do_not_add_up_are_not_published(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
        model: ModelName,
        wrong: float,
    ) -> None:
        right = reasons.tables

        def one_base_is_wrong(forecasters: Forecasters) -> dict[ModelName, ShapleyTable]:
            found = right(forecasters)
            return found | {model: replace(found[model], base=found[model].base + wrong)}

        monkeypatch.setattr(reasons, "tables", one_base_is_wrong)

        with pytest.raises(ParityError, match=rf"nothing was published.*\({model}\.reasons by"):
            train(a_week_before, live_registry, quietly)
        assert live_registry.versions() == (trained.version,)


class TestTheLiveVersion:
    """It is replaced in the last step, by one training only, or not at all."""

    def test_up_to_the_last_step_it_is_as_it_was(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
    ) -> None:
        before = live_registry.live()
        seen = []

        @contextmanager
        def look(name: str) -> Iterator[None]:
            seen.append((name, live_registry.live()))
            yield

        result = train(a_week_before, live_registry, look)

        assert seen == [(name, before) for name in STEPS]
        assert live_version(live_registry) == result.version != trained.version

    @pytest.mark.parametrize("interrupted_at", [STEPS[0], STEPS[3], STEPS[-1]])
    def test_an_interrupted_training_leaves_it_as_it_was(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
        interrupted_at: str,
    ) -> None:
        before = live_registry.live()

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(a_week_before, live_registry, at(interrupted_at, interrupt))

        assert live_registry.live() == before

    def test_of_two_trainings_one_wins_and_the_other_is_told(
        self,
        live_registry: Registry,
        fitted_once: None,
        trained: Any,
        a_week_before: TrainingRequest,
    ) -> None:
        def the_other_finishes_first() -> None:
            manifest = trained.manifest.model_copy(update={"horizon_days": 120})
            winner = publish(live_registry, manifest, trained.files)
            promote(live_registry, winner, live_or_none(live_registry))

        with pytest.raises(LostRace, match="is published but was not made live"):
            train(
                a_week_before,
                live_registry,
                at("Fitting the models", the_other_finishes_first),
            )

        found = live_registry.live()
        assert found is not None
        assert live_registry.manifest(found.pointer.version).horizon_days == 120
        assert len(live_registry.versions()) == 3

    def test_tables_that_cannot_be_trained_on_change_nothing(
        self, live_registry: Registry, trained: Any, tmp_path: Path
    ) -> None:
        log = tmp_path / "few.csv"
        log.write_text(
            "customer_id,timestamp,amount\n"
            + "\n".join(f"{n},{year}-01-01,5" for n in range(40) for year in (2023, 2024, 2025))
        )

        with pytest.raises(InputError, match="only 40 customers"):
            train(TrainingRequest(Sources(str(log))), live_registry, quietly)
        assert live_registry.versions() == (trained.version,)
