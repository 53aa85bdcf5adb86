"""From a dropped file to the batch function: what S3, EventBridge and Lambda's queue do between.

Events are delivered at least once: what a stopped or killed platform left undone is found when it
starts again, by looking for files whose run has no final status.
"""

import json
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pydantic import ValidationError

from foretell.batch.runs import INCOMING, RUNS, STATUS, SourceFile, Status
from foretell.problems import BatchError, RegistryError
from infra.local.function import Event, Invoke
from infra.local.mirror import ObjectChange
from training import terminal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

UPLOADS: Final = "foretell-uploads"
"""The bucket in which files are dropped."""
RESULTS: Final = "foretell-results"
"""The bucket in which results appear."""

PAUSES: Final = (1.0, 2.0)
"""Seconds before each retry; Lambda waits a minute, then two."""

_PATIENCE: Final = 3.0  # seconds for the file in hand, when the platform stops
_ACCOUNT: Final = "123456789012"
_REGION: Final = "us-east-1"


class Delivery:
    """Hands the events of dropped files to the function, one after the other."""

    def __init__(
        self,
        handle: Invoke,
        failures: Path,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """Events may arrive at once; they are handled from `start` on.

        Args:
            handle: The function; what it raises is retried.
            failures: The file that events go to, a line of JSON each, when retries did not help.
            pauses: Seconds before each retry.
        """
        self._handle = handle
        self._failures = failures
        self._pauses = pauses
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._work, name="delivery", daemon=True)

    def dropped(self, change: ObjectChange) -> None:
        """Take note of a change in the object store; most are no dropped file."""
        if _is_dropped_file(change):
            self._events.put(event_of(change))

    def start(self) -> None:
        """Begin to hand out what has arrived."""
        self._worker.start()

    def close(self) -> None:
        """Hand out no more; what takes too long to wait for is found again at the next start."""
        self._closing.set()
        self._events.put(None)
        if self._worker.is_alive():
            self._worker.join(_PATIENCE)

    def _work(self) -> None:
        while (event := self._events.get()) is not None and not self._closing.is_set():
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        error = self._attempt(event)
        for pause in self._pauses:
            if error is None or self._closing.wait(pause):
                return
            error = self._attempt(event)
        if error is not None and not self._closing.is_set():
            self._give_up(event, error)

    def _attempt(self, event: Event) -> Exception | None:
        try:
            self._handle(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, Lambda retries it
            return error
        return None

    def _give_up(self, event: Event, error: Exception) -> None:
        attempts = len(self._pauses) + 1
        terminal.error(
            f"{event['detail']['object']['key']} was not scored after {attempts} attempts:"
            f" {_reason(error)} (more in {self._failures})"
        )
        try:
            with self._failures.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_failure(event, error, attempts)) + "\n")
        except OSError as full:
            terminal.error(f"{self._failures} cannot be written: {full.strerror}")


def event_of(change: ObjectChange) -> Event:
    """What S3 tells EventBridge of an object that was created."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": _ACCOUNT,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": _REGION,
        "resources": [f"arn:aws:s3:::{change.bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": change.bucket},
            "object": {
                # As it is: only the notifications that S3 sends by itself have it URL-encoded.
                "key": change.key,
                "size": change.size,
                "etag": change.etag,
                # No version-id: the buckets of this machine keep no versions.
                "sequencer": f"{time.time_ns():016x}",
            },
            "request-id": uuid4().hex[:16].upper(),
            "requester": _ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }


def undelivered(s3: "S3Client") -> Iterator[ObjectChange]:
    """The dropped files that are neither scored nor refused yet, as if they were just created."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=UPLOADS, Prefix=INCOMING)
    for page in pages:
        for item in page.get("Contents", ()):
            change = _created(item)
            if _is_dropped_file(change) and not _has_ended(s3, _run_id(change)):
                yield change


def _created(item: "ObjectTypeDef") -> ObjectChange:
    return ObjectChange(UPLOADS, item["Key"], "created", item["Size"], item["ETag"].strip('"'))


def _is_dropped_file(change: ObjectChange) -> bool:
    is_folder = change.size == 0 and change.key.endswith("/")
    return (
        (change.bucket, change.kind) == (UPLOADS, "created")
        and change.key.startswith(INCOMING)
        and not is_folder
    )


def _run_id(change: ObjectChange) -> str:
    return SourceFile(
        bucket=change.bucket, key=change.key, version=change.etag, size=change.size
    ).run_id


def _has_ended(s3: "S3Client", run_id: str) -> bool:
    try:
        answer = s3.get_object(Bucket=RESULTS, Key=f"{RUNS}{run_id}/{STATUS}")
    except s3.exceptions.NoSuchKey:
        return False
    try:
        return Status.model_validate_json(answer["Body"].read()).state != "running"
    except ValidationError:
        # Another release's: whether there is something left to do, the function will find out.
        return False


def _failure(event: Event, error: Exception, attempts: int) -> dict[str, Any]:
    """What Lambda sends to a destination on failure.

    Errors of which nothing is known might quote a customer: of them, only the frames are kept.
    """
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {
            "condition": "RetriesExhausted",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responsePayload": {
            "errorType": type(error).__name__,
            "errorMessage": _reason(error),
            "stackTrace": traceback.format_tb(error.__traceback__),
        },
    }


def _reason(error: Exception) -> str:
    if isinstance(error, BatchError | RegistryError):
        return str(error)
    return f"an unexpected {type(error).__name__}"
