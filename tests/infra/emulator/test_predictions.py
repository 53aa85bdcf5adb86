"""The built functions that predict, under Lambda's emulator: they answer as in this process."""

import importlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from foretell.contract import ModelName
from foretell.registry import Registry, RegistryAddress, connect
from tests.infra.emulator.emulator import Emulated, Start
from tests.shared.lambda_events import REQUEST_ID, Context, http_event
from training.publish import promote, publish

pytestmark = pytest.mark.slow

FUNCTIONS = {
    ModelName.CLV: "ClvFunction",
    ModelName.CHURN: "ChurnFunction",
    ModelName.SEGMENT: "SegmentFunction",
    ModelName.COMPREHENSIVE: "ComprehensiveFunction",
}
REQUIRED = {"tenure_days": 90, "recency": 60, "frequency": 0.7, "monetary": 55}
ROUNDING = 1e-6
"""Relative: the processor is the same, but Python and the memory's layout are not."""


@dataclass(frozen=True)
class Pair:
    """A built function under the emulator, and the same function in this process."""

    model: ModelName
    emulated: Emulated
    module: Any

    def predict(self, body: object, query: str = "") -> tuple[Any, Any]:
        event = http_event("POST", f"/predict/{self.model}", body)
        return self.ask(event | {"rawQueryString": query})

    def ask(self, event: dict[str, Any]) -> tuple[Any, Any]:
        """What both answer: built, in process."""
        return opened(self.emulated.invoke(event)), opened(self.module.handler(event, Context()))


def opened(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with its body as JSON; how long that is depends on the last digits."""
    headers = {name: said for name, said in answer["headers"].items() if name != "content-length"}
    return {**answer, "headers": headers, "body": json.loads(answer["body"])}


def same(value: Any) -> Any:
    """The same document, but for the rounding of its numbers."""
    match value:
        case dict():
            return {name: same(each) for name, each in value.items()}
        case list():
            return [same(each) for each in value]
        case float():
            return pytest.approx(value, rel=ROUNDING)
    return value


@pytest.fixture(scope="module", params=ModelName)
def pair(request: pytest.FixtureRequest, start: Start, in_process: None) -> Pair:
    module = importlib.reload(importlib.import_module(f"functions.{request.param}.app"))
    return Pair(request.param, start(FUNCTIONS[request.param]), module)


class TestAnswers:
    """Documents are equal, and figures to a millionth."""

    @pytest.mark.parametrize("query", ["", "explain=false"])
    def test_a_customer(self, pair: Pair, record: dict[str, Any], query: str) -> None:
        for asked in (record, REQUIRED):
            built, in_process = pair.predict(asked, query)

            assert built["statusCode"] == 200
            assert built == same(in_process)

    def test_a_list_of_customers_of_whom_one_is_impossible(
        self, pair: Pair, record: dict[str, Any]
    ) -> None:
        records = [record, {**record, "recency": 9_999}, REQUIRED]

        built, in_process = pair.ask(
            http_event("POST", f"/predict/{pair.model}/batch", {"records": records})
        )

        assert (built["body"]["predicted"], built["body"]["refused"]) == (2, 1)
        assert built == same(in_process)

    @pytest.mark.parametrize("path", ["/health", "/model", "/model/history"])
    def test_what_it_says_of_itself(self, pair: Pair, trained: Any, path: str) -> None:
        built, in_process = pair.ask(http_event("GET", path))

        assert built["statusCode"] == 200
        assert built["body"]["model_version"] == trained.version
        assert built == same(in_process)

    @pytest.mark.parametrize(
        ("event", "status"),
        [
            (http_event("POST", "/predict/{model}", {**REQUIRED, "recency": 9_999}), 422),
            (http_event("POST", "/predict/{model}", "{"), 422),
            (http_event("POST", "/predict/{model}", REQUIRED, "text/plain"), 415),
            (http_event("GET", "/predict/{model}"), 405),
            (http_event("GET", "/nowhere"), 404),
        ],
        ids=["impossible", "no JSON", "not called JSON", "another method", "unknown route"],
    )
    def test_what_is_refused(self, pair: Pair, event: dict[str, Any], status: int) -> None:
        path = event["rawPath"].format(model=pair.model)
        http = event["requestContext"]["http"] | {"path": path}
        asked = event | {
            "rawPath": path,
            "requestContext": event["requestContext"] | {"http": http},
        }

        built, in_process = pair.ask(asked)

        assert (built["statusCode"], built["body"]["status"]) == (status, status)
        assert built == in_process

    def test_the_log_is_lines_of_json_that_name_no_customer(
        self, pair: Pair, record: dict[str, Any]
    ) -> None:
        pair.predict({**record, "customer_id": "Ada Lovelace", "monetary": 31_337.25})
        pair.predict({**record, "customer_id": "Ada Lovelace", "monetary": "31337.25"})

        told = [json.loads(line) for line in pair.emulated.log()]

        invocations = [line for line in told if line["message"] == "Invocation"]
        assert {line["correlation_id"] for line in invocations} == {REQUEST_ID}
        assert {line["status"] for line in invocations} >= {"200", "422"}
        for secret in ("Ada", "31337", "1240.5", "C-1042", "Enterprise"):
            assert secret not in json.dumps(told)


def test_without_a_live_version_it_says_so_until_there_is_one(
    start: Start, live: Registry, trained: Any
) -> None:
    # given a registry in which nothing was promoted
    empty = f"registry-{uuid.uuid4().hex}"
    live.s3.create_bucket(Bucket=empty)
    function = start("ClvFunction", FORETELL_REGISTRY=f"s3://{empty}")

    # when it is asked
    answer = opened(function.invoke(http_event("POST", "/predict/clv", REQUIRED)))

    # then it says why there is no answer
    assert answer["statusCode"] == 503
    assert answer["body"]["type"] == "urn:foretell:problem:no-live-version"

    # and when a version is promoted, it needs no other start
    registry = connect(RegistryAddress(empty))
    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)
    answer = opened(function.invoke(http_event("POST", "/predict/clv", REQUIRED)))
    assert (answer["statusCode"], answer["body"]["model_version"]) == (200, trained.version)
    assert len(function.inits) == 1
