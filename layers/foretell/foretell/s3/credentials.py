"""Who asks: the credentials that Lambda gives a function, or that a developer has set up.

"Container credential provider" of the AWS SDKs and Tools Reference Guide is how Lambda gives them
to a function that it restores from a snapshot.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from foretell.problems import RegistryUnreachable

_ENDPOINT: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_ENDPOINT_SECONDS: Final = 1.0
_EARLY_SECONDS: Final = 60.0
"""What is about to expire is not used any more."""

_BOTO3_SECONDS: Final = 60.0
"""boto3's own search takes long, and may ask a person's profile or AWS itself."""


@dataclass(frozen=True)
class Credentials:
    """What a request is signed with; only `access_key` may ever be seen."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    use_until: float = 0.0
    """In seconds of Unix time; by default they are looked up each time."""


def find() -> Credentials:
    """From the environment, the container's endpoint, or wherever boto3 finds them.

    Raises:
        RegistryUnreachable: there are none, or their source fails.
    """
    found = _from_environment() or _from_container() or _from_boto3()
    if found is None:
        raise RegistryUnreachable(
            "there are no credentials to read S3 with: give the function a role, or set"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return found


def _from_environment() -> Credentials | None:
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)


def _from_container() -> Credentials | None:
    address = os.environ.get(_ENDPOINT)
    if not address:
        return None
    try:
        return _parse(_ask(_trusted(address)))
    # What these say may quote the token, or the answer.
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        raise RegistryUnreachable(
            f"the endpoint in {_ENDPOINT} gives no credentials ({type(error).__name__})"
        ) from None


def _trusted(address: str) -> SplitResult:
    url = urlsplit(address)
    if url.scheme == "https" or (url.scheme == "http" and _on_this_machine(url.hostname or "")):
        return url
    raise RegistryUnreachable(
        f"{_ENDPOINT} must be an https address, or one of this machine: secrets come from there"
    )


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_link_local


def _ask(url: SplitResult) -> bytes:
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    with closing(kind(url.netloc, timeout=_ENDPOINT_SECONDS)) as connection:
        connection.request("GET", path, headers=_authorization())
        answer = connection.getresponse()
        if answer.status != 200:  # noqa: PLR2004
            raise HTTPException
        return answer.read()


def _authorization() -> Mapping[str, str]:
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    token = (
        Path(file).read_text().strip()
        if file
        else os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    )
    return {"Authorization": token} if token else {}


def _parse(answer: bytes) -> Credentials:
    told: Mapping[str, str] = json.loads(answer)
    found = Credentials(told["AccessKeyId"], told["SecretAccessKey"], told.get("Token"))
    if "Expiration" not in told:
        return found
    expires = datetime.fromisoformat(told["Expiration"]).timestamp()
    return replace(found, use_until=expires - _EARLY_SECONDS)


def _from_boto3() -> Credentials | None:
    """A profile, a sign-on, the role of a machine: not what functions have, and slow to import."""
    try:
        import boto3  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    try:
        found = boto3.Session().get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise RegistryUnreachable(
            f"the credentials for S3 cannot be had ({type(error).__name__}): sign in again, or"
            " set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    if not frozen.access_key or not frozen.secret_key:
        return None
    use_until = time.time() + _BOTO3_SECONDS
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token, use_until)
