"""A text file of customers, recognised: how its pieces are read, and how answers are appended.

What is known of a file here can be stored, so that the parts of a large one are read and written
alike, wherever that is done.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from foretell.batch import columns, container, jsonl, split
from foretell.batch.answers import Answers, Words, column_names
from foretell.batch.container import Opened
from foretell.batch.csv import rows as csv_rows
from foretell.batch.csv.layout import CsvLayout, header, recognise
from foretell.batch.job import Job
from foretell.batch.render import Renderer, Style, csv_style, json_style
from foretell.batch.rows import Piece, Rows
from foretell.batch.runs import Content, Format

_FORMATS: Final[dict[tuple[str, bool], Format]] = {
    ("csv", False): "csv",
    ("csv", True): "csv.gz",
    ("jsonl", False): "jsonl",
    ("jsonl", True): "jsonl.gz",
}


class TextTable(BaseModel):
    """A CSV or JSON Lines file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["csv", "jsonl"]
    compressed: bool
    divisible: bool
    """Whether a part of its bytes can be read without those before."""
    layout: CsvLayout | None
    """Of a CSV file."""
    names: tuple[str, ...]
    """Its columns; of JSON Lines the fields of the first line."""

    @property
    def format(self) -> Format:
        """What it is called, and what the predictions will be."""
        return _FORMATS[self.kind, self.compressed]

    @property
    def content(self) -> Content:
        """What its columns say it holds.

        Raises:
            UnscorableFile: neither customers nor transactions.
        """
        return columns.content_of(self.names)

    @property
    def first_byte(self) -> int:
        """Where the rows begin, in the content."""
        return self.layout.data_begins if self.layout else 0

    @property
    def first_row(self) -> int:
        """Number of the row that begins there."""
        return self.layout.first_row if self.layout else 1

    @property
    def dialect(self) -> split.Dialect | None:
        """What ends a row; None where a line break always does."""
        return self.layout.dialect if self.layout else None

    def head(self) -> bytes:
        """What the predictions begin with."""
        if self.layout is None:
            return b""
        content = header(self.layout, self._added)
        return container.gzip_member(content) if self.compressed else content

    def job(self, blocks: Iterable[bytes], first_row: int, words: Words) -> Job[Piece]:
        """The work on some of its rows: `blocks` hold whole ones, beginning with `first_row`."""
        renderer = Renderer(words, self._style)

        def written(rows: Rows, answers: Answers) -> bytes:
            content = self._appended(rows, renderer.suffixes(answers))
            return container.gzip_member(content) if self.compressed and content else content

        return Job(split.pieces(blocks, self.dialect, first_row), self._read, written)

    def rows_of(self, opened: Opened) -> Iterator[bytes]:
        """The bytes of all rows: what is behind the header."""
        return _behind(self.first_byte, opened.blocks)

    def _read(self, piece: Piece) -> Rows:
        return csv_rows.read(piece, self.layout) if self.layout else jsonl.read(piece)

    def _appended(self, rows: Rows, suffixes: list[bytes]) -> bytes:
        if isinstance(rows, csv_rows.CsvRows):
            return csv_rows.written(rows, suffixes)
        assert isinstance(rows, jsonl.JsonlRows)  # noqa: S101 - there are no others
        return jsonl.written(rows, suffixes)

    @property
    def _added(self) -> tuple[str, ...]:
        return column_names(frozenset(name.strip().lower() for name in self.names))

    @property
    def _style(self) -> Style:
        if self.layout is None:
            return json_style(self._added)
        return csv_style(self.layout.separator, self.layout.line_end.encode(), self.layout.decimal)


def recognised(opened: Opened) -> TextTable:
    """What is to be known of an opened text file.

    Raises:
        UnscorableFile: it is no table.
    """
    layout = recognise(opened.head) if opened.kind == "csv" else None
    return TextTable(
        kind="csv" if layout else "jsonl",
        compressed=opened.compressed,
        divisible=not opened.compressed and opened.encoding == "utf-8",
        layout=layout,
        names=layout.columns if layout else jsonl.first_names(opened.head),
    )


def _behind(first_byte: int, blocks: Iterable[bytes]) -> Iterator[bytes]:
    left = first_byte
    for block in blocks:
        if left < len(block):
            yield block[left:]
        left = max(0, left - len(block))
