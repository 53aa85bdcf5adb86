"""A version from the registry as a predictor: what is loaded, what is refused, what is told."""

# As in test_features: or DuckDB's binding would report a leak at exit.
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foretell import tables
from foretell.contract import (
    ACCOUNT_TYPES,
    RECORD_FIELDS,
    CustomerRecord,
    ModelName,
    SegmentPrediction,
)
from foretell.predictor import Predictor, load
from foretell.problems import DigestMismatch, IncompatibleVersion, VersionNotFound
from foretell.reasons import PARTS
from foretell.registry import Registry
from training import examples, features, version
from training.publish import publish

EXPLAINED = (ModelName.CLV, ModelName.CHURN, ModelName.COMPREHENSIVE)
REASONS = {"clv_reasons.npz", "churn_reasons.npz"}
CENT = 0.005


@dataclass
class Watched:
    """Reads a registry's objects and remembers which."""

    objects: Any
    read: list[str] = field(default_factory=list)

    def get(self, key: str, unless: str | None = None) -> Any:
        self.read.append(key.rpartition("/")[2])
        return self.objects.get(key, unless)


@pytest.fixture(scope="module")
def everybody(shop: Path) -> list[CustomerRecord]:
    """All customers of the shop as of its last day, as a caller would send them."""
    names = ("transactions", "customers", "engagement")
    with tables.load(tables.Sources(*(str(shop / f"{name}.csv") for name in names))) as loaded:
        matrix = examples.records(features.customer_features(loaded, loaded.last_day))
    return list(as_records(matrix))


def as_records(matrix: np.ndarray) -> Iterator[CustomerRecord]:
    for row in matrix.tolist():
        values = {n: None if math.isnan(x) else x for n, x in zip(RECORD_FIELDS, row, strict=True)}
        kind = values["account_type"]
        account_type = None if kind is None else ACCOUNT_TYPES[int(kind)]
        yield CustomerRecord.model_validate(values | {"account_type": account_type})


@pytest.fixture
def sample(everybody: list[CustomerRecord]) -> list[CustomerRecord]:
    """Every tenth customer, and the same with the required fields alone."""
    some = everybody[::10]
    return some + [
        record.model_copy(update=dict.fromkeys(RECORD_FIELDS[examples.REQUIRED_FIELDS :]))
        for record in some
    ]


def put(registry: Registry, version_id: str, name: str, body: bytes) -> None:
    registry.s3.put_object(
        Bucket=registry.address.bucket, Key=registry.address.file(version_id, name), Body=body
    )


def published_with(registry: Registry, trained: Any, **changed: bytes) -> str:
    """A version as trained but for the contents of some `<model>_reasons` files."""
    files = trained.files | {f"{name}.npz": content for name, content in changed.items()}
    manifest = trained.manifest.model_copy(update={"files": version.file_entries(files)})
    return publish(registry, manifest, files)


# --- loading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        (ModelName.CLV, {"clv_reasons.npz"}),
        (ModelName.CHURN, {"churn_reasons.npz"}),
        (ModelName.SEGMENT, set()),
        (ModelName.COMPREHENSIVE, REASONS),
    ],
)
def test_a_function_reads_the_reasons_that_it_gives_and_no_others(
    live_registry: Registry, trained: Any, model: ModelName, reasons: set[str]
) -> None:
    watched = Watched(live_registry.objects)

    found = load(Registry(live_registry.address, watched), model, trained.version)

    assert set(watched.read) == {"manifest.json", model.graph_file} | reasons
    assert len(watched.read) == 2 + len(reasons)
    assert {part.reasons_file for part in found.reasons} == reasons


@pytest.mark.parametrize("body", [b"", b"short", None], ids=["empty", "other", "one bit"])
@pytest.mark.parametrize("model", [ModelName.CHURN, ModelName.COMPREHENSIVE])
def test_reasons_that_were_changed_after_publishing_are_never_used(
    live_registry: Registry, trained: Any, model: ModelName, body: bytes | None
) -> None:
    if body is None:
        flipped = bytearray(trained.files["churn_reasons.npz"])
        flipped[len(flipped) // 2] ^= 1
        body = bytes(flipped)
    put(live_registry, trained.version, "churn_reasons.npz", body)

    with pytest.raises(DigestMismatch, match=r"churn_reasons\.npz"):
        load(live_registry, model, trained.version)
    # Then those who do not give these reasons answer on.
    assert load(live_registry, ModelName.CLV, trained.version).version == trained.version


@pytest.mark.parametrize("half", [True, False], ids=["half of an archive", "no archive"])
def test_a_version_published_with_something_else_for_reasons_is_refused(
    registry: Registry,
    trained: Any,
    half: bool,  # noqa: FBT001
) -> None:
    right = trained.files["clv_reasons.npz"]
    wrong = published_with(registry, trained, clv_reasons=right[:1000] if half else b"reasons")

    with pytest.raises(IncompatibleVersion, match=r"clv_reasons\.npz .* train again"):
        load(registry, ModelName.CLV, wrong)


def test_a_version_without_reasons_is_not_served_where_they_are_given(
    live_registry: Registry, trained: Any
) -> None:
    live_registry.s3.delete_object(
        Bucket=live_registry.address.bucket,
        Key=live_registry.address.file(trained.version, "clv_reasons.npz"),
    )

    with pytest.raises(VersionNotFound, match=r"clv_reasons\.npz"):
        load(live_registry, ModelName.CLV, trained.version)
    assert load(live_registry, ModelName.SEGMENT, trained.version).reasons == {}


# --- answering -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ModelName)
def test_reasons_are_told_where_they_are_asked_for(
    live_registry: Registry, trained: Any, record: dict[str, Any], model: ModelName
) -> None:
    predictor = load(live_registry, model, trained.version)
    asked = [CustomerRecord.model_validate(record)]

    (plain,) = predictor.predict(asked)
    (explained,) = predictor.predict(asked, explain=True)

    told = explained.model_dump(exclude_none=True)
    reasons = {name: told.pop(name) for name in set(told) - set(plain.model_fields_set)}
    assert told == plain.model_dump(exclude_none=True)
    of_clv, of_churn = {"typical_value", "drivers"}, {"base_rate", "reasons"}
    assert (
        set(reasons)
        == {
            ModelName.CLV: of_clv,
            ModelName.CHURN: of_churn,
            ModelName.SEGMENT: set(),
            ModelName.COMPREHENSIVE: of_clv | of_churn,
        }[model]
    )
    assert all(reasons.values())


def test_the_base_rate_and_all_reasons_add_up_to_the_probability(
    live_registry: Registry, trained: Any, sample: list[CustomerRecord]
) -> None:
    predictor = load(live_registry, ModelName.CHURN, trained.version)

    for told in predictor.predict(sample, explain=True):
        found: Any = told
        moved = sum(reason.contribution for reason in found.reasons)
        assert found.base_rate + moved == pytest.approx(found.churn_probability, abs=1e-5)


def test_the_typical_value_times_all_factors_is_the_lifetime_value(
    live_registry: Registry, trained: Any, sample: list[CustomerRecord]
) -> None:
    predictor = load(live_registry, ModelName.CLV, trained.version)

    for told in predictor.predict(sample, explain=True):
        found: Any = told
        product = found.typical_value * math.prod(driver.factor for driver in found.drivers)
        assert product == pytest.approx(found.customer_lifetime_value, rel=1e-4, abs=CENT)


def test_over_all_customers_the_parts_of_the_spend_average_out(
    live_registry: Registry, trained: Any, everybody: list[CustomerRecord]
) -> None:
    """The typical customer is in their midst: that is what typical means."""
    predictor = load(live_registry, ModelName.CLV, trained.version)

    logs = dict.fromkeys(PARTS, 0.0)
    for told in predictor.predict(everybody, explain=True):
        found: Any = told
        for driver in found.drivers:
            if driver.name in logs:
                logs[driver.name] += math.log(driver.factor)

    assert len(everybody) == trained.manifest.data.customers
    for name, total in logs.items():
        assert total / len(everybody) == pytest.approx(0, abs=1e-5), name


def test_reasons_do_not_depend_on_who_is_asked_about_besides(
    live_registry: Registry, trained: Any, sample: list[CustomerRecord]
) -> None:
    predictor = load(live_registry, ModelName.COMPREHENSIVE, trained.version)
    some = sample[:9]

    together = predictor.predict(some, explain=True)

    for record, found in zip(some, together, strict=True):
        (alone,) = predictor.predict([record], explain=True)
        assert factors(found) == pytest.approx(factors(alone), rel=1e-4, abs=2e-6)
    assert predictor.predict([], explain=True) == []


def factors(told: Any) -> dict[str, float]:
    return {f"value by {each.name}": each.factor for each in told.drivers} | {
        f"risk by {each.name}": each.contribution for each in told.reasons
    }


def test_the_actions_of_a_customer_known_in_full_depend_on_more_than_the_persona(
    live_registry: Registry, trained: Any, sample: list[CustomerRecord]
) -> None:
    def actions(predictor: Predictor) -> list[tuple[str, ...]]:
        answers = predictor.predict(sample)
        assert all(isinstance(found, SegmentPrediction) for found in answers)
        return [found.recommended_actions for found in answers]  # type: ignore[attr-defined]

    by_persona, by_all = (
        actions(load(live_registry, model, trained.version))
        for model in (ModelName.SEGMENT, ModelName.COMPREHENSIVE)
    )

    differ = [one != other for one, other in zip(by_persona, by_all, strict=True)]
    assert any(differ)
    assert not all(differ)
    assert len(set(by_all)) > len(set(by_persona))
