"""The functions, called as API Gateway calls them: events in, answers or problem documents out."""

import base64
import importlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from foretell import telemetry
from foretell.contract import ModelName
from foretell.registry import Registry
from tests.shared.lambda_events import REQUEST_ID, Context, http_event
from training.publish import promote, publish

Logged = Callable[[], list[dict[str, Any]]]

EXPLAINED = {
    ModelName.CLV: {"typical_value", "drivers"},
    ModelName.CHURN: {"base_rate", "reasons"},
    ModelName.SEGMENT: set(),
    ModelName.COMPREHENSIVE: {"typical_value", "drivers", "base_rate", "reasons"},
}
ONLY = {
    ModelName.CLV: {"customer_lifetime_value", "interval", "horizon_days", "value_tier"},
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
class Answer:
    """What a function answered; the body is JSON whatever happened."""

    status: int
    body: dict[str, Any]
    media_type: str

    @property
    def is_problem(self) -> bool:
        return self.media_type == "application/problem+json" and self.body["status"] == self.status


@dataclass(frozen=True)
class Function:
    """A started function, to be invoked with events."""

    module: ModuleType
    model: ModelName

    def invoke(self, event: dict[str, Any]) -> Answer:
        answer = self.module.handler(event, Context())
        assert not answer["isBase64Encoded"]
        return Answer(
            answer["statusCode"], json.loads(answer["body"]), answer["headers"]["content-type"]
        )

    def get(self, path: str) -> Answer:
        return self.invoke(http_event("GET", path))

    def predict(
        self, body: object, content_type: str | None = "application/json", query: str = ""
    ) -> Answer:
        event = http_event("POST", f"/predict/{self.model}", body, content_type)
        return self.invoke(event | {"rawQueryString": query})

    def predict_all(self, body: object, query: str = "") -> Answer:
        event = http_event("POST", f"/predict/{self.model}/batch", body)
        return self.invoke(event | {"rawQueryString": query})


Start = Callable[[ModelName, Registry], Function]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a function anew on a registry, as Lambda does."""

    def fresh(model: ModelName, registry: Registry) -> Function:
        monkeypatch.setenv("FORETELL_REGISTRY", str(registry.address))
        module = importlib.reload(importlib.import_module(f"functions.{model}.app"))
        return Function(module, model)

    return fresh


@pytest.fixture
def clv(start: Start, live_registry: Registry) -> Function:
    """The CLV function with a live version."""
    return start(ModelName.CLV, live_registry)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Logged:
    """Reads back what went to CloudWatch: log lines and metrics."""
    stream = io.StringIO()
    for handler in telemetry.logger.handlers:
        monkeypatch.setattr(handler, "stream", stream)

    def read() -> list[dict[str, Any]]:
        lines = stream.getvalue().splitlines() + capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines]

    return read


class TestPredictions:
    """A possible record is answered with the fields of the model."""

    @pytest.mark.parametrize("model", ModelName)
    def test_each_model_answers_with_its_own_fields(
        self,
        model: ModelName,
        start: Start,
        live_registry: Registry,
        trained: Any,
        record: dict[str, Any],
    ) -> None:
        answer = start(model, live_registry).predict(record)

        assert (answer.status, answer.media_type) == (200, "application/json")
        told = FIELDS[model] | {"customer_id", "model_version"}
        assert set(answer.body) == told | EXPLAINED[model]
        assert answer.body["customer_id"] == record["customer_id"]
        assert answer.body["model_version"] == trained.version

    def test_the_comprehensive_answer_agrees_with_the_single_ones(
        self, start: Start, live_registry: Registry, record: dict[str, Any]
    ) -> None:
        answers = {model: start(model, live_registry).predict(record).body for model in ModelName}

        together = answers.pop(ModelName.COMPREHENSIVE)
        # What to do depends on all three answers, which the persona alone does not know.
        answers[ModelName.SEGMENT].pop("recommended_actions")
        for answer in answers.values():
            assert answer.items() <= together.items()
        assert together["value_at_risk"] == pytest.approx(
            together["customer_lifetime_value"] * together["churn_probability"], abs=0.01
        )

    @pytest.mark.parametrize("query", ["explain=false", "explain=0", "explain=No", "explain=true"])
    @pytest.mark.parametrize("model", ModelName)
    def test_reasons_are_left_out_where_they_are_not_wanted(
        self,
        model: ModelName,
        query: str,
        start: Start,
        live_registry: Registry,
        record: dict[str, Any],
    ) -> None:
        function = start(model, live_registry)
        explained = function.predict(record).body

        answer = function.predict(record, query=query)

        expected = set(explained) - (set() if query == "explain=true" else EXPLAINED[model])
        assert answer.body == {name: explained[name] for name in expected}

    def test_what_to_do_depends_on_what_is_at_stake(
        self, start: Start, live_registry: Registry
    ) -> None:
        function = start(ModelName.COMPREHENSIVE, live_registry)
        often = {"tenure_days": 700, "frequency": 1.2, "monetary": 6_000, "support_tickets": 0}

        here, gone = (function.predict({**often, "recency": days}).body for days in (9, 190))

        assert here["risk_category"] != gone["risk_category"]
        assert here["recommended_actions"] != gone["recommended_actions"]

    def test_the_interval_is_in_order_and_states_its_coverage(self, clv: Function) -> None:
        once = {"tenure_days": 300, "recency": 300, "frequency": 0.1, "monetary": 20}
        often = {"tenure_days": 412, "recency": 8, "frequency": 1.5, "monetary": 2_000}

        rarely, surely = (clv.predict(record).body["interval"] for record in (once, often))

        for interval in (rarely, surely):
            assert 0 <= interval["low"] <= interval["median"] <= interval["high"]
            assert interval["coverage"] == 0.8
        assert rarely["median"] < rarely["high"] / 2
        assert surely["low"] > 0

    @pytest.mark.parametrize(
        "record",
        [
            {"tenure_days": 0, "recency": 0, "frequency": 0, "monetary": 0},
            {"tenure_days": 0, "recency": 0, "frequency": 30, "monetary": 1e9},
            {"tenure_days": 36_525, "recency": 0, "frequency": 3_000, "monetary": 1e9},
            {"tenure_days": 36_525, "recency": 36_525, "frequency": 1e-9, "monetary": 0.01},
        ],
    )
    def test_no_possible_customer_is_worth_a_negative_or_infinite_amount(
        self, clv: Function, record: dict[str, float]
    ) -> None:
        answer = clv.predict(record)

        assert answer.status == 200
        assert 0 <= answer.body["customer_lifetime_value"] < 1e12
        assert 0 <= answer.body["interval"]["high"] < 1e12

    def test_nobody_is_given_an_id_that_was_not_sent(self, clv: Function) -> None:
        answer = clv.predict({"tenure_days": 0, "recency": 0, "frequency": 30, "monetary": 12.5})

        assert answer.status == 200
        assert "customer_id" not in answer.body

    def test_the_model_describes_itself(
        self, start: Start, live_registry: Registry, trained: Any
    ) -> None:
        function = start(ModelName.COMPREHENSIVE, live_registry)

        described = function.get("/model").body

        assert described["model_version"] == trained.version
        assert described["data"]["customers"] == trained.manifest.data.customers
        assert {metric["name"] for metric in described["metrics"]["churn"]} >= {"AUC", "Brier"}
        assert len(described["personas"]) == 5
        assert function.get("/health").body == {"status": "ok", "model_version": trained.version}


class TestLists:
    """Several customers at once; one that is refused does not spoil the others."""

    @pytest.mark.parametrize("query", ["", "explain=false"])
    @pytest.mark.parametrize("model", ModelName)
    def test_each_is_answered_as_it_would_be_alone(
        self,
        model: ModelName,
        query: str,
        start: Start,
        live_registry: Registry,
        record: dict[str, Any],
    ) -> None:
        function = start(model, live_registry)
        required = {"tenure_days": 90, "recency": 60, "frequency": 0.7, "monetary": 55}
        records = [record, required, {**record, "recency": 300, "customer_id": "C-2"}]

        answer = function.predict_all({"records": records}, query).body

        assert (answer["predicted"], answer["refused"]) == (3, 0)
        alone = [function.predict(each, query=query).body for each in records]
        assert [result["prediction"] for result in answer["results"]] == alone

    def test_what_is_refused_is_told_in_its_place(
        self, clv: Function, trained: Any, record: dict[str, Any]
    ) -> None:
        records = [{**record, "recency": 9_999, "colour": 1}, record, "C-17"]

        answer = clv.predict_all({"records": records})

        assert answer.status == 200
        assert answer.body["model_version"] == trained.version
        assert (answer.body["predicted"], answer.body["refused"]) == (1, 2)
        first, second, third = answer.body["results"]
        assert {fault["field"] for fault in first["errors"]} == {"recency", "colour"}
        assert second == {"prediction": clv.predict(record).body}
        assert third["errors"][0]["field"] == "body"

    def test_if_all_are_refused_each_is_told_why(self, clv: Function) -> None:
        answer = clv.predict_all({"records": [{}, {}]})

        assert (answer.status, answer.body["predicted"]) == (200, 0)
        assert all(len(result["errors"]) == 4 for result in answer.body["results"])

    def test_a_thousand_with_reasons_fit_what_lambda_can_answer(
        self, start: Start, live_registry: Registry, record: dict[str, Any]
    ) -> None:
        function = start(ModelName.COMPREHENSIVE, live_registry)
        records = [{**record, "customer_id": "x" * 128, "recency": n / 3} for n in range(1_000)]

        answer = function.predict_all({"records": records})

        assert answer.body["predicted"] == 1_000
        assert len(json.dumps(answer.body)) < 6_000_000

    def test_one_more_than_a_thousand_is_too_many(
        self, clv: Function, record: dict[str, Any]
    ) -> None:
        answer = clv.predict_all({"records": [record] * 1_001})

        assert answer.status == 413
        assert answer.is_problem
        assert "1,000" in answer.body["detail"]

    def test_a_list_without_end_is_not_read(self, clv: Function) -> None:
        answer = clv.predict_all({"records": ["x" * 1_000_000] * 3})

        assert answer.status == 413
        assert "2,048 KiB" in answer.body["detail"]

    @pytest.mark.parametrize("sent", [{}, {"records": []}, {"records": {}}, [], "{"])
    def test_what_is_no_list_is_refused(self, clv: Function, sent: object) -> None:
        answer = clv.predict_all(sent)

        assert answer.status == 422
        assert answer.is_problem
        assert answer.body["errors"]


class TestBadRequests:
    """Whatever is sent, the answer is a problem document that says what to mend."""

    def test_every_faulty_field_is_named_and_no_value_is_repeated(
        self, clv: Function, record: dict[str, Any]
    ) -> None:
        answer = clv.predict({**record, "recency": 987_654, "monetary": -31_337, "colour": "mauve"})

        assert answer.status == 422
        assert answer.is_problem
        assert answer.body["type"] == "urn:foretell:problem:invalid-record"
        assert {fault["field"] for fault in answer.body["errors"]} == {
            "recency",
            "monetary",
            "colour",
        }
        for value in ("987654", "31337", "mauve"):
            assert value not in json.dumps(answer.body)

    @pytest.mark.parametrize(
        "body", ["", "{", "[]", "null", "17", '"text"', '{"tenure_days": NaN}', "\x00"]
    )
    def test_a_body_that_is_no_record(self, clv: Function, body: str) -> None:
        answer = clv.predict(body)

        assert answer.status == 422
        assert answer.is_problem
        assert answer.body["errors"]

    @pytest.mark.parametrize(
        "body", [b"\xff\xfe{", b"[" * 50_000], ids=["not text", "deep nesting"]
    )
    def test_a_body_that_cannot_be_read(self, clv: Function, body: bytes) -> None:
        encoded = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

        answer = clv.invoke(http_event("POST", "/predict/clv", {}) | encoded)

        assert answer.status == 422
        assert answer.is_problem
        assert answer.body["type"] == "urn:foretell:problem:malformed-body"

    @pytest.mark.parametrize("content_type", [None, "text/plain", "text/csv; charset=utf-8"])
    def test_a_body_that_is_not_json(
        self, clv: Function, record: dict[str, Any], content_type: str | None
    ) -> None:
        answer = clv.predict(record, content_type)

        assert answer.status == 415
        assert answer.is_problem
        assert "Content-Type: application/json" in answer.body["detail"]

    def test_an_explain_that_is_neither_yes_nor_no(
        self, clv: Function, record: dict[str, Any]
    ) -> None:
        answer = clv.predict(record, query="explain=perhaps")

        assert answer.status == 422
        assert answer.body["errors"] == [
            {"field": "explain", "reason": "Input should be true or false"}
        ]

    def test_a_query_parameter_that_nobody_knows(
        self, clv: Function, record: dict[str, Any]
    ) -> None:
        answer = clv.predict(record, query="explian=false&explain=false")

        assert answer.status == 422
        assert answer.body["errors"] == [{"field": "explian", "reason": "Unknown query parameter"}]

    def test_a_field_given_twice(self, clv: Function) -> None:
        answer = clv.predict(
            '{"tenure_days": 9, "tenure_days": 900, "recency": 1, "frequency": 1, "monetary": 1}'
        )

        assert answer.status == 422
        assert answer.body["errors"] == [
            {"field": "tenure_days", "reason": "Field given more than once"}
        ]

    def test_a_huge_body(self, clv: Function) -> None:
        answer = clv.predict({"customer_id": "x" * 1_000_000})

        assert answer.status == 413
        assert answer.is_problem
        assert "64 KiB" in answer.body["detail"]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/predict/clv", 405),
            ("POST", "/predict/churn", 404),
            ("GET", "/docs", 404),
            ("GET", "/redoc", 404),
            ("GET", "/openapi.json", 404),
        ],
    )
    def test_what_is_not_served(self, clv: Function, method: str, path: str, status: int) -> None:
        answer = clv.invoke(http_event(method, path))

        assert answer.status == status
        assert answer.is_problem


class TestTelemetry:
    """Enough to find a fault by, and nothing of the customer."""

    def test_one_line_tells_of_an_invocation_and_nothing_of_the_customer(
        self, clv: Function, trained: Any, record: dict[str, Any], logged: Logged
    ) -> None:
        answer = clv.predict(record)

        lines = logged()
        [told] = [line for line in lines if line["message"] == "Invocation"]
        assert told["correlation_id"] == REQUEST_ID
        assert told["function_request_id"] == Context().aws_request_id
        assert (told["service"], told["model"], told["status"]) == ("foretell", "clv", "200")
        assert told["model_version"] == trained.version
        assert told["Predictions"] == 1
        assert told[f"Predictions{answer.body['value_tier'].replace(' ', '')}"] == 1
        assert 0 < told["ModelLatency"] < told["Latency"]
        assert told["ModelAge"] == (datetime.now(UTC).date() - trained.manifest.data.as_of).days
        for value in (record["customer_id"], "1240.5", "95.4"):
            assert value not in json.dumps(lines)

    def test_the_line_is_in_the_format_that_cloudwatch_makes_metrics_of(
        self, clv: Function, record: dict[str, Any], logged: Logged
    ) -> None:
        clv.predict(record)

        [told] = [line for line in logged() if line["message"] == "Invocation"]
        [declared] = told["_aws"]["CloudWatchMetrics"]
        assert declared["Namespace"] == "Foretell"
        assert abs(told["_aws"]["Timestamp"] / 1_000 - time.time()) < 60
        for dimensions in declared["Dimensions"]:
            assert all(isinstance(told[name], str) for name in dimensions)
        names = [metric["Name"] for metric in declared["Metrics"]]
        assert len(set(names)) == len(names) < 100
        for metric in declared["Metrics"]:
            assert isinstance(told[metric["Name"]], int | float)
            assert metric["Unit"] in {"Count", "Milliseconds", "None"}

    def test_each_invocation_counts_for_itself(
        self, clv: Function, record: dict[str, Any], logged: Logged
    ) -> None:
        clv.predict(record)
        clv.predict_all({"records": [record, record, {}]})
        clv.predict({**record, "age": -1})

        first, second, third = [line for line in logged() if line["message"] == "Invocation"]
        assert (first["Predictions"], second["Predictions"]) == (1, 2)
        assert second["RecordsRefused"] == 1
        assert (third["ValidationFailed"], third["problem"]) == (1, "invalid-record")
        assert "Predictions" not in third
        assert "ColdStart" not in second

    def test_a_log_line_within_an_invocation_has_its_ids(
        self, start: Start, registry: Registry, record: dict[str, Any], logged: Logged
    ) -> None:
        function = start(ModelName.CLV, registry)
        function.predict(record)

        unavailable = next(line for line in logged() if line["level"] == "ERROR")
        assert unavailable["correlation_id"] == REQUEST_ID
        assert unavailable["function_request_id"] == Context().aws_request_id
        assert "was promoted" in unavailable["reason"]

    def test_an_unforeseen_error_is_answered_in_json_and_tells_nothing(
        self,
        clv: Function,
        record: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        logged: Logged,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError(f"secret of {record['customer_id']}")

        monkeypatch.setattr("foretell.predictor.Predictor.predict", fail)

        answer = clv.predict(record)

        assert answer.status == 500
        assert answer.is_problem
        lines = logged()
        assert "ZeroDivisionError" in {line.get("error_type") for line in lines}
        for told in (json.dumps(answer.body), json.dumps(lines)):
            assert record["customer_id"] not in told
            assert "Traceback" not in told


class TestWithoutAUsableModel:
    """503 with the reason; nothing that was not verified is loaded."""

    @pytest.fixture(autouse=True)
    def _no_session_may_be_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            pytest.fail("bytes that were not verified reached onnxruntime")

        monkeypatch.setattr("onnxruntime.InferenceSession", refuse)

    @pytest.fixture
    def refusal(self, start: Start, record: dict[str, Any]) -> Callable[[Registry], Answer]:
        """What a function on that registry answers."""

        def ask(registry: Registry) -> Answer:
            function = start(ModelName.CLV, registry)
            answer = function.predict(record)
            assert answer.status == function.get("/health").status == 503
            assert answer.is_problem
            return answer

        return ask

    def test_no_registry_is_set(
        self,
        start: Start,
        registry: Registry,
        record: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        function = start(ModelName.CLV, registry)
        monkeypatch.delenv("FORETELL_REGISTRY")
        importlib.reload(function.module)

        answer = function.predict(record)

        assert answer.status == 503
        assert answer.body["type"] == "urn:foretell:problem:registry-not-configured"
        assert "FORETELL_REGISTRY" in answer.body["detail"]

    def test_the_registry_does_not_exist(
        self, registry: Registry, refusal: Callable[[Registry], Answer]
    ) -> None:
        registry.s3.delete_bucket(Bucket=registry.address.bucket)

        answer = refusal(registry)

        assert answer.body["type"] == "urn:foretell:problem:registry-unreachable"
        assert f"{registry.address} does not exist" in answer.body["detail"]

    def test_nothing_was_promoted(
        self, registry: Registry, refusal: Callable[[Registry], Answer]
    ) -> None:
        assert refusal(registry).body["type"] == "urn:foretell:problem:no-live-version"

    def test_the_version_is_missing(
        self, live_registry: Registry, trained: Any, refusal: Callable[[Registry], Answer]
    ) -> None:
        live_registry.s3.delete_object(
            Bucket=live_registry.address.bucket,
            Key=live_registry.address.manifest(trained.version),
        )

        answer = refusal(live_registry)

        assert answer.body["type"] == "urn:foretell:problem:version-not-found"
        assert trained.version in answer.body["detail"]

    @pytest.mark.parametrize("name", ["manifest.json", "clv.onnx"])
    def test_a_digest_is_wrong(
        self,
        live_registry: Registry,
        trained: Any,
        refusal: Callable[[Registry], Answer],
        name: str,
    ) -> None:
        live_registry.s3.put_object(
            Bucket=live_registry.address.bucket,
            Key=live_registry.address.file(trained.version, name),
            Body=b"\x80\x04 not what was published",
        )

        answer = refusal(live_registry)

        assert answer.body["type"] == "urn:foretell:problem:digest-mismatch"
        assert name in answer.body["detail"]


def test_a_function_recovers_without_a_restart(
    start: Start, registry: Registry, trained: Any, record: dict[str, Any]
) -> None:
    function = start(ModelName.CLV, registry)
    assert function.predict(record).status == 503

    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)

    assert function.predict(record).status == 200
