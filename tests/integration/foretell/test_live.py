"""The model in service is replaced in place, and never by one that cannot be loaded."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.problems import NoLiveVersion
from foretell.registry import Registry
from training.publish import promote, publish, rollback


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live_model(clock: Clock) -> Callable[[Registry], LiveModel]:
    def build(registry: Registry) -> LiveModel:
        return LiveModel(ModelName.CLV, lambda: registry, refresh_seconds=60, clock=clock)

    return build


def promote_variant(registry: Registry, trained: Any, horizon_days: int) -> str:
    manifest = trained.manifest.model_copy(update={"horizon_days": horizon_days})
    version = publish(registry, manifest, trained.files)
    promote(registry, version, registry.live())
    return version


def test_it_serves_the_live_version(
    live_registry: Registry, trained: Any, live_model: Callable[[Registry], LiveModel]
) -> None:
    assert live_model(live_registry).current().version == trained.version


def test_a_promotion_is_noticed_within_the_minute_and_not_before(
    live_registry: Registry,
    trained: Any,
    clock: Clock,
    live_model: Callable[[Registry], LiveModel],
) -> None:
    live = live_model(live_registry)
    began_with = live.current()
    newer = promote_variant(live_registry, trained, 90)

    clock.now += 59
    assert live.current() is began_with
    clock.now += 1
    assert live.current().version == newer

    rollback(live_registry)
    clock.now += 60
    assert live.current().version == trained.version


def test_without_a_change_the_same_predictor_goes_on(
    live_registry: Registry, clock: Clock, live_model: Callable[[Registry], LiveModel]
) -> None:
    live = live_model(live_registry)
    first = live.current()

    clock.now += 600

    assert live.current() is first


def test_a_version_that_cannot_be_loaded_leaves_the_one_before_in_service(
    live_registry: Registry,
    trained: Any,
    clock: Clock,
    live_model: Callable[[Registry], LiveModel],
) -> None:
    live = live_model(live_registry)
    live.current()
    damaged = promote_variant(live_registry, trained, 90)
    key = live_registry.address.file(damaged, "clv.onnx")
    live_registry.s3.put_object(Bucket=live_registry.address.bucket, Key=key, Body=b"x")

    clock.now += 60
    assert live.current().version == trained.version

    live_registry.s3.put_object(
        Bucket=live_registry.address.bucket, Key=key, Body=trained.files["clv.onnx"]
    )
    clock.now += 60
    assert live.current().version == damaged


def test_it_recovers_as_soon_as_there_is_a_version(
    registry: Registry, trained: Any, live_model: Callable[[Registry], LiveModel]
) -> None:
    live = live_model(registry)
    live.preload()
    with pytest.raises(NoLiveVersion):
        live.current()

    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)

    assert live.current().version == trained.version


def test_a_registry_that_goes_away_does_not_take_the_model_along(
    live_registry: Registry,
    trained: Any,
    clock: Clock,
    live_model: Callable[[Registry], LiveModel],
) -> None:
    live = live_model(live_registry)
    live.current()
    live_registry.s3.meta.events.register("before-send.s3", _refuse_connection)

    clock.now += 60

    assert live.current().version == trained.version


def _refuse_connection(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="http://s3.invalid")
