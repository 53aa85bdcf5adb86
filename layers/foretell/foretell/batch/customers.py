"""A file, opened: how its customers are scored, and where what is written of them goes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, Self

from foretell.batch import container
from foretell.batch.answers import Words
from foretell.batch.container import Opened
from foretell.batch.job import Job
from foretell.batch.parquet import rows as parquet_rows
from foretell.batch.parquet.answers import written as packed
from foretell.batch.parquet.finish import finish
from foretell.batch.parquet.layout import ParquetLayout
from foretell.batch.parquet.layout import recognise as recognise_parquet
from foretell.batch.runs import Content, Format
from foretell.batch.storage.folder import FolderOutput
from foretell.batch.storage.results import Output
from foretell.batch.storage.source import BLOCK, Source
from foretell.batch.table import TextTable
from foretell.batch.table import recognised as recognise_text
from foretell.problems import UnscorableFile

CONTENT_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "csv.gz": "application/gzip",
    "jsonl": "application/x-ndjson",
    "jsonl.gz": "application/gzip",
    "parquet": "application/vnd.apache.parquet",
}

_MEMORY: Final = "512MB"
"""For DuckDB, which takes some beside."""


class Table(Protocol):
    """An opened file."""

    @property
    def format(self) -> Format:
        """What it is, and what the predictions will be."""

    @property
    def content(self) -> Content:
        """What its columns say it holds.

        Raises:
            UnscorableFile: neither customers nor transactions.
        """

    def head(self) -> bytes:
        """What the predictions begin with."""

    def job(self, words: Words) -> Job[Any]:
        """The work on all its rows."""

    def done(self) -> float:
        """The share of it that was read."""

    def output(self, output: Output, words: Words) -> Output:
        """Where what the job writes is to go, for `output` to become the predictions."""


@dataclass
class _Counted:
    """The blocks of a file, and how many of its bytes have come by."""

    blocks: Iterable[bytes]
    size: int
    read: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks:
            self.read += len(block)
            yield block

    @property
    def share(self) -> float:
        return self.read / max(self.size, 1)


@dataclass(frozen=True)
class TextFile:
    """A CSV or JSON Lines file that is read as it comes."""

    table: TextTable
    opened: Opened
    source: _Counted

    @property
    def format(self) -> Format:
        """As `Table.format`."""
        return self.table.format

    @property
    def content(self) -> Content:
        """As `Table.content`."""
        return self.table.content

    def compressed_as(self, original: Format) -> Self:
        """The same, its predictions compressed where the original was."""
        compressed = {"compressed": original.endswith(".gz")}
        return replace(self, table=self.table.model_copy(update=compressed))

    def head(self) -> bytes:
        """As `Table.head`."""
        return self.table.head()

    def job(self, words: Words) -> Job[Any]:
        """As `Table.job`; once."""
        return self.table.job(self.table.rows_of(self.opened), self.table.first_row, words)

    def done(self) -> float:
        """As `Table.done`."""
        return self.source.share

    def output(self, output: Output, words: Words) -> Output:  # noqa: ARG002 - as Table has it
        """As `Table.output`."""
        return output


@dataclass
class ParquetFile:
    """A Parquet file on this machine's disk."""

    layout: ParquetLayout
    path: Path
    _rows_begun: int = 0

    @property
    def format(self) -> Format:
        """As `Table.format`."""
        return "parquet"

    @property
    def content(self) -> Content:
        """As `Table.content`."""
        return self.layout.content

    def head(self) -> bytes:
        """As `Table.head`."""
        return b""

    def job(self, words: Words) -> Job[Any]:  # noqa: ARG002 - as Table has it
        """As `Table.job`."""
        return Job(self._pieces(), parquet_rows.read, packed)

    def done(self) -> float:
        """As `Table.done`."""
        return self._rows_begun / max(self.layout.rows, 1)

    def output(self, output: Output, words: Words) -> Output:
        """As `Table.output`."""
        return ParquetOutput(output, self.path, words)

    def _pieces(self) -> Iterator[parquet_rows.ParquetPiece]:
        for piece in parquet_rows.pieces(self.layout, self.path):
            self._rows_begun = piece.first + piece.rows
            yield piece


class ParquetOutput:
    """Takes packed answers, and in the end writes the Parquet file that they make of the source."""

    def __init__(self, output: Output, source: Path, words: Words) -> None:
        self._output = output
        self._source = source
        self._words = words
        self._packed = source.with_name("answers.packed")
        self._file = FolderOutput(self._packed)

    def write(self, data: bytes) -> None:
        """As `Output.write`."""
        self._file.write(data)

    def complete(self) -> None:
        """As `Output.complete`."""
        self._file.complete()
        write_parquet(self._source, self._packed, self._words, self._output)
        self._output.complete()

    def abandon(self) -> None:
        """As `Output.abandon`."""
        self._file.abandon()
        self._output.abandon()


def write_parquet(source: Path, answers: Path, words: Words, output: Output) -> None:
    """Write the predictions of a Parquet file, whose packed answers are all there."""
    folder = source.parent
    target = folder / "predictions.parquet"
    finish(source, answers, words, target, folder, _MEMORY)
    with target.open("rb") as file:
        while block := file.read(BLOCK):
            output.write(block)
    target.unlink()


def open_table(source: Source, blocks: Iterable[bytes], folder: Path, largest: int) -> Table:
    """Recognise a file by its content; a Parquet file is copied into `folder`.

    Args:
        source: the file.
        blocks: its bytes from the beginning, which are read on while it is scored.
        folder: on a disk with room for it.
        largest: bytes of content; where there are more it is not scored.

    Raises:
        UnscorableFile: it is no table, or too large.
        StorageUnreachable: it cannot be read now.
    """
    counted = _Counted(blocks, source.size)
    opened = container.opened(counted, largest)
    if opened.kind != "parquet":
        return TextFile(recognise_text(opened), opened, counted)
    if source.size > largest:
        raise UnscorableFile(
            f"the file has {source.size:,} bytes, and {largest:,} are the most that is scored in"
            " one: drop it in several files"
        )
    path = folder / "source.parquet"
    source.download(path)
    return ParquetFile(recognise_parquet(path), path)
