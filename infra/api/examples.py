"""The examples of the OpenAPI document: what is sent, what is answered, what is refused.

Each is run as a test. The answers are those of the version that `make run` trains.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from foretell import problems
from foretell.contract import Fault, ModelName
from foretell.problems import (
    BodyTooLarge,
    InvalidRequest,
    MalformedBody,
    NoLiveVersion,
    ProblemKind,
    RegistryUnreachable,
    UnsupportedMediaType,
)


@dataclass(frozen=True)
class Example:
    """A value with a line on what it shows."""

    summary: str
    value: Any


Examples = dict[str, Example]

ANSWERS: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("answers.json").read_text(encoding="utf-8")
)
"""What was answered, by what answered it."""

_REQUIRED_FIELDS: Final = {
    "tenure_days": 412,
    "recency": 21,
    "frequency": 0.95,
    "monetary": 1240.5,
}
_EVERY_FIELD: Final = {
    "customer_id": "C-1042",
    **_REQUIRED_FIELDS,
    "age": 44,
    "account_type": "Premium",
    "avg_purchase_amount": 95.4,
    "email_open_rate": 38,
    "website_visits_per_month": 4.5,
    "support_tickets": 1,
}
_IMPOSSIBLE: Final = {"tenure_days": 10, "recency": 21, "monetary": "a lot"}

RECORDS: Final[Examples] = {
    "every_field": Example("Every field", _EVERY_FIELD),
    "required_fields": Example("Nothing but the required fields", _REQUIRED_FIELDS),
}
"""Bodies for one customer."""

BATCHES: Final[Examples] = {
    "one_refused": Example(
        "Two customers, of whom one is impossible", {"records": [_EVERY_FIELD, _IMPOSSIBLE]}
    ),
}
"""Bodies for several customers."""

HEALTHY: Final = Example(
    "A model is in service",
    {"status": "ok", "model_version": ANSWERS[ModelName.CLV]["model_version"]},
)
"""The answer of /health."""

_IMPOSSIBLE_FAULTS: Final = (
    Fault(
        field="recency",
        reason=(
            "Input should be at most tenure_days: the last purchase cannot come before the first"
        ),
    ),
    Fault(field="frequency", reason="Field required"),
    Fault(field="monetary", reason="Input should be a valid number"),
)
_NOT_JSON: Final = "the body is not JSON: Expecting value at line 1, column 17"


def answered(model: ModelName) -> Example:
    """The answer of a model to the record with every field."""
    return Example("To the record with every field", ANSWERS[model])


def answered_batch(model: ModelName) -> Example:
    """The answer of a model to the batch in which one record is refused."""
    answer = ANSWERS[model]
    return Example(
        "One predicted, one refused",
        {
            "model_version": answer["model_version"],
            "predicted": 1,
            "refused": 1,
            "results": [
                {"prediction": answer},
                {"errors": [fault.model_dump() for fault in _IMPOSSIBLE_FAULTS]},
            ],
        },
    )


def problem(
    summary: str, kind: ProblemKind, detail: str, faults: tuple[Fault, ...] = ()
) -> Example:
    """What is answered with a problem document."""
    document = problems.document(kind, detail, faults)
    return Example(summary, document.model_dump(mode="json", exclude_none=True))


UNFORESEEN: Final[dict[int, Examples]] = {
    HTTPStatus.INTERNAL_SERVER_ERROR: {
        "internal": problem(
            "Something that nobody foresaw",
            problems.INTERNAL,
            "the failure was logged; the same request may work later",
        ),
    },
}
"""Whatever answers can answer with this, by status."""

UNAVAILABLE: Final[dict[int, Examples]] = {
    **UNFORESEEN,
    HTTPStatus.SERVICE_UNAVAILABLE: {
        "no_live_version": problem(
            "Nothing was promoted yet",
            problems.TABLE[NoLiveVersion],
            "no version was promoted in s3://foretell-models: run `foretell train`",
        ),
        "registry_unreachable": problem(
            "S3 does not answer",
            problems.TABLE[RegistryUnreachable],
            "S3 has not answered yet, and goes on being asked: try again in a few seconds",
        ),
    },
}
"""Whatever needs a model can answer with these, by status."""

_NOT_ANNOUNCED: Final[dict[int, Examples]] = {
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {
        "unsupported_media_type": problem(
            "The body is not announced as JSON",
            problems.TABLE[UnsupportedMediaType],
            "send the customer record as JSON with the header Content-Type: application/json",
        ),
    },
}
MALFORMED: Final[Examples] = {
    "malformed_body": problem(
        "The body is no JSON",
        problems.TABLE[MalformedBody],
        _NOT_JSON,
        (Fault(field="body", reason=_NOT_JSON),),
    ),
}
"""What is refused of any body."""

_UNREADABLE: Final[Examples] = {
    **MALFORMED,
    "no_boolean": problem(
        "explain is neither true nor false",
        problems.TABLE[InvalidRequest],
        "mend and send again: explain",
        (Fault(field="explain", reason="Input should be true or false"),),
    ),
}

RECORD_REFUSALS: Final[dict[int, Examples]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {
        "record_too_large": problem(
            "More than one record ever takes",
            problems.TABLE[BodyTooLarge],
            "send at most 64 KiB in one request",
        ),
    },
    **_NOT_ANNOUNCED,
    HTTPStatus.UNPROCESSABLE_ENTITY: {
        "impossible_record": problem(
            "A record with three faults",
            problems.TABLE[InvalidRequest],
            "mend and send again: recency, frequency, monetary",
            _IMPOSSIBLE_FAULTS,
        ),
        "field_given_twice": problem(
            "A field that says two things",
            problems.TABLE[InvalidRequest],
            "mend and send again: monetary",
            (Fault(field="monetary", reason="Field given more than once"),),
        ),
        **_UNREADABLE,
    },
}
"""What is refused of one customer, by status."""

BATCH_REFUSALS: Final[dict[int, Examples]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {
        "batch_too_large": problem(
            "More bytes than a thousand records take",
            problems.TABLE[BodyTooLarge],
            "send at most 2,048 KiB in one request",
        ),
        "too_many_records": problem(
            "More than a thousand records",
            problems.TABLE[BodyTooLarge],
            "send at most 1,000 records in one request, not 1,001",
        ),
    },
    **_NOT_ANNOUNCED,
    HTTPStatus.UNPROCESSABLE_ENTITY: {
        "no_records": problem(
            "A batch without records",
            problems.TABLE[InvalidRequest],
            "mend and send again: records",
            (Fault(field="records", reason="List should have at least one record"),),
        ),
        **_UNREADABLE,
    },
}
"""What is refused of several customers, by status. An impossible record is answered in place."""
