"""The examples of the portfolio in the OpenAPI document; each is run as a test.

The file is one of 2,000 customers of the shop that `make run` simulates, scored by the version that
it trains.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from foretell.contract import Fault
from foretell.portfolio.file_names import ENDINGS
from foretell.problems import (
    TABLE,
    BodyTooLarge,
    InvalidRequest,
    RunNotFound,
    StorageUnreachable,
    UnsupportedMediaType,
)
from infra.api.examples import ANSWERS, MALFORMED, UNFORESEEN, Example, Examples, problem

UPLOADS: Final = "/portfolio/uploads"
RUNS: Final = "/portfolio/runs"
RUN: Final = "/portfolio/runs/{run_id}"

REQUESTS: Final[Examples] = {
    "announced_file": Example(
        "A file of which all is known", {"file_name": "customers march.csv", "size": 181_542}
    ),
    "named_file": Example("Nothing but the name", {"file_name": "Bestellungen März.csv.gz"}),
}
"""Bodies for leave to upload."""

ALLOWED: Final = Example("To the file of which all is known", ANSWERS["upload"])
LISTED: Final = Example("One that succeeded and one that failed", ANSWERS["runs"])
SUCCEEDED: Final = Example(
    "Succeeded; lists and histograms of the summary are shortened", ANSWERS["run"]
)
RUNNING: Final = Example("Half done", ANSWERS["running"])

SAID_OF: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "There is no run of that id.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "It failed for a reason nobody foresaw.",
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Files and results cannot be reached; `detail` says why and what to do."
    ),
}
"""What a status means here."""

_UNAVAILABLE: Final[dict[int, Examples]] = {
    **UNFORESEEN,
    HTTPStatus.SERVICE_UNAVAILABLE: {
        "buckets_not_configured": problem(
            "The function was not told of its buckets",
            TABLE[StorageUnreachable],
            "set FORETELL_UPLOADS to the name of the bucket",
        ),
    },
}

REFUSALS: Final[dict[str, dict[int, Examples]]] = {
    UPLOADS: {
        **_UNAVAILABLE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {
            "description_too_large": problem(
                "More than describes a file",
                TABLE[BodyTooLarge],
                "send at most 64 KiB in one request",
            ),
        },
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {
            "file_itself": problem(
                "The file itself",
                TABLE[UnsupportedMediaType],
                "describe the file as JSON with the header Content-Type: application/json; the"
                " file itself goes to the address in the answer",
            ),
        },
        HTTPStatus.UNPROCESSABLE_ENTITY: {
            "spreadsheet": problem(
                "A file of a kind that is not scored",
                TABLE[InvalidRequest],
                "mend and send again: file_name",
                (Fault(field="file_name", reason=f"Input should end in one of {ENDINGS}"),),
            ),
            **MALFORMED,
        },
    },
    RUNS: {
        **_UNAVAILABLE,
        HTTPStatus.UNPROCESSABLE_ENTITY: {
            "no_number": problem(
                "A limit over the limit",
                TABLE[InvalidRequest],
                "mend and send again: limit",
                (Fault(field="limit", reason="Input should be less than or equal to 100"),),
            ),
        },
    },
    RUN: {
        **_UNAVAILABLE,
        HTTPStatus.NOT_FOUND: {
            "no_such_run": problem(
                "No run, or no id of one",
                TABLE[RunNotFound],
                "no run has that id: GET /portfolio/runs lists those there are",
            ),
        },
    },
}
"""What is refused, by path and status."""
