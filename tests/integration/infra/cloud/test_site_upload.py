"""The site in its bucket: what is there afterwards, how it is served, and what a failure leaves."""

import re
import sys

import pytest
from botocore.exceptions import ClientError

from infra.cloud.page_config import page_config
from infra.cloud.site_upload import empty, upload
from infra.site.build import SiteFile, build

PAGE = "text/html"


def keys(s3, bucket):
    return {each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", ())}


def body(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def release(number):
    """A small site: a script of its own address, the page that names it, the configuration."""
    script = f"assets/{number}/app.js"
    return (
        SiteFile(script, b"run();", "text/javascript", immutable=True),
        SiteFile("index.html", f'<script src="/{script}">'.encode(), PAGE, immutable=False),
        SiteFile("config.json", b"{}", "application/json", immutable=False),
    )


class Failing:
    """An S3 that takes so many objects and then no more."""

    def __init__(self, s3, puts):
        self._s3, self._left = s3, puts

    def __getattr__(self, name):
        return getattr(self._s3, name)

    def put_object(self, **asked):
        if not self._left:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject")
        self._left -= 1
        return self._s3.put_object(**asked)


@pytest.fixture
def bucket(stack):
    return stack.output("SiteBucket")


class TestTheWholeSite:
    """What build() makes is what is there."""

    def test_all_of_it_is_there_with_its_headers(self, s3, stack, bucket):
        files = build(page_config(stack))

        upload(s3, bucket, files)

        assert keys(s3, bucket) == {file.key for file in files}
        for file in files:
            found = s3.get_object(Bucket=bucket, Key=file.key)
            assert found["Body"].read() == file.body
            assert found["ContentType"] == file.content_type
            assert found["CacheControl"] == file.cache_control

    def test_the_page_of_the_bucket_finds_its_script_there(self, s3, stack, bucket):
        upload(s3, bucket, build(page_config(stack)))

        scripts = re.findall(r'src="/([^"]*)"', body(s3, bucket, "index.html").decode())
        assert scripts
        assert set(scripts) <= keys(s3, bucket)


class TestReplacing:
    """A new release replaces the one before."""

    def test_what_is_no_longer_part_of_it_is_removed(self, s3, bucket):
        upload(s3, bucket, release(1))

        done = upload(s3, bucket, release(2))

        assert keys(s3, bucket) == {"assets/2/app.js", "index.html", "config.json"}
        assert done.removed == ("assets/1/app.js",)

    def test_more_than_one_request_can_delete_is_removed_too(self, s3, bucket, monkeypatch):
        monkeypatch.setattr(sys.modules[upload.__module__], "_AT_ONCE", 3)
        for number in range(7):
            s3.put_object(Bucket=bucket, Key=f"old/{number}")

        done = upload(s3, bucket, release(1))

        assert len(done.removed) == 7
        assert keys(s3, bucket) == {file.key for file in release(1)}

    def test_what_never_changes_is_not_sent_twice(self, s3, bucket):
        upload(s3, bucket, release(1))

        done = upload(s3, bucket, release(1))

        assert done.written == ("index.html", "config.json")
        assert done.removed == ()


class TestFailingMidway:
    """Whenever it fails, the page that is there has its script; done again, it goes on."""

    @pytest.mark.parametrize("puts", [0, 1, 2])
    def test_the_page_has_its_script(self, s3, bucket, puts):
        upload(s3, bucket, release(1))

        with pytest.raises(ClientError):
            upload(Failing(s3, puts), bucket, release(2))

        script = re.findall(r'src="/([^"]*)"', body(s3, bucket, "index.html").decode())[0]
        assert script in keys(s3, bucket)

    @pytest.mark.parametrize("puts", [0, 1, 2])
    def test_done_again_it_is_as_if_nothing_had_happened(self, s3, bucket, puts):
        upload(s3, bucket, release(1))
        with pytest.raises(ClientError):
            upload(Failing(s3, puts), bucket, release(2))

        upload(s3, bucket, release(2))

        assert keys(s3, bucket) == {file.key for file in release(2)}
        assert b"assets/2/" in body(s3, bucket, "index.html")


class TestEmptying:
    """Every version goes, so that the bucket itself can."""

    def test_a_bucket_with_versions_can_be_deleted_afterwards(self, s3, bucket):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for content in (b"1", b"2"):
            s3.put_object(Bucket=bucket, Key="a b/ü?.json", Body=content)
        s3.delete_object(Bucket=bucket, Key="a b/ü?.json")

        deleted = empty(s3, bucket)

        assert deleted == 3
        s3.delete_bucket(Bucket=bucket)

    def test_an_empty_bucket_stays_empty(self, s3, bucket):
        assert empty(s3, bucket) == 0
