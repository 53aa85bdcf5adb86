"""Foretell's own reader, its checks of the contract included."""

from collections.abc import Iterator
from typing import IO, Final

from foretell.batch.csv.layout import recognise
from foretell.batch.csv.rows import CsvRows, read
from foretell.batch.split import pieces
from tests.benchmarks.reading.source import (
    COLUMNS,
    ID,
    NOTE,
    Portion,
    Reader,
    Refusal,
    Source,
)

_BLOCK: Final = 1 << 20


def rows(source: Source) -> Iterator[Portion]:
    """As the batch does."""
    with source.opened() as stream:
        head = stream.readline()
        layout = recognise(head if source.has_header else f"{','.join(COLUMNS)}\n".encode())
