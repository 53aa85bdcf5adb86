"""Files are answered as requests are: by the same version, in the same figures and words."""

from dataclasses import replace

import numpy as np
import pytest

from foretell import predictor
from foretell.batch import scorer
from foretell.batch.answers import COLUMNS, Words, column_names
from foretell.batch.scorer import FEATURES_GRAPH, TREES, Scorer
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord, ModelName, to_matrix
from foretell.problems import IncompatibleVersion, VersionNotFound
from foretell.registry import Registry
from tests.conftest import Trained
from training.publish import publish


@pytest.fixture
def loaded(live_registry: Registry, trained: Trained) -> Scorer:
    return scorer.load(live_registry, trained.version)


def customers(number: int, seed: int) -> list[CustomerRecord]:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        tenure = float(random.integers(0, 1_500))
        fields = {
            "tenure_days": tenure,
            "recency": float(np.floor(tenure * random.random())),
            "frequency": round(float(random.exponential(0.8)), 4),
            "monetary": round(float(random.exponential(400)), 2),
            "age": float(random.integers(18, 90)),
            "account_type": ACCOUNT_TYPES[random.integers(len(ACCOUNT_TYPES))],
            "email_open_rate": float(random.integers(0, 100)),
            "support_tickets": float(random.poisson(0.5)),
        }
        optional = [name for name in fields if name in RECORD_FIELDS[4:]]
        gone = {name for name in optional if random.random() < 0.3}
        found.append(CustomerRecord(**{k: v for k, v in fields.items() if k not in gone}))
    return found


def test_a_file_is_answered_as_requests_are(
    loaded: Scorer, live_registry: Registry, trained: Trained
) -> None:
    # More than are scored at once, so that there are two portions.
    asked = customers(2_500, seed=3)
    answers = loaded.score(to_matrix(asked))
    words = Words.of(trained.manifest, trained.version)
    model = predictor.load(live_registry, ModelName.COMPREHENSIVE, trained.version)
    told = [each.model_dump() for each in model.predict(asked)]

    for name, unit in (("customer_lifetime_value", 100), ("value_at_risk", 100)):
        expected = [each[name] for each in told]
        np.testing.assert_allclose(getattr(answers, name) / unit, expected, rtol=1e-5, atol=0.011)
    for name in ("churn_probability", "distance_to_center"):
        expected = [each[name] for each in told]
        np.testing.assert_allclose(getattr(answers, name) / 1e6, expected, rtol=1e-5, atol=2e-6)
    for name in ("low", "median", "high"):
        found = getattr(answers, f"interval_{name}") / 100
        expected = [each["interval"][name] for each in told]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=0.011)
    assert answers.segment_id.tolist() == [each["segment_id"] for each in told]
    # On a threshold the last digit of float32 decides.
    for column, names, field in (
        (answers.value_tier, words.value_tiers, "value_tier"),
        (answers.risk_category, words.risk_categories, "risk_category"),
    ):
        same = [names[code] == each[field] for code, each in zip(column, told, strict=True)]
        assert sum(same) >= len(same) - 2
    first = [each["recommended_actions"][0] for each in told]
    action = [
        words.actions[segment][risk][tier]
        for segment, risk, tier in zip(
            answers.segment_id, answers.risk_category, answers.value_tier, strict=True
        )
    ]
    assert sum(a == b for a, b in zip(first, action, strict=True)) >= len(first) - 2


def test_how_customers_are_put_together_changes_no_answer(loaded: Scorer) -> None:
    records = to_matrix(customers(400, seed=5))
    together = loaded.score(records)
    for rows in (slice(0, 1), slice(7, 20), slice(100, 400)):
        alone = loaded.score(records[rows])
        for name in alone.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[rows])


def test_nobody_is_answered_by_nothing(loaded: Scorer) -> None:
    assert len(loaded.score(np.empty((0, len(RECORD_FIELDS)), np.float32))) == 0


@pytest.mark.parametrize("name", [FEATURES_GRAPH, TREES])
def test_files_of_another_runtime_are_refused(
    registry: Registry, trained: Trained, name: str
) -> None:
    from foretell.manifest import FileEntry, sha256  # noqa: PLC0415

    body = b"something else"
    files = {**trained.files, name: body}
    entries = {**trained.manifest.files, name: FileEntry(sha256=sha256(body), size=len(body))}
    version = publish(registry, trained.manifest.model_copy(update={"files": entries}), files)
    with pytest.raises(IncompatibleVersion, match="train again"):
        scorer.load(registry, version)


def test_a_version_from_before_there_were_batches_is_refused(
    registry: Registry, trained: Trained
) -> None:
    entries = {name: entry for name, entry in trained.manifest.files.items() if name != TREES}
    files = {name: body for name, body in trained.files.items() if name != TREES}
    version = publish(registry, trained.manifest.model_copy(update={"files": entries}), files)
    with pytest.raises(VersionNotFound, match=TREES):
        scorer.load(registry, version)


def test_a_version_answers_in_its_own_words(loaded: Scorer, trained: Trained) -> None:
    words = Words.of(trained.manifest, trained.version)
    rule = replace(loaded, manifest=trained.manifest)
    assert words.model_version == rule.version
    assert len(words.segment_names) == len(trained.manifest.personas)
    assert all(action for risks in words.actions for tiers in risks for action in tiers)


def test_new_columns_never_take_a_name_that_is_taken() -> None:
    assert column_names(frozenset()) == COLUMNS
    once = column_names(frozenset(COLUMNS))
    assert once[0] == "foretell_customer_lifetime_value"
    twice = column_names(frozenset({*COLUMNS, *once}))
    assert set(twice).isdisjoint({*COLUMNS, *once})
