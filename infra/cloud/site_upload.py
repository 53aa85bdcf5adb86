"""The site into its bucket, in an order in which nobody is ever served half of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.cloud.errors import NotDeleted
from infra.site.build import SiteFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_AT_ONCE: Final = 1_000
"""S3 deletes at most so many objects in one request."""


@dataclass(frozen=True)
class Uploaded:
    """What an upload did."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def upload(s3: "S3Client", bucket: str, files: Sequence[SiteFile]) -> Uploaded:
    """Publish the files in their order, then remove what is no longer one of them.

    What never changes and is there already is not sent again. If it fails midway, the old pages
    still have all of their files: done again, it goes on.
    """
    there = set(_keys(s3, bucket))
    written = []
    for file in files:
        if file.immutable and file.key in there:
            continue
        s3.put_object(
            Bucket=bucket,
            Key=file.key,
            Body=file.body,
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
        written.append(file.key)
    stale = sorted(there - {file.key for file in files})
    for start in range(0, len(stale), _AT_ONCE):
        _delete(s3, bucket, [{"Key": key} for key in stale[start : start + _AT_ONCE]])
    return Uploaded(tuple(written), tuple(stale))


def empty(s3: "S3Client", bucket: str) -> int:
    """Delete every version of every object; how many there were."""
    deleted = 0
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        _delete(
            s3, bucket, [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        )
        deleted += len(found)
    return deleted


def _delete(s3: "S3Client", bucket: str, objects: list["ObjectIdentifierTypeDef"]) -> None:
    if not objects:
        return
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if answer.get("Errors"):
        first = answer["Errors"][0]
        raise NotDeleted(
            f"{bucket}: {len(answer['Errors'])} objects cannot be deleted, the first of them"
            f" {first.get('Key')} ({first.get('Message')})"
        )


def _keys(s3: "S3Client", bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            yield found["Key"]
