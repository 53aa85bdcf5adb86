"""Ranges of S3's objects: fetched before they are needed, and again where an answer breaks off."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Final

from foretell.batch.storage.results import Stored
from foretell.problems import StorageUnreachable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

PAUSES_SECONDS: Final = [0.25, 0.5, 1.0]
"""Before an object is asked for again; botocore tries requests again, but not broken answers."""

_AHEAD: Final = 2

Fetch = Callable[[Event], bytes]
"""What fetches a block, unless the event says that nobody waits for it any more."""


def fetched(
    client: "S3Client", request: "GetObjectRequestTypeDef", stop: Event | None = None
) -> Stored:
    """What S3 answers to a GET, whole.

    Raises:
        ClientError, BotoCoreError, urllib3's HTTPError: as boto3.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as boto3
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as boto3

    stop = stop or Event()
    for pause in [*PAUSES_SECONDS, None]:
        answer = client.get_object(**request)
        try:
            return Stored(answer["Body"].read(), answer.get("ETag", ""))
        except (BotoCoreError, HTTPError):
            if pause is None or stop.wait(pause):
                raise
    raise AssertionError  # the last attempt returns or raises


def fetched_range(
    client: "S3Client",
    request: "GetObjectRequestTypeDef",
    first: int,
    after: int,
    stop: Event | None = None,
) -> bytes:
    """The bytes [first, after) of an object, of which there is at least one.

    Raises:
        StorageUnreachable: the answer has another length.
        ClientError, BotoCoreError, urllib3's HTTPError: as boto3.
    """
    body = fetched(client, {**request, "Range": f"bytes={first}-{after - 1}"}, stop).body
    if len(body) != after - first:
        raise StorageUnreachable(
            f"s3://{request['Bucket']}/{request['Key']}: S3 sent {len(body):,} bytes where"
            f" {after - first:,} were asked for"
        )
    return body


def ahead(fetches: Iterable[Fetch]) -> Generator[bytes, None, None]:
    """The blocks in order, the next two of which are fetched while the caller has one.

    The threads end with the iterator, if need be after what they are just reading.
    """
    stop = Event()
    pool = ThreadPoolExecutor(_AHEAD, thread_name_prefix="foretell-fetch")
    pending: deque[Future[bytes]] = deque()
    try:
        for fetch in fetches:
            pending.append(pool.submit(fetch, stop))
            if len(pending) > _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
