"""AWS Signature Version 4 of a GET.

Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header (AWS Signature
Version 4)" and "Signature Calculations for the Authorization Header: Transferring Payload in a
Single Chunk (AWS Signature Version 4)"; the names of the steps are from there.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from foretell.s3.credentials import Credentials

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_EMPTY_PAYLOAD: Final = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Get:
    """What is asked for."""

    host: str
    path: str
    """Encoded (`encoded_path`)."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


def encoded_path(path: str) -> str:
    """A path as it is sent and signed: all but unreserved characters and slashes as %XX."""
    return quote(path, safe="/")


def signed_headers(get: Get, credentials: Credentials, region: str, at: datetime) -> dict[str, str]:
    """The headers to send, all of them signed; `at` is the time in UTC."""
    time = f"{at:%Y%m%dT%H%M%SZ}"
    headers = {
        **get.headers,
        "host": get.host,
        "x-amz-content-sha256": _EMPTY_PAYLOAD,
        "x-amz-date": time,
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    to_sign = _string_to_sign(_canonical_request(get.path, headers, names), time, scope)
    signature = _mac(_signing_key(credentials.secret_key, scope), to_sign).hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return headers


def _canonical_request(path: str, headers: Mapping[str, str], names: list[str]) -> str:
    lines = [f"{name}:{headers[name].strip()}" for name in names]
    no_query = ""
    return "\n".join(["GET", path, no_query, *lines, "", ";".join(names), _EMPTY_PAYLOAD])


def _string_to_sign(canonical_request: str, time: str, scope: str) -> str:
    digest = sha256(canonical_request.encode()).hexdigest()
    return "\n".join([_ALGORITHM, time, scope, digest])


def _signing_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
