"""What Lambda does around the built functions: what they can import, limits of time and size."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.infra.artefacts.built import Built
from tests.infra.emulator.emulator import Emulated, Runtime, Start, started
from tests.shared.faulty_s3 import Fault, FaultyS3, faulty_s3
from tests.shared.lambda_events import http_event

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
    return {"compiled": modules, "python": os.path.dirname(site.__file__)}
"""
"""A handler that tells of every module's file whether it was compiled, and where Python is."""


@pytest.fixture(scope="module")
def function(start: Start) -> Emulated:
    return start("ComprehensiveFunction")


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
        function = start("PortfolioFunction", timeout=3, AWS_ENDPOINT_URL_S3=s3.endpoint)
        listing = http_event("GET", "/portfolio/runs")
        assert function.invoke(listing)["statusCode"] == 200
        s3.behave(Fault.STALLED)

        # when it is asked
        answer = function.post(json.dumps(listing))

        # then Lambda ends it
        assert "Task timed out after 3.00 seconds" in answer

        # and, when S3 answers again, starts it anew for the next event
        s3.behave(Fault.NONE)
        assert function.invoke(listing)["statusCode"] == 200
        assert len(function.inits) == 2


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


@pytest.mark.parametrize("name", ["ComprehensiveFunction", "PortfolioFunction", "BatchFunction"])
def test_all_that_a_function_imports_is_in_its_layers_and_compiled(
    name: str,
    built: Built,
    runtime: Runtime,
    start: Start,
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    # given the function with a handler that tells what it imported
    function = built.functions[name]
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_bytes((function.code / "app.py").read_bytes())
    (code / "probe.py").write_text(PROBE)
    probed = replace(function, code=code, handler="probe.handler")

    # when it has started
    with started(probed, runtime, variables, tmp_path / "logs") as emulated:
        told = emulated.invoke({})

    # then everything is Python's, Lambda's, or the layers', which are compiled
    layers = tuple(f"{layer}/python/" for layer in function.layers)
    others = tuple(f"{home}/" for home in (code, runtime.packages, told["python"]))
    files = told["compiled"]
    assert [file for file in files if not file.startswith((*layers, *others))] == []
    assert any(file.startswith(layers) for file in files)
    assert [
        file
        for file, compiled in files.items()
        if file.startswith(layers) and file.endswith(".py") and not compiled
    ] == []
