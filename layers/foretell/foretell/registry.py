"""Read side of the model registry in S3.

    <prefix>/models/production.json          the pointer: which version is live
    <prefix>/models/<version>/manifest.json  written last: a version that has one is complete
    <prefix>/models/<version>/<file>

Versions never change. Nothing is handed out before its digest was verified.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from foretell import environment
from foretell import manifest as manifests
from foretell.manifest import Manifest, Pointer
from foretell.problems import (
    DigestMismatch,
    IncompatibleVersion,
    NoLiveVersion,
    RegistryNotConfigured,
    RegistryUnreachable,
    VersionNotFound,
)
from foretell.s3 import Fetched, ObjectNotFound, ObjectReader, Patience, failures

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ADDRESS: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>.*))?")


@dataclass(frozen=True)
class RegistryAddress:
    """Where a registry lives."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From s3://bucket or s3://bucket/prefix.

        Raises:
            RegistryNotConfigured: the text is not an S3 address.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise RegistryNotConfigured(
                f"{text!r} is not a registry: give an S3 address such as s3://bucket/prefix"
            )
        return cls(match["bucket"], (match["prefix"] or "").strip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def models(self) -> str:
        """Prefix of everything in the registry."""
        return f"{self.prefix}/models/".lstrip("/")

    @property
    def pointer(self) -> str:
        """Key of the pointer."""
        return f"{self.models}production.json"

    def manifest(self, version: str) -> str:
        """Key of a version's manifest."""
        return self.file(version, "manifest.json")

    def file(self, version: str, name: str) -> str:
        """Key of a version's file."""
        return f"{self.models}{version}/{name}"


@dataclass(frozen=True)
class PointerRead:
    """The pointer as it stood, and the tag that tells whether it still does."""

    pointer: Pointer
    etag: str


class Objects(Protocol):
    """Where the objects of a registry are read."""

    def get(self, key: str, unless: str | None = None) -> Fetched | None:
        """An object, or None if it still has the tag `unless`.

        Raises:
            ObjectNotFound: there is none under that key.
            RegistryUnreachable: S3 does not answer, or refuses.
        """
        ...


@dataclass(frozen=True)
class ThroughBoto3:
    """Objects read with boto3, by whoever needs more of S3 than that."""

    address: RegistryAddress
    s3: "S3Client"

    def get(self, key: str, unless: str | None = None) -> Fetched | None:
        """As `Objects.get`."""
        condition = {"IfNoneMatch": unless} if unless else {}
        with translated_errors(self.address):
            try:
                answer = self.s3.get_object(
                    Bucket=self.address.bucket,
                    Key=key,
                    **condition,  # type: ignore[arg-type]
                )
                return Fetched(answer["Body"].read(), answer.get("ETag", ""))
            except self.s3.exceptions.ClientError as error:
                if error_code(error) in {"304", "NotModified"}:
                    return None
                if error_code(error) == "NoSuchKey":
                    raise ObjectNotFound(key) from error
                raise


@dataclass(frozen=True)
class Registry:
    """Reads versions."""

    address: RegistryAddress
    objects: Objects

    @property
    def s3(self) -> "S3Client":
        """The boto3 client of a registry that was opened with `connect`.

        Raises:
            RegistryNotConfigured: it was opened to be read only.
        """
        if not isinstance(self.objects, ThroughBoto3):
            raise RegistryNotConfigured(
                f"{self.address} was opened to read single objects: open it with registry.connect"
                " to list or to write"
            )
        return self.objects.s3

    def live(self, unless: str | None = None) -> PointerRead | None:
        """The pointer, or None if it still has the tag `unless`.

        Raises:
            NoLiveVersion: nothing was ever promoted.
            RegistryUnreachable: S3 does not answer, or refuses.
            IncompatibleVersion: the pointer is not one this runtime reads.
        """
        try:
            found = self.objects.get(self.address.pointer, unless)
        except ObjectNotFound as error:
            raise NoLiveVersion(
                f"no version was promoted in {self.address}: run `foretell train`"
            ) from error
        if found is None:
            return None
        return PointerRead(_parse_pointer(found.body, self.address), found.etag)

    def manifest(self, version: str) -> Manifest:
        """The verified manifest of a version.

        Raises:
            VersionNotFound, DigestMismatch, IncompatibleVersion, RegistryUnreachable
        """
        if not manifests.VERSION_PATTERN.fullmatch(version):
            raise VersionNotFound(
                f"{version!r} is not the id of a version: see `foretell versions`"
            )
        return manifests.parse(version, self._read(version, "manifest.json"))

    def file(self, version: str, name: str, manifest: Manifest) -> bytes:
        """The verified bytes of one of a version's files.

        Raises:
            VersionNotFound, DigestMismatch, RegistryUnreachable
        """
        entry = manifest.files.get(name)
        if entry is None:
            raise VersionNotFound(f"version {version} has no {name}: promote another version")
        content = self._read(version, name)
        if len(content) != entry.size or manifests.sha256(content) != entry.sha256:
            raise DigestMismatch(
                f"{name} of version {version} is not the file that was published"
                f" ({len(content)} bytes, expected {entry.size}): promote another version"
            )
        return content

    def versions(self) -> tuple[str, ...]:
        """Ids of the complete versions, oldest data first.

        Raises:
            RegistryNotConfigured: the registry was opened to be read only.
            RegistryUnreachable: S3 does not answer, or refuses.
        """
        with translated_errors(self.address):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.address.bucket, Prefix=self.address.models
            )
            keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        ids = (key.removeprefix(self.address.models).partition("/") for key in keys)
        return tuple(
            sorted(
                version
                for version, _, name in ids
                if name == "manifest.json" and manifests.VERSION_PATTERN.fullmatch(version)
            )
        )

    def _read(self, version: str, name: str) -> bytes:
        try:
            found = self.objects.get(self.address.file(version, name))
        except ObjectNotFound as error:
            raise VersionNotFound(
                f"version {version} has no {name} in {self.address}: promote another version"
            ) from error
        assert found is not None  # noqa: S101 - no tag was sent
        return found.body


FOR_A_FUNCTION: Final = Patience(connect=1, read=3, attempts=2)
"""What a caller can wait for: a read that S3 leaves unanswered fails after 6 to 7 seconds.

S3 answers in tens of milliseconds, and a second attempt, over another connection, helps more than
a longer wait.
"""

FOR_A_COMMAND: Final = Patience(connect=2, read=10, attempts=3)
"""What a person can wait for. Files go up on lines far slower than Lambda's, and the wait for
S3's answer begins when the last bytes are with the system, not when they are sent."""


def connect(address: RegistryAddress) -> Registry:
    """A registry read through boto3, whose environment names endpoint, region and credentials.

    Raises:
        RegistryUnreachable: boto3 has no usable region.
    """
    # boto3 takes as long to import as everything else together; functions never need it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=FOR_A_COMMAND.connect,
        read_timeout=FOR_A_COMMAND.read,
        retries={"mode": "standard", "total_max_attempts": FOR_A_COMMAND.attempts},
    )
    with translated_errors(address):
        return Registry(address, ThroughBoto3(address, boto3.client("s3", config=config)))


def from_environment() -> Registry:
    """The registry that the environment variable FORETELL_REGISTRY names, for a function.

    It reads single objects, and without boto3.

    Raises:
        RegistryNotConfigured: it is not set, or not an S3 address.
        RegistryUnreachable: no region is set, or S3's endpoint is no address.
    """
    text = os.environ.get(environment.REGISTRY)
    if not text:
        raise RegistryNotConfigured(
            f"set {environment.REGISTRY} to the registry's address, such as s3://bucket/prefix"
        )
    address = RegistryAddress.parse(text)
    return Registry(address, ObjectReader(address.bucket, str(address), FOR_A_FUNCTION))


@contextmanager
def translated_errors(address: RegistryAddress) -> Iterator[None]:
    """What boto3 raises, as the registry's own errors."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as boto3
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise RegistryUnreachable(failures.refusal(str(address), error_code(error))) from error
    # While a body arrives, botocore translates timeouts and closed connections, but not what else
    # urllib3 may raise, such as an error of TLS.
    except (BotoCoreError, HTTPError) as error:
        raise RegistryUnreachable(failures.no_answer(str(address), error)) from error


def error_code(error: Exception) -> str:
    """S3's code of a refused request."""
    response: dict[str, dict[str, str]] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code", "unknown")


def _parse_pointer(content: bytes, address: RegistryAddress) -> Pointer:
    try:
        return Pointer.model_validate_json(content)
    except ValueError as error:
        raise IncompatibleVersion(
            f"{address.pointer} in {address} is not a pointer this runtime reads: promote again"
        ) from error
