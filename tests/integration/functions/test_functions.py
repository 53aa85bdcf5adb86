"""The functions, called as API Gateway calls them: events in, answers or problem documents out."""

import base64
import importlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from foretell import telemetry
from foretell.contract import ModelName
from foretell.registry import Registry

Event = Callable[..., dict[str, Any]]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

ONLY = {
    ModelName.CLV: {"customer_lifetime_value", "horizon_days", "value_tier"},
    ModelName.CHURN: {"churn_probability", "horizon_days", "risk_category"},
    ModelName.SEGMENT: {
        "segment_id",
        "segment_name",
        "distance_to_center",
        "recommended_actions",
    },
}
FIELDS = {**ONLY, ModelName.COMPREHENSIVE: set().union(*ONLY.values(), {"value_at_risk"})}


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function of itself."""

    function_name: str = "foretell-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:foretell-test"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModelName, Registry], ModuleType]:
    """Starts a function anew, as Lambda does, on a registry."""

    def fresh(model: ModelName, registry: Registry) -> ModuleType:
        monkeypatch.setenv("FORETELL_REGISTRY", str(registry.address))
        return importlib.reload(importlib.import_module(f"functions.{model}.app"))

    return fresh


@pytest.fixture
def logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[dict[str, Any]]]:
    """Reads back what went to CloudWatch: log lines and metrics."""
    stream = io.StringIO()
    for handler in telemetry.logger.handlers:
        monkeypatch.setattr(handler, "stream", stream)

    def read() -> list[dict[str, Any]]:
        lines = stream.getvalue().splitlines() + capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines]

    return read


def call(function: ModuleType, event: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
    """Status, body and media type of the answer; whatever it is, it must be JSON."""
    answer = function.handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]["content-type"]


@pytest.mark.parametrize("model", ModelName)
def test_a_prediction_has_the_fields_of_its_model(
    model: ModelName,
    start: Callable[..., ModuleType],
    live_registry: Registry,
    trained: Any,
    api_event: Event,
    record: dict[str, Any],
) -> None:
    function = start(model, live_registry)

    status, body, media_type = call(function, api_event("POST", f"/predict/{model}", record))

    assert (status, media_type) == (200, "application/json")
    assert set(body) == FIELDS[model] | {"customer_id", "model_version"}
    assert body["customer_id"] == record["customer_id"]
    assert body["model_version"] == trained.version


def test_the_comprehensive_answer_agrees_with_the_single_ones(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    api_event: Event,
    record: dict[str, Any],
) -> None:
    answers = {
        model: call(start(model, live_registry), api_event("POST", f"/predict/{model}", record))[1]
        for model in ModelName
    }

    together = answers.pop(ModelName.COMPREHENSIVE)
    for answer in answers.values():
        assert answer.items() <= together.items()
    assert together["value_at_risk"] == pytest.approx(
        together["customer_lifetime_value"] * together["churn_probability"], abs=0.01
    )


def test_nobody_is_given_an_id_that_was_not_sent(
    start: Callable[..., ModuleType], live_registry: Registry, api_event: Event
) -> None:
    required = {"tenure_days": 0, "recency": 0, "frequency": 30, "monetary": 12.5}

    status, body, _ = call(
        start(ModelName.CLV, live_registry), api_event("POST", "/predict/clv", required)
    )

    assert status == 200
    assert "customer_id" not in body


def test_every_faulty_field_is_named_and_no_value_is_repeated(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    api_event: Event,
    record: dict[str, Any],
) -> None:
    function = start(ModelName.CHURN, live_registry)
    faulty = {**record, "recency": 987_654, "monetary": -31_337, "colour": "mauve"}

    status, body, media_type = call(function, api_event("POST", "/predict/churn", faulty))

    assert (status, media_type) == (422, "application/problem+json")
    assert {fault["field"] for fault in body["errors"]} == {"recency", "monetary", "colour"}
    assert body["type"] == "urn:foretell:problem:invalid-record"
    for value in ("987654", "31337", "mauve"):
        assert value not in json.dumps(body)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "17", '"text"', '{"tenure_days": NaN}', "\x00"],
)
def test_a_body_that_is_no_record_is_a_problem_and_no_crash(
    start: Callable[..., ModuleType], live_registry: Registry, api_event: Event, body: str
) -> None:
    function = start(ModelName.CLV, live_registry)

    status, answer, media_type = call(function, api_event("POST", "/predict/clv", body))

    assert (status, media_type) == (422, "application/problem+json")
    assert answer["errors"]


@pytest.mark.parametrize("body", [b"\xff\xfe{", b"[" * 50_000], ids=["no text", "deep nesting"])
def test_a_body_that_cannot_be_read_is_a_problem_and_no_crash(
    start: Callable[..., ModuleType], live_registry: Registry, api_event: Event, body: bytes
) -> None:
    event = api_event("POST", "/predict/clv", {})
    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    status, _, media_type = call(start(ModelName.CLV, live_registry), event)

    assert status in {400, 422}
    assert media_type == "application/problem+json"


@pytest.mark.parametrize("content_type", [None, "text/plain", "text/csv; charset=utf-8"])
def test_only_json_is_read(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    api_event: Event,
    record: dict[str, Any],
    content_type: str | None,
) -> None:
    function = start(ModelName.CLV, live_registry)

    status, body, _ = call(function, api_event("POST", "/predict/clv", record, content_type))

    assert status == 415
    assert "Content-Type: application/json" in body["detail"]


def test_a_huge_body_is_refused(
    start: Callable[..., ModuleType], live_registry: Registry, api_event: Event
) -> None:
    function = start(ModelName.CLV, live_registry)

    status, body, media_type = call(
        function, api_event("POST", "/predict/clv", {"customer_id": "x" * 1_000_000})
    )

    assert (status, media_type) == (413, "application/problem+json")
    assert "64 KiB" in body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict/clv", 405), ("POST", "/predict/churn", 404), ("GET", "/docs", 404)],
)
def test_what_is_not_served_is_a_problem_document(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    api_event: Event,
    method: str,
    path: str,
    status: int,
) -> None:
    answer = call(start(ModelName.CLV, live_registry), api_event(method, path))

    assert (answer[0], answer[2]) == (status, "application/problem+json")


def test_the_model_describes_itself(
    start: Callable[..., ModuleType], live_registry: Registry, trained: Any, api_event: Event
) -> None:
    function = start(ModelName.COMPREHENSIVE, live_registry)

    status, body, _ = call(function, api_event("GET", "/model"))

    assert status == 200
    assert body["model_version"] == trained.version
    assert body["data"]["customers"] == trained.manifest.data.customers
    assert {metric["name"] for metric in body["metrics"]["churn"]} >= {"AUC", "Brier"}
    assert len(body["personas"]) == 5
    assert call(function, api_event("GET", "/health"))[1] == {
        "status": "ok",
        "model_version": trained.version,
    }


def test_an_unforeseen_error_is_answered_in_json_and_tells_nothing(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    api_event: Event,
    record: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    function = start(ModelName.CLV, live_registry)

    def fail(*_: object) -> None:
        raise ZeroDivisionError(f"secret of {record['customer_id']}")

    monkeypatch.setattr("foretell.predictor.Predictor.predict", fail)

    status, body, media_type = call(function, api_event("POST", "/predict/clv", record))

    assert (status, media_type) == (500, "application/problem+json")
    lines = logged()
    assert "ZeroDivisionError" in {line.get("error_type") for line in lines}
    for told in (json.dumps(body), json.dumps(lines)):
        assert record["customer_id"] not in told
        assert "Traceback" not in told


def test_a_log_line_has_version_and_correlation_id_and_no_customer(
    start: Callable[..., ModuleType],
    live_registry: Registry,
    trained: Any,
    api_event: Event,
    record: dict[str, Any],
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    function = start(ModelName.CLV, live_registry)

    call(function, api_event("POST", "/predict/clv", record))

    lines = logged()
    predicted = next(line for line in lines if line.get("message") == "Predicted")
    assert predicted["model_version"] == trained.version
    assert predicted["correlation_id"] == "JKJaXmPLvHcESHA="
    emf = next(line for line in lines if "PredictionLatency" in line)
    assert emf["Predictions"] == [1.0]
    for value in (record["customer_id"], "1240.5", "95.4"):
        assert value not in json.dumps(lines)


class TestWithoutAUsableModel:
    """503, the reason, and nothing loaded."""

    @pytest.fixture(autouse=True)
    def _no_session_may_be_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            pytest.fail("bytes that were not verified reached onnxruntime")

        monkeypatch.setattr("onnxruntime.InferenceSession", refuse)

    def unavailable(
        self, function: ModuleType, api_event: Event, record: dict[str, Any]
    ) -> dict[str, Any]:
        status, body, media_type = call(function, api_event("POST", "/predict/clv", record))
        assert (status, media_type) == (503, "application/problem+json")
        assert call(function, api_event("GET", "/health"))[0] == 503
        return body

    def test_no_registry_is_set(
        self,
        start: Callable[..., ModuleType],
        registry: Registry,
        api_event: Event,
        record: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        function = start(ModelName.CLV, registry)
        monkeypatch.delenv("FORETELL_REGISTRY")

        body = self.unavailable(importlib.reload(function), api_event, record)

        assert body["type"] == "urn:foretell:problem:registry-not-configured"
        assert "FORETELL_REGISTRY" in body["detail"]

    def test_the_registry_does_not_exist(
        self,
        start: Callable[..., ModuleType],
        registry: Registry,
        api_event: Event,
        record: dict[str, Any],
    ) -> None:
        registry.s3.delete_bucket(Bucket=registry.address.bucket)

        body = self.unavailable(start(ModelName.CLV, registry), api_event, record)

        assert body["type"] == "urn:foretell:problem:registry-unreachable"
        assert f"{registry.address} does not exist" in body["detail"]

    def test_nothing_was_promoted(
        self,
        start: Callable[..., ModuleType],
        registry: Registry,
        api_event: Event,
        record: dict[str, Any],
    ) -> None:
        body = self.unavailable(start(ModelName.CLV, registry), api_event, record)

        assert body["type"] == "urn:foretell:problem:no-live-version"

    def test_the_version_is_missing(
        self,
        start: Callable[..., ModuleType],
        live_registry: Registry,
        trained: Any,
        api_event: Event,
        record: dict[str, Any],
    ) -> None:
        live_registry.s3.delete_object(
            Bucket=live_registry.address.bucket,
            Key=live_registry.address.manifest(trained.version),
        )

        body = self.unavailable(start(ModelName.CLV, live_registry), api_event, record)

        assert body["type"] == "urn:foretell:problem:version-not-found"
        assert trained.version in body["detail"]

    @pytest.mark.parametrize("name", ["manifest.json", "clv.onnx"])
    def test_a_digest_is_wrong(
        self,
        start: Callable[..., ModuleType],
        live_registry: Registry,
        trained: Any,
        api_event: Event,
        record: dict[str, Any],
        name: str,
    ) -> None:
        live_registry.s3.put_object(
            Bucket=live_registry.address.bucket,
            Key=live_registry.address.file(trained.version, name),
            Body=b"\x80\x04 not what was published",
        )

        body = self.unavailable(start(ModelName.CLV, live_registry), api_event, record)

        assert body["type"] == "urn:foretell:problem:digest-mismatch"
        assert name in body["detail"]


def test_a_function_recovers_without_a_restart(
    start: Callable[..., ModuleType],
    registry: Registry,
    trained: Any,
    api_event: Event,
    record: dict[str, Any],
) -> None:
    from training.publish import promote, publish  # noqa: PLC0415

    function = start(ModelName.CLV, registry)
    assert call(function, api_event("POST", "/predict/clv", record))[0] == 503

    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)

    assert call(function, api_event("POST", "/predict/clv", record))[0] == 200
