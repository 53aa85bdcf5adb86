"""The examples of the OpenAPI document, run: what they show is what happens."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest

from foretell.contract import ModelName
from foretell.portfolio import buckets
from foretell.portfolio.buckets import Buckets
from foretell.problems import RegistryUnreachable
from foretell.registry import Registry
from foretell.web import lambda_handler
from foretell.web.portfolio import portfolio_app
from infra.api import document, examples
from infra.api import model_examples as model
from infra.api import portfolio_examples as portfolio
from tests.shared.lambda_events import Context, http_event
from tests.shared.started import Functions, Told, live_functions, start_functions

DOCUMENT = document.openapi()
RECORD = examples.RECORDS["every_field"].value
SINGLE = tuple(f"/predict/{name}" for name in ModelName)
BATCH = tuple(f"{path}/batch" for path in SINGLE)
MODEL = (model.MODEL, model.HISTORY, model.CARD, "/health")
ADDRESS = "s3://foretell-models"  # of the registry in the examples
MALFORMED = '{"tenure_days": often}'

# What has to be sent for each documented refusal to be the answer: body, media type, query.
PROVOKED_BY: Mapping[str, tuple[object, str, str]] = {
    "record_too_large": (" " * (64 * 1024 + 1), "application/json", ""),
    "batch_too_large": (" " * (2 * 1024 * 1024 + 1), "application/json", ""),
    "too_many_records": ({"records": [{}] * 1_001}, "application/json", ""),
    "unsupported_media_type": (RECORD, "text/csv", ""),
    "impossible_record": (
        {"tenure_days": 10, "recency": 21, "monetary": "a lot"},
        "application/json",
        "",
    ),
    "field_given_twice": (
        json.dumps(RECORD).removesuffix("}") + ', "monetary": 1}',
        "application/json",
        "",
    ),
    "malformed_body": (MALFORMED, "application/json", ""),
    "no_boolean": (RECORD, "application/json", "explain=perhaps"),
    "no_records": ({"records": []}, "application/json", ""),
}


@pytest.fixture(scope="module")
def functions(trained: Any) -> Iterator[Functions]:
    """The functions with a live version."""
    with live_functions(trained) as started:
        yield started


def documented(path: str) -> dict[str, Any]:
    """What the document says of the one operation on a path."""
    (operation,) = DOCUMENT["paths"][path].values()
    return dict(operation)


def named_examples(content: dict[str, Any]) -> dict[str, Any]:
    """The values of a body's examples, by name."""
    (body,) = content.values()
    shared = DOCUMENT["components"]["examples"]
    return {
        name: shared[example["$ref"].rpartition("/")[2]]["value"]
        if "$ref" in example
        else example["value"]
        for name, example in body["examples"].items()
    }


def conforms(value: object, path: str, status: int) -> None:
    """Raises where a value is not what the document says is answered."""
    (body,) = documented(path)["responses"][str(status)]["content"].values()
    schema = {**body["schema"], "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(value)


def members(value: object) -> object:
    """The shape of a value: names and kinds, and of a list the shapes that occur in it."""
    if isinstance(value, dict):
        return {name: members(part) for name, part in value.items()}
    if isinstance(value, list):
        assert value, "an empty list shows nothing"
        return sorted({json.dumps(members(part), sort_keys=True) for part in value})
    return type(value).__name__


class TestRequests:
    """What the document says can be sent."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [(path, name) for path in SINGLE for name in examples.RECORDS]
        + [(path, name) for path in BATCH for name in examples.BATCHES],
    )
    def test_every_example_is_answered_as_the_document_says(
        self, functions: Functions, path: str, name: str
    ) -> None:
        body = named_examples(documented(path)["requestBody"]["content"])[name]

        told = functions.post(path, body)

        assert (told.status, told.media_type) == (200, "application/json")
        conforms(told.body, path, 200)

    @pytest.mark.parametrize("path", SINGLE + BATCH)
    def test_without_reasons_the_answer_is_still_as_the_document_says(
        self, functions: Functions, path: str
    ) -> None:
        group = examples.BATCHES if path in BATCH else examples.RECORDS
        for example in group.values():
            told = functions.post(path, example.value, query="explain=false")

            assert told.status == 200
            assert '"reasons"' not in told.text
            conforms(told.body, path, 200)

    @pytest.mark.parametrize("path", SINGLE)
    def test_null_is_the_same_as_leaving_a_field_out(self, functions: Functions, path: str) -> None:
        without = examples.RECORDS["required_fields"].value
        nulls = dict.fromkeys(set(RECORD) - set(without))
        assert len(nulls) == 7

        assert functions.post(path, {**without, **nulls}).text == functions.post(path, without).text


class TestAnswers:
    """What the document shows as answers."""

    @pytest.mark.parametrize("path", SINGLE + BATCH)
    def test_an_answer_is_shown_with_exactly_the_members_it_has(
        self, functions: Functions, path: str
    ) -> None:
        asked = (
            examples.BATCHES["one_refused"] if path in BATCH else examples.RECORDS["every_field"]
        )
        (shown,) = named_examples(documented(path)["responses"]["200"]["content"]).values()

        answered = functions.post(path, asked.value).body

        conforms(shown, path, 200)
        assert members(shown) == members(answered)

    def test_health_is_shown_as_it_is_answered(self, functions: Functions) -> None:
        (shown,) = named_examples(documented("/health")["responses"]["200"]["content"]).values()

        answered = functions.get("/health").body

        conforms(shown, "/health", 200)
        assert answered == {**shown, "model_version": answered["model_version"]}

    @pytest.mark.parametrize("path", [model.MODEL, model.HISTORY, "/health"])
    def test_the_model_is_described_as_the_document_says(
        self, functions: Functions, path: str
    ) -> None:
        told = functions.get(path)

        assert (told.status, told.media_type) == (200, "application/json")
        conforms(told.body, path, 200)

    @pytest.mark.parametrize(
        ("path", "shown"),
        [(model.MODEL, model.DESCRIBED.value), (model.HISTORY, model.CHANGED.value)],
    )
    def test_the_model_is_shown_with_members_that_it_has(
        self, functions: Functions, path: str, shown: Any
    ) -> None:
        answered = functions.get(path).body

        conforms(shown, path, 200)
        assert shown.keys() == answered.keys()
        for name in ("evaluation", "data"):
            assert shown.get(name, {}).keys() == answered.get(name, {}).keys()
        for change in shown.get("changes", ()):
            assert change.keys() == answered["changes"][0].keys()

    def test_the_card_is_answered_as_the_document_says(self, functions: Functions) -> None:
        told = functions.get(model.CARD)

        (content_type,) = documented(model.CARD)["responses"]["200"]["content"]
        assert (told.status, told.media_type) == (200, f"{content_type}; charset=utf-8")

    def test_the_reasons_shown_add_up(self) -> None:
        shown = examples.answered(ModelName.COMPREHENSIVE).value
        value = shown["typical_value"]
        for driver in shown["drivers"]:
            value *= driver["factor"]
        probability = shown["base_rate"] + sum(r["contribution"] for r in shown["reasons"])

        assert shown["customer_lifetime_value"] == pytest.approx(value, rel=1e-3)
        assert shown["churn_probability"] == pytest.approx(probability, abs=1e-5)


class TestRefusals:
    """What the document shows as problems."""

    @pytest.mark.parametrize(
        ("path", "status", "name"),
        [
            (path, status, name)
            for paths, refusals in (
                (SINGLE, examples.RECORD_REFUSALS),
                (BATCH, examples.BATCH_REFUSALS),
            )
            for path in paths
            for status, group in refusals.items()
            for name in group
        ],
    )
    def test_a_refusal_is_shown_as_it_is_answered(
        self, functions: Functions, path: str, status: int, name: str
    ) -> None:
        body, content_type, query = PROVOKED_BY[name]
        shown = named_examples(documented(path)["responses"][str(int(status))]["content"])[name]

        told = functions.post(path, body, content_type, query)

        assert (told.status, told.media_type) == (status, "application/problem+json")
        conforms(told.body, path, status)
        assert told.body == shown

    @pytest.mark.parametrize(
        ("status", "name", "query"),
        [
            (404, "no_such_version", "version=2026-03-12-0123456789ab"),
            (404, "no_such_version", "version=newest"),
            (422, "unknown_parameter", "format=pdf"),
        ],
    )
    def test_a_card_that_is_not_there_is_shown_as_it_is_answered(
        self, functions: Functions, status: int, name: str, query: str
    ) -> None:
        told = functions.get(model.CARD, query)

        assert told.body == assert_alike(told, model.CARD, status, name)

    @pytest.mark.parametrize("path", [*SINGLE, *BATCH, *MODEL])
    def test_an_unavailable_model_is_shown_as_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, registry: Registry, path: str
    ) -> None:
        told = ask(start_functions(monkeypatch, registry), path)

        shown = assert_alike(told, path, 503, "no_live_version")
        assert told.body["detail"].replace(str(registry.address), ADDRESS) == shown["detail"]

    @pytest.mark.parametrize("path", [SINGLE[0], "/health"])
    def test_a_silent_registry_is_shown_as_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, registry: Registry, path: str
    ) -> None:
        functions = start_functions(monkeypatch, registry)
        monkeypatch.setattr("foretell.live.LiveModel.current", failing(RegistryUnreachable("gone")))

        assert_alike(ask(functions, path), path, 503, "registry_unreachable")

    @pytest.mark.parametrize("path", [*SINGLE, *BATCH, *MODEL])
    def test_what_nobody_foresaw_is_shown_as_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, functions: Functions, path: str
    ) -> None:
        monkeypatch.setattr("foretell.live.LiveModel.current", failing(ZeroDivisionError()))
        monkeypatch.setattr("foretell.registry.Registry.live", failing(ZeroDivisionError()))

        assert_alike(ask(functions, path), path, 500, "internal")


@pytest.fixture(scope="module")
def files_and_results(s3_endpoint: str) -> Buckets:
    """Buckets in which the run is that the document shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETELL_UPLOADS", "foretell-uploads")
        patch.setenv("FORETELL_RESULTS", f"results-{uuid.uuid4().hex}")
        found = buckets.from_environment()
    found.s3.create_bucket(Bucket=found.results)
    for run, number in ((portfolio.SUCCEEDED, 0), (portfolio.RUNNING, 1)):
        status = {**run.value["status"], "run_id": run_id_of(number)}
        for name, content in (
            ("status", status),
            ("summary", portfolio.SUCCEEDED.value["summary"]),
        ):
            key = f"runs/{run_id_of(number)}/{name}.json"
            found.s3.put_object(Bucket=found.results, Key=key, Body=json.dumps(content))
    return found


def run_id_of(number: int) -> str:
    """The id of the run that is shown, or of one beside it."""
    shown: str = portfolio.SUCCEEDED.value["status"]["run_id"]
    return shown if number == 0 else shown[:-1] + ("1" if shown[-1] == "0" else "0")


def ask_portfolio(
    found: Callable[[], Buckets],
    path: str,
    body: object = None,
    content_type: str = "application/json",
    query: str = "",
) -> Told:
    method = "POST" if path == portfolio.UPLOADS else "GET"
    event = http_event(method, path, body, content_type) | {"rawQueryString": query}
    answer = lambda_handler(portfolio_app(found))(event, Context())
    return Told(answer["statusCode"], answer["headers"]["content-type"], answer["body"])


class TestPortfolio:
    """What the document says and shows of files and their runs."""

    @pytest.mark.parametrize("name", portfolio.REQUESTS)
    def test_leave_to_upload_is_as_the_document_says(
        self, files_and_results: Buckets, name: str
    ) -> None:
        asked = portfolio.REQUESTS[name].value

        told = ask_portfolio(lambda: files_and_results, portfolio.UPLOADS, asked)

        conforms(told.body, portfolio.UPLOADS, 200)
        assert members(told.body) == members(portfolio.ALLOWED.value)

    def test_runs_are_listed_as_the_document_says(self, files_and_results: Buckets) -> None:
        told = ask_portfolio(lambda: files_and_results, portfolio.RUNS)

        conforms(told.body, portfolio.RUNS, 200)
        conforms(portfolio.LISTED.value, portfolio.RUNS, 200)
        assert portfolio.LISTED.value["runs"][0] in told.body["runs"]
        assert members(told.body) == members(portfolio.LISTED.value)

    @pytest.mark.parametrize(
        ("number", "shown"), [(0, portfolio.SUCCEEDED.value), (1, portfolio.RUNNING.value)]
    )
    def test_a_run_is_described_as_the_document_shows(
        self, files_and_results: Buckets, number: int, shown: dict[str, Any]
    ) -> None:
        path = f"{portfolio.RUNS}/{run_id_of(number)}"

        told = ask_portfolio(lambda: files_and_results, path).body

        conforms(told, portfolio.RUN, 200)
        conforms(shown, portfolio.RUN, 200)
        assert told["summary"] == shown["summary"]
        assert told["status"] == {**shown["status"], "run_id": run_id_of(number)}
        assert (told["links"] or {}).keys() == (shown["links"] or {}).keys()

    @pytest.mark.parametrize(
        ("path", "status", "name", "asked"),
        [
            (portfolio.UPLOADS, 413, "description_too_large", {"body": " " * (64 * 1024 + 1)}),
            (portfolio.UPLOADS, 415, "file_itself", {"body": "a,b\n", "content_type": "text/csv"}),
            (portfolio.UPLOADS, 422, "spreadsheet", {"body": {"file_name": "customers.xlsx"}}),
            (portfolio.UPLOADS, 422, "malformed_body", {"body": MALFORMED}),
            (portfolio.RUNS, 422, "no_number", {"query": "limit=1000"}),
            (portfolio.RUN, 404, "no_such_run", {}),
        ],
    )
    def test_a_refusal_is_shown_as_it_is_answered(
        self,
        files_and_results: Buckets,
        path: str,
        status: int,
        name: str,
        asked: dict[str, Any],
    ) -> None:
        told = ask_portfolio(lambda: files_and_results, path, **asked)

        shown = assert_alike(told, path, status, name)
        assert told.body == shown

    @pytest.mark.parametrize("path", portfolio.REFUSALS)
    def test_a_failure_is_shown_as_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.delenv("FORETELL_UPLOADS", raising=False)
        asked = path.replace("{run_id}", run_id_of(0))
        body = portfolio.REQUESTS["named_file"].value

        unconfigured = ask_portfolio(buckets.from_environment, asked, body)
        unforeseen = ask_portfolio(failing(ZeroDivisionError()), asked, body)

        assert unconfigured.body == assert_alike(unconfigured, path, 503, "buckets_not_configured")
        assert unforeseen.body == assert_alike(unforeseen, path, 500, "internal")

    def test_every_refusal_that_is_shown_is_tried(self) -> None:
        shown = {
            (path, int(status), name)
            for path, refusals in portfolio.REFUSALS.items()
            for status, group in refusals.items()
            for name in group
        }

        assert len(shown) == 6 + 2 * len(portfolio.REFUSALS)


def ask(functions: Functions, path: str) -> Told:
    """A request to which nothing can be objected."""
    if not path.startswith("/predict/"):
        return functions.get(path)
    return functions.post(path, {"records": [RECORD]} if path in BATCH else RECORD)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


def assert_alike(told: Told, path: str, status: int, name: str) -> Any:
    """What is answered is what is shown, but for the detail; returns what is shown."""
    shown = named_examples(documented(path)["responses"][str(status)]["content"])[name]

    assert (told.status, told.media_type) == (status, "application/problem+json")
    conforms(told.body, path, status)
    assert told.body == {**shown, "detail": told.body["detail"]}
    return shown
