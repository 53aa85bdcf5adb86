"""A text file of any size in pieces of whole rows.

Which rows a file has is a function of its bytes alone: not of how they arrive, nor of where among
its rows reading begins or ends. So a file may be read in ranges, each by itself, if they end where
a row does. A quote that is opened and never closed would break that, and swallow the rest of the
file: its line is a broken row instead, and the next line begins a row again.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from foretell.batch.csv.quotes import LINES, Bytes, Dialect, row_ends
from foretell.batch.rows import LONGEST_ROW, Piece

__all__ = ["LINES", "Dialect", "Range", "pieces", "ranges"]

TOO_LONG: Final = f"the row is longer than {LONGEST_ROW >> 20} MiB"
OPEN_QUOTE: Final = (
    f"a quote is opened, and no row ends within {LONGEST_ROW >> 20} MiB of it: close or double it"
)
TOLD_OF_A_LONG_ROW: Final = 200
"""Bytes of it that are kept."""

_TARGET: Final = 1 << 20
_MOST_ROWS: Final = 1 << 15
"""Of a piece: what is wrong with a row takes a hundred times the room of the shortest."""
_AFTER_A_BROKEN_ROW: Final = 1 << 12
"""Bytes looked at next: where one row is broken others may be, and each look begins anew."""


@dataclass(frozen=True)
class Range:
    """Consecutive whole rows of a text file."""

    first_byte: int
    """Counted from where reading began, as after_byte."""
    after_byte: int
    first_row: int
    """As a piece's."""
    rows: int
    """Blank lines included."""


def pieces(
    blocks: Iterable[bytes], dialect: Dialect | None, first_row: int, target: int = _TARGET
) -> Iterator[Piece]:
    """The rows in `blocks`, about `target` bytes at a time; the first one is number `first_row`.

    Without a dialect each line is a row. Little more than LONGEST_ROW is held, and a block.
    """
    for cut in _Splitter(blocks, dialect or LINES, first_row, target).cuts():
        yield cut.piece


def ranges(
    blocks: Iterable[bytes], dialect: Dialect | None, first_row: int, size: int
) -> Iterator[Range]:
    """The same rows in ranges of about `size` bytes, each of which can be read by itself."""
    first_byte = after_byte = rows = 0
    for cut in _Splitter(blocks, dialect or LINES, first_row, min(size, _TARGET)).cuts():
        after_byte += cut.size
        rows += cut.rows
        if after_byte - first_byte >= size:
            yield Range(first_byte, after_byte, first_row, rows)
            first_byte, first_row, rows = after_byte, first_row + rows, 0
    if rows:
        yield Range(first_byte, after_byte, first_row, rows)


@dataclass(frozen=True)
class _Cut:
    piece: Piece
    rows: int
    size: int
    """Bytes of the file; the piece has fewer where a row was too long to be kept."""


class _Splitter:
    def __init__(
        self, blocks: Iterable[bytes], dialect: Dialect, first_row: int, target: int
    ) -> None:
        self._dialect: Final = dialect
        self._target: Final = min(target, LONGEST_ROW)
        self._text: Final = _Text(blocks, self._target)
        self._row = first_row
        self._window = self._target
        self._next_end = 0
        """Offset at which all rows end that have a quote open at the end of a line before ..."""
        self._next_end_found = True
        """... or only one that it does not come before."""

    def cuts(self) -> Iterator[_Cut]:
        while self._text.fill(self._target):
            size, rows = self._whole_rows()
            self._window = min(2 * self._window, self._target)
            yield self._taken(size, rows) if size else self._one_row()

    def _whole_rows(self) -> tuple[int, int]:
        """Bytes and number of the rows that end within the window."""
        text = self._text.view(0, self._window)
        ends, is_open = row_ends(text, self._dialect)
        if len(ends) > _MOST_ROWS:
            self._window = int(ends[_MOST_ROWS - 1]) + 1
            return self._window, _MOST_ROWS
        size = int(ends[-1]) + 1 if len(ends) else 0
        if size < len(text) and not is_open and self._text.is_last(len(text)):
            return len(text), len(ends) + 1
        return size, len(ends)

    def _one_row(self) -> _Cut:
        """The next row, which is long or has an open quote."""
        self._text.fill(LONGEST_ROW + self._target)
        line = self._line()
        if not line:
            return self._long_line()
        if not row_ends(self._text.view(0, line), self._dialect)[1]:
            return self._taken(line, 1)
        if size := self._row_with_open(line):
            return self._taken(size, 1)
        self._window = min(_AFTER_A_BROKEN_ROW, self._target)
        return self._taken(line, 1, OPEN_QUOTE)

    def _line(self) -> int:
        """Bytes up to the end of the line, whether it is quoted or not; 0 if there are too many."""
        if size := self._text.through(self._dialect.terminator, LONGEST_ROW):
            return size
        held = len(self._text.view(0, LONGEST_ROW))
        return held if self._text.is_last(held) else 0

    def _row_with_open(self, line: int) -> int:
        """Bytes of a row that has a quote open at the end of its first line; 0 if it is broken.

        Whichever lines leave a quote open, up to the next end of a row they all have the same: it
        is looked for once, however many of them a file has.
        """
        offset = self._text.offset
        known = self._next_end if self._next_end_found else self._next_end - LONGEST_ROW
        if offset + line >= self._next_end or offset >= known:
            self._next_end, self._next_end_found = self._look_for_end(line)
        size = self._next_end - offset
        return size if self._next_end_found and size <= LONGEST_ROW else 0

    def _look_for_end(self, line: int) -> tuple[int, bool]:
        """Offset at which a row ends that has a quote open here, or before which none does."""
        text = self._text.view(line, LONGEST_ROW + self._target)
        ends, is_open = row_ends(text, self._dialect, begins_inside=True)
        here = self._text.offset + line
        if len(ends):
            return here + int(ends[0]) + 1, True
        if self._text.is_last(line + len(text)):
            return (sys.maxsize if is_open else here + len(text)), True
        return here + len(text) + 1, False

    def _long_line(self) -> _Cut:
        """A line that is dropped, all but its beginning."""
        told, size = bytes(self._text.view(0, TOLD_OF_A_LONG_ROW)), 0
        while self._text.fill(self._target):
            end = self._text.through(self._dialect.terminator, LONGEST_ROW)
            size += len(self._text.take(end or LONGEST_ROW))
            if end:
                break
        return self._cut(told, 1, size, TOO_LONG)

    def _taken(self, size: int, rows: int, broken: str | None = None) -> _Cut:
        return self._cut(self._text.take(size), rows, size, broken)

    def _cut(self, content: bytes, rows: int, size: int, broken: str | None) -> _Cut:
        piece = Piece(content, self._row, broken)
        self._row += rows
        return _Cut(piece, rows, size)


class _Text:
    """What was read and not yet taken."""

    def __init__(self, blocks: Iterable[bytes], portion: int) -> None:
        self._portions: Final = _portions(blocks, portion)
        self._portion: Final = portion
        self._held = b""
        self._start = 0
        self._ended = False
        self.offset = 0
        """Bytes that were taken."""

    def fill(self, size: int) -> bool:
        """Read until this many bytes are held, if there are as many; whether there is any."""
        missing = size - self._left
        if missing > 0 and not self._ended:
            parts: list[bytes | memoryview] = [memoryview(self._held)[self._start :]]
            # One portion more, so that many small steps do not copy what is held many times.
            missing += self._portion
            while missing > 0 and not self._ended:
                part = next(self._portions, None)
                self._ended = part is None
                parts.append(part or b"")
                missing -= len(parts[-1])
            self._held, self._start = b"".join(parts), 0
        return self._left > 0

    def view(self, start: int, stop: int) -> Bytes:
        """Some of what is held."""
        return np.frombuffer(self._held, np.uint8)[self._start :][start:stop]

    def through(self, byte: bytes, size: int) -> int:
        """Bytes up to this one, which is among them, if it is in the next so many; 0 if not."""
        place = self._held.find(byte, self._start, self._start + size)
        return place + 1 - self._start if place >= 0 else 0

    def is_last(self, size: int) -> bool:
        """Whether nothing follows these bytes."""
        return self._ended and size == self._left

    def take(self, size: int) -> bytes:
        taken = self._held[self._start : self._start + size]
        self._start += len(taken)
        self.offset += len(taken)
        return taken

    @property
    def _left(self) -> int:
        return len(self._held) - self._start


def _portions(blocks: Iterable[bytes], size: int) -> Iterator[bytes | memoryview]:
    for block in blocks:
        for start in range(0, len(block), size):
            yield memoryview(block)[start : start + size]
