"""Where rows and cells stand in a piece of a CSV file, and the text of one of them."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.batch.csv.quotes import QUOTE, Bytes, Dialect, has_quotes, inside

Integers = npt.NDArray[np.int64]

_CR: Final = ord("\r")
_SPACE: Final = ord(" ")
_MOST_SPACES: Final = 3
"""On one side of a cell; with more it is no rarity that has to be quick."""
_QUOTED: Final = re.compile(rb'"((?:[^"]|"")*+)"(.*)', re.DOTALL)


@dataclass(frozen=True)
class Table:
    """The rows of a text, blank ones left out."""

    content: bytes
    text: Bytes
    """The same, shape (bytes,)."""
    has_quotes: bool
    places: Integers
    """Of each row, from 0, among all rows; shape (rows,)."""
    starts: Integers
    """Of each row, shape (rows,)."""
    stops: Integers
    """Of each row without its line end, shape (rows,)."""
    counts: Integers
    """Of the cells of each row, shape (rows,)."""
    whole: Integers
    """The rows that have as many cells as there are columns."""
    cell_stops: Integers
    """Of those, shape (columns, whole rows)."""

    def column(self, place: int) -> tuple[Integers, Integers]:
        """Where the cells of a column start and stop, each of shape (whole rows,)."""
        starts = self.cell_stops[place - 1] + 1 if place else self.starts[self.whole]
        return starts, self.cell_stops[place]

    def cell(self, row: int, place: int) -> bytes:
        """A cell of a whole row, as it stands there."""
        start = self.cell_stops[place - 1, row] + 1 if place else self.starts[self.whole[row]]
        return self.content[start : self.cell_stops[place, row]]

    def row(self, position: int) -> bytes:
        """A row without its line end."""
        return self.content[self.starts[position] : self.stops[position]]

    def unquoted(self, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
        """The same cells without the quotes around them."""
        if not self.has_quotes:
            return starts, stops
        quoted = self.text.take(starts, mode="clip") == QUOTE
        quoted &= self.text.take(stops - 1, mode="clip") == QUOTE
        return starts + quoted, stops - quoted

    def trimmed(self, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
        """The same cells without the first few spaces around them."""
        for _ in range(_MOST_SPACES):
            starts = starts + ((self.text.take(starts, mode="clip") == _SPACE) & (starts < stops))
            stops = stops - ((self.text.take(stops - 1, mode="clip") == _SPACE) & (starts < stops))
        return starts, stops


def table(content: bytes, dialect: Dialect, columns: int) -> Table:
    """Where the rows and cells of whole rows are."""
    text = np.frombuffer(content, np.uint8)
    divides = dialect.divides(text)
    quotes = has_quotes(text)
    if quotes:
        divides &= ~inside(text, dialect)
    ends = np.flatnonzero(divides)
    closing = np.flatnonzero(text[ends] == dialect.terminator[0])
    if len(text) and not (len(closing) and ends[closing[-1]] == len(text) - 1):
        closing = np.append(closing, len(ends))
        ends = np.append(ends, len(text))
    row_ends, starts = ends[closing], _after(ends[closing])
    stops = row_ends
    if dialect.terminator == b"\n":
        stops = row_ends - ((row_ends > starts) & (text.take(row_ends - 1, mode="clip") == _CR))
    counts = np.diff(closing, prepend=-1)
    places = np.flatnonzero(stops > starts)
    whole = np.flatnonzero(counts[places] == columns)
    if len(whole) == len(closing):
        cell_stops = np.ascontiguousarray(ends.reshape(-1, columns).T)
    else:
        cell_stops = ends[closing[places[whole]] + np.arange(1 - columns, 1)[:, None]]
    cell_stops[-1] = stops[places[whole]]
    return Table(
        content=content,
        text=text,
        has_quotes=quotes,
        places=places,
        starts=starts[places],
        stops=stops[places],
        counts=counts[places],
        whole=whole,
        cell_stops=cell_stops,
    )


def _after(ends: Integers) -> Integers:
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    return starts


def row_cells(content: bytes, dialect: Dialect) -> list[bytes]:
    """The cells of one row, as they stand there."""
    text = np.frombuffer(content, np.uint8)
    divides = text == dialect.separator[0]
    if dialect.quotes and has_quotes(text):
        divides &= ~inside(text, dialect)
    starts = [0, *(np.flatnonzero(divides) + 1).tolist()]
    return [content[start : stop - 1] for start, stop in pairwise([*starts, len(content) + 1])]


def one_row(content: bytes, columns: int) -> Table:
    """A text as one row, whatever its cells."""
    zero, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    return Table(
        content=content,
        text=np.frombuffer(content, np.uint8),
        has_quotes=True,
        places=zero,
        starts=zero,
        stops=zero + len(content.rstrip(b"\r\n")),
        counts=zero,
        whole=none,
        cell_stops=none.reshape(columns, 0),
    )


def text_of(cell: bytes) -> str:
    """What a cell says: without quotes, a doubled one being one."""
    quoted = _QUOTED.fullmatch(cell)
    return decoded(quoted[1].replace(b'""', b'"') + quoted[2] if quoted else cell)


def decoded(content: bytes) -> str:
    """In UTF-8 or else, as old spreadsheets have it, in Windows-1252."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
