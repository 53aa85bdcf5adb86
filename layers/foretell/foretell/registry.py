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
from typing import TYPE_CHECKING, Final, Self

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


@dataclass(frozen=True)
class Registry:
    """Reads versions; holds the S3 client it reads them with."""

    address: RegistryAddress
    s3: "S3Client"

    def live(self, unless: str | None = None) -> PointerRead | None:
        """The pointer, or None if it still has the tag `unless`.

        Raises:
            NoLiveVersion: nothing was ever promoted.
            RegistryUnreachable: S3 does not answer, or refuses.
            IncompatibleVersion: the pointer is not one this runtime reads.
        """
        condition = {"IfNoneMatch": unless} if unless else {}
        with translated_errors(self.address):
            try:
                answer = self.s3.get_object(
                    Bucket=self.address.bucket,
                    Key=self.address.pointer,
                    **condition,  # type: ignore[arg-type]
                )
                body = answer["Body"].read()
            except self.s3.exceptions.ClientError as error:
                if error_code(error) in {"304", "NotModified"}:
                    return None
                if error_code(error) == "NoSuchKey":
                    raise NoLiveVersion(
                        f"no version was promoted in {self.address}: run `foretell train`"
                    ) from error
                raise
        return PointerRead(_parse_pointer(body, self.address), answer["ETag"])

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
        """Ids of the complete versions, oldest data first."""
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
        with translated_errors(self.address):
            try:
                return self.s3.get_object(
                    Bucket=self.address.bucket, Key=self.address.file(version, name)
                )["Body"].read()
            except self.s3.exceptions.NoSuchKey as error:
                raise VersionNotFound(
                    f"version {version} has no {name} in {self.address}: promote another version"
                ) from error


def connect(address: RegistryAddress) -> Registry:
    """A registry read through boto3, whose environment names endpoint, region and credentials.

    Raises:
        RegistryUnreachable: boto3 has no usable region.
    """
    # boto3 takes as long to import as everything else together; tests and tools may never need it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    with translated_errors(address):
        return Registry(address, boto3.client("s3", config=config))


def from_environment() -> Registry:
    """The registry that the environment variable FORETELL_REGISTRY names.

    Raises:
        RegistryNotConfigured: it is not set, or not an S3 address.
    """
    text = os.environ.get(environment.REGISTRY)
    if not text:
        raise RegistryNotConfigured(
            f"set {environment.REGISTRY} to the registry's address, such as s3://bucket/prefix"
        )
    return connect(RegistryAddress.parse(text))


@contextmanager
def translated_errors(address: RegistryAddress) -> Iterator[None]:
    """What boto3 raises, as the registry's own errors."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as boto3

    try:
        yield
    except ClientError as error:
        raise RegistryUnreachable(_refusal(address, error_code(error))) from error
    except BotoCoreError as error:
        raise RegistryUnreachable(
            f"{address} cannot be reached ({type(error).__name__}): check the network, the"
            " credentials, the region and AWS_ENDPOINT_URL_S3"
        ) from error


def error_code(error: Exception) -> str:
    """S3's code of a refused request."""
    response: dict[str, dict[str, str]] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code", "unknown")


def _refusal(address: RegistryAddress, code: str) -> str:
    if code == "NoSuchBucket":
        return f"the bucket of {address} does not exist: create it, or check the address"
    if code in {"AccessDenied", "403"}:
        return (
            f"access to {address} is denied: check the credentials and the bucket's policy"
            " (without s3:ListBucket a missing object is answered so, too)"
        )
    return f"S3 refused a request for {address} ({code})"


def _parse_pointer(content: bytes, address: RegistryAddress) -> Pointer:
    try:
        return Pointer.model_validate_json(content)
    except ValueError as error:
        raise IncompatibleVersion(
            f"{address.pointer} in {address} is not a pointer this runtime reads: promote again"
        ) from error
