"""What boto3 and the disk raise, as the errors of batch scoring."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretell.problems import StorageUnreachable
from foretell.registry import error_code
from foretell.s3 import failures


@contextmanager
def by_s3(place: str) -> Iterator[None]:
    """Around requests for `place`, which messages name.

    Raises:
        StorageUnreachable: S3 does not answer, or refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise StorageUnreachable(failures.refusal(place, error_code(error))) from error
    except (BotoCoreError, HTTPError) as error:
        raise StorageUnreachable(failures.no_answer(place, error)) from error


@contextmanager
def by_disk(place: Path) -> Iterator[None]:
    """Around reading and writing of `place`, which messages name.

    Raises:
        StorageUnreachable: it cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        raise StorageUnreachable(
            f"{place} cannot be used ({error.strerror}): check that it may be read and written,"
            " and that the disk has room"
        ) from error
