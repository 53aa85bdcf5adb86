"""One object out of many, most of which never leaves S3.

S3 copies objects into the parts of another, but no part except the last may be under 5 MiB. What
is smaller is read and goes up again, together with so much of what follows that it is enough.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final

from foretell.batch.storage import refused
from foretell.batch.storage.fetching import fetched_range
from foretell.batch.storage.multipart import PartSizes, Target, Upload

_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Slice:
    """Some bytes of one of the objects, [first, after)."""

    part: int
    """Place of the object in their sequence."""
    first: int
    after: int


@dataclass(frozen=True)
class Joined:
    """A part that is read, put together and sent: the head, if it is `headed`, and the slices."""

    headed: bool
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Copied:
    """A part that S3 copies."""

    slice: Slice


def plan(head: int, sizes: Sequence[int], allowed: PartSizes) -> list[Joined | Copied]:
    """The parts of an object that holds a head and then objects of these sizes, in bytes.

    Those that are joined are below twice the least that is allowed, but for the head.
    """
    steps: list[Joined | Copied] = []
    waiting: list[Slice] = []
    held, headed = head, head > 0
    for part, size in enumerate(sizes):
        missing = max(allowed.least - held, 0) if held else 0
        taken = missing if size - missing >= allowed.least else size
        if taken:
            waiting.append(Slice(part, 0, taken))
            held += taken
        if held >= allowed.least:
            steps.append(Joined(headed, tuple(waiting)))
            waiting, held, headed = [], 0, False
        steps.extend(_copies(part, taken, size, allowed.copied))
    if held:
        steps.append(Joined(headed, tuple(waiting)))
    return steps


def _copies(part: int, first: int, after: int, most: int) -> list[Copied]:
    length = after - first
    number = -(-length // most)
    ends = [first + length * end // number for end in range(number + 1)] if number else [first]
    return [Copied(Slice(part, *between)) for between in pairwise(ends)]


@dataclass(frozen=True)
class Part:
    """An object that is to be a part of another in the same bucket."""

    key: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Assembly:
    """An object that is made of others, with little more than four times `least` in memory."""

    target: Target
    head: bytes
    parts: Sequence[Part]
    sizes: PartSizes

    def run(self) -> None:
        """Let it appear.

        Raises:
            StorageUnreachable: S3 does not answer, or refuses.
        """
        steps = plan(len(self.head), [part.size for part in self.parts], self.sizes)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="foretell-assemble") as pool:
            match steps:
                case []:
                    self.target.put(b"", 0)
                case [Joined() as only]:
                    self.target.put(self._joined(only, pool), self._size())
                case _:
                    self._upload(steps, pool)

    def _upload(self, steps: Sequence[Joined | Copied], pool: ThreadPoolExecutor) -> None:
        upload = Upload(self.target)
        try:
            copies = [
                pool.submit(self._copy, upload, number, step.slice)
                for number, step in enumerate(steps, start=1)
                if isinstance(step, Copied)
            ]
            # One after another: each is in memory.
            for number, step in enumerate(steps, start=1):
                if isinstance(step, Joined):
                    upload.put(number, self._joined(step, pool))
            for copy in copies:
                copy.result()
            upload.complete(self._size())
        except BaseException:
            # A part that arrives later than the end would stay, and cost.
            pool.shutdown(cancel_futures=True)
            upload.abort()
            raise

    def _copy(self, upload: Upload, number: int, piece: Slice) -> None:
        part = self.parts[piece.part]
        between = (piece.first, piece.after)
        upload.copy(number, part.key, None if between == (0, part.size) else between)

    def _joined(self, step: Joined, pool: ThreadPoolExecutor) -> BytesIO:
        body = BytesIO()
        if step.headed:
            body.write(self.head)
        # Of many small ones it is the way to S3 and back that takes the time.
        for content in pool.map(self._read, step.slices):
            body.write(content)
        body.seek(0)
        return body

    def _read(self, piece: Slice) -> bytes:
        part = self.parts[piece.part]
        bucket = self.target.bucket
        with refused.by_s3(f"s3://{bucket}/{part.key}"):
            return fetched_range(
                self.target.client,
                {"Bucket": bucket, "Key": part.key},
                piece.first,
                piece.after,
            )

    def _size(self) -> int:
        return len(self.head) + sum(part.size for part in self.parts)
