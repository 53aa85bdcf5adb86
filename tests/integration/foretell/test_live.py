"""The model in service is replaced in place, and never by one that cannot be loaded."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import EndpointConnectionError

from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.predictor import Predictor
from foretell.problems import IncompatibleVersion, NoLiveVersion, RegistryUnreachable
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


class Telemetry:
    """What was counted and logged, and by which threads."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.errors: list[dict[str, Any]] = []
        self.threads: set[threading.Thread] = set()

    def count(self, name: str, value: float = 1) -> None:
        self.threads.add(threading.current_thread())
        self.counted.append(name)

    def error(self, message: str, **fields: Any) -> None:
        self.threads.add(threading.current_thread())
        self.errors.append(fields)

    def info(self, message: str, **fields: Any) -> None:
        self.threads.add(threading.current_thread())

    warning = info


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    seen = Telemetry()
    monkeypatch.setattr("foretell.live.count", seen.count)
    monkeypatch.setattr("foretell.live.milliseconds", seen.count)
    monkeypatch.setattr("foretell.live.logger", seen)
    return seen


class SlowRegistry:
    """Connects to a registry whose pointer is read when a test lets it be; counts the looks."""

    def __init__(self, registry: Registry) -> None:
        self.connections = 0
        self.looks = 0
        self.at_once = 0
        self.most_at_once = 0
        self.answers = threading.Event()
        self.answers.set()
        self._registry = registry

    def connect(self) -> Registry:
        self.connections += 1
        connection = self

        class Slow(Registry):
            def live(self, unless: str | None = None) -> Any:
                return connection.look(lambda: Registry.live(self, unless))

        return Slow(self._registry.address, self._registry.objects)

    def look(self, read: Callable[[], Any]) -> Any:
        self.looks += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.answers.wait()
        try:
            return read()
        finally:
            self.at_once -= 1


@pytest.fixture
def slow(live_registry: Registry) -> Iterator[SlowRegistry]:
    registry = SlowRegistry(live_registry)
    yield registry
    registry.answers.set()


def until(reached: Callable[[], bool]) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def live_model(clock: Clock) -> Callable[[Registry], LiveModel]:
    def build(registry: Registry) -> LiveModel:
        return LiveModel(ModelName.CLV, lambda: registry, refresh_seconds=60, clock=clock)

    return build


def promote_variant(registry: Registry, trained: Any, horizon_days: int = 90) -> str:
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


def test_preloading_fails_for_no_reason_and_the_request_is_told_instead() -> None:
    def connect() -> Registry:
        raise ZeroDivisionError("nobody foresaw this")

    live = LiveModel(ModelName.CLV, connect)

    live.preload()

    with pytest.raises(ZeroDivisionError, match="nobody foresaw this"):
        live.current()


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


class TestTrial:
    """A version answers for two ordinary customers before it answers for anybody."""

    @pytest.mark.parametrize("model", ModelName)
    def test_every_model_passes_it(self, model: ModelName, live_registry: Registry) -> None:
        live = LiveModel(model, lambda: live_registry)

        assert live.current().model is model

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_what_answers_no_number_is_not_put_into_service(
        self,
        value: float,
        live_registry: Registry,
        live_model: Callable[[Registry], LiveModel],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        run = Predictor.run

        def one_not_finite(self: Predictor, matrix: Any) -> Any:
            columns = dict(run(self, matrix))
            columns["interval_high"] = columns["interval_high"] * [1, value]
            return columns

        monkeypatch.setattr(Predictor, "run", one_not_finite)

        with pytest.raises(IncompatibleVersion, match=r"clv\.onnx .* cannot answer"):
            live_model(live_registry).current()

    def test_what_fails_is_not_put_into_service(
        self,
        live_registry: Registry,
        trained: Any,
        clock: Clock,
        live_model: Callable[[Registry], LiveModel],
        monkeypatch: pytest.MonkeyPatch,
        telemetry: Telemetry,
    ) -> None:
        live = live_model(live_registry)
        live.current()
        newer = promote_variant(live_registry, trained)
        answer = Predictor.predict

        def fail_for_newer(self: Predictor, records: Any) -> Any:
            return 1 / 0 if self.version == newer else answer(self, records)

        with monkeypatch.context() as patch:
            patch.setattr(Predictor, "predict", fail_for_newer)
            clock.now += 60
            assert live.current().version == trained.version
        assert telemetry.errors[0]["error_type"] == "IncompatibleVersion"
        assert telemetry.errors[0]["refused_version"] == newer

        clock.now += 60
        assert live.current().version == newer


class TestFailedRefresh:
    """It is told once a look, and tried again at the next one."""

    def test_metric_and_log_name_reason_and_versions(
        self,
        live_registry: Registry,
        trained: Any,
        clock: Clock,
        live_model: Callable[[Registry], LiveModel],
        telemetry: Telemetry,
    ) -> None:
        live = live_model(live_registry)
        live.current()
        newer = promote_variant(live_registry, trained)
        live_registry.s3.delete_object(
            Bucket=live_registry.address.bucket, Key=live_registry.address.manifest(newer)
        )

        for _ in range(2):
            clock.now += 60
            for _ in range(3):
                live.current()

        assert telemetry.counted.count("ModelRefreshFailed") == 2
        assert len(telemetry.errors) == 2
        assert "manifest.json" in telemetry.errors[0].pop("reason")
        assert telemetry.errors[0] == {
            "model": "clv",
            "model_version": trained.version,
            "refused_version": newer,
            "error_type": "VersionNotFound",
        }

    def test_an_error_nobody_foresaw_is_no_different(
        self, live_registry: Registry, trained: Any, clock: Clock, telemetry: Telemetry
    ) -> None:
        registry = replace(live_registry)
        live = LiveModel(ModelName.CLV, lambda: registry, refresh_seconds=60, clock=clock)
        live.current()
        object.__setattr__(registry, "objects", None)

        clock.now += 60

        assert live.current().version == trained.version
        assert telemetry.errors[0]["error_type"] == "AttributeError"


class TestSlowRegistry:
    """A request waits for a moment, and none waits for what another waits for already."""

    @pytest.fixture
    def live(self, slow: SlowRegistry, clock: Clock, telemetry: Telemetry) -> LiveModel:
        return LiveModel(ModelName.CLV, slow.connect, refresh_seconds=60, clock=clock)

    def test_what_the_look_found_is_taken_up_by_a_later_request(
        self,
        live: LiveModel,
        slow: SlowRegistry,
        live_registry: Registry,
        trained: Any,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        live.current()
        newer = promote_variant(live_registry, trained)
        slow.answers.clear()
        clock.now += 60

        began = time.perf_counter()
        assert live.current().version == trained.version
        waited = time.perf_counter() - began
        assert 0.2 < waited < 2

        monkeypatch.setattr("foretell.live.PATIENCE_SECONDS", 60)  # nobody waits from here on
        assert live.current().version == trained.version
        slow.answers.set()
        until(lambda: live.current().version == newer)
        assert slow.looks == 2

    def test_telemetry_is_written_by_requests_only(
        self,
        live: LiveModel,
        live_registry: Registry,
        trained: Any,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        live.current()
        live_registry.s3.meta.events.register("before-send.s3", _refuse_connection)
        clock.now += 60
        live.current()

        assert telemetry.counted == ["ModelLoad", "ModelRefreshFailed"]
        assert telemetry.threads == {threading.current_thread()}

    def test_a_look_that_outlasts_the_minute_is_reported_and_no_second_one_begun(
        self,
        live: LiveModel,
        slow: SlowRegistry,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        telemetry: Telemetry,
    ) -> None:
        monkeypatch.setattr("foretell.live.PATIENCE_SECONDS", 0.01)
        serving = live.current()
        slow.answers.clear()

        clock.now += 60
        assert live.current() is serving
        assert telemetry.counted == ["ModelLoad"]
        clock.now += 60
        assert live.current() is serving
        assert telemetry.counted == ["ModelLoad", "ModelRefreshFailed"]
        assert "has not answered yet" in telemetry.errors[0]["reason"]
        assert slow.looks == 2

    def test_without_a_model_everybody_waits_for_the_same_look(
        self, live: LiveModel, slow: SlowRegistry, trained: Any
    ) -> None:
        slow.answers.clear()
        with ThreadPoolExecutor(8) as callers:
            answers = [callers.submit(live.current) for _ in range(8)]
            until(lambda: slow.looks == 1)
            slow.answers.set()

        assert {answer.result().version for answer in answers} == {trained.version}
        assert len({id(answer.result()) for answer in answers}) == 1
        assert slow.looks == 1

    def test_without_a_model_the_wait_ends_and_the_look_goes_on(
        self,
        live: LiveModel,
        slow: SlowRegistry,
        trained: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("foretell.live.FIRST_PATIENCE_SECONDS", 0.05)
        slow.answers.clear()
        for _ in range(2):
            with pytest.raises(RegistryUnreachable, match="has not answered yet"):
                live.current()

        monkeypatch.undo()
        slow.answers.set()

        assert live.current().version == trained.version
        assert slow.looks == 1

    def test_many_threads_may_ask_while_versions_change(
        self,
        slow: SlowRegistry,
        live_registry: Registry,
        trained: Any,
        telemetry: Telemetry,
    ) -> None:
        live = LiveModel(ModelName.CLV, slow.connect, refresh_seconds=0)
        newer = promote_variant(live_registry, trained)
        done = threading.Event()

        def ask() -> set[str]:
            seen = set()
            while not done.is_set():
                seen.add(live.current().version)
            return seen

        with ThreadPoolExecutor(4) as callers:
            asking = [callers.submit(ask) for _ in range(4)]
            until(lambda: slow.looks > 5)
            rollback_to(live_registry, trained.version)
            until(lambda: live.current().version == trained.version)
            done.set()

        for answer in asking:
            assert newer in answer.result() <= {newer, trained.version}
        assert slow.most_at_once == 1
        assert slow.connections == 1
        assert "ModelRefreshFailed" not in telemetry.counted


class TestAfterASnapshot:
    """Time stood still: what was open is stale, and what was live may not be so any more."""

    def test_the_next_request_looks_again_over_a_new_connection(
        self, slow: SlowRegistry, live_registry: Registry, trained: Any, clock: Clock
    ) -> None:
        live = LiveModel(ModelName.CLV, slow.connect, refresh_seconds=60, clock=clock)
        live.current()
        live.forget_connection()
        newer = promote_variant(live_registry, trained)
        assert live.current().version == trained.version

        live.look_again()

        assert slow.connections == 2
        assert live.current().version == newer
        assert slow.connections == 2

    def test_a_look_that_was_under_way_is_not_waited_for(
        self, slow: SlowRegistry, live_registry: Registry, trained: Any, clock: Clock
    ) -> None:
        live = LiveModel(ModelName.CLV, slow.connect, refresh_seconds=60, clock=clock)
        live.current()
        slow.answers.clear()
        clock.now += 60
        assert live.current().version == trained.version
        newer = promote_variant(live_registry, trained)

        stuck, slow.answers = slow.answers, threading.Event()
        slow.answers.set()
        live.forget_connection()
        live.look_again()

        assert live.current().version == newer
        stuck.set()

    def test_a_connection_that_cannot_be_made_leaves_the_model_in_service(
        self, live_registry: Registry, trained: Any, telemetry: Telemetry
    ) -> None:
        def connect() -> Registry:
            if broken:
                raise RegistryUnreachable("no region")
            return live_registry

        broken = False
        live = LiveModel(ModelName.CLV, connect)
        live.current()
        broken = True

        live.look_again()

        assert live.current().version == trained.version
        assert [error["reason"] for error in telemetry.errors] == ["no region"]


def rollback_to(registry: Registry, version: str) -> None:
    assert rollback(registry) == version
