"""The two buckets of the portfolio, and what S3 says when it does not do as it is asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from foretell import environment
from foretell.problems import StorageUnreachable
from foretell.registry import FOR_A_FUNCTION, error_code
from foretell.s3 import failures

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

AT_ONCE: Final = 10
"""Requests to S3 at the same time: as many connections as boto3 keeps."""


VALID: Final = timedelta(minutes=15)
"""How long what is signed here is good for."""


@dataclass(frozen=True)
class Buckets:
    """Where files are dropped and where results appear. Any number of threads may use it."""

    uploads: str
    results: str
    s3: "S3Client"

    def result(self, key: str) -> bytes | None:
        """An object of the results bucket; None where there is none.

        Raises:
            StorageUnreachable: S3 does not answer, or refuses.
        """
        with translated_errors(self.results):
            try:
                return self.s3.get_object(Bucket=self.results, Key=key)["Body"].read()
            except self.s3.exceptions.NoSuchKey:
                return None


def from_environment() -> Buckets:
    """The buckets that FORETELL_UPLOADS and FORETELL_RESULTS name.

    Raises:
        StorageUnreachable: one of them is not set, or boto3 has no usable region.
    """
    uploads, results = _set(environment.UPLOADS), _set(environment.RESULTS)
    # A third of a second, which the functions that predict are not to spend.
    import boto3  # noqa: PLC0415

    with translated_errors(uploads):
        # A session of its own: making clients from the shared one is not safe between threads.
        return Buckets(uploads, results, boto3.Session().client("s3", config=_config()))


def expiry(now: datetime) -> datetime:
    """Until when what is signed now is good for sure: S3 counts in whole seconds."""
    return now.replace(microsecond=0) + VALID


@contextmanager
def translated_errors(bucket: str) -> Iterator[None]:
    """What boto3 raises, as StorageUnreachable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as boto3
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    address = f"s3://{bucket}"
    try:
        yield
    except ClientError as error:
        raise StorageUnreachable(failures.refusal(address, error_code(error))) from error
    # urllib3's: see registry.translated_errors.
    except (BotoCoreError, HTTPError) as error:
        raise StorageUnreachable(failures.no_answer(address, error)) from error


def _set(variable: str) -> str:
    name = os.environ.get(variable)
    if not name:
        raise StorageUnreachable(f"set {variable} to the name of the bucket")
    return name


def _config() -> "Config":
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    elsewhere = any(map(os.environ.get, ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")))
    return Config(
        connect_timeout=FOR_A_FUNCTION.connect,
        read_timeout=FOR_A_FUNCTION.read,
        retries={"mode": "standard", "total_max_attempts": FOR_A_FUNCTION.attempts},
        # Otherwise boto3 signs for some regions as S3 did before 2014, and addresses all buckets
        # through us-east-1: a redirect that a browser does not follow with a form in its hands.
        signature_version="s3v4",
        s3={"addressing_style": "auto" if elsewhere else "virtual"},
    )
