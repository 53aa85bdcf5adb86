"""What Lambda does around the built functions: what they can import, limits of time and size."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.infra.artefacts.built import Built
from tests.infra.emulator.emulator import Emulated, Runtime, Start, started
from tests.shared.faulty_s3 import Fault, FaultyS3, faulty_s3
from tests.shared.lambda_events import http_event

pytestmark = pytest.mark.slow

Wrapped = Callable[..., AbstractContextManager[Emulated]]

LISTING = http_event("GET", "/portfolio/runs")
TIMED_OUT = "Task timed out after 5.00 seconds"

PAYLOAD = 6 * 1024 * 1024
"""Bytes of an event that Lambda takes; for an answer in JSON, as many."""

PROBE = """
import os, site, sys
import app

def handler(event, context):
    modules = {
        module.__file__: os.path.exists(getattr(module, "__cached__", None) or "")
        for module in list(sys.modules.values()) if getattr(module, "__file__", None)
    }
    python, code = os.path.dirname(site.__file__), os.path.dirname(app.__file__)
    return {"compiled": modules, "python": python, "code": code}
"""
"""A handler that tells of every module's file whether it was compiled, and what lies where."""

SNAPSHOT = """
import app
from awslambdaric import lambda_runtime_hooks_runner as runner


def handler(event, context):
    if event == "snapshot":
        runner.run_before_snapshot()
        runner.run_after_restore()
        return "restored"
    return app.handler(event, context)
"""
"""A handler that does around a snapshot what Lambda's runtime interface client does."""


@pytest.fixture(scope="module")
def function(start: Start) -> Emulated:
    return start("ComprehensiveFunction")


@pytest.fixture
def wrapped(
    built: Built,
    runtime: Runtime,
    variables: dict[str, str],
    s3_endpoint: str,
    tmp_path: Path,
) -> Wrapped:
    """Starts a function with a handler of the test's around its own."""

    def start(name: str, handler: str, **changed: str) -> AbstractContextManager[Emulated]:
        function = built.functions[name]
        code = shutil.copytree(function.code, tmp_path / "code")
        (code / "wrapper.py").write_text(handler)
        with_wrapper = replace(function, code=code, handler="wrapper.handler")
        given = {"AWS_ENDPOINT_URL_S3": s3_endpoint, **variables, **changed}
        return started(with_wrapper, runtime, given, tmp_path / "logs")

    return start


@pytest.fixture
def s3(s3_endpoint: str) -> Iterator[FaultyS3]:
    with faulty_s3(s3_endpoint) as found:
        yield found


class TestTime:
    """Lambda stops a function that takes too long; the next event finds it well."""

    def test_a_function_that_timed_out_answers_the_next_event(
        self, start: Start, s3: FaultyS3
    ) -> None:
        # given a function whose S3 says nothing for longer than it may take
        function = start("PortfolioFunction", timeout=5, AWS_ENDPOINT_URL_S3=s3.endpoint)
        assert answers(function, LISTING)
        starts = len(function.inits)
        s3.behave(Fault.STALLED)

        # when it is asked
        answer = function.post(json.dumps(LISTING))

        # then Lambda ends it
        assert answer == TIMED_OUT

        # and, when S3 answers again, starts it anew for the next event
        s3.behave(Fault.NONE)
        assert answers(function, LISTING)
        assert len(function.inits) > starts


def answers(function: Emulated, event: dict[str, Any]) -> bool:
    """Whether it answers at last: on a busy machine a start alone may take longer than it may."""
    said = (function.post(json.dumps(event)) for _ in range(5))
    found = next(answer for answer in said if answer != TIMED_OUT)
    return bool(json.loads(found)["statusCode"] == 200)


class TestSize:
    """What is too large is refused by whoever sees it first; nothing ends by it."""

    def test_as_much_as_lambda_hands_over_the_function_refuses(self, function: Emulated) -> None:
        event = padded_to(PAYLOAD)

        answer = function.invoke(event)

        assert answer["statusCode"] == 413
        problem = json.loads(answer["body"])
        assert problem["type"] == "urn:foretell:problem:content-too-large"
        assert is_well(function)

    @pytest.mark.parametrize("size", [PAYLOAD + 200_000, 20_000_000])
    def test_more_never_reaches_it(self, function: Emulated, size: int) -> None:
        # AWS answers 413 itself; the emulator cuts the event off, which the runtime interface
        # client refuses to read.
        answer = function.invoke(padded_to(size))

        assert answer["errorType"] == "Runtime.UnmarshalError"
        assert is_well(function)

    def test_the_longest_answer_is_handed_over(
        self, function: Emulated, record: dict[str, Any]
    ) -> None:
        records = [{**record, "customer_id": "x" * 128, "recency": n / 3} for n in range(1_000)]

        answer = function.invoke(
            http_event("POST", "/predict/comprehensive/batch", {"records": records})
        )

        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["predicted"] == 1_000
        assert len(json.dumps(answer).encode()) < PAYLOAD


def padded_to(size: int) -> dict[str, Any]:
    """An event of that many bytes."""
    event = http_event("POST", "/predict/comprehensive", "")
    return event | {"body": "x" * (size - len(json.dumps(event)))}


def is_well(function: Emulated) -> bool:
    status: int = function.invoke(http_event("GET", "/health"))["statusCode"]
    return status == 200 and len(function.inits) == 1


class TestSnapStart:
    """A copy of a started function goes on, with what time has made stale anew."""

    def test_a_function_that_was_restored_looks_for_the_live_version_at_once(
        self, wrapped: Wrapped, s3: FaultyS3, record: dict[str, Any]
    ) -> None:
        # given a function that has just seen which version is live
        event = http_event("POST", "/predict/clv", record)
        with wrapped("ClvFunction", SNAPSHOT, AWS_ENDPOINT_URL_S3=s3.endpoint) as function:
            before = function.invoke(event)
            function.invoke(event)
            looks = len(s3.asked)

            # when it goes on from a snapshot
            assert function.invoke("snapshot") == "restored"
            asked_meanwhile = s3.asked[looks:]
            after = function.invoke(event)

        # then it looks again, and answers the same
        assert not [path for path in asked_meanwhile if path.endswith(".onnx")]
        assert [path for path in s3.asked[looks:] if path.endswith("production.json")]
        assert (before["statusCode"], after) == (200, before)


@pytest.mark.parametrize("name", ["ComprehensiveFunction", "PortfolioFunction", "BatchFunction"])
def test_all_that_a_function_imports_is_in_its_layers_and_compiled(
    name: str, built: Built, runtime: Runtime, wrapped: Wrapped
) -> None:
    # when a function has started
    with wrapped(name, PROBE) as emulated:
        told = emulated.invoke({})

    # then everything is Python's, Lambda's, or the layers', which are compiled
    layers = tuple(f"{layer}/python/" for layer in built.functions[name].layers)
    others = tuple(f"{home}/" for home in (told["code"], runtime.packages, told["python"]))
    files = told["compiled"]
    assert [file for file in files if not file.startswith((*layers, *others))] == []
    assert any(file.startswith(layers) for file in files)
    assert [
        file
        for file, compiled in files.items()
        if file.startswith(layers) and file.endswith(".py") and not compiled
    ] == []
