"""The OpenAPI document: the one that is committed is the one the code says, and is honest."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from foretell.contract import ModelName
from infra.api import document, model_examples, portfolio_examples
from infra.local.gateway import function_apps

PREDICT = {f"/predict/{model}" for model in ModelName}
BATCH = {f"{path}/batch" for path in PREDICT}
CARD = model_examples.CARD
MODEL = {model_examples.MODEL, model_examples.HISTORY, CARD, "/health"}
REFUSED: dict[str, set[str]] = {
    **{path: set() for path in MODEL},
    CARD: {"404", "422"},
    portfolio_examples.RUNS: {"422"},
    portfolio_examples.RUN: {"404"},
}
PORTFOLIO = set(portfolio_examples.REFUSALS)


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """What the code says."""
    return document.openapi()


def schemas_within(value: object) -> Iterator[dict[str, Any]]:
    """All objects of a document, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from schemas_within(part)


def test_the_committed_document_is_what_the_code_says(said: dict[str, Any]) -> None:
    committed = document.COMMITTED.read_text(encoding="utf-8")

    assert committed == document.text(said), "run make openapi, and commit what it writes"


def test_the_functions_serve_what_is_documented_and_nothing_else(said: dict[str, Any]) -> None:
    documented = {(path, method.upper()) for path, item in said["paths"].items() for method in item}

    for name, app in function_apps().items():
        served = {
            (route.path, method) for route in app.routes for method in route.methods - {"HEAD"}
        }
        paths = {
            path for path in PREDICT | BATCH | MODEL if path in MODEL or path.split("/")[2] == name
        }
        own = PORTFOLIO if name == "portfolio" else paths
        assert served == {(path, method) for path, method in documented if path in own}


def test_every_route_of_every_function_is_in_it(said: dict[str, Any]) -> None:
    assert set(said["paths"]) == PREDICT | BATCH | MODEL | PORTFOLIO


def test_each_route_has_the_statuses_it_can_answer_with(said: dict[str, Any]) -> None:
    for path, item in said["paths"].items():
        (operation,) = item.values()
        unavailable = {"500", "503"}
        refused = REFUSED.get(path, {"413", "415", "422"})
        assert set(operation["responses"]) == {"200"} | unavailable | refused, path


def test_everything_but_an_answer_is_a_problem_document(said: dict[str, Any]) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, item in said["paths"].items():
        answered = "text/html" if path == CARD else "application/json"
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status == "200":
                    assert set(answer["content"]) == {answered}
                else:
                    assert set(answer["content"]) == {"application/problem+json"}
                    assert answer["content"]["application/problem+json"]["schema"] == problem


def test_nothing_is_left_of_the_framework(said: dict[str, Any]) -> None:
    assert "ValidationError" not in json.dumps(said)
    assert "Successful Response" not in json.dumps(said)


def test_null_is_nowhere_in_what_is_predicted(said: dict[str, Any]) -> None:
    schemas = said["components"]["schemas"]
    names = [name for name in schemas if "Prediction" in name or name in {"Problem", "Reason"}]

    assert len(names) > 10
    for name in names:
        assert {"type": "null"} not in list(schemas_within(schemas[name])), name
        assert all(part.get("default", 0) is not None for part in schemas_within(schemas[name]))


def test_null_may_be_sent_for_the_optional_fields_of_a_record(said: dict[str, Any]) -> None:
    record = said["components"]["schemas"]["CustomerRecord"]

    assert set(record["required"]) == {"tenure_days", "recency", "frequency", "monetary"}
    for name, field in record["properties"].items():
        assert ({"type": "null"} in field.get("anyOf", [])) == (name not in record["required"])


def test_every_reference_leads_somewhere(said: dict[str, Any]) -> None:
    references = {part["$ref"] for part in schemas_within(said) if "$ref" in part}

    assert len(references) > 40
    for reference in references:
        found: Any = said
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


def test_every_operation_is_asked_for_and_refused_by_example(said: dict[str, Any]) -> None:
    for item in said["paths"].values():
        for operation in item.values():
            bodies = [
                *operation.get("requestBody", {"content": {}})["content"].values(),
                *(
                    content
                    for status, answer in operation["responses"].items()
                    if status != "200"
                    for content in answer["content"].values()
                ),
            ]
            assert all(body["examples"] for body in bodies), operation["operationId"]
