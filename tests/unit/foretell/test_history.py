"""The history tells each change of the live version, beside what the version's manifest says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from foretell import history
from foretell.contract import ModelName
from foretell.history import MOST_CHANGES
from foretell.manifest import Gate, Manifest, Metric, Pointer, Promotion, TrainingData
from foretell.problems import (
    DigestMismatch,
    IncompatibleVersion,
    RegistryError,
    VersionNotFound,
)
from tests.shared.manifests import a_manifest

BEGAN = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
AUC = Metric(name="AUC", value=0.9, peers={"Naive": 0.8}, better="higher")
GATE = Gate(name="Bias", verdict="failed", detail="1.4; expected between 0.8 and 1.25")
OF_THE_MANIFEST = {
    "as_of",
    "last_day",
    "customers",
    "transactions",
    "horizon_days",
    "metrics",
    "gates",
    "forced",
}


def a_pointer(*changes: tuple[str, str]) -> Pointer:
    """Changes an hour apart, oldest first: version and action."""
    history = tuple(
        Promotion(version=version, action=action, at=BEGAN + timedelta(hours=hour))
        for hour, (version, action) in enumerate(changes)
    )
    return Pointer(version=changes[-1][0], history=history)


def of_a_larger_shop() -> Manifest:
    return a_manifest(
        horizon_days=90,
        data=TrainingData(
            first_day=date(2023, 1, 1),
            last_day=date(2026, 2, 1),
            as_of=date(2026, 1, 31),
            label_cutoff=date(2025, 7, 4),
            transactions=1_000,
            customers=300,
            training_customers=200,
            churn_rate=0.5,
        ),
        metrics={ModelName.CHURN: (AUC,)},
        gates=(GATE,),
        forced="Christmas",
    )


def test_given_a_promotion_the_change_says_what_the_manifest_says() -> None:
    pointer = a_pointer(("new", "promote"))

    told = history.told(pointer, {"new": of_a_larger_shop()})

    assert told.model_version == "new"
    assert told.complete
    (change,) = told.changes
    assert change.model_dump() == {
        "version": "new",
        "action": "promote",
        "at": BEGAN,
        "live": True,
        "as_of": date(2026, 1, 31),
        "last_day": date(2026, 2, 1),
        "customers": 300,
        "transactions": 1_000,
        "horizon_days": 90,
        "metrics": {"churn": (AUC.model_dump(),)},
        "gates": (GATE.model_dump(),),
        "forced": "Christmas",
        "problem": None,
    }


def test_given_several_changes_the_newest_comes_first() -> None:
    pointer = a_pointer(("a", "promote"), ("b", "promote"), ("a", "rollback"))

    told = history.told(pointer, {"a": a_manifest(), "b": of_a_larger_shop()})

    assert [(change.version, change.action) for change in told.changes] == [
        ("a", "rollback"),
        ("b", "promote"),
        ("a", "promote"),
    ]
    assert [change.at.hour for change in told.changes] == [11, 10, 9]
    assert [change.customers for change in told.changes] == [5, 300, 5]


def test_given_a_version_that_was_live_twice_both_of_its_changes_say_that_it_is_live() -> None:
    pointer = a_pointer(("a", "promote"), ("b", "promote"), ("a", "rollback"))

    told = history.told(pointer, {"a": a_manifest(), "b": a_manifest()})

    assert [change.live for change in told.changes] == [True, False, True]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (VersionNotFound("s3://somewhere"), "no longer in the registry"),
        (DigestMismatch("s3://somewhere"), "not the one that was published"),
        (IncompatibleVersion("s3://somewhere"), "another release"),
    ],
)
def test_given_a_manifest_that_cannot_be_read_the_change_stays_and_says_why(
    error: RegistryError, said: str
) -> None:
    pointer = a_pointer(("gone", "promote"), ("here", "promote"))

    told = history.told(pointer, {"gone": error, "here": a_manifest()})

    here, gone = told.changes
    assert here.problem is None
    assert (gone.version, gone.live) == ("gone", False)
    assert said in str(gone.problem)
    assert "somewhere" not in str(gone.problem)
    assert {name for name, value in gone if value is None} == OF_THE_MANIFEST


@pytest.mark.parametrize("more", [0, 1, 30])
def test_given_many_changes_only_the_newest_are_told(more: int) -> None:
    changes = [(f"v{number}", "promote") for number in range(MOST_CHANGES + more)]

    told = history.told(a_pointer(*changes), dict.fromkeys(dict(changes), a_manifest()))

    assert [change.version for change in told.changes] == [
        version for version, _ in reversed(changes[more:])
    ]
    assert told.complete is (more == 0)
