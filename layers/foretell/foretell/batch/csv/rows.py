"""The rows of a piece of a CSV file: read, checked, and written back with columns appended."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from foretell.batch import checks
from foretell.batch.columns import CUSTOMER_ID
from foretell.batch.csv import kinds, numbers
from foretell.batch.csv.cells import Table, decoded, one_row, table, text_of
from foretell.batch.csv.defusing import defuse, formulas
from foretell.batch.csv.layout import CsvLayout
from foretell.batch.csv.numbers import Floats, Mask, Words
from foretell.batch.rows import Integers, Piece, Records
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, Fault

ROW: Final = "row"
"""What is at fault where it is no field."""

ACCOUNT_TYPE: Final = "account_type"

Parser = Callable[[str], float | str | None]
"""The number in a cell, None where it is missing, or the text that it is."""
ManyParser = Callable[[Words, Integers, Integers], tuple[Floats, Mask]]
"""The numbers in cells that start and stop there, and which of them are right."""

_LONGEST_REMEMBERED: Final = 32
"""Bytes of a cell: what is looked at by itself is often the same few words."""


@dataclass(frozen=True)
class CsvRows:
    """The rows of a piece; see foretell.batch.rows.Rows."""

    layout: CsvLayout
    table: Table
    numbers: Integers
    records: Records
    faults: Mapping[int, tuple[Fault, ...]]

    def original(self, position: int) -> str:
        """A row as it stands in the file, as text, without its line end."""
        return decoded(self.table.row(position))

    def customer_id(self, position: int) -> str | None:
        """The customer's id as text; None where there is none."""
        place = self.layout.fields.get(CUSTOMER_ID)
        row = int(np.searchsorted(self.table.whole, position))
        if place is None or self.table.whole[row : row + 1].tolist() != [position]:
            return None
        return _customer_id(self.table.cell(row, place))


def read(piece: Piece, layout: CsvLayout) -> CsvRows:
    """The rows of a piece, each with its record or its faults."""
    columns = len(layout.columns)
    if piece.broken is None:
        found = table(piece.content, layout.dialect, columns)
    else:
        found = one_row(piece.content, columns)
    faults = _misshapen(found, columns, piece.broken)
    values, doubtful = _values(found, layout)
    doubtful |= checks.doubtful(values)
    records = _records(found, values)
    for row in np.flatnonzero(doubtful).tolist():
        position = int(found.whole[row])
        judged = checks.examine(_closely(found, row, layout, values[row]))
        if isinstance(judged, tuple):
            faults[position] = judged
        else:
            records[position] = judged
    return CsvRows(layout, found, piece.first_row + found.places, records, faults)


def _misshapen(found: Table, columns: int, broken: str | None) -> dict[int, tuple[Fault, ...]]:
    if broken is not None:
        return {0: (Fault(field=ROW, reason=broken),)}
    return {
        position: (Fault(field=ROW, reason=_shape(int(found.counts[position]), columns)),)
        for position in np.flatnonzero(found.counts != columns).tolist()
    }


def _shape(cells: int, columns: int) -> str:
    return f"{cells} cell{'s' * (cells != 1)} where the header has {columns}"


def _records(found: Table, values: Floats) -> Records:
    # What is too large for float32 is too large for a customer, too.
    with np.errstate(over="ignore"):
        records = values.astype(np.float32, order="C")
    if len(found.whole) == len(found.starts):
        return records
    spread = np.full((len(found.starts), len(RECORD_FIELDS)), np.nan, np.float32)
    spread[found.whole] = records
    return spread


def _values(found: Table, layout: CsvLayout) -> tuple[Floats, Mask]:
    """What is in the columns of the contract as numbers, and which rows need a closer look.

    Of shapes (whole rows, len(RECORD_FIELDS)) and (whole rows,).
    """
    text = numbers.words(found.content)
    values = np.full((len(RECORD_FIELDS), len(found.whole)), np.nan)
    doubtful = np.zeros(len(found.whole), np.bool_)
    for field, place in layout.fields.items():
        if field == CUSTOMER_ID:
            starts, stops = found.column(place)
            doubtful |= stops - starts > checks.LONGEST_ID
        else:
            column, texts = _column(found, text, place, _parsers(field, layout))
            values[RECORD_FIELDS.index(field)] = column
            doubtful[texts] = True
    return values.T, doubtful


def _column(
    found: Table, text: Words, place: int, parsers: tuple[ManyParser, Parser]
) -> tuple[Floats, list[int]]:
    """The numbers in a column, shape (whole rows,), and the rows in which it holds text."""
    many, one = parsers
    starts, stops = found.unquoted(*found.column(place))
    column, plain = many(text, starts, stops)
    column[~plain] = np.nan
    others = np.flatnonzero(~plain & (stops > starts))
    if len(others):
        trimmed, plain = many(text, *found.trimmed(starts[others], stops[others]))
        column[others[plain]] = trimmed[plain]
        others = others[~plain]
    return column, _one_by_one(column, others, found, place, one)


def _one_by_one(
    column: Floats, rows: Integers, found: Table, place: int, parse: Parser
) -> list[int]:
    """Fill in what cells of a column hold, in place; those of the rows that are text are left."""
    remembered: dict[bytes, float | str | None] = {}
    texts = []
    starts, stops = (cells[rows].tolist() for cells in found.column(place))
    for row, start, stop in zip(rows.tolist(), starts, stops, strict=True):
        cell = found.content[start:stop]
        if cell in remembered:
            value = remembered[cell]
        else:
            value = parse(text_of(cell))
            if len(cell) <= _LONGEST_REMEMBERED:
                remembered[cell] = value
        if isinstance(value, str):
            texts.append(row)
        elif value is not None:
            column[row] = value
    return texts


def _parsers(field: str, layout: CsvLayout) -> tuple[ManyParser, Parser]:
    if field == ACCOUNT_TYPE:
        return kinds.codes, kinds.parsed
    return (
        partial(numbers.decimals, mark=layout.decimal),
        partial(numbers.parsed, mark=layout.decimal),
    )


def _closely(found: Table, row: int, layout: CsvLayout, values: Floats) -> dict[str, object]:
    """A row as a request would have it; `values` are its numbers."""
    cells: dict[str, object] = {}
    for field, place in layout.fields.items():
        if field == CUSTOMER_ID:
            cells[field] = _customer_id(found.cell(row, place))
            continue
        value = float(values[RECORD_FIELDS.index(field)])
        if math.isnan(value):
            cells[field] = _parsers(field, layout)[1](text_of(found.cell(row, place)))
        else:
            cells[field] = ACCOUNT_TYPES[int(value)] if field == ACCOUNT_TYPE else value
    return cells


def _customer_id(cell: bytes) -> str | None:
    text = text_of(cell)
    return text if text.strip() else None


def written(rows: CsvRows, suffixes: list[bytes]) -> bytes:
    """The rows without faults as they stand in the file, each followed by its suffix.

    `suffixes` has one for each of them, in order, line end included. Cells that a spreadsheet would
    take for formulas are defused, quoted ones inside of their quotes.
    """
    found = rows.table
    kept = np.ones(len(found.starts), np.bool_)
    kept[list(rows.faults)] = False
    starts, stops = found.starts[kept].tolist(), found.stops[kept].tolist()
    originals = [found.content[start:stop] for start, stop in zip(starts, stops, strict=True)]
    order = np.cumsum(kept) - 1
    for row, places in formulas(found, rows.layout.dialect, rows.layout.decimal).items():
        position = found.whole[row]
        if kept[position]:
            place = order[position]
            originals[place] = defuse(originals[place], [at - starts[place] for at in places])
    parts = [b""] * (2 * len(originals))
    parts[::2], parts[1::2] = originals, suffixes
    return b"".join(parts)
