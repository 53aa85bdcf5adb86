"""Versions never change, and of several promotions at a time one wins."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from foretell.problems import DigestMismatch, NoLiveVersion, RegistryError, VersionNotFound
from foretell.registry import PointerRead, Registry
from training.errors import InputError, LostRace
from training.publish import live_or_none, promote, publish, rollback


def publish_variant(registry: Registry, trained: Any, horizon_days: int) -> str:
    """Another version with the same graphs."""
    return publish(
        registry, trained.manifest.model_copy(update={"horizon_days": horizon_days}), trained.files
    )


def live(registry: Registry) -> PointerRead:
    found = registry.live()
    assert found is not None
    return found


def objects(registry: Registry) -> dict[str, str]:
    listing = registry.s3.list_objects_v2(Bucket=registry.address.bucket)
    return {item["Key"]: item["ETag"] for item in listing.get("Contents", [])}


def test_a_published_version_can_be_read_back_and_is_not_live(
    registry: Registry, trained: Any
) -> None:
    version = publish(registry, trained.manifest, trained.files)

    assert version == trained.version
    assert registry.versions() == (version,)
    assert registry.manifest(version) == trained.manifest
    assert registry.file(version, "clv.onnx", trained.manifest) == trained.files["clv.onnx"]
    assert live_or_none(registry) is None


def test_publishing_again_changes_nothing(registry: Registry, trained: Any) -> None:
    publish(registry, trained.manifest, trained.files)
    before = objects(registry)

    publish(registry, trained.manifest, trained.files)

    assert objects(registry) == before


def test_a_version_without_its_manifest_is_not_seen(registry: Registry, trained: Any) -> None:
    """A publisher that died before the last write has published nothing."""
    publish(registry, trained.manifest, trained.files)
    registry.s3.delete_object(
        Bucket=registry.address.bucket, Key=registry.address.manifest(trained.version)
    )

    assert registry.versions() == ()
    with pytest.raises(VersionNotFound):
        promote(registry, trained.version, None)


def test_a_file_that_someone_else_put_there_is_not_taken_for_ours(
    registry: Registry, trained: Any
) -> None:
    key = registry.address.file(trained.version, "clv.onnx")
    registry.s3.put_object(Bucket=registry.address.bucket, Key=key, Body=b"something else")

    with pytest.raises(DigestMismatch, match=key):
        publish(registry, trained.manifest, trained.files)
    assert registry.versions() == ()


def test_a_promotion_moves_the_pointer_and_keeps_the_history(
    registry: Registry, trained: Any
) -> None:
    first = publish(registry, trained.manifest, trained.files)
    second = publish_variant(registry, trained, 90)

    promote(registry, first, None)
    promote(registry, second, live(registry))

    pointer = live(registry).pointer
    assert pointer.version == second
    assert [(change.action, change.version) for change in pointer.history] == [
        ("promote", first),
        ("promote", second),
    ]


def test_promoting_the_live_version_changes_nothing(registry: Registry, trained: Any) -> None:
    version = publish(registry, trained.manifest, trained.files)
    promote(registry, version, None)
    before = live(registry)

    promote(registry, version, before)

    assert live(registry) == before


def test_a_damaged_version_is_not_promoted(live_registry: Registry, trained: Any) -> None:
    damaged = publish_variant(live_registry, trained, 90)
    live_registry.s3.put_object(
        Bucket=live_registry.address.bucket,
        Key=live_registry.address.file(damaged, "churn.onnx"),
        Body=b"x",
    )

    with pytest.raises(DigestMismatch, match=r"churn\.onnx"):
        promote(live_registry, damaged, live(live_registry))
    assert live(live_registry).pointer.version == trained.version


@pytest.mark.parametrize("version", ["2025-12-31-000000000000", "../production.json", ""])
def test_a_version_that_does_not_exist_is_not_promoted(
    live_registry: Registry, trained: Any, version: str
) -> None:
    with pytest.raises(VersionNotFound):
        promote(live_registry, version, live(live_registry))
    assert live(live_registry).pointer.version == trained.version


def test_of_two_that_saw_the_same_pointer_one_wins_and_the_other_is_told(
    live_registry: Registry, trained: Any
) -> None:
    seen = live(live_registry)
    winner = publish_variant(live_registry, trained, 90)
    loser = publish_variant(live_registry, trained, 60)

    promote(live_registry, winner, seen)
    with pytest.raises(LostRace, match=f"{loser} is published but was not made live"):
        promote(live_registry, loser, seen)

    assert live(live_registry).pointer.version == winner
    assert loser in live_registry.versions()


def test_of_many_first_promotions_at_once_exactly_one_wins(
    registry: Registry, trained: Any
) -> None:
    versions = [publish_variant(registry, trained, days) for days in range(30, 38)]
    together = Barrier(len(versions))

    def race(version: str) -> bool:
        together.wait()
        try:
            promote(registry, version, None)
        except LostRace:
            return False
        return True

    with ThreadPoolExecutor(len(versions)) as pool:
        won = list(pool.map(race, versions))

    assert sum(won) == 1
    assert live(registry).pointer.version == versions[won.index(True)]


def test_a_rollback_returns_to_the_version_before(registry: Registry, trained: Any) -> None:
    first = publish(registry, trained.manifest, trained.files)
    second = publish_variant(registry, trained, 90)
    promote(registry, first, None)
    promote(registry, second, live(registry))

    assert rollback(registry) == first

    pointer = live(registry).pointer
    assert pointer.version == first
    assert len(pointer.history) == 3
    with pytest.raises(InputError, match="no earlier version"):
        rollback(registry)


def test_a_rollback_to_a_damaged_version_leaves_the_live_one(
    registry: Registry, trained: Any
) -> None:
    first = publish(registry, trained.manifest, trained.files)
    second = publish_variant(registry, trained, 90)
    promote(registry, first, None)
    promote(registry, second, live(registry))
    registry.s3.delete_object(
        Bucket=registry.address.bucket, Key=registry.address.file(first, "segment.onnx")
    )

    with pytest.raises(RegistryError, match=r"segment\.onnx"):
        rollback(registry)
    assert live(registry).pointer.version == second


def test_nothing_can_be_rolled_back_where_nothing_was_promoted(registry: Registry) -> None:
    with pytest.raises(NoLiveVersion):
        registry.live()
    with pytest.raises(InputError, match="no earlier version"):
        rollback(registry)
