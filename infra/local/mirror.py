"""Carries the buckets of moto's S3 to the folder that outlives them, and back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.utilities.utils import get_partition

from infra.local import persistence
from infra.local.persistence import StoredBucket, StoredObject


class InvalidBucketName(Exception):
    """A bucket name that moto takes and S3 does not."""


@dataclass(frozen=True)
class ObjectChange:
    """An object created (or overwritten), or deleted; a deletion has no size and no ETag.

    `size` is in bytes, `etag` is without quotes.
    """

    bucket: str
    key: str
    kind: Literal["created", "deleted"]
    size: int = 0
    etag: str = ""


class Mirror:
    """Keeps the folder the image of what moto holds; the caller lets in one request at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buckets: set[str] = set()  # those on the disk
        self._touched: set[tuple[str, str]] = set()  # bucket and key of objects yet to be saved

    def restore(self) -> None:
        """Fill moto with what is in the folder, and with nothing else."""
        self.clear()
        persistence.sweep(self._folder)
        for stored in persistence.stored_buckets(self._folder):
            bucket = _create_bucket(stored)
            for stored_object, body in persistence.stored_objects(self._folder, stored.name):
                _put_object(bucket, stored_object, body)
            self._buckets.add(stored.name)
            self._watch(bucket)

    def clear(self) -> None:
        """Empty moto; the folder stays as it is."""
        s3_backends.reset()
        reset_model_data()

    def save_changes(self) -> list[ObjectChange]:
        """Put on the disk what changed since the last call, and only that.

        Raises:
            InvalidBucketName: A bucket was created that S3 would refuse; it is gone again.
            OSError: Something could not be saved; the next call tries it once more.
        """
        # moto remembers every model it ever made, for a dashboard that does not run here.
        reset_model_data()
        self._save_buckets()
        changes = [self._save_object(bucket, key) for bucket, key in sorted(self._touched)]
        self._touched.clear()
        return [change for change in changes if change is not None]

    def _save_buckets(self) -> None:
        held = {bucket.name: bucket for bucket in _buckets()}
        for name in self._buckets - held.keys():
            persistence.remove_bucket(self._folder, name)
            self._buckets.remove(name)
        for name in held.keys() - self._buckets:
            if not persistence.is_bucket_name(name):
                _backend_of(held[name]).delete_bucket(name)
                raise InvalidBucketName(f"{name} is no name for a bucket.")
            persistence.save_bucket(self._folder, _describe_bucket(held[name]))
            self._buckets.add(name)
            self._watch(held[name])

    def _save_object(self, bucket: str, key: str) -> ObjectChange | None:
        held = _find_object(bucket, key)
        if held is None:
            was_there = persistence.remove_object(self._folder, bucket, key)
            return ObjectChange(bucket, key, "deleted") if was_there else None
        stored = _describe_object(held)
        # The public way to the bytes would hold all of them in memory once more.
        persistence.save_object(self._folder, bucket, stored, held._value_buffer)  # noqa: SLF001
        return ObjectChange(bucket, key, "created", held.size, stored.etag)

    def _watch(self, bucket: FakeBucket) -> None:
        bucket.keys = _WatchedKeys(bucket, self._touched)


class _WatchedKeys(_VersionedKeyStore):
    """moto's store of a bucket's keys, noting in `touched` each that is set or removed."""

    def __init__(self, bucket: FakeBucket, touched: set[tuple[str, str]]) -> None:
        super().__init__(dict.items(bucket.keys))
        self._bucket = bucket.name
        self._touched = touched

    def __setitem__(self, key: str, value: object) -> None:
        self._touched.add((self._bucket, key))
        super().__setitem__(key, value)

    def setlist(self, key: str, list_: object) -> None:
        self._touched.add((self._bucket, key))
        super().setlist(key, list_)

    def pop(self, key: str) -> None:  # type: ignore[override]  # as moto has it
        self._touched.add((self._bucket, key))
        super().pop(key)


def _buckets() -> Iterator[FakeBucket]:
    for name, (partition, account) in list(s3_backends.bucket_accounts.items()):
        yield s3_backends[account][partition].buckets[name]


def _backend_of(bucket: FakeBucket) -> S3Backend:
    return s3_backends[bucket.account_id][bucket.partition]


def _find_object(bucket: str, key: str) -> FakeKey | None:
    partition, account = s3_backends.bucket_accounts.get(bucket, ("aws", DEFAULT_ACCOUNT_ID))
    holder = s3_backends[account][partition].buckets.get(bucket)
    found = holder.keys.get(key) if holder else None
    return found if isinstance(found, FakeKey) else None  # it may be a delete marker


def _create_bucket(stored: StoredBucket) -> FakeBucket:
    backend = s3_backends[DEFAULT_ACCOUNT_ID][get_partition(stored.region)]
    bucket = backend.create_bucket(stored.name, stored.region)
    bucket.creation_date = datetime.fromisoformat(stored.created)
    return bucket


def _put_object(bucket: FakeBucket, stored: StoredObject, body: bytes) -> None:
    backend = _backend_of(bucket)
    held = backend.put_object(bucket.name, stored.key, body, etag=stored.etag)
    held.set_metadata(dict(stored.metadata))
    held.last_modified = datetime.fromisoformat(stored.last_modified)


def _describe_bucket(bucket: FakeBucket) -> StoredBucket:
    return StoredBucket(bucket.name, bucket.region_name, bucket.creation_date.isoformat())


def _describe_object(held: FakeKey) -> StoredObject:
    metadata = {name: str(value) for name, value in held.metadata.items()}
    etag = held.etag.strip('"')
    return StoredObject(held.name, etag, held.last_modified.isoformat(), metadata)
