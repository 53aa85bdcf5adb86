"""How a function starts: the collector waits, and a snapshot trusts neither time nor sockets."""

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from foretell.live import LiveModel


class RecordedModel:
    """Stands for the model in service; remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def preload(self) -> None:
        self.asked.append("preload")

    def forget_connection(self) -> None:
        self.asked.append("forget_connection")

    def look_again(self) -> None:
        self.asked.append("look_again")


class ManagedRuntime:
    """What Lambda's own runtime does with the hooks of a function."""

    def __init__(self) -> None:
        self.before: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.after: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def take_snapshot(self) -> None:
        for hook, arguments in reversed(self.before):
            hook(*arguments)

    def restore(self) -> None:
        for hook, arguments in self.after:
            hook(*arguments)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> ManagedRuntime:
    runtime = ManagedRuntime()
    module = SimpleNamespace(
        register_before_snapshot=lambda hook, *args: runtime.before.append((hook, args)),
        register_after_restore=lambda hook, *args: runtime.after.append((hook, args)),
    )
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", cast("Any", module))
    return runtime


@pytest.fixture
def model() -> RecordedModel:
    return RecordedModel()


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Other tests want it at work."""
    yield
    gc.unfreeze()
    gc.enable()


def prime(model: RecordedModel) -> None:
    # Here, because importing it is what stops the collector.
    importlib.import_module("foretell.start").prime(cast("LiveModel", model))


def test_outside_of_lambda_the_model_is_loaded_and_that_is_all(
    model: RecordedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)

    prime(model)

    assert model.asked == ["preload"]


def test_the_snapshot_holds_the_model_and_no_connection(
    model: RecordedModel, runtime: ManagedRuntime
) -> None:
    prime(model)
    model.asked.clear()

    runtime.take_snapshot()

    assert model.asked == ["preload", "forget_connection"]


def test_after_a_restore_the_pointer_is_looked_at_again(
    model: RecordedModel, runtime: ManagedRuntime
) -> None:
    prime(model)
    runtime.take_snapshot()
    model.asked.clear()

    runtime.restore()

    assert model.asked == ["look_again"]


def test_each_function_registers_its_hooks_once(
    model: RecordedModel, runtime: ManagedRuntime
) -> None:
    prime(model)

    assert (len(runtime.before), len(runtime.after)) == (1, 1)


class WatchingModel(RecordedModel):
    """Remembers whether the collector was at work while it was loaded."""

    def preload(self) -> None:
        self.asked.append(f"collected: {gc.isenabled()}")


def test_the_collector_waits_until_the_model_is_loaded_and_then_passes_over_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "foretell.start", raising=False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "foretell-clv")
    model = WatchingModel()

    prime(model)

    assert model.asked == ["collected: False"]
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


def test_elsewhere_the_collector_begins_and_passes_over_nothing(
    model: RecordedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "foretell.start", raising=False)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)

    prime(model)

    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
