"""The examples of the live version, its history and the model cards; each is run as a test.

The version is the one that `make run` trains; it was rolled back to.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from foretell.contract import Fault
from foretell.problems import TABLE, CardNotFound, InvalidRequest
from infra.api.examples import ANSWERS, UNAVAILABLE, Example, Examples, problem

MODEL: Final = "/model"
HISTORY: Final = "/model/history"
CARD: Final = "/model/card"

DESCRIBED: Final = Example(
    "The version that `make run` trains; most lists are shortened", ANSWERS["model"]
)
CHANGED: Final = Example(
    "Another version was live for a moment; measures and gates are shortened", ANSWERS["history"]
)

SAID_OF: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "There is no such version, or no card of it; `detail` says which.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The query is not valid; `errors` names every faulty field.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "It failed for a reason nobody foresaw.",
}
"""What a status means of a model card."""

REFUSALS: Final[dict[str, dict[int, Examples]]] = {
    CARD: {
        **UNAVAILABLE,
        HTTPStatus.NOT_FOUND: {
            "no_such_version": problem(
                "No version, or no id of one",
                TABLE[CardNotFound],
                "no version has that id: GET /model/history lists those that were live",
            ),
        },
        HTTPStatus.UNPROCESSABLE_ENTITY: {
            "unknown_parameter": problem(
                "Something else than a version",
                TABLE[InvalidRequest],
                "mend and send again: format",
                (Fault(field="format", reason="Unknown query parameter"),),
            ),
        },
    },
}
"""What is refused beside what every route refuses, by path and status."""
