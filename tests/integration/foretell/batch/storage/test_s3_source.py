"""A file that is read from S3, on good days and on bad ones."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from foretell.batch.runs import SourceFile
from foretell.batch.storage import S3Source, connect, fetching, look_up
from foretell.problems import StorageUnreachable, UnscorableFile
from tests.shared.faulty_s3 import Fault, FaultyS3

BLOCK = 64 << 10
KEYS = [
    "incoming/may 2024 + june.csv",
    "incoming/Käufer ✓/Ж.csv",
    "incoming/../other/../../x.csv",
    "/incoming//a.csv",
    "incoming/100%25?versionId=x&y#z;a=b.csv",
]


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311


def drop(s3, bucket, body, key="incoming/may.csv") -> S3Source:
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return S3Source(s3, look_up(s3, bucket, key), BLOCK)


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSES_SECONDS", [0.0, 0.0, 0.0])


@pytest.fixture
def threads_end() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


class BadLine(FaultyS3):
    """Answers each request as the next of `faults` says, and any after them faultlessly."""

    faults: tuple[Fault, ...] = ()

    def fault_for(self, path: str) -> Fault:
        number = len(self.asked) - 1
        return self.faults[number] if number < len(self.faults) else Fault.NONE


@pytest.fixture
def bad_line(endpoint, monkeypatch, no_pauses) -> Iterator[BadLine]:
    line = BadLine(endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", line.endpoint)
    yield line
    line.close()


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 20 * BLOCK])
def test_a_file_comes_as_it_is_in_order_and_in_blocks(s3, bucket, size, tmp_path, threads_end):
    body = content_of(size)
    source = drop(s3, bucket, body)

    blocks = list(source.blocks())

    assert source.size == size
    assert b"".join(blocks) == body
    assert all(0 < len(block) <= BLOCK for block in blocks)
    source.download(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == body


def test_real_blocks_are_of_8_mib(s3, bucket):
    body = content_of(12 << 20)
    source = replace(drop(s3, bucket, body), block=S3Source.block)

    assert [len(block) for block in source.blocks()] == [8 << 20, 4 << 20]
    assert source.read(0, len(body)) == body


def test_any_part_of_a_file_can_be_read(s3, bucket):
    body = content_of(BLOCK + 100)
    source = drop(s3, bucket, body)

    for first, after in [(0, 4), (7, 7), (9, 3), (BLOCK - 3, BLOCK + 3), (50, 10 * BLOCK)]:
        assert source.read(first, after) == body[first:after]
        assert b"".join(source.blocks(first, after)) == body[first:after]
    assert source.read(len(body), len(body) + 1) == b""
    assert b"".join(source.blocks(17)) == body[17:]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_may_be_anything(s3, bucket, key, tmp_path):
    source = drop(s3, bucket, b"a,b\n1,2\n", key)

    source.download(tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == b"a,b\n1,2\n"
    assert source.name == f"s3://{bucket}/{key}"


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.RESET])
def test_an_answer_that_breaks_off_is_asked_for_again(s3, bucket, bad_line, fault):
    body = content_of(2 * BLOCK + 5)
    source = drop(s3, bucket, body)
    bad_line.faults = (Fault.NONE, fault, fault)

    assert b"".join(replace(source, client=connect()).blocks()) == body
    assert len(bad_line.asked) == 5


def test_answers_that_break_off_for_ever_end_in_plain_words(s3, bucket, bad_line, threads_end):
    source = drop(s3, bucket, content_of(3 * BLOCK))
    bad_line.faults = (Fault.TRUNCATED,) * 99

    with pytest.raises(StorageUnreachable, match=r"may\.csv cannot be reached \("):
        list(replace(source, client=connect()).blocks())
    assert len(bad_line.asked) <= 3 * 4


def test_an_answer_of_another_length_is_no_part_of_the_file(s3, bucket, bad_line):
    source = drop(s3, bucket, content_of(100))
    bad_line.faults = (Fault.GARBAGE,)

    with pytest.raises(StorageUnreachable, match="sent 13 bytes where 100 were asked for"):
        replace(source, client=connect()).read(0, 100)


def test_of_a_file_that_is_replaced_while_it_is_read_nothing_newer_is_taken(
    s3, bucket, threads_end
):
    source = drop(s3, bucket, content_of(5 * BLOCK))
    blocks = source.blocks()
    next(blocks)
    s3.put_object(Bucket=bucket, Key=source.source.key, Body=content_of(5 * BLOCK)[::-1])

    with pytest.raises(UnscorableFile, match=r"may\.csv was replaced .* a run of its own"):
        list(blocks)


def test_a_file_that_is_deleted_is_told(s3, bucket):
    source = drop(s3, bucket, b"a,b\n")
    s3.delete_object(Bucket=bucket, Key=source.source.key)

    with pytest.raises(UnscorableFile, match="was deleted before it was read to its end"):
        source.read(0, 4)
    with pytest.raises(UnscorableFile, match="was deleted"):
        look_up(s3, bucket, source.source.key)


def test_a_bucket_with_versions_keeps_the_file_that_was_dropped(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    source = drop(s3, bucket, b"older")
    s3.put_object(Bucket=bucket, Key=source.source.key, Body=b"newer")
    s3.delete_object(Bucket=bucket, Key=source.source.key)

    assert list(source.blocks()) == [b"older"]


def test_what_s3_refuses_is_told_in_plain_words(s3, bucket, refuse, witness):
    source = drop(s3, bucket, b"a,b\n")
    refuse("GetObject")

    with pytest.raises(StorageUnreachable, match=r"may\.csv is denied: check the credentials"):
        list(source.blocks())
    elsewhere = SourceFile(bucket="no-such-bucket", key="a", version="0" * 32, size=1)
    with pytest.raises(StorageUnreachable, match="does not exist: create it"):
        S3Source(witness, elsewhere).read(0, 1)


def test_whoever_stops_reading_leaves_no_thread_behind(s3, bucket, threads_end):
    blocks = drop(s3, bucket, content_of(4 * BLOCK)).blocks()
    next(blocks)

    blocks.close()


def test_no_more_than_two_blocks_are_fetched_ahead(s3, bucket, on):
    asked = []
    source = drop(s3, bucket, content_of(6 * BLOCK))
    on("before-send.s3.GetObject", lambda request, **_: asked.append(request))
    blocks = source.blocks()

    for number in range(1, 5):
        next(blocks)
        time.sleep(0.05)
        assert len(asked) <= number + 2
    assert len(asked) == 6
