"""A whole training run against a real S3 server: what it publishes, and what it never does."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from foretell.contract import RECORD_FIELDS, ModelName
from foretell.manifest import Metric
from foretell.predictor import INPUT, OUTPUTS
from foretell.registry import Registry
from training import examples, features, fit, tables
from training.errors import InputError, LostRace, ParityError
from training.graph import clusters, parity, trees
from training.graph.compose import Branch
from training.graph.preprocessing import transform
from training.models import clv
from training.models.segment import COLUMNS
from training.publish import live_or_none, promote, publish
from training.request import TrainingRequest
from training.run import train
from training.tables import Sources

STEPS = (
    "Looking at the registry",
    "Reading the tables",
    "Computing the features",
    "Measuring on held-out customers",
    "Fitting the three models",
    "Converting to ONNX and checking parity",
    "Publishing",
    "Promoting",
)

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


def better_than_naive(metric: Metric) -> bool:
    if metric.better == "one":
        return abs(metric.value - 1) < abs(metric.naive - 1)
    return metric.value < metric.naive if metric.better == "lower" else metric.value > metric.naive


class TestWhatIsPublished:
    """The manifest tells all that the functions, the page and the analyst need."""

    def test_the_data_are_described(self, trained: Any) -> None:
        data = trained.manifest.data

        assert data.as_of == data.last_day
        assert (data.as_of - data.label_cutoff).days == trained.manifest.horizon_days
        assert 0 < data.training_customers < data.customers
        assert 0.3 < data.churn_rate < 0.7

    @pytest.mark.parametrize(
        ("model", "names"),
        [
            (ModelName.CLV, {"MAE", "RMSE", "Bias", "Gini"}),
            (ModelName.CHURN, {"AUC", "Brier", "Log loss"}),
            (ModelName.SEGMENT, {"Variance explained"}),
        ],
    )
    def test_the_forecasts_are_better_than_naive_ones(
        self, trained: Any, model: ModelName, names: set[str]
    ) -> None:
        metrics = {metric.name: metric for metric in trained.manifest.metrics[model]}

        assert names <= set(metrics)
        for name in names:
            assert better_than_naive(metrics[name]), metrics[name]

    def test_importances_are_shares_of_the_record_fields(self, trained: Any) -> None:
        for shares in trained.manifest.importances.values():
            assert set(shares) == set(RECORD_FIELDS)
            assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
            assert next(iter(shares)) == "recency"

    def test_the_personas_are_all_customers_and_like_their_names(self, trained: Any) -> None:
        personas = {persona.name: persona for persona in trained.manifest.personas}

        assert sum(persona.share for persona in personas.values()) == pytest.approx(1)
        assert personas["High-Value Engaged"].monetary == max(
            persona.monetary for persona in personas.values()
        )
        assert personas["New Prospects"].tenure_days < 90
        assert personas["Dormant"].recency > personas["At-Risk"].recency > 90

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
    def unseen(self, request_for_shop: TrainingRequest) -> tuple[Any, Any]:
        """Models fitted on three quarters of the customers, and the others."""
        with tables.load(request_for_shop.sources) as loaded:
            cutoff = loaded.last_day - timedelta(days=180)
            past, followed = features.labelled_customers(loaded, cutoff, 180)
            learnt = examples.examples(past, followed)
        held_out = examples.held_out(past["customer_id"])
        known = learnt.of(~held_out)
        return fit.fit(known, known.records), learnt.of(held_out)

    def test_neither_value_nor_risk_is_off_without_them(self, unseen: tuple[Any, Any]) -> None:
        models, customers = unseen
        records = customers.records.copy()
        records[:, examples.REQUIRED_FIELDS :] = np.nan

        seen = transform(records)

        spend, risk = models.clv.predict(seen), models.churn.predict(seen)
        assert spend.sum() == pytest.approx(customers.spend.sum(), rel=0.2)
        assert risk.mean() == pytest.approx(customers.churned.mean(), abs=0.05)


class TestReproducibility:
    """What went in decides what comes out, to the byte."""

    def test_the_same_tables_give_the_same_version(
        self, registry: Registry, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        result = train(request_for_shop, registry, quietly)

        assert result.version == trained.version
        assert result.manifest.files == trained.manifest.files

    def test_another_horizon_is_another_version(
        self, live_registry: Registry, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        result = train(replace(request_for_shop, horizon_days=90), live_registry, quietly)

        assert result.version != trained.version
        found = live_registry.live()
        assert found is not None
        assert found.pointer.version == result.version

    def test_who_is_held_out_does_not_depend_on_who_else_is_there(self) -> None:
        everybody = [f"C{number}" for number in range(4_000)]

        all_held_out = examples.held_out(everybody)

        assert 0.22 < all_held_out.mean() < 0.28
        assert (examples.held_out(everybody[::7]) == all_held_out[::7]).all()


class TestParity:
    """Nothing is published that answers differently from the models it came from."""

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
        assert set(result.manifest.parity) == compared
        # Ten times better than what is allowed: the difference grows with the number of customers.
        assert max(result.manifest.parity.values()) <= parity.TOLERANCE / 10

    def test_a_small_shop_is_compared_on_20000_rows_too(self) -> None:
        few = np.random.default_rng(1).uniform(0, 10, (700, len(RECORD_FIELDS)))

        rows = parity.comparison_rows(few.astype(np.float32), seed=1)

        assert len(rows) == parity.ROWS == 20_000
        assert np.isnan(rows[700:, 4:]).any(axis=0).all()
        assert not np.isnan(rows[:, :4]).any()

    def test_a_graph_that_is_wrong_is_not_published(
        self,
        live_registry: Registry,
        trained: Any,
        request_for_shop: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        right = trees.clv_branch

        def a_thousandth_too_much(model: clv.ClvModel) -> Branch:
            return right(replace(model, mean_spend=model.mean_spend * 1.001))

        monkeypatch.setattr(trees, "clv_branch", a_thousandth_too_much)

        with pytest.raises(
            ParityError, match=r"nothing was published.*clv\.customer_lifetime_value"
        ):
            train(replace(request_for_shop, horizon_days=90), live_registry, quietly)
        assert live_registry.versions() == (trained.version,)

    def test_a_persona_that_flips_is_noticed(
        self,
        registry: Registry,
        request_for_shop: TrainingRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(clusters, "COLUMNS", COLUMNS[::-1])

        with pytest.raises(ParityError, match=r"segment\.segment_id"):
            train(request_for_shop, registry, quietly)
        assert registry.versions() == ()


class TestTheLiveVersion:
    """It is replaced in the last step, by one training only, or not at all."""

    @pytest.mark.parametrize("interrupted_at", STEPS)
    def test_an_interrupted_training_leaves_it_as_it_was(
        self,
        live_registry: Registry,
        trained: Any,
        request_for_shop: TrainingRequest,
        interrupted_at: str,
    ) -> None:
        before = live_registry.live()

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(
                replace(request_for_shop, horizon_days=90),
                live_registry,
                at(interrupted_at, interrupt),
            )

        assert live_registry.live() == before

    def test_of_two_trainings_one_wins_and_the_other_is_told(
        self, live_registry: Registry, trained: Any, request_for_shop: TrainingRequest
    ) -> None:
        def the_other_finishes_first() -> None:
            manifest = trained.manifest.model_copy(update={"horizon_days": 120})
            winner = publish(live_registry, manifest, trained.files)
            promote(live_registry, winner, live_or_none(live_registry))

        with pytest.raises(LostRace, match="is published but was not made live"):
            train(
                replace(request_for_shop, horizon_days=90),
                live_registry,
                at("Fitting the three models", the_other_finishes_first),
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
