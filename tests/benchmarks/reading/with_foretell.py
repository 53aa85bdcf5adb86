"""Foretell's own reader, its checks of the contract included."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from foretell.batch.csv.cells import text_of
from foretell.batch.csv.layout import HEAD, recognise
from foretell.batch.csv.rows import CsvRows, read
from foretell.batch.split import pieces
from tests.benchmarks.reading.source import COLUMNS, Portion, Reader, Refusal, Source

_BLOCK: Final = 1 << 20


def typed(source: Source) -> Iterator[Portion]:
    """Numbers as numbers, and each row as it stands."""
    with source.file.open("rb") as file:
        layout = recognise(file.read(HEAD))
    for piece in pieces(_blocks(source, layout.data_begins), layout.dialect, source.first_row):
        yield _portion(read(piece, layout))


def _blocks(source: Source, data_begins: int) -> Iterator[bytes]:
    with source.opened() as stream:
        if source.has_header:
            stream.read(data_begins)
        while block := stream.read(_BLOCK):
            yield block


def _portion(rows: CsvRows) -> Portion:
    if not rows.faults:
        return Portion(rows.records, partial(_texts, rows))
    kept = np.ones(len(rows.numbers), np.bool_)
    kept[list(rows.faults)] = False
    refused = (
        Refusal(int(rows.numbers[place]), faults[0].reason, rows.original(place))
        for place, faults in rows.faults.items()
    )
    return Portion(rows.records[kept], partial(_texts, rows), tuple(refused))


def _texts(rows: CsvRows) -> list[tuple[str, str]]:
    places = (
        place
        for place, position in enumerate(rows.table.whole.tolist())
        if position not in rows.faults
    )
    return [
        (text_of(rows.table.cell(place, 0)), text_of(rows.table.cell(place, len(COLUMNS) - 1)))
        for place in places
    ]


READERS: Final[dict[str, Reader]] = {"typed": typed}
