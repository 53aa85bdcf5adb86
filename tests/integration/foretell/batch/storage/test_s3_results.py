"""What a run writes to S3: whole or not at all, and never half of it."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import moto.s3.models
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from foretell.batch.runs import Run, SourceFile
from foretell.batch.storage import (
    ANYTHING,
    NOTHING,
    FolderResults,
    S3Results,
    claimed,
    stored_run,
)
from foretell.batch.storage import bucket as bucket_module
from foretell.batch.storage.multipart import PartSizes
from foretell.problems import StorageUnreachable

KIB = 1 << 10
MIB = 1 << 20
PART = 8 * KIB
LEAST = 5 * KIB
JSON = "application/json"


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311


def written(results, name, body, at_once) -> None:
    """Write an object as a run does, some bytes at once."""
    output = results.create(name, "text/csv")
    for start in range(0, len(body), at_once):
        output.write(body[start : start + at_once])
    output.complete()


def objects(results) -> list[str]:
    """Keys of all that anybody can see in the bucket."""
    found = results.client.list_objects_v2(Bucket=results.bucket)
    return [item["Key"] for item in found.get("Contents", [])]


def abort_all(witness, bucket) -> int:
    """End all uploads that were neither completed nor aborted; how many there were."""
    found = witness.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    for each in found:
        witness.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
    return len(found)


@pytest.fixture(autouse=True)
def nothing_left(witness, bucket):
    """No test may leave an upload that nobody will complete, or a thread."""
    before = set(threading.enumerate())
    yield
    assert abort_all(witness, bucket) == 0
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("foretell")]


@pytest.mark.parametrize("size", [0, 1, LEAST - 1, LEAST, LEAST + 1, PART, 10 * PART, 83_001])
@pytest.mark.parametrize("at_once", [1_000, 30_000])
def test_what_is_written_appears_whole_and_in_order(results, size, at_once):
    body = content_of(size)

    written(results, "predictions.csv", body, at_once)

    answer = results.client.get_object(Bucket=results.bucket, Key="runs/may-1/predictions.csv")
    assert answer["Body"].read() == body
    assert answer["ContentType"] == "text/csv"


def test_real_parts_are_large_enough_for_s3(s3, bucket, monkeypatch):
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", 5 * MIB)
    results = S3Results(s3, bucket, "runs/may-1/")
    sizes = [5 * MIB - 1, 0, 1, 5 * MIB, 12]
    parts = [f"work/{number}" for number in range(len(sizes))]
    bodies = [content_of(size) for size in sizes]
    for part, body in zip(parts, bodies, strict=True):
        written(results, part, body, MIB)

    results.assemble("all", parts, b"head")
    written(results, "again", b"head" + b"".join(bodies), MIB)

    assembled = results.get("all")
    assert assembled.body == b"head" + b"".join(bodies)
    assert results.get("again").body == assembled.body
    assert assembled.tag.endswith('-3"')


def test_parts_grow_so_that_5_tb_fit_into_10_000():
    sizes = PartSizes()

    sent = [sizes.sent_as(number) for number in range(1, 10_001)]

    assert sum(sent) >= 5 * 10**12
    assert sent[:1_000] == [8 * MIB] * 1_000
    assert sizes.least <= min(sent)
    assert max(sent) <= 5 << 30


def test_nobody_sees_an_output_before_it_is_complete(results):
    output = results.create("predictions.csv", "text/csv")
    output.write(content_of(5 * PART))
    small = results.create("rejected.csv", "text/csv")
    small.write(b"row,field,reason\n")
    assert objects(results) == []

    output.complete()
    small.complete()

    assert results.names() == ("predictions.csv", "rejected.csv")


@pytest.mark.parametrize("size", [100, 5 * PART])
def test_an_abandoned_output_leaves_nothing(results, size):
    output = results.create("predictions.csv", "text/csv")
    output.write(content_of(size))

    output.abandon()
    output.abandon()

    assert objects(results) == []


@pytest.mark.parametrize("size", [100, 5 * PART])
def test_a_complete_output_can_neither_be_completed_again_nor_abandoned(results, size):
    body = content_of(size)
    output = results.create("predictions.csv", "text/csv")
    output.write(body)

    output.complete()
    output.complete()
    output.abandon()

    assert results.get("predictions.csv").body == body


def test_two_runs_of_one_file_may_both_complete(results):
    body = content_of(3 * PART + 1)
    first, second = (results.create("predictions.csv", "text/csv") for _ in range(2))
    for output in (first, second):
        output.write(body)

    first.complete()
    second.complete()

    assert results.get("predictions.csv").body == body


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("CreateMultipartUpload", 0),
        ("UploadPart", 0),
        ("UploadPart", 1),
        ("UploadPart", 4),
        ("CompleteMultipartUpload", 0),
    ],
)
def test_an_upload_that_s3_refuses_fails_the_output_and_leaves_nothing(
    results, refuse, operation, after
):
    refuse(operation, after)
    output = results.create("predictions.csv", "text/csv")

    with pytest.raises(StorageUnreachable, match=r"predictions\.csv is denied"):
        write_and_complete(output, content_of(5 * PART))
    output.abandon()

    assert objects(results) == []


def write_and_complete(output, body):
    output.write(body)
    output.complete()


def test_an_upload_that_cannot_even_be_abandoned_hides_no_other_failure(results, refuse, witness):
    refuse("UploadPart")
    refuse("AbortMultipartUpload")
    output = results.create("predictions.csv", "text/csv")
    with pytest.raises(StorageUnreachable):
        write_and_complete(output, content_of(5 * PART))

    output.abandon()

    assert abort_all(witness, results.bucket) == 1


def test_a_completion_whose_answer_was_lost_is_a_completion(results, refuse, witness):
    body = content_of(5 * PART)
    output = results.create("predictions.csv", "text/csv")
    output.write(body)
    results.put("predictions.csv", body, JSON)
    refuse("CompleteMultipartUpload", code="NoSuchUpload")

    output.complete()

    assert results.get("predictions.csv").body == body
    assert abort_all(witness, results.bucket) == 1


def test_an_upload_that_s3_has_forgotten_is_no_completion(results, refuse, witness):
    output = results.create("predictions.csv", "text/csv")
    output.write(content_of(5 * PART))
    refuse("CompleteMultipartUpload", code="NoSuchUpload")

    with pytest.raises(StorageUnreachable, match=r"predictions\.csv \(404\)"):
        output.complete()
    output.abandon()

    assert objects(results) == []


def test_an_output_of_another_size_than_was_written_is_no_success(results, on):
    output = results.create("predictions.csv", "text/csv")
    output.write(b"12345")
    on("before-send.s3.PutObject", lambda request, **_: cut(request))

    with pytest.raises(StorageUnreachable, match="has 4 bytes where 5 were written: try again"):
        output.complete()
    output.abandon()


def cut(request):
    """Lose the last byte on the way."""
    for name in [name for name in request.headers if "checksum" in name.lower()]:
        del request.headers[name]
    request.headers["Content-Length"] = "4"
    request.body = b"1234"


def test_a_condition_is_kept_or_nothing_is_written(results):
    first = results.put("status.json", b"1", JSON, NOTHING)

    assert first is not None
    assert results.put("status.json", b"2", JSON, NOTHING) is None
    second = results.put("status.json", b"3", JSON, first)
    assert second is not None
    assert results.put("status.json", b"4", JSON, first) is None
    assert results.get("status.json").body == b"3"
    assert results.get("status.json").tag == second
    assert results.put("status.json", b"5", JSON, ANYTHING) is not None
    assert results.put("no status.json", b"6", JSON, second) is None
    assert results.get("no status.json") is None


def test_what_has_no_condition_cannot_fail_one(results, refuse):
    refuse("PutObject", code="PreconditionFailed")

    with pytest.raises(StorageUnreachable, match="PreconditionFailed"):
        results.put("status.json", b"1", JSON)


def test_what_s3_refuses_is_told_in_plain_words(results, refuse):
    for operation in ("GetObject", "PutObject", "ListObjectsV2", "DeleteObjects"):
        refuse(operation)

    for ask in (
        lambda: results.get("run.json"),
        lambda: results.put("run.json", b"", JSON, NOTHING),
        results.names,
        lambda: results.remove(["run.json"]),
        lambda: results.assemble("all", ["work/1"]),
    ):
        with pytest.raises(StorageUnreachable, match=r"runs/may-1/.* is denied: check the cred"):
            ask()


def test_more_objects_than_s3_lists_or_removes_at_once(results, on, monkeypatch):
    monkeypatch.setattr(bucket_module, "_REMOVED_AT_ONCE", 2)
    on("provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 2})
    asked = []
    on("before-send.s3.DeleteObjects", lambda **_: asked.append(1))
    names = [f"work/{number}" for number in range(5)]
    for name in [*names, "run.json"]:
        results.put(name, b"", JSON)

    assert results.names("work/") == tuple(names)
    results.remove(iter(names))
    results.remove([])

    assert results.names() == ("run.json",)
    assert len(asked) == 3


def test_an_object_that_s3_does_not_remove_is_told(results, on):
    def refuse_one(parsed, **_):
        parsed["Errors"] = [{"Key": "runs/may-1/work/1", "Code": "InternalError"}]

    on("after-call.s3.DeleteObjects", refuse_one)

    with pytest.raises(StorageUnreachable, match=r"remove 1 objects such as .*work/1 \(Internal"):
        results.remove(["work/1"])


@pytest.mark.parametrize("prefix", ["runs/a b+c/", "/runs/../ü ✓/", "runs/100%25?x&y#z/"])
def test_a_prefix_and_a_name_may_be_anything(results, prefix):
    results = replace(results, prefix=prefix)
    body = content_of(3 * PART)

    written(results, "work/ü +1.csv", body, PART)
    results.assemble("../x", ["work/ü +1.csv"] * 2)

    assert results.names("work/ü") == ("work/ü +1.csv",)
    assert results.get("../x").body == body * 2
    results.remove(["../x"])
    assert results.names() == ("work/ü +1.csv",)


SIZES_OF_PARTS = [0, 1, 40, LEAST - 1, LEAST, LEAST + 1, 12 * KIB, 50 * KIB]


@pytest.fixture
def parts(results) -> None:
    """An object of each of these sizes, named by its size."""
    for size in SIZES_OF_PARTS:
        results.put(f"work/{size}", content_of(size), JSON)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    st.lists(st.sampled_from(SIZES_OF_PARTS), max_size=8),
    st.sampled_from([0, 30, LEAST, 20 * KIB]),
)
@example([], 0)
@example([0, 0], 9)
@example([1] * 20, 3)
@example([LEAST - 1, LEAST, 12 * KIB, 1, 0, LEAST - 1], 10)
@example([50 * KIB], 0)
def test_parts_of_any_size_become_one_object(results, parts, sizes, head):
    name = f"all {head} {sizes}"

    results.assemble(name, [f"work/{size}" for size in sizes], content_of(head), "text/csv")

    assert results.get(name).body == content_of(head) + b"".join(map(content_of, sizes))


def test_an_object_that_is_copied_whole_is_asked_for_without_a_range(results, parts, on):
    ranges = []
    on(
        "before-send.s3.UploadPartCopy",
        lambda request, **_: ranges.append(request.headers.get("x-amz-copy-source-range")),
    )

    # S3 takes ranges only of objects of more than 5 MiB.
    results.assemble("all", [f"work/{LEAST}", "work/40", f"work/{12 * KIB}"])

    assert set(ranges) == {None, f"bytes={LEAST - 40}-{12 * KIB - 1}".encode()}


def test_a_folder_assembles_the_same(results, tmp_path):
    folder = FolderResults(tmp_path)
    for each in (results, folder):
        for number, size in enumerate([3, 0, 9_000, 4]):
            each.put(f"work/{number}", content_of(size), JSON)
        each.assemble("all", [f"work/{number}" for number in (2, 0, 1, 3, 2)], b"head")

    assert folder.get("all").body == results.get("all").body


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("GetObject", 0),
        ("CreateMultipartUpload", 0),
        ("UploadPartCopy", 0),
        ("UploadPartCopy", 2),
        ("UploadPart", 0),
        ("CompleteMultipartUpload", 0),
        ("HeadObject", 0),
    ],
)
def test_an_assembly_that_s3_refuses_leaves_nothing_half_done(
    results, refuse, witness, operation, after
):
    for name, size in {"a": 20, "b": 3 * PART, "c": 5 * PART}.items():
        results.put(name, content_of(size), JSON)
    refuse(operation, after)

    with pytest.raises(StorageUnreachable):
        results.assemble("all", ["a", "b", "c"])

    found = replace(results, client=witness).get("all")
    assert (found is None) == (operation != "HeadObject")


def test_an_assembly_without_one_of_its_parts_is_told(results):
    results.put("work/1", b"1", JSON)

    with pytest.raises(StorageUnreachable, match="work/2 is missing, and with it a part of all"):
        results.assemble("all", ["work/1", "work/2"])


def test_of_many_who_claim_a_file_at_once_one_wins(results):
    source = SourceFile(bucket="uploads", key="incoming/may.csv", version="0" * 32, size=3)
    runs = [
        Run(source=source, model_version=f"version {number}", received=datetime.now(UTC))
        for number in range(8)
    ]

    with ThreadPoolExecutor(8) as pool:
        winners = set(pool.map(lambda run: claimed(results, run), runs))

    assert winners == {stored_run(results)}
    assert winners < set(runs)
