"""A version goes live, or is taken back, while customers are asked about: nobody notices."""

import asyncio
import importlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from types import ModuleType
from typing import Any

import onnx
import pytest

from foretell import predictor
from foretell.contract import ClvPrediction, CustomerRecord, ModelName
from foretell.registry import Registry
from tests.shared.lambda_events import Context, http_event
from training.publish import promote, publish, rollback
from training.version import file_entries

CHANGES = 20
CUSTOMER = CustomerRecord(tenure_days=412, recency=21, frequency=0.95, monetary=1240.5)
VALUE = "customer_lifetime_value"

Seen = tuple[str, float]
"""Version and lifetime value of an answer."""


@pytest.fixture
def doubling(live_registry: Registry, trained: Any) -> str:
    """A published version that thinks twice as much of every customer as the live one."""
    files = {**trained.files, "clv.onnx": doubled(trained.files["clv.onnx"], VALUE)}
    manifest = trained.manifest.model_copy(update={"files": file_entries(files)})
    return publish(live_registry, manifest, files)


@pytest.fixture
def expected(live_registry: Registry, trained: Any, doubling: str) -> Mapping[str, float]:
    """The lifetime value of the customer, by version."""
    return {
        version: asked(predictor.load(live_registry, ModelName.CLV, version))[1]
        for version in (trained.version, doubling)
    }


@pytest.fixture
def function(live_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The CLV function, which looks at the pointer with every request."""
    monkeypatch.setenv("FORETELL_REGISTRY", str(live_registry.address))
    monkeypatch.setenv("FORETELL_REFRESH_SECONDS", "0")
    return importlib.reload(importlib.import_module("functions.clv.app"))


def doubled(graph_file: bytes, output: str) -> bytes:
    """The same graph with twice the figure in one of its outputs."""
    model = onnx.load_from_string(graph_file)
    graph = model.graph
    element = next(o for o in graph.output if o.name == output).type.tensor_type.elem_type
    position = next(i for i, node in enumerate(graph.node) if output in node.output)
    made_by = graph.node[position]
    made_by.output[list(made_by.output).index(output)] = "before_doubling"
    graph.initializer.append(onnx.helper.make_tensor("two", element, [], [2]))
    graph.node.insert(
        position + 1, onnx.helper.make_node("Mul", ["before_doubling", "two"], [output])
    )
    return model.SerializeToString()


def asked(serving: predictor.Predictor) -> Seen:
    answer = serving.predict([CUSTOMER])[0]
    assert isinstance(answer, ClvPrediction)
    return answer.model_version, answer.customer_lifetime_value


def requested(function: ModuleType) -> Seen:
    body = CUSTOMER.model_dump(exclude_none=True)
    answer = function.handler(http_event("POST", "/predict/clv", body), Context())
    assert answer["statusCode"] == 200, answer["body"]
    told = json.loads(answer["body"])
    return told["model_version"], told[VALUE]


@contextmanager
def asking(ask: Callable[[], Seen], clients: int) -> Iterator[list[list[Seen]]]:
    """Clients that ask without pause; what each of them was answered so far."""
    over = threading.Event()
    answers: list[list[Seen]] = [[] for _ in range(clients)]

    def client(told: list[Seen]) -> None:
        # The handler runs the event loop of its thread.
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        while not over.is_set():
            told.append(ask())
        loop.close()

    with ThreadPoolExecutor(clients) as pool:
        asking: list[Future[None]] = [pool.submit(client, told) for told in answers]
        try:
            yield answers
        finally:
            over.set()
    for ended in asking:
        ended.result()


def change_the_live_version(registry: Registry, doubling: str, answers: list[list[Seen]]) -> None:
    """Promote and roll back in turn; each change lasts until every client has met it."""
    for number in range(CHANGES):
        if number % 2:
            live = rollback(registry)
        else:
            promote(registry, live := doubling, registry.live())
        wait_until_met(live, answers)


def wait_until_met(version: str, answers: list[list[Seen]]) -> None:
    deadline = time.monotonic() + 10
    while not all(told and told[-1][0] == version for told in answers):
        assert time.monotonic() < deadline, f"{version} is not taken up"
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("ask", "clients"),
    [
        (requested, 1),
        (lambda function: asked(function.live.current()), 4),
    ],
    ids=["requests", "threads that share the model"],
)
def test_versions_change_under_load_without_an_error_or_a_mixed_answer(
    ask: Callable[[ModuleType], Seen],
    clients: int,
    function: ModuleType,
    live_registry: Registry,
    trained: Any,
    doubling: str,
    expected: Mapping[str, float],
) -> None:
    assert expected[doubling] == pytest.approx(2 * expected[trained.version], abs=0.02)
    assert expected[trained.version] > 1

    with asking(lambda: ask(function), clients) as answers:
        wait_until_met(trained.version, answers)
        change_the_live_version(live_registry, doubling, answers)

    for told in answers:
        assert {value for version, value in told if version == doubling} == {expected[doubling]}
        assert set(told) == set(expected.items())
        rollovers = sum(before != after for (before, _), (after, _) in pairwise(told))
        assert rollovers == CHANGES
