"""One OpenAPI document over all functions, which says what they really answer.

FastAPI makes it of what `declared` says of the routes. That the functions refuse with problem
documents, and leave out of an answer what they have nothing to say about, it does not know; both
are put right here. `python -m infra.api.document` writes the document.
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import click
from fastapi.openapi.utils import get_openapi

from foretell import problems
from foretell.contract import ModelName
from foretell.problems import Problem
from infra.api import examples
from infra.api import model_examples as model
from infra.api import portfolio_examples as portfolio
from infra.api.declared import declared
from infra.api.examples import Example, Examples

COMMITTED: Final = Path(__file__).with_name("openapi.json")

Json = dict[str, Any]

_DESCRIPTION: Final = """\
Lifetime value, churn and persona of a customer, from a few figures of the purchase history.

Post a customer record, or up to 1,000 of them at once; each answer comes with its reasons. \
Refusals and failures are problem documents (RFC 9457) that name every faulty field and never \
repeat its value.

More customers than that are a file: upload it, and its run tells when the predictions are there.
"""
_TAGS: Final = [
    {
        "name": "Predictions",
        "description": (
            "What a customer will be worth, whether he is about to leave, which persona he is."
            " A record that is refused in a batch is answered in place and holds up no other."
        ),
    },
    {"name": "Model", "description": "Which model answers, and how good it was measured to be."},
    {
        "name": "Portfolio",
        "description": (
            "Files of customers, or of transactions, scored. Each file that is uploaded is scored"
            " once, in a run; what is answered here is what the run has written by then."
        ),
    },
]
_SCHEMAS: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_FASTAPIS_OWN: Final = ("HTTPValidationError", "ValidationError")

_SAID_OF: Final[Mapping[int, str]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "There is more in the request than is read.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not announced as JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "The request is not valid; `errors` names every faulty field. A body that is no JSON is"
        " answered so, too."
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: "The prediction failed for a reason nobody foresaw.",
    HTTPStatus.SERVICE_UNAVAILABLE: "No model is in service; `detail` says why and what to do.",
}


def openapi() -> Json:
    """The document over all functions."""
    document = _as_declared()
    _add_problems(document)
    _leave_out_rather_than_null(document)
    _promise_all_of_the_model(document)
    _add_predictions(document)
    _describe_model_routes(document)
    _describe_portfolio(document)
    _add_shared_examples(document)
    return document


def text(document: Json) -> str:
    """The one text of a document: sorted keys, two spaces, a final newline."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@click.command()
def write() -> None:
    """Write infra/api/openapi.json anew from what the functions declare."""
    COMMITTED.write_text(text(openapi()), encoding="utf-8")


def _as_declared() -> Json:
    return get_openapi(
        title="Foretell",
        version=metadata.version("foretell"),
        summary="What your customers will do next",
        description=_DESCRIPTION,
        routes=declared().routes,
        tags=_TAGS,
        servers=[{"url": "/"}],
        license_info={"name": "MIT", "identifier": "MIT"},
    )


def _add_problems(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for name in _FASTAPIS_OWN:
        del schemas[name]
    problem = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for path, operation in _operations(document):
        answers = operation["responses"]
        answers.pop(str(HTTPStatus.UNPROCESSABLE_ENTITY.value), None)
        answers |= {
            str(int(status)): _problem(_said_of(path)[status], told)
            for status, told in sorted(_refusals(path).items())
        }


def _said_of(path: str) -> Mapping[int, str]:
    of_the_room = {
        **dict.fromkeys(portfolio.REFUSALS, portfolio.SAID_OF),
        **dict.fromkeys(model.REFUSALS, model.SAID_OF),
    }
    return {**_SAID_OF, **of_the_room.get(path, {})}


def _refusals(path: str) -> dict[int, Examples]:
    special = portfolio.REFUSALS | model.REFUSALS
    if path in special:
        return special[path]
    if not _predicts(path):
        return examples.UNAVAILABLE
    batch = path.endswith("/batch")
    return examples.UNAVAILABLE | (examples.BATCH_REFUSALS if batch else examples.RECORD_REFUSALS)


def _problem(said: str, told: Examples) -> Json:
    content = {"schema": {"$ref": f"{_SCHEMAS}Problem"}, "examples": _references(told)}
    return {"description": said, "content": {problems.MEDIA_TYPE: content}}


def _leave_out_rather_than_null(document: Json) -> None:
    """Predictions and problems are written without what is None; so null is nowhere in them."""
    answers = [said["responses"] for path, said in _operations(document) if _predicts(path)]
    for schema in _reachable(document, answers):
        for said in schema.get("properties", {}).values():
            _drop_null(said)


def _drop_null(said: Json) -> None:
    if said.get("default", ...) is None:
        del said["default"]
    kinds = [kind for kind in said.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del said["anyOf"]
        # What is said of the field goes before what is said of its type.
        said |= kinds[0] | said
    elif kinds:
        said["anyOf"] = kinds


def _promise_all_of_the_model(document: Json) -> None:
    """FastAPI writes /model and /health with all members, also those at their defaults."""
    answers = [
        said["responses"]["200"] for path, said in _operations(document) if not _predicts(path)
    ]
    for schema in _reachable(document, answers):
        if "properties" in schema:
            schema["required"] = list(schema["properties"])


def _reachable(document: Json, roots: list[Json]) -> list[Json]:
    """The schemas that these parts of the document refer to, and those that they refer to."""
    schemas = document["components"]["schemas"]
    found: dict[str, Json] = {}
    todo = list(_named(roots))
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = schemas[name]
            todo.extend(_named(schemas[name]))
    return list(found.values())


def _named(value: object) -> Iterator[str]:
    """Names of the schemas that a value refers to."""
    if isinstance(value, dict):
        reference = value.get("$ref", "")
        if reference.startswith(_SCHEMAS):
            yield reference.removeprefix(_SCHEMAS)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _named(part)


def _add_predictions(document: Json) -> None:
    for name in ModelName:
        single = document["paths"][f"/predict/{name}"]["post"]
        batch = document["paths"][f"/predict/{name}/batch"]["post"]
        _show_requests(single, examples.RECORDS)
        _show_requests(batch, examples.BATCHES)
        _describe_answer(single, "What the model says.", answer=examples.answered(name))
        _describe_answer(
            batch,
            "An answer for each record, in their order.",
            answer=examples.answered_batch(name),
        )


def _describe_model_routes(document: Json) -> None:
    gets = {path: item["get"] for path, item in document["paths"].items() if "get" in item}
    _describe_answer(gets[model.MODEL], "The live version.", answer=model.DESCRIBED)
    _describe_answer(gets[model.HISTORY], "The last changes of it.", answer=model.CHANGED)
    _describe_answer(gets[model.CARD], "The card, which needs no other file.")
    _describe_answer(gets["/health"], "It can answer.", answer=examples.HEALTHY)


def _describe_portfolio(document: Json) -> None:
    upload = document["paths"][portfolio.UPLOADS]["post"]
    _show_requests(upload, portfolio.REQUESTS)
    _describe_answer(upload, "The file may be uploaded.", answer=portfolio.ALLOWED)
    page = document["paths"][portfolio.RUNS]["get"]
    _describe_answer(page, "A page of runs.", answer=portfolio.LISTED)
    run = document["paths"][portfolio.RUN]["get"]
    _describe_answer(run, "The run.", succeeded=portfolio.SUCCEEDED, running=portfolio.RUNNING)


def _show_requests(operation: Json, group: Examples) -> None:
    operation["requestBody"]["content"][_JSON]["examples"] = _references(group)


def _describe_answer(operation: Json, said: str, **shown: Example) -> None:
    answer = operation["responses"][str(HTTPStatus.OK.value)]
    answer["description"] = said
    if shown:
        answer["content"][_JSON]["examples"] = {
            name: _written(example) for name, example in shown.items()
        }


def _add_shared_examples(document: Json) -> None:
    told = [examples.RECORDS, examples.BATCHES, portfolio.REQUESTS]
    for path, _ in _operations(document):
        told.extend(_refusals(path).values())
    document["components"]["examples"] = {
        name: _written(example) for group in told for name, example in group.items()
    }


def _references(group: Examples) -> Json:
    return {name: {"$ref": f"#/components/examples/{name}"} for name in group}


def _written(example: Example) -> Json:
    return {"summary": example.summary, "value": example.value}


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _predicts(path: str) -> bool:
    return path.startswith("/predict/")


if __name__ == "__main__":
    write()
