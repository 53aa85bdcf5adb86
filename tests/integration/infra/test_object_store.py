"""The local object store, spoken to as any program would: boto3 over HTTP."""

import http.client
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.local.errors import LocalPlatformError, PortTaken
from infra.local.object_store import ObjectChange, object_store

ROOT = Path(__file__).parents[3]
BUCKET = "uploads"
SERVER = """
import sys
from pathlib import Path
from infra.local.object_store import object_store
with object_store(Path(sys.argv[1]), 0) as store:
    print(store.endpoint_url, flush=True)
    sys.stdin.read()
"""


def client_of(endpoint_url, **settings):
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - any will do
        config=Config(retries={"max_attempts": 0}, max_pool_connections=32, **settings),
    )


def make_bucket(s3, name=BUCKET):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


@contextmanager
def serving(folder, on_change=None):
    """A store on `folder` with one bucket; yields a client."""
    with object_store(folder, 0, on_change) as store:
        s3 = client_of(store.endpoint_url)
        if BUCKET not in bucket_names(s3):
            make_bucket(s3)
        yield s3


@contextmanager
def serving_elsewhere(folder):
    """A store on `folder` in another process; yields the process and its address."""
    command = [sys.executable, "-c", SERVER, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def bucket_names(s3):
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def listing(s3, bucket=BUCKET):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [item for page in pages for item in page.get("Contents", [])]


def keys(s3, bucket=BUCKET):
    return [item["Key"] for item in listing(s3, bucket)]


def body_of(s3, key, bucket=BUCKET):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def put(s3, key, body=b"body", **more):
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)


def object_file(folder, key):
    """The file of an object whose key needs no quoting."""
    (path,) = (folder / BUCKET).glob(f"{key}~*.object")
    return path


def contents(folder):
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_objects_come_back_as_they_were_after_a_restart(tmp_path):
    with serving(tmp_path) as s3:
        put(
            s3,
            "reports/may.csv",
            b"a,b\n1,2\n",
            ContentType="text/csv",
            ContentEncoding="identity",
            CacheControl="no-store",
            Metadata={"batch": "42", "who_asked": "Zoe"},
        )
        put(s3, "empty", b"")
        first_listing = listing(s3)

    with serving(tmp_path) as s3:
        answer = s3.get_object(Bucket=BUCKET, Key="reports/may.csv")
        assert answer["Body"].read() == b"a,b\n1,2\n"
        assert answer["ContentType"] == "text/csv"
        assert answer["ContentEncoding"] == "identity"
        assert answer["CacheControl"] == "no-store"
        assert answer["Metadata"] == {"batch": "42", "who_asked": "Zoe"}
        assert body_of(s3, "empty") == b""
        again = [(item["Key"], item["ETag"], item["LastModified"]) for item in listing(s3)]
        assert again == [(i["Key"], i["ETag"], i["LastModified"]) for i in first_listing]
        assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-central-1"


def test_a_store_starts_with_nothing_of_the_one_before_it(tmp_path):
    with serving(tmp_path / "one") as s3:
        put(s3, "a")
    with object_store(tmp_path / "two", 0) as store:
        assert bucket_names(client_of(store.endpoint_url)) == []


ODD_KEYS = ["a", "a/b", "A", "..", "../x", "/lead", "a//b/", "%41", "a b+c", "n\nl", "é" * 512]
any_key = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
long_key = st.integers(200, 1024).map(lambda length: "k" * length)


def test_any_key_names_an_object_of_its_own(tmp_path):
    stored = {}
    with serving(tmp_path) as s3:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(key=st.one_of(any_key, long_key, st.sampled_from(ODD_KEYS)), body=st.binary())
        def keep(key, body):
            put(s3, key, body)
            stored[key] = body
            assert body_of(s3, key) == body

        for odd in ODD_KEYS:
            keep = example(odd, odd.encode())(keep)
        keep()
        assert set(keys(s3)) == set(stored)

    with serving(tmp_path) as s3:
        assert set(keys(s3)) == set(stored)
        assert {key: body_of(s3, key) for key in stored} == stored


def test_what_was_acknowledged_before_a_kill_is_there_whole(tmp_path):
    acknowledged = {}
    enough = threading.Event()

    def body(number):
        return str(number).encode().ljust(8) * 40_000

    def overwrite_for_ever(s3, worker):
        for number in range(10_000):
            key = f"{worker}/{number % 3}"
            try:
                put(s3, key, body(number))
            except (BotoCoreError, ClientError):
                return
            acknowledged[key] = number
            if number == 8:
                enough.set()

    # given a store in another process, killed while four writers overwrite their objects
    with serving_elsewhere(tmp_path) as (process, endpoint_url), ThreadPoolExecutor(4) as pool:
        s3 = client_of(endpoint_url)
        make_bucket(s3)
        for worker in range(4):
            pool.submit(overwrite_for_ever, s3, worker)
        assert enough.wait(timeout=30)
        process.send_signal(signal.SIGKILL)

    # then each object is a whole one, and none is older than what its writer was promised
    with serving(tmp_path) as s3:
        assert set(acknowledged) <= set(keys(s3))
        for key in keys(s3):
            found = body_of(s3, key)
            assert int(found[:8]) >= acknowledged.get(key, 0)
            assert found == body(int(found[:8]))


def test_leftovers_of_unfinished_writes_are_swept(tmp_path):
    with serving(tmp_path) as s3:
        put(s3, "a")
    leftover = tmp_path / BUCKET / f"{object_file(tmp_path, 'a').name}.partial"
    leftover.write_bytes(b"{")

    with serving(tmp_path) as s3:
        assert keys(s3) == ["a"]
    assert not leftover.exists()


def test_multipart_uploads_survive_with_their_etag(tmp_path):
    part = bytes(5 << 20)
    with serving(tmp_path) as s3:
        target = {"Bucket": BUCKET, "Key": "large"}
        upload = s3.create_multipart_upload(**target, ContentType="text/csv", Metadata={"n": "1"})
        target["UploadId"] = upload["UploadId"]
        etags = [
            s3.upload_part(**target, PartNumber=number, Body=body)["ETag"]
            for number, body in enumerate([part, b"end"], start=1)
        ]
        assert keys(s3) == []
        assert not list(tmp_path.rglob("*.object"))
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, start=1)]
        done = s3.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})

    with serving(tmp_path) as s3:
        answer = s3.get_object(Bucket=BUCKET, Key="large")
        assert answer["Body"].read() == part + b"end"
        assert answer["ETag"] == done["ETag"]
        assert answer["ETag"].endswith('-2"')
        assert (answer["ContentType"], answer["Metadata"]) == ("text/csv", {"n": "1"})


def test_deletions_and_copies_survive(tmp_path):
    with serving(tmp_path) as s3:
        for key in ["kept", "gone", "many/1", "many/2", "many/3"]:
            put(s3, key, key.encode(), Metadata={"of": key.replace("/", "-")})
        s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "kept"})
        s3.delete_object(Bucket=BUCKET, Key="gone")
        s3.delete_object(Bucket=BUCKET, Key="never there")
        some = [{"Key": "many/1"}, {"Key": "many/3"}]
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": some})

    with serving(tmp_path) as s3:
        assert keys(s3) == ["copy", "kept", "many/2"]
        copy = s3.get_object(Bucket=BUCKET, Key="copy")
        assert (copy["Body"].read(), copy["Metadata"]) == (b"kept", {"of": "kept"})


def test_deleted_buckets_stay_deleted_even_with_a_foreign_file_in_them(tmp_path):
    with serving(tmp_path) as s3:
        for name in ["plain", "littered"]:
            make_bucket(s3, name)
        (tmp_path / "littered" / "notes.txt").write_text("mine")
        for name in ["plain", "littered"]:
            s3.delete_bucket(Bucket=name)

    with serving(tmp_path) as s3:
        assert bucket_names(s3) == [BUCKET]
    assert (tmp_path / "littered" / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "plain").exists()


def test_bucket_names_that_s3_refuses_are_refused(tmp_path):
    with serving(tmp_path) as s3:
        with pytest.raises(ClientError, match="InvalidBucketName"):
            make_bucket(s3, "Upper_Case")
        assert bucket_names(s3) == [BUCKET]
    assert not (tmp_path / "Upper_Case").exists()


def race(writers, write):
    """Run `write(number)` at once in many threads; return the numbers not refused with a 412."""
    barrier = threading.Barrier(writers)

    def attempt(number):
        barrier.wait()
        try:
            write(number)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] != 412
        return True

    with ThreadPoolExecutor(writers) as pool:
        return [n for n, won in enumerate(pool.map(attempt, range(writers))) if won]


def test_one_of_many_writers_creates_an_object(tmp_path):
    with serving(tmp_path) as s3:
        winners = race(16, lambda n: put(s3, "pointer", str(n).encode(), IfNoneMatch="*"))
        assert len(winners) == 1
    with serving(tmp_path) as s3:
        assert body_of(s3, "pointer") == str(winners[0]).encode()


def test_one_of_many_writers_replaces_what_all_have_read(tmp_path):
    with serving(tmp_path) as s3:
        etag = put(s3, "pointer", b"old")["ETag"]
        winners = race(16, lambda n: put(s3, "pointer", str(n).encode(), IfMatch=etag))
        assert len(winners) == 1
    with serving(tmp_path) as s3:
        assert body_of(s3, "pointer") == str(winners[0]).encode()


def test_a_refused_write_leaves_the_disk_alone(tmp_path):
    with serving(tmp_path) as s3:
        put(s3, "a", b"first")
        before = contents(tmp_path)
        with pytest.raises(ClientError, match="PreconditionFailed"):
            put(s3, "a", b"second", IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            put(s3, "a", b"second", IfMatch='"other"')
        assert contents(tmp_path) == before


def test_damaged_and_foreign_files_are_passed_over_and_kept(tmp_path, caplog):
    with serving(tmp_path) as s3:
        for key in ["whole", "short", "flipped", "garbled", "moved"]:
            put(s3, key, b"0123456789")
    short, flipped, garbled, moved = (
        object_file(tmp_path, key) for key in ["short", "flipped", "garbled", "moved"]
    )
    short.write_bytes(short.read_bytes()[:-1])
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"!")
    garbled.write_bytes(b"\x00\xff" * 1000)
    moved = moved.rename(moved.with_name("elsewhere.object"))
    foreign = tmp_path / BUCKET / "notes.txt"
    foreign.write_text("mine")
    no_bucket = tmp_path / "photos"
    no_bucket.mkdir()
    (no_bucket / "cat.png").write_bytes(b"png")
    before = contents(tmp_path)

    with serving(tmp_path) as s3:
        assert keys(s3) == ["whole"]
        assert bucket_names(s3) == [BUCKET]

    assert contents(tmp_path) == before
    warnings = [record.getMessage() for record in caplog.records]
    for path in [short, flipped, garbled, moved, foreign, no_bucket]:
        (warning,) = (text for text in warnings if text.startswith(f"{path} "))
        assert "\n" not in warning


def test_a_change_that_cannot_be_saved_is_not_acknowledged_and_is_saved_later(tmp_path):
    with serving(tmp_path) as s3:
        # given a disk that takes nothing for a while
        shutil.rmtree(tmp_path / BUCKET)
        with pytest.raises(ClientError, match="Not saved"):
            put(s3, "first")
        # when it does again
        (tmp_path / BUCKET).mkdir()
        put(s3, "second")
        assert object_file(tmp_path, "first").exists()
        assert object_file(tmp_path, "second").exists()


def test_changes_are_told_once_they_are_on_the_disk(tmp_path):
    told = []

    def tell(change):
        on_disk = bool(list((tmp_path / BUCKET).glob(f"{change.key}~*.object")))
        assert on_disk == (change.kind == "created")
        told.append(change)

    with serving(tmp_path, tell) as s3:
        etag = put(s3, "a", b"12345")["ETag"].strip('"')
        s3.copy_object(Bucket=BUCKET, Key="b", CopySource={"Bucket": BUCKET, "Key": "a"})
        body_of(s3, "a")
        s3.delete_object(Bucket=BUCKET, Key="never there")
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "b"}, {"Key": "a"}]})

    assert told == [
        ObjectChange(BUCKET, "a", "created", 5, etag),
        ObjectChange(BUCKET, "b", "created", 5, etag),
        ObjectChange(BUCKET, "a", "deleted"),
        ObjectChange(BUCKET, "b", "deleted"),
    ]


def test_a_listener_may_use_the_store_and_may_fail(tmp_path, caplog):
    def copy_then_fail(change):
        if change.key == "a":
            put(s3, "from the listener")
            raise RuntimeError("out of order")

    with serving(tmp_path, copy_then_fail) as s3:
        assert put(s3, "a")["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert keys(s3) == ["a", "from the listener"]
    assert "uploads/a" in caplog.text
    assert "out of order" in caplog.text


def send(endpoint_url, method, target, body=None, headers=None):
    """One plain HTTP request; returns its status."""
    address = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request(method, target, body, headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_form_posted_by_a_page_is_kept(tmp_path):
    with serving(tmp_path) as s3:
        form = s3.generate_presigned_post(
            BUCKET,
            "incoming/${filename}",
            Fields={"Content-Type": "text/csv", "success_action_status": "201"},
        )
        fields = form["fields"] | {"file": "a,b\n1,2\n"}
        parts = [
            f'--X\r\nContent-Disposition: form-data; name="{name}"'
            + ('; filename="may.csv"' if name == "file" else "")
            + f"\r\n\r\n{value}\r\n"
            for name, value in fields.items()
        ]
        status = send(
            s3.meta.endpoint_url,
            "POST",
            urlsplit(form["url"]).path,
            "".join([*parts, "--X--\r\n"]).encode(),
            {"Content-Type": "multipart/form-data; boundary=X", "Origin": "http://localhost:8000"},
        )
        assert status == 201

    with serving(tmp_path) as s3:
        answer = s3.get_object(Bucket=BUCKET, Key="incoming/may.csv")
        assert (answer["Body"].read(), answer["ContentType"]) == (b"a,b\n1,2\n", "text/csv")


def test_an_object_whose_content_type_says_form_keeps_its_bytes(tmp_path):
    with serving(tmp_path) as s3:
        put(s3, "a", b"key=value", ContentType="application/x-www-form-urlencoded")
        assert body_of(s3, "a") == b"key=value"


def test_the_bucket_may_stand_in_the_host_name(tmp_path):
    with serving(tmp_path) as s3:
        port = urlsplit(s3.meta.endpoint_url).port
        by_host = client_of(f"http://localhost:{port}", s3={"addressing_style": "virtual"})
        where = {"Bucket": BUCKET, "Key": "/odd//key"}
        url = urlsplit(by_host.generate_presigned_url("put_object", where))
        assert url.hostname == "uploads.localhost"
        target = f"{url.path}?{url.query}"
        assert send(s3.meta.endpoint_url, "PUT", target, b"hello", {"Host": url.netloc}) == 200

    with serving(tmp_path) as s3:
        assert body_of(s3, "/odd//key") == b"hello"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "uploads.evil.example"}],
)
def test_pages_of_other_sites_are_kept_out(tmp_path, headers):
    with serving(tmp_path) as s3:
        put(s3, "a")
        for method in ["GET", "PUT", "OPTIONS"]:
            assert send(s3.meta.endpoint_url, method, "/uploads/a?Signature=", None, headers) == 403


@pytest.mark.parametrize("page", ["http://127.0.0.1:8000", "http://localhost:8000"])
def test_a_page_of_this_machine_may_send_files_and_read_what_is_answered(tmp_path, page):
    with serving(tmp_path) as s3:
        put(s3, "a", b"1,2", ContentDisposition='attachment; filename="a.csv"')
        link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "a"})
        gone = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "gone"})

        asked = headers_of("OPTIONS", f"{s3.meta.endpoint_url}/{BUCKET}", page)
        assert asked["Access-Control-Allow-Origin"] == page
        assert "POST" in asked["Access-Control-Allow-Methods"]
        for url in (link, gone):
            answered = headers_of("GET", url, page)
            assert answered.get_all("Access-Control-Allow-Origin") == [page]
            assert "Content-Disposition" in answered["Access-Control-Expose-Headers"]
            assert answered["Vary"] == "Origin"


def headers_of(method, url, page):
    """What a browser is told that asks for a page."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    headers = {"Origin": page, "Access-Control-Request-Method": "POST"}
    connection.request(method, f"{address.path}?{address.query}", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers


def test_a_client_that_stalls_holds_up_nobody_and_stores_nothing(tmp_path):
    with serving(tmp_path) as s3:
        address = urlsplit(s3.meta.endpoint_url)
        with socket.create_connection((address.hostname, address.port)) as stalled:
            stalled.sendall(
                b"PUT /uploads/half HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf"
            )
            put(s3, "whole")
        assert keys(s3) == ["whole"]


def test_a_folder_is_for_one_process(tmp_path):
    with (
        serving_elsewhere(tmp_path),
        pytest.raises(LocalPlatformError, match="Another `foretell serve`") as failure,
        object_store(tmp_path, 0),
    ):
        pass
    assert str(tmp_path) in str(failure.value)
    with serving(tmp_path) as s3:  # whose end sets it free
        assert keys(s3) == []


def test_a_process_has_one_store(tmp_path):
    with (
        serving(tmp_path / "one"),
        pytest.raises(LocalPlatformError, match="already runs"),
        object_store(tmp_path / "two", 0),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(LocalPlatformError, match="cannot be kept in"),
        object_store(tmp_path / "file", 0),
    ):
        pass


def test_a_taken_port_is_told_and_nothing_stays_locked(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=rf"{port}.*--s3-port"),
            object_store(tmp_path, port),
        ):
            pass
    with object_store(tmp_path, port) as store:
        assert store.endpoint_url == f"http://127.0.0.1:{port}"


def test_a_stopped_store_leaves_no_thread_no_port_and_no_output(tmp_path, capfd):
    with serving(tmp_path) as s3:
        port = urlsplit(s3.meta.endpoint_url).port
        put(s3, "a")
        send(s3.meta.endpoint_url, "PUT", "/uploads/a?uploadId=unknown&partNumber=1")
    assert "object-store" not in [thread.name for thread in threading.enumerate()]
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert capfd.readouterr() == ("", "")
