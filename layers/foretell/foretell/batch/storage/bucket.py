"""The results of a run in a bucket of S3."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from os.path import commonprefix
from typing import TYPE_CHECKING, Final

from foretell.batch.storage import refused
from foretell.batch.storage.assembly import Assembly, Part
from foretell.batch.storage.fetching import fetched
from foretell.batch.storage.multipart import PartSizes, Target
from foretell.batch.storage.output import S3Output
from foretell.batch.storage.results import ANYTHING, JSON, NOTHING, Expected, Stored
from foretell.problems import StorageUnreachable
from foretell.registry import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_REFUSED_BY_CONDITION: Final = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""The last where there is no object to have a tag."""

_REMOVED_AT_ONCE: Final = 1_000
"""S3 takes no more."""


@dataclass(frozen=True)
class S3Results:
    """Objects whose keys begin with `prefix`, such as runs/<run id>/."""

    client: "S3Client"
    bucket: str
    prefix: str
    sizes: PartSizes = field(default_factory=PartSizes)

    def create(self, name: str, content_type: str) -> S3Output:
        """As `Results.create`."""
        return S3Output(self._target(name, content_type), self.sizes)

    def get(self, name: str) -> Stored | None:
        """As `Results.get`."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as boto3

        key = self._key(name)
        with refused.by_s3(self._address(name)):
            try:
                return fetched(self.client, {"Bucket": self.bucket, "Key": key})
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise

    def put(
        self, name: str, body: bytes, content_type: str, expected: str | Expected = ANYTHING
    ) -> str | None:
        """As `Results.put`."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as boto3

        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": self._key(name),
            "Body": body,
            "ContentType": content_type,
        }
        if expected is NOTHING:
            request["IfNoneMatch"] = "*"
        elif isinstance(expected, str):
            request["IfMatch"] = expected
        with refused.by_s3(self._address(name)):
            try:
                return self.client.put_object(**request)["ETag"]
            except ClientError as error:
                if expected is not ANYTHING and error_code(error) in _REFUSED_BY_CONDITION:
                    return None
                raise

    def remove(self, names: Iterable[str]) -> None:
        """As `Results.remove`."""
        left = iter(names)
        while some := list(islice(left, _REMOVED_AT_ONCE)):
            self._remove(some)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """As `Results.names`."""
        return tuple(sorted(self._stored(prefix)))

    def assemble(
        self, name: str, parts: Sequence[str], head: bytes = b"", content_type: str = JSON
    ) -> None:
        """As `Results.assemble`; S3 copies, and little of it passes through here."""
        # A prefix ends at any character, as S3's do.
        stored = self._stored(commonprefix(parts)) if parts else {}  # noqa: RUF071
        if missing := next((part for part in parts if part not in stored), None):
            raise StorageUnreachable(
                f"{self._address(missing)} is missing, and with it a part of {name}: run the file"
                " again"
            )
        found = [Part(self._key(part), stored[part]) for part in parts]
        Assembly(self._target(name, content_type), head, found, self.sizes).run()

    def _remove(self, names: Sequence[str]) -> None:
        place = self._address(names[0])
        with refused.by_s3(place):
            answer = self.client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": self._key(name)} for name in names], "Quiet": True},
            )
        if errors := answer.get("Errors"):
            raise StorageUnreachable(
                f"S3 refused to remove {len(errors):,} objects such as {place}"
                f" ({errors[0].get('Code', 'unknown')})"
            )

    def _stored(self, prefix: str) -> dict[str, int]:
        with refused.by_s3(self._address(prefix)):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._key(prefix)
            )
            return {
                item["Key"].removeprefix(self.prefix): item["Size"]
                for page in pages
                for item in page.get("Contents", ())
            }

    def _target(self, name: str, content_type: str) -> Target:
        return Target(self.client, self.bucket, self._key(name), content_type)

    def _key(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def _address(self, name: str) -> str:
        return f"s3://{self.bucket}/{self._key(name)}"
