"""The results of a run in a folder.

A file is written under a temporary name, flushed to the disk and then renamed, so that it is either
whole or not there.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from foretell.batch.storage import refused
from foretell.batch.storage.results import ANYTHING, JSON, NOTHING, Expected, Stored
from foretell.problems import StorageUnreachable

_PARTIAL: Final = ".partial"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class FolderResults:
    """Files below `path`, which is made where it is missing."""

    path: Path

    def create(self, name: str, content_type: str) -> "FolderOutput":  # noqa: ARG002
        """As `Results.create`."""
        return FolderOutput(self._file(name))

    def get(self, name: str) -> Stored | None:
        """As `Results.get`."""
        file = self._file(name)
        with refused.by_disk(file):
            try:
                body = file.read_bytes()
            except FileNotFoundError:
                return None
        return Stored(body, _tag(body))

    def put(
        self, name: str, body: bytes, content_type: str, expected: str | Expected = ANYTHING
    ) -> str | None:
        """As `Results.put`."""
        with self._alone():
            if not self._is(name, expected):
                return None
            with self.create(name, content_type) as output:
                output.write(body)
        return _tag(body)

    def remove(self, names: Iterable[str]) -> None:
        """As `Results.remove`."""
        for name in names:
            file = self._file(name)
            with refused.by_disk(file):
                file.unlink(missing_ok=True)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """As `Results.names`."""
        with refused.by_disk(self.path):
            found = [
                file.relative_to(self.path).as_posix()
                for file in self.path.rglob("*")
                if file.is_file() and not file.name.endswith(_PARTIAL)
            ]
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    def assemble(
        self, name: str, parts: Sequence[str], head: bytes = b"", content_type: str = JSON
    ) -> None:
        """As `Results.assemble`."""
        with self.create(name, content_type) as output:
            output.write(head)
            for part in parts:
                output.append(self._file(part))

    def _file(self, name: str) -> Path:
        file = self.path / name
        if not name or ".." in file.parts or not file.is_relative_to(self.path):
            raise StorageUnreachable(f"{name!r} names nothing in {self.path}")
        return file

    def _is(self, name: str, expected: str | Expected) -> bool:
        if expected is ANYTHING:
            return True
        found = self.get(name)
        return found is None if expected is NOTHING else found is not None and found.tag == expected

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with refused.by_disk(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path, os.O_RDONLY)
        try:
            # Given up with the descriptor, whatever end the process meets.
            with refused.by_disk(self.path):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


class FolderOutput:
    """A file that is being written; as `Output`."""

    def __init__(self, target: Path) -> None:
        """Raises StorageUnreachable where nothing can be written there."""
        self._target = target
        self._partial = target.with_name(f".{target.name[:200]}.{uuid4().hex}{_PARTIAL}")
        with refused.by_disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._partial.open("xb", buffering=_BLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.complete()
        finally:
            self.abandon()

    def write(self, data: bytes) -> None:
        """As `Output.write`."""
        with refused.by_disk(self._target):
            self._file.write(data)

    def append(self, file: Path) -> None:
        """Add what another file holds."""
        with refused.by_disk(file), file.open("rb") as part:
            shutil.copyfileobj(part, self._file, _BLOCK)

    def complete(self) -> None:
        """As `Output.complete`."""
        if self._file.closed:
            return
        with refused.by_disk(self._target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._partial.replace(self._target)
            self._file.close()
            _flush(self._target.parent)

    def abandon(self) -> None:
        """As `Output.abandon`."""
        # Closing writes what is left, and there may be no room for it.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    # A new name is on the disk when its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tag(body: bytes) -> str:
    return sha256(body).hexdigest()
