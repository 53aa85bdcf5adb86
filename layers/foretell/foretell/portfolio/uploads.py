"""Leave to upload one file, to one key, for a quarter of an hour."""

import secrets
from datetime import datetime

from foretell.batch.runs import INCOMING
from foretell.portfolio import file_names
from foretell.portfolio.buckets import VALID, Buckets, expiry, translated_errors
from foretell.portfolio.documents import LARGEST, Upload, UploadRequest


def allow(buckets: Buckets, asked: UploadRequest, now: datetime) -> Upload:
    """A form that S3 takes once `asked` is what is sent: key, content type and size are signed.

    Raises:
        StorageUnreachable: there are no credentials to sign with.
    """
    key = key_for(asked.file_name, now)
    content_type = asked.content_type or _content_type(asked.file_name)
    at_most = asked.size or LARGEST
    with translated_errors(buckets.uploads):
        form = buckets.s3.generate_presigned_post(
            buckets.uploads,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[
                {"Content-Type": content_type},
                ["content-length-range", 1, at_most],
            ],
            ExpiresIn=int(VALID.total_seconds()),
        )
    return Upload(
        url=form["url"],
        fields=form["fields"],
        key=key,
        expires=expiry(now),
        at_most_bytes=at_most,
    )


def key_for(file_name: str, now: datetime) -> str:
    """A key that no other upload has, nor can guess; it ends in the file's name, cleaned."""
    return f"{INCOMING}{now:%Y-%m-%d}-{secrets.token_hex(8)}/{file_names.cleaned(file_name)}"


def _content_type(file_name: str) -> str:
    extension = file_names.extension(file_name)
    assert extension is not None  # noqa: S101 - the request was checked
    return file_names.CONTENT_TYPES[extension]
