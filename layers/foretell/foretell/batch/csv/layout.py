"""How a CSV file is written, and where its columns are: recognised by its beginning."""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from foretell.batch.columns import CONTRACT, TRANSACTIONS, content_of, field_columns, normal
from foretell.batch.csv.cells import row_cells, table, text_of
from foretell.batch.csv.defusing import defuse, formulas
from foretell.batch.csv.numbers import decimals, words
from foretell.batch.csv.quotes import Dialect, row_ends
from foretell.batch.runs import Content
from foretell.batch.split import pieces
from foretell.contract import RECORD_FIELDS
from foretell.problems import UnscorableFile

HEAD: Final = 1 << 20
"""Bytes at the beginning of a file by which it is recognised."""

Separator = Literal[",", ";", "\t", "|"]
LineEnd = Literal["\n", "\r\n", "\r"]
Mark = Literal[".", ","]

_SEPARATORS: Final[tuple[Separator, ...]] = get_args(Separator)
_NUMBERS: Final = {*RECORD_FIELDS, "amount"}
_ANNOUNCEMENT: Final = re.compile(rb'"?sep=([,;\t|])"?(\r\n|\n|\r)', re.IGNORECASE)
_BLANK: Final = re.compile(rb"\r\n|\n|\r")


class CsvLayout(BaseModel):
    """The dialect and the columns of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: Content
    byte_order_mark: bool
    announced: bool = Field(description="Whether sep= and the separator stand in the first row.")
    separator: Separator
    line_end: LineEnd = Field(description="Behind the header.")
    decimal: Mark
    header: str = Field(description="As it stands there, without its line end: a byte a character.")
    columns: tuple[str, ...]
    fields: dict[str, int] = Field(description="In which column a field of the contract is.")
    data_begins: int = Field(description="Bytes in front of the row below the header.")
    first_row: int = Field(description="The number of that row.")

    @property
    def dialect(self) -> Dialect:
        """What divides the file into rows and cells."""
        return _dialect(self.separator, self.line_end)


@dataclass(frozen=True)
class _Header:
    separator: Separator
    line_end: LineEnd
    content: bytes
    """Without its line end."""
    columns: tuple[str, ...]
    complete: bool
    """Whether no quote is left open in it."""

    @property
    def fitness(self) -> tuple[int, int]:
        names = {normal(name) for name in self.columns}
        return max(len(names & set(CONTRACT)), len(names & set(TRANSACTIONS))), len(self.columns)


def recognise(head: bytes) -> CsvLayout:
    """The layout of the file that begins so, in UTF-8 or Windows-1252.

    `head` is the whole file if that has fewer than HEAD bytes.

    Raises:
        UnscorableFile: it has no columns that can be scored, or two for the same field.
    """
    marked = head.startswith(BOM_UTF8)
    begins, rows = len(BOM_UTF8) * marked, 0
    announced = _ANNOUNCEMENT.match(head, begins)
    if announced:
        begins, rows = announced.end(), 1
    while blank := _BLANK.match(head, begins):
        begins, rows = blank.end(), rows + 1
    said = announced[1].decode() if announced else None
    is_all = len(head) < HEAD
    found = max(
        (
            _header(head[begins:], separator, is_all=is_all)
            for separator in _SEPARATORS
            if said in {separator, None}
        ),
        key=lambda header: header.fitness,
    )
    content = content_of(found.columns)
    if not found.complete:
        raise UnscorableFile(
            "the row with the names of the columns does not end within 1 MiB: close its quotes"
        )
    begins += len(found.content) + len(found.line_end)
    return CsvLayout(
        content=content,
        byte_order_mark=marked,
        announced=announced is not None,
        separator=found.separator,
        line_end=found.line_end,
        decimal=_decimal(head[begins:], found),
        header=found.content.decode("latin-1"),
        columns=found.columns,
        fields=field_columns(found.columns),
        data_begins=min(begins, len(head)),
        first_row=rows + 2,
    )


def header(layout: CsvLayout, names: tuple[str, ...]) -> bytes:
    """The header of the file with these columns appended, and what is in front of it."""
    mark = BOM_UTF8 if layout.byte_order_mark else b""
    announcement = f"sep={layout.separator}{layout.line_end}" if layout.announced else ""
    content = layout.header.encode("latin-1")
    found = table(content, layout.dialect, len(layout.columns))
    own = defuse(content, formulas(found, layout.dialect, layout.decimal).get(0, ()))
    added = "".join(f"{layout.separator}{name}" for name in names)
    return b"".join((mark, announcement.encode(), own, added.encode(), layout.line_end.encode()))


def _dialect(separator: Separator, line_end: LineEnd) -> Dialect:
    return Dialect(separator.encode(), line_end[-1].encode())


def _header(text: bytes, separator: Separator, *, is_all: bool) -> _Header:
    """The first row of a text, if this is what separates its cells."""
    line_end: LineEnd
    for line_end in ("\n", "\r"):
        dialect = _dialect(separator, line_end)
        ends, is_open = row_ends(np.frombuffer(text, np.uint8), dialect)
        if len(ends):
            content = text[: ends[0]]
            if line_end == "\n" and content.endswith(b"\r"):
                names = _names(content[:-1], dialect)
                return _Header(separator, "\r\n", content[:-1], names, complete=True)
            return _Header(separator, line_end, content, _names(content, dialect), complete=True)
    if is_open:
        # What may be its names, for whoever has to mend it.
        line, dialect = re.split(rb"[\r\n]", text, maxsplit=1)[0], replace(dialect, quotes=False)
        return _Header(separator, "\n", line, _names(line, dialect), complete=False)
    return _Header(separator, "\n", text, _names(text, dialect), complete=is_all)


def _names(content: bytes, dialect: Dialect) -> tuple[str, ...]:
    return tuple(text_of(cell) for cell in row_cells(content, dialect))


def _decimal(data: bytes, found: _Header) -> Mark:
    """What most numbers are written with, where a comma separates no cells."""
    first = next(pieces([data], _dialect(found.separator, found.line_end), 1), None)
    if found.separator == "," or first is None or first.broken is not None:
        return "."
    rows = table(first.content, _dialect(found.separator, found.line_end), len(found.columns))
    text = words(first.content)
    commas = 0
    for place, name in enumerate(map(normal, found.columns)):
        if name in _NUMBERS:
            cells = rows.unquoted(*rows.column(place))
            _, with_point = decimals(text, *cells, ".")
            _, with_comma = decimals(text, *cells, ",")
            commas += int(with_comma.sum()) - int(with_point.sum())
    return "," if commas > 0 else "."
