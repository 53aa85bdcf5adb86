"""The folder behind the local object store: buckets and objects that outlive a crash.

    <folder>/<bucket>/bucket.json                      the bucket
    <folder>/<bucket>/<quoted key>~<digest>.object     one object: a line of JSON, then its bytes

Every file is written under a temporary name, flushed to the disk and then renamed, so that it is
either whole or not there. Whoever writes holds `locked`; nothing here is safe to call twice at
once for one object.
"""

import fcntl
import json
import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import quote

from pydantic import TypeAdapter

from infra.local.errors import LocalPlatformError

logger = logging.getLogger(__name__)

_LOCK = ".lock"
_BUCKET = "bucket.json"
_OBJECT = ".object"
_PARTIAL = ".partial"
_READABLE = 180  # characters of a quoted key: with digest and suffixes it stays below 255
_LONGEST_HEADER = 1 << 20  # S3 allows 2 KB of metadata and 1 KB of key
_BLOCK = 1 << 20
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class StoredBucket:
    """A bucket: its name, its region and its creation time (ISO 8601)."""

    name: str
    region: str
    created: str


@dataclass(frozen=True)
class StoredObject:
    """What is kept of an object beside its bytes; `last_modified` is ISO 8601, UTC."""

    key: str
    etag: str
    last_modified: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class _Header:
    object: StoredObject
    size: int
    crc32: int


_read_header = TypeAdapter(_Header).validate_json
_read_bucket = TypeAdapter(StoredBucket).validate_json


def is_bucket_name(name: str) -> bool:
    """Whether S3 would allow this bucket name (3 to 63 of a-z, 0-9, dot and hyphen)."""
    return _BUCKET_NAME.fullmatch(name) is not None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder and keep it for this process alone.

    Raises:
        LocalPlatformError: another process holds it, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("a")
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalPlatformError(f"The buckets cannot be kept in {folder}: {reason}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalPlatformError(
                f"Another `foretell serve` uses the folder {folder}: stop that one first, "
                "or give this one a folder of its own."
            ) from None
        yield


def save_bucket(folder: Path, bucket: StoredBucket) -> None:
    """Put a bucket on the disk."""
    (folder / bucket.name).mkdir(exist_ok=True)
    with _replacing(folder / bucket.name / _BUCKET) as file:
        file.write(json.dumps(asdict(bucket)).encode())
    _flush_names(folder)


def remove_bucket(folder: Path, name: str) -> None:
    """Take an emptied bucket off the disk; files that are not the store's own stay."""
    (folder / name / _BUCKET).unlink(missing_ok=True)
    with suppress(OSError):  # not empty after all, or gone already
        _flush_names(folder / name)
        (folder / name).rmdir()


def save_object(folder: Path, bucket: str, stored: StoredObject, body: IO[bytes]) -> None:
    """Put an object with its bytes (all of `body`) on the disk, in place of an earlier one."""
    header = _Header(stored, *_size_and_crc32(body))
    with _replacing(folder / bucket / _file_name(stored.key)) as file:
        file.write(json.dumps(asdict(header)).encode() + b"\n")
        body.seek(0)
        shutil.copyfileobj(body, file, _BLOCK)


def remove_object(folder: Path, bucket: str, key: str) -> bool:
    """Take an object off the disk; tell whether it was there."""
    path = folder / bucket / _file_name(key)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _flush_names(path.parent)
    return True


def stored_buckets(folder: Path) -> Iterator[StoredBucket]:
    """The buckets on the disk; anything else in the folder is passed over with a warning."""
    for path in sorted(folder.iterdir()):
        if path.name == _LOCK or (path.is_dir() and not any(path.iterdir())):
            continue
        try:
            bucket = _read_bucket((path / _BUCKET).read_bytes())
            _expect(bucket.name == path.name, "it describes another bucket")
        except (OSError, ValueError) as error:
            _pass_over(path, "bucket", error)
        else:
            yield bucket


def stored_objects(folder: Path, bucket: str) -> Iterator[tuple[StoredObject, bytes]]:
    """The whole objects of a bucket; any other file is passed over with a warning."""
    for path in sorted((folder / bucket).iterdir()):
        if path.name == _BUCKET:
            continue
        try:
            yield _read_object(path)
        except (OSError, ValueError) as error:
            _pass_over(path, "object", error)


def sweep(folder: Path) -> None:
    """Remove what writes that never finished have left behind."""
    for name in (_BUCKET, f"*{_OBJECT}"):
        for path in folder.glob(f"*/{name}{_PARTIAL}"):
            path.unlink()


def _file_name(key: str) -> str:
    # The digest tells apart keys that differ only in case, which macOS would not.
    digest = sha256(key.encode()).hexdigest()[:16]
    return f"{quote(key, safe='')[:_READABLE]}~{digest}{_OBJECT}"


def _read_object(path: Path) -> tuple[StoredObject, bytes]:
    with path.open("rb") as file:
        header = _read_header(file.readline(_LONGEST_HEADER))
        body = file.read()
    _expect(path.name == _file_name(header.object.key), "the name does not fit the key in it")
    _expect(len(body) == header.size, f"it holds {len(body)} bytes instead of {header.size}")
    _expect(zlib.crc32(body) == header.crc32, "its bytes are damaged")
    return header.object, body


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition, not an option
    if not holds:
        raise ValueError(otherwise)


def _pass_over(path: Path, kind: str, error: OSError | ValueError) -> None:
    reason = str(error).splitlines()[0]
    logger.warning("%s is no %s of the local store and is left alone: %s", path, kind, reason)


def _size_and_crc32(body: IO[bytes]) -> tuple[int, int]:
    body.seek(0)
    size = crc32 = 0
    while block := body.read(_BLOCK):
        size += len(block)
        crc32 = zlib.crc32(block, crc32)
    return size, crc32


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    partial = path.with_name(path.name + _PARTIAL)
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _flush_names(path.parent)


def _flush_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
