"""Objects of S3 that go up or are copied in parts, and that nobody sees before they are whole."""

from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final

from foretell.batch.storage import refused
from foretell.problems import StorageUnreachable
from foretell.registry import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        CopyPartResultTypeDef,
        UploadPartCopyRequestTypeDef,
        UploadPartOutputTypeDef,
    )

_OF_ONE_SIZE: Final = 1_000
_CHECKSUM: Final = "CRC32"


@dataclass(frozen=True)
class PartSizes:
    """Bytes of the parts of objects; S3 takes 10,000 parts, of 5 MiB to 5 GiB except the last."""

    least: int = 5 << 20
    """Of a part that is not the last."""
    sent: int = 8 << 20
    """Of the first parts that are sent."""
    copied: int = 1 << 30
    """At most, of a part that S3 copies; more would take it a while."""

    def sent_as(self, number: int) -> int:
        """Of a part that is sent, from 1: doubled after each thousand, so that all hold 5 TB."""
        return self.sent << (number - 1) // _OF_ONE_SIZE


@dataclass(frozen=True)
class Target:
    """An object to be written."""

    client: "S3Client"
    bucket: str
    key: str
    content_type: str

    @property
    def name(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"

    def put(self, body: bytes | BinaryIO, size: int) -> None:
        """Write all of it, which is that many bytes, at once.

        Raises:
            StorageUnreachable: S3 does not answer, or refuses.
        """
        with refused.by_s3(self.name):
            self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=body, ContentType=self.content_type
            )
        self.require(size)

    def require(self, size: int) -> None:
        """Look whether what is there has that many bytes.

        Raises:
            StorageUnreachable: it has not; or S3 does not answer, or refuses.
        """
        with refused.by_s3(self.name):
            found = self.client.head_object(Bucket=self.bucket, Key=self.key)["ContentLength"]
        if found != size:
            raise StorageUnreachable(
                f"{self.name} has {found:,} bytes where {size:,} were written: try again"
            )


class Upload:
    """A multipart upload, whose parts may come in any order and from several threads.

    All but `abort` raise StorageUnreachable where S3 does not answer, or refuses.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._parts: dict[int, CompletedPartTypeDef] = {}
        self._lock = Lock()
        with refused.by_s3(target.name):
            self._id = target.client.create_multipart_upload(
                Bucket=target.bucket,
                Key=target.key,
                ContentType=target.content_type,
                ChecksumAlgorithm=_CHECKSUM,
            )["UploadId"]

    def put(self, number: int, body: bytes | BinaryIO) -> None:
        """Send a part."""
        with refused.by_s3(self._target.name):
            stored = self._target.client.upload_part(
                Bucket=self._target.bucket,
                Key=self._target.key,
                UploadId=self._id,
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm=_CHECKSUM,
            )
        self._add(number, stored)

    def copy(self, number: int, key: str, between: tuple[int, int] | None) -> None:
        """Let S3 take a part from another object of the bucket: the bytes [first, after) or all.

        A range can be taken only of an object of more than 5 MiB.
        """
        request: UploadPartCopyRequestTypeDef = {
            "Bucket": self._target.bucket,
            "Key": self._target.key,
            "UploadId": self._id,
            "PartNumber": number,
            "CopySource": {"Bucket": self._target.bucket, "Key": key},
        }
        if between is not None:
            request["CopySourceRange"] = f"bytes={between[0]}-{between[1] - 1}"
        with refused.by_s3(f"s3://{self._target.bucket}/{key}"):
            stored = self._target.client.upload_part_copy(**request)
        self._add(number, stored["CopyPartResult"])

    def complete(self, size: int) -> None:
        """Let the object appear, which must have that many bytes."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as boto3

        parts = [self._parts[number] for number in sorted(self._parts)]
        with refused.by_s3(self._target.name):
            try:
                self._target.client.complete_multipart_upload(
                    Bucket=self._target.bucket,
                    Key=self._target.key,
                    UploadId=self._id,
                    MultipartUpload={"Parts": parts},
                    MpuObjectSize=size,
                )
            except ClientError as error:
                # It is complete already where an answer was lost and botocore asked again.
                if error_code(error) != "NoSuchUpload":
                    raise
        self._target.require(size)

    def abort(self) -> None:
        """Let S3 forget the parts, if it can be told so."""
        # What is left is for the bucket's rule on uploads that were never completed.
        with suppress(StorageUnreachable), refused.by_s3(self._target.name):
            self._target.client.abort_multipart_upload(
                Bucket=self._target.bucket, Key=self._target.key, UploadId=self._id
            )

    def _add(self, number: int, stored: "UploadPartOutputTypeDef | CopyPartResultTypeDef") -> None:
        part: CompletedPartTypeDef = {"PartNumber": number, "ETag": stored["ETag"]}
        # S3 wants to hear the checksums that it told.
        if checksum := stored.get("ChecksumCRC32"):
            part["ChecksumCRC32"] = checksum
        with self._lock:
            self._parts[number] = part
