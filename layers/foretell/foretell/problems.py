"""What can go wrong, and what the caller is told: typed errors, and one table to HTTP.

Answers are problem documents (RFC 9457). They name the field or setting and what to do; they
never repeat what the customer record held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from foretell.contract import Fault

MEDIA_TYPE = "application/problem+json"
MAX_TOLD = 20
"""Names of faulty fields in the one line that sums them up; the list has all."""

_LONGEST_NAME = 64


class Problem(BaseModel):
    """What every refusal and failure is answered with."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="urn:foretell:problem: and the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status once more.")
    detail: str = Field(description="What happened here, and what to do.")
    errors: tuple[Fault, ...] | None = Field(
        default=None, description="Every faulty field of the request."
    )


class RegistryError(Exception):
    """No usable model can be had from the registry; the message says why and what to do."""


class RegistryNotConfigured(RegistryError):
    """The address of the registry is missing or is not an S3 address."""


class RegistryUnreachable(RegistryError):
    """S3 cannot be reached, or refuses access."""


class NoLiveVersion(RegistryError):
    """No version was ever promoted."""


class VersionNotFound(RegistryError):
    """A version, or one of its files, does not exist."""


class DigestMismatch(RegistryError):
    """Stored bytes are not the bytes that were published."""


class IncompatibleVersion(RegistryError):
    """A version that this runtime cannot serve."""


class BatchError(Exception):
    """A file cannot be scored; the message says why and what to do."""


class UnscorableFile(BatchError):
    """Nothing in this file can be scored, however often it is tried."""


class StorageUnreachable(BatchError):
    """The buckets of files and results cannot be reached, or refuse access; it may pass."""


class RowsLost(BatchError):
    """What was read of a file and what was written of it do not add up."""


class RunNotFound(BatchError):
    """There is no run of that id."""


class RequestError(Exception):
    """A request that cannot be answered; the message says what to mend."""


class UnsupportedMediaType(RequestError):
    """The body of a request is not announced as JSON."""


class BodyTooLarge(RequestError):
    """There is more in a request than is read."""


class CardNotFound(RequestError):
    """There is no such model card."""


class MalformedBody(RequestError):
    """The body of a request is no JSON value."""


class InvalidRequest(RequestError):
    """Fields of a request do not hold what they must; `faults` names all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        names = ", ".join(fault.field for fault in faults[:MAX_TOLD])
        super().__init__(f"mend and send again: {names}")
        self.faults = tuple(faults)


@dataclass(frozen=True)
class ProblemKind:
    """One row of the error table."""

    slug: str
    title: str
    status: HTTPStatus


INTERNAL = ProblemKind(
    "internal", "The request failed for an internal reason", HTTPStatus.INTERNAL_SERVER_ERROR
)

BY_STATUS: Mapping[int, ProblemKind] = {
    404: ProblemKind("not-found", "Nothing is served there", HTTPStatus.NOT_FOUND),
    405: ProblemKind(
        "method-not-allowed", "That method is not served there", HTTPStatus.METHOD_NOT_ALLOWED
    ),
}
"""What the framework itself refuses."""

TABLE: Mapping[type[Exception], ProblemKind] = {
    RegistryNotConfigured: ProblemKind(
        "registry-not-configured", "No registry is configured", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    RegistryUnreachable: ProblemKind(
        "registry-unreachable", "The registry cannot be reached", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    NoLiveVersion: ProblemKind(
        "no-live-version", "No model is in service", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    VersionNotFound: ProblemKind(
        "version-not-found", "The live model is missing", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    DigestMismatch: ProblemKind(
        "digest-mismatch", "The model is damaged", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    IncompatibleVersion: ProblemKind(
        "incompatible-version",
        "The live model does not fit this runtime",
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    UnscorableFile: ProblemKind(
        "unscorable-file", "The file cannot be scored", HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    StorageUnreachable: ProblemKind(
        "storage-unreachable", "Files and results cannot be reached", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    RowsLost: ProblemKind(
        "rows-lost", "The rows of the file do not add up", HTTPStatus.INTERNAL_SERVER_ERROR
    ),
    RunNotFound: ProblemKind("run-not-found", "There is no such run", HTTPStatus.NOT_FOUND),
    CardNotFound: ProblemKind(
        "card-not-found", "There is no such model card", HTTPStatus.NOT_FOUND
    ),
    UnsupportedMediaType: ProblemKind(
        "unsupported-media-type", "The body must be JSON", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    ),
    BodyTooLarge: ProblemKind(
        "content-too-large", "The request is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    ),
    MalformedBody: ProblemKind(
        "malformed-body", "The body cannot be read", HTTPStatus.UNPROCESSABLE_ENTITY
    ),
    InvalidRequest: ProblemKind(
        "invalid-record", "The request is not valid", HTTPStatus.UNPROCESSABLE_ENTITY
    ),
}


def document(kind: ProblemKind, detail: str, faults: Sequence[Fault] = ()) -> Problem:
    """What a caller is told."""
    return Problem(
        type=f"urn:foretell:problem:{kind.slug}",
        title=kind.title,
        status=kind.status.value,
        detail=detail,
        errors=tuple(faults) or None,
    )


def faults(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Every faulty field with its reason, from pydantic's errors.

    Only the rule is told, not the value that broke it.
    """
    return tuple(fault(error["loc"], error["msg"]) for error in errors)


def fault(location: Sequence[str | int], reason: str) -> Fault:
    """What is wrong with a field, under the name the caller wrote (cut where it is endless)."""
    name = ".".join(str(part) for part in location) if location else "body"
    # A name may be any text; half of a character would make the answer unreadable.
    readable = name[:_LONGEST_NAME].encode(errors="replace").decode()
    return Fault(field=readable, reason=reason)
