"""Manifests are read once, however often they are asked for, and kept only so many."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from foretell import history
from foretell.manifest import Manifest, version_id
from foretell.problems import VersionNotFound
from foretell.registry import Objects, Registry
from foretell.s3 import Fetched
from foretell.versions import KnownVersions
from training.publish import live_or_none, promote, publish, rollback


@dataclass(frozen=True)
class Counted:
    """Objects of a registry, and the names of those that were read."""

    objects: Objects
    read: list[str] = field(default_factory=list)

    def get(self, key: str, unless: str | None = None) -> Fetched | None:
        self.read.append(key.partition("/models/")[2])
        return self.objects.get(key, unless)


@pytest.fixture
def counted(registry: Registry) -> Counted:
    return Counted(registry.objects)


@pytest.fixture
def reader(registry: Registry, counted: Counted) -> Registry:
    """The registry, with every read counted."""
    return Registry(registry.address, counted)


def go_live(registry: Registry, manifest: Manifest, files: dict[str, bytes]) -> str:
    version = publish(registry, manifest, files)
    promote(registry, version, live_or_none(registry))
    return version


@pytest.fixture
def two(registry: Registry, trained: Any) -> tuple[str, str]:
    """Two versions: the first was promoted, then the second, then the first came back."""
    first = go_live(registry, trained.manifest, trained.files)
    second = trained.manifest.model_copy(update={"forced": "the old one is broken"})
    other = go_live(registry, second, trained.files)
    assert rollback(registry) == first
    return first, other


def test_given_a_version_that_was_live_twice_its_manifest_is_read_once(
    two: tuple[str, str], reader: Registry, counted: Counted
) -> None:
    told = history.look_up(reader, KnownVersions())

    assert [change.version for change in told.changes] == [two[0], two[1], two[0]]
    assert [change.forced for change in told.changes] == [None, "the old one is broken", None]
    assert sorted(counted.read) == sorted(
        ["production.json", *(f"{version}/manifest.json" for version in two)]
    )


def test_given_manifests_that_were_read_only_the_pointer_is_looked_at_again(
    two: tuple[str, str], reader: Registry, counted: Counted
) -> None:
    known = KnownVersions()
    first = history.look_up(reader, known)
    counted.read.clear()

    assert history.look_up(reader, known) == first
    assert counted.read == ["production.json"]


def test_given_more_versions_than_are_kept_the_oldest_is_read_anew(
    two: tuple[str, str], reader: Registry, counted: Counted
) -> None:
    known = KnownVersions(most=1)

    for version in (*two, two[1], two[0]):
        known.manifest(reader, version)

    assert [name.partition("/")[0] for name in counted.read] == [two[0], two[1], two[0]]


def test_given_a_manifest_that_was_not_there_the_next_look_finds_it(
    registry: Registry, trained: Any
) -> None:
    known = KnownVersions()
    with pytest.raises(VersionNotFound):
        known.manifest(registry, trained.version)

    publish(registry, trained.manifest, trained.files)

    assert known.manifest(registry, trained.version) == trained.manifest


def test_given_manifests_that_are_gone_damaged_or_of_another_release_the_history_says_so(
    two: tuple[str, str], registry: Registry, trained: Any
) -> None:
    bucket, address = registry.address.bucket, registry.address
    older = json.dumps({"schema_version": 1}).encode()
    of_another_release = version_id(trained.manifest.data.as_of, older)
    pointer = registry.live()
    assert pointer is not None
    changes = [
        *pointer.pointer.model_dump(mode="json")["history"],
        {"version": of_another_release, "action": "promote", "at": "2026-01-01T00:00:00Z"},
    ]
    stored = {"version": of_another_release, "history": changes}
    for key, body in {
        address.manifest(of_another_release): older,
        address.pointer: json.dumps(stored).encode(),
        address.manifest(two[1]): b"{}",
    }.items():
        registry.s3.put_object(Bucket=bucket, Key=key, Body=body)
    registry.s3.delete_object(Bucket=bucket, Key=address.manifest(two[0]))

    told = history.look_up(registry, KnownVersions())

    assert [str(change.problem) for change in told.changes] == [
        "It was published by another release, whose manifests this one cannot read.",
        "Its manifest is no longer in the registry.",
        "Its manifest is not the one that was published.",
        "Its manifest is no longer in the registry.",
    ]
    assert [change.live for change in told.changes] == [True, False, False, False]
