"""What can go wrong, and what the caller is told: typed errors, and one table to HTTP.

Answers are problem documents (RFC 9457). They name the field or setting and what to do; they
never repeat what the customer record held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


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


class UnsupportedMediaType(Exception):
    """The body of a request is not JSON."""


@dataclass(frozen=True)
class ProblemKind:
    """One row of the error table."""

    slug: str
    title: str
    status: HTTPStatus


INVALID_RECORD = ProblemKind(
    "invalid-record", "The request is not valid", HTTPStatus.UNPROCESSABLE_ENTITY
)
INTERNAL = ProblemKind(
    "internal", "The prediction failed for an internal reason", HTTPStatus.INTERNAL_SERVER_ERROR
)

BY_STATUS: Mapping[int, ProblemKind] = {
    400: ProblemKind("malformed-body", "The body cannot be read", HTTPStatus.BAD_REQUEST),
    404: ProblemKind("not-found", "Nothing is served there", HTTPStatus.NOT_FOUND),
    405: ProblemKind(
        "method-not-allowed", "That method is not served there", HTTPStatus.METHOD_NOT_ALLOWED
    ),
    413: ProblemKind(
        "content-too-large", "The request is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
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
        "digest-mismatch", "The live model is damaged", HTTPStatus.SERVICE_UNAVAILABLE
    ),
    IncompatibleVersion: ProblemKind(
        "incompatible-version",
        "The live model does not fit this runtime",
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    UnsupportedMediaType: ProblemKind(
        "unsupported-media-type", "The body must be JSON", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    ),
}


def document(kind: ProblemKind, detail: str, **members: object) -> dict[str, object]:
    """A problem document with extension `members`."""
    return {
        "type": f"urn:foretell:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
        **members,
    }


def faulty_fields(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every faulty field of a request with its reason, from pydantic's errors.

    Only the rule is told, not the value that broke it.
    """
    return [{"field": _field(error["loc"]), "reason": error["msg"]} for error in errors]


def _field(location: Sequence[str | int]) -> str:
    """The name the caller wrote: pydantic's path without the leading 'body'."""
    return ".".join(str(part) for part in location if part != "body") or "body"
