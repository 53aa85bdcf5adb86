"""From a file dropped into the local object store to the events that the batch function gets."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from foretell.batch.runs import SourceFile, Status
from foretell.problems import StorageUnreachable
from infra.local.delivery import RESULTS, UPLOADS, Delivery, undelivered
from infra.local.mirror import ObjectChange
from infra.local.object_store import object_store

PATIENCE = 10  # seconds for what takes milliseconds


class Handled:
    """Takes note of events, and fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.events: list[dict[str, Any]] = []
        self._errors = list(errors)

    def __call__(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if self._errors:
            raise self._errors.pop(0)

    @property
    def keys(self) -> list[str]:
        return [event["detail"]["object"]["key"] for event in self.events]


@contextmanager
def delivering(handle: Callable[[dict[str, Any]], None], folder: Path) -> Iterator[Delivery]:
    delivery = Delivery(handle, folder / "failures.jsonl", pauses=(0.001, 0.001))
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.close()


@pytest.fixture(scope="module")
def told() -> list[ObjectChange]:
    """What the store of the tests has told of changes."""
    return []


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory, told: list[ObjectChange]) -> Iterator[Any]:
    """A client of a local object store with the two buckets."""
    with object_store(tmp_path_factory.mktemp("buckets"), 0, told.append) as store:
        client = boto3.client("s3", endpoint_url=store.endpoint_url)
        for bucket in (UPLOADS, RESULTS, "others"):
            client.create_bucket(Bucket=bucket)
        yield client


def dropped(key: str, etag: str = "e" * 32) -> ObjectChange:
    return ObjectChange(UPLOADS, key, "created", 5, etag)


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


@pytest.mark.parametrize("name", ["May 2026.csv", "a+b.csv", "größe%20.csv", "../x.csv", "a//b"])
def test_a_dropped_file_is_told_as_s3_tells_it_to_eventbridge(
    s3: Any, told: list[ObjectChange], tmp_path: Path, name: str
) -> None:
    told.clear()
    handled = Handled()
    s3.put_object(Bucket=UPLOADS, Key=f"incoming/{name}", Body=b"hello")

    with delivering(handled, tmp_path) as delivery:
        for change in told:
            delivery.dropped(change)
        wait_until(lambda: handled.events)

    (event,) = handled.events
    assert json.loads(json.dumps(event)) == event
    detail = event.pop("detail")
    given = detail.pop("object")
    assert given.pop("sequencer") > ""
    # The key as it is, unlike in S3's own notifications; the tag without quotes.
    assert given == {
        "key": f"incoming/{name}",
        "size": 5,
        "etag": "5d41402abc4b2a76b9719d911017c592",
    }
    assert len(detail.pop("request-id")) == 16
    assert detail == {
        "version": "0",
        "bucket": {"name": "foretell-uploads"},
        "requester": "123456789012",
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }
    moment = datetime.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:aws:s3:::foretell-uploads"],
    }


def test_what_is_no_dropped_file_is_not_told(
    s3: Any, told: list[ObjectChange], tmp_path: Path
) -> None:
    told.clear()
    handled = Handled()
    s3.put_object(Bucket=UPLOADS, Key="elsewhere/a.csv", Body=b"x")
    s3.put_object(Bucket="others", Key="incoming/a.csv", Body=b"x")
    s3.put_object(Bucket=UPLOADS, Key="incoming/", Body=b"")
    s3.put_object(Bucket=UPLOADS, Key="incoming/folder/", Body=b"")
    s3.put_object(Bucket=UPLOADS, Key="incoming/gone.csv", Body=b"x")
    s3.delete_object(Bucket=UPLOADS, Key="incoming/gone.csv")
    s3.put_object(Bucket=UPLOADS, Key="incoming/empty.csv", Body=b"")

    with delivering(handled, tmp_path) as delivery:
        for change in told:
            delivery.dropped(change)
        wait_until(lambda: "incoming/empty.csv" in handled.keys)

    assert len(told) == 7
    assert handled.keys == ["incoming/gone.csv", "incoming/empty.csv"]


@pytest.mark.parametrize(
    "change",
    [
        ObjectChange(UPLOADS, "elsewhere/a.csv", "created", 1, "e"),
        ObjectChange(RESULTS, "incoming/a.csv", "created", 1, "e"),
        ObjectChange(UPLOADS, "incoming/", "created", 0, "e"),
        ObjectChange(UPLOADS, "incoming/folder/", "created", 0, "e"),
        ObjectChange(UPLOADS, "incoming/a.csv", "deleted"),
    ],
)
def test_other_changes_are_left_out(tmp_path: Path, change: ObjectChange) -> None:
    handled = Handled()

    with delivering(handled, tmp_path) as delivery:
        delivery.dropped(change)
        delivery.dropped(dropped("incoming/next.csv"))
        wait_until(lambda: handled.events)

    assert handled.keys == ["incoming/next.csv"]


def test_what_arrives_before_the_start_is_delivered_after_it(tmp_path: Path) -> None:
    handled = Handled()
    delivery = Delivery(handled, tmp_path / "failures.jsonl")
    delivery.dropped(dropped("incoming/early.csv"))
    assert handled.events == []

    delivery.start()

    wait_until(lambda: handled.events)
    delivery.close()


@pytest.mark.parametrize("failures", [1, 2])
def test_a_failure_that_passes_is_retried_with_the_same_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], failures: int
) -> None:
    handled = Handled(*[StorageUnreachable("away")] * failures)

    with delivering(handled, tmp_path) as delivery:
        delivery.dropped(dropped("incoming/a.csv"))
        delivery.dropped(dropped("incoming/b.csv"))
        wait_until(lambda: "incoming/b.csv" in handled.keys)

    assert handled.keys == ["incoming/a.csv"] * (failures + 1) + ["incoming/b.csv"]
    assert len({event["id"] for event in handled.events}) == 2
    assert not (tmp_path / "failures.jsonl").exists()
    assert capsys.readouterr().err == ""


def test_a_failure_that_stays_goes_to_the_failure_queue_and_the_next_file_is_handled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handled = Handled(*[StorageUnreachable("the results bucket is away")] * 3)

    with delivering(handled, tmp_path) as delivery:
        delivery.dropped(dropped("incoming/a[b].csv"))
        delivery.dropped(dropped("incoming/next.csv"))
        wait_until(lambda: "incoming/next.csv" in handled.keys)

    (line,) = (tmp_path / "failures.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert kept["requestPayload"] == handled.events[0]
    assert kept["requestContext"] == {
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert kept["responsePayload"]["errorType"] == "StorageUnreachable"
    assert kept["responsePayload"]["errorMessage"] == "the results bucket is away"
    (said,) = capsys.readouterr().err.splitlines()
    assert "incoming/a[b].csv" in said
    assert "the results bucket is away" in said


def test_an_error_that_nobody_foresaw_is_told_without_what_it_quotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handled = Handled(*[ValueError("no number: Jane Doe")] * 3)

    with delivering(handled, tmp_path) as delivery:
        delivery.dropped(dropped("incoming/a.csv"))
        wait_until((tmp_path / "failures.jsonl").exists)

    said = capsys.readouterr().err
    assert "ValueError" in said
    kept = (tmp_path / "failures.jsonl").read_text()
    assert "test_delivery.py" in json.loads(kept)["responsePayload"]["stackTrace"][-1]
    assert "Jane" not in said + kept


def test_a_failure_queue_that_cannot_be_written_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handled = Handled(*[StorageUnreachable("away")] * 3)

    with delivering(handled, tmp_path / "missing") as delivery:
        delivery.dropped(dropped("incoming/a.csv"))
        delivery.dropped(dropped("incoming/b.csv"))
        wait_until(lambda: "incoming/b.csv" in handled.keys)

    assert "failures.jsonl cannot be written" in capsys.readouterr().err.replace("\n", "")


def test_files_are_handled_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    done: list[str] = []
    lock = threading.Lock()

    def handle(event: dict[str, Any]) -> None:
        assert lock.acquire(blocking=False), "two at once"
        inside.append(1)
        time.sleep(0.002)
        done.append(event["detail"]["object"]["key"])
        lock.release()

    keys = [f"incoming/{number}.csv" for number in range(8)]
    with delivering(handle, tmp_path) as delivery:
        for key in keys:
            delivery.dropped(dropped(key))
        wait_until(lambda: len(done) == len(keys))

    assert done == keys
    assert len(inside) == len(keys)


def test_closing_waits_for_the_file_in_hand_and_leaves_the_others(tmp_path: Path) -> None:
    begun, may_end, done = threading.Event(), threading.Event(), []

    def handle(event: dict[str, Any]) -> None:
        begun.set()
        may_end.wait(PATIENCE)
        done.append(event["detail"]["object"]["key"])

    delivery = Delivery(handle, tmp_path / "failures.jsonl")
    delivery.start()
    delivery.dropped(dropped("incoming/a.csv"))
    delivery.dropped(dropped("incoming/b.csv"))
    begun.wait(PATIENCE)
    threading.Timer(0.02, may_end.set).start()

    delivery.close()

    assert done == ["incoming/a.csv"]


def test_what_fails_because_the_platform_stops_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, closing = threading.Event(), threading.Event()

    def handle(_: dict[str, Any]) -> None:
        begun.set()
        closing.wait(PATIENCE)
        raise StorageUnreachable("the store is stopping")

    delivery = Delivery(handle, tmp_path / "failures.jsonl", pauses=())
    delivery.start()
    delivery.dropped(dropped("incoming/a.csv"))
    begun.wait(PATIENCE)
    threading.Timer(0.02, closing.set).start()

    delivery.close()

    assert not (tmp_path / "failures.jsonl").exists()
    assert capsys.readouterr().err == ""


def status_of(change: ObjectChange, state: str) -> tuple[str, bytes]:
    """Key and bytes of a status."""
    source = SourceFile(bucket=change.bucket, key=change.key, version=change.etag, size=change.size)
    now = datetime.now(UTC)
    status = Status.model_validate(
        {
            "run_id": source.run_id,
            "state": state,
            "source": source,
            "started": now,
            "updated": now,
        }
    )
    return f"runs/{source.run_id}/status.json", status.model_dump_json().encode()


def test_at_the_start_every_file_without_a_final_status_is_delivered_again(
    s3: Any, told: list[ObjectChange]
) -> None:
    told.clear()
    states = {
        "scored.csv": "succeeded",
        "refused+.csv": "failed",
        "half way.csv": "running",
        "of another release.csv": None,
        "never begun.csv": None,
    }
    for number, name in enumerate(states):
        s3.put_object(Bucket=UPLOADS, Key=f"incoming/again/{name}", Body=b"x" * number)
    s3.put_object(Bucket=UPLOADS, Key="incoming/again/folder/", Body=b"")
    by_name = {change.key.removeprefix("incoming/again/"): change for change in told}
    for name, state in states.items():
        if state is not None:
            key, body = status_of(by_name[name], state)
            s3.put_object(Bucket=RESULTS, Key=key, Body=body)
    key, _ = status_of(by_name["of another release.csv"], "running")
    s3.put_object(Bucket=RESULTS, Key=key, Body=b'{"state": "succeeded by magic"}')

    found = [change for change in undelivered(s3) if change.key.startswith("incoming/again/")]

    # The same as they were told when they were dropped, so that they lead to the same run.
    assert found == [
        by_name[name] for name in ("half way.csv", "never begun.csv", "of another release.csv")
    ]


def test_a_file_that_was_replaced_is_another_run(s3: Any) -> None:
    key = "incoming/twice.csv"
    s3.put_object(Bucket=UPLOADS, Key=key, Body=b"first")
    (first,) = [change for change in undelivered(s3) if change.key == key]
    status_key, status = status_of(first, "succeeded")
    s3.put_object(Bucket=RESULTS, Key=status_key, Body=status)
    assert key not in [change.key for change in undelivered(s3)]

    s3.put_object(Bucket=UPLOADS, Key=key, Body=b"second")

    assert key in [change.key for change in undelivered(s3)]
