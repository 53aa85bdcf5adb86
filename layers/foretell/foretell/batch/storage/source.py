"""The file to be scored, wherever it lies: read from end to end, in places, or copied to a disk.

Where it is replaced while it is being read, nothing of the newer one is taken for it.
"""

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final, NamedTuple, Protocol

from foretell.batch.storage import refused
from foretell.problems import UnscorableFile

BLOCK: Final = 8 << 20
"""Bytes that are read at once over a network, where a request takes a while to begin."""

_ON_DISK: Final = 1 << 20
"""The same from a disk."""


class Source(Protocol):
    """A file.

    All raise UnscorableFile where it is not there any more, or not the same, and StorageUnreachable
    where it cannot be read now.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def size(self) -> int:
        """Bytes."""

    def blocks(self, first: int = 0, after: int | None = None) -> Generator[bytes, None, None]:
        """The bytes [first, after), or to the end, in blocks of a few MiB."""

    def read(self, first: int, after: int) -> bytes:
        """The bytes [first, after), or those of them that there are."""

    def download(self, target: Path) -> None:
        """Copy it to a disk; UnscorableFile where it has no room there."""


class FileSource:
    """A file on a disk."""

    def __init__(self, path: Path, block: int = _ON_DISK) -> None:
        """Raises UnscorableFile where there is none at `path`; `block` is in bytes."""
        self._path = path
        self._block = block
        with _readable(path):
            found = path.stat()
        if not S_ISREG(found.st_mode):
            raise UnscorableFile(f"{path} is no file: name a single one")
        self._seen = _identity(found)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._seen.size

    def blocks(self, first: int = 0, after: int | None = None) -> Generator[bytes, None, None]:
        """As `Source.blocks`."""
        with self._open() as file:
            for start, end in ranges(self.size, self._block, first, after):
                yield self._read(file, start, end)

    def read(self, first: int, after: int) -> bytes:
        """As `Source.read`."""
        after = min(after, self.size)
        if first >= after:
            return b""
        with self._open() as file:
            return self._read(file, first, after)

    def download(self, target: Path) -> None:
        """As `Source.download`."""
        copy(self, target)

    def _open(self) -> BinaryIO:
        with _readable(self._path):
            return self._path.open("rb")

    def _read(self, file: BinaryIO, first: int, after: int) -> bytes:
        with refused.by_disk(self._path):
            file.seek(first)
            content = file.read(after - first)
            now = _identity(os.fstat(file.fileno()))
        if now != self._seen:
            raise UnscorableFile(f"{self._path} was changed while it was being read: start again")
        return content


class _Identity(NamedTuple):
    """What tells whether a file still is the same."""

    size: int
    changed: int
    node: int


def _identity(found: os.stat_result) -> _Identity:
    return _Identity(found.st_size, found.st_mtime_ns, found.st_ino)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnscorableFile(f"{path} cannot be read ({error.strerror})") from error


def ranges(size: int, block: int, first: int, after: int | None) -> Iterator[tuple[int, int]]:
    """The blocks of [first, after), or to the end, of a file of that size."""
    after = size if after is None else min(after, size)
    for start in range(first, after, block):
        yield start, min(start + block, after)


def copy(source: Source, target: Path) -> None:
    """As `Source.download`, from its blocks."""
    with refused.by_disk(target), _room_for(source, target), target.open("wb") as file:
        for block in source.blocks():
            file.write(block)


@contextmanager
def _room_for(source: Source, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise UnscorableFile(
                f"{source.name} ({source.size:,} bytes) has no room in {target.parent}:"
                " score it where there is more, or drop it in pieces"
            ) from error
        raise
