"""The file to be scored as a version of an object of S3."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from foretell.batch.runs import SourceFile
from foretell.batch.storage import refused
from foretell.batch.storage.fetching import ahead, fetched_range
from foretell.batch.storage.source import BLOCK, copy, ranges
from foretell.problems import UnscorableFile
from foretell.registry import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

_TAG: Final = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
"""Of S3's objects; a version id has other letters, too."""

_UNVERSIONED: Final = "null"
"""The version id of whatever was put while a bucket kept no versions."""

_DELETED: Final = "was deleted before it was read to its end: drop it again"
_LOST: Final = {
    "PreconditionFailed": (
        "was replaced while it was being read: the newer file has a run of its own"
    ),
    "NoSuchKey": _DELETED,
    "NoSuchVersion": _DELETED,
    "404": _DELETED,
    "InvalidObjectState": "is archived: restore it, and drop a copy",
}


@dataclass(frozen=True)
class S3Source:
    """A version of an object."""

    client: "S3Client"
    source: SourceFile
    block: int = BLOCK

    @property
    def name(self) -> str:
        """Its address."""
        return f"s3://{self.source.bucket}/{self.source.key}"

    @property
    def size(self) -> int:
        """Bytes."""
        return self.source.size

    def blocks(self, first: int = 0, after: int | None = None) -> Generator[bytes, None, None]:
        """As `Source.blocks`; the next two are fetched in threads, until the iterator is closed."""
        each = ranges(self.size, self.block, first, after)
        return ahead(partial(self._fetch, start, end) for start, end in each)

    def read(self, first: int, after: int) -> bytes:
        """As `Source.read`."""
        after = min(after, self.size)
        if after - first > self.block:
            return b"".join(self.blocks(first, after))
        return self._fetch(first, after, Event()) if first < after else b""

    def download(self, target: Path) -> None:
        """As `Source.download`."""
        copy(self, target)

    def _fetch(self, first: int, after: int, stop: Event) -> bytes:
        with refused.by_s3(self.name), _lost(self.name):
            return fetched_range(self.client, self._request(), first, after, stop)

    def _request(self) -> "GetObjectRequestTypeDef":
        request: GetObjectRequestTypeDef = {"Bucket": self.source.bucket, "Key": self.source.key}
        if _TAG.fullmatch(self.source.version):
            return {**request, "IfMatch": f'"{self.source.version}"'}
        return {**request, "VersionId": self.source.version}


def connect() -> "S3Client":
    """A client whose environment names endpoint, region and credentials.

    Raises:
        StorageUnreachable: boto3 has no usable region.
    """
    # boto3 takes half a second to import; only what moves files needs it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=2,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=16,
    )
    with refused.by_s3("S3"):
        return boto3.client("s3", config=config)


def look_up(client: "S3Client", bucket: str, key: str) -> SourceFile:
    """An object as it is now.

    Raises:
        UnscorableFile: there is none.
        StorageUnreachable: S3 does not answer, or refuses.
    """
    name = f"s3://{bucket}/{key}"
    with refused.by_s3(name), _lost(name):
        found = client.head_object(Bucket=bucket, Key=key)
    version = version_of(found.get("VersionId"), found["ETag"])
    return SourceFile(bucket=bucket, key=key, version=version, size=found["ContentLength"])


def version_of(version_id: str | None, tag: str) -> str:
    """What S3 says of an object, in an answer or an event, as SourceFile.version."""
    if version_id and version_id != _UNVERSIONED:
        return version_id
    return tag.strip('"')


@contextmanager
def _lost(name: str) -> Iterator[None]:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as boto3

    try:
        yield
    except ClientError as error:
        if reason := _LOST.get(error_code(error)):
            raise UnscorableFile(f"{name} {reason}") from error
        raise
