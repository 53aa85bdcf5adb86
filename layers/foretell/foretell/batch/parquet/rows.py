"""Rows of a Parquet file as customer records."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.batch import checks
from foretell.batch.columns import CUSTOMER_ID
from foretell.batch.parquet.database import name, reading, table, text
from foretell.batch.parquet.layout import (
    ACCOUNT_TYPE,
    ROW,
    TEXT,
    ParquetColumn,
    ParquetLayout,
    row_ranges,
)
from foretell.batch.parquet.originals import Originals
from foretell.batch.rows import Integers, Records
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, Fault
from foretell.problems import UnscorableFile

MOST_ROWS: Final = 131_072
"""In a piece."""

_PIECES_OF_A_GROUP: Final = 8
"""At most, as far as MOST_ROWS allows: to read one of them, all of the group is unpacked."""
_OTHER_TEXT: Final = -1
"""Stands for text that is no kind of account, or that is where a number should be."""

Texts = npt.NDArray[np.object_]
"""Objects of shape (rows,), a masked array where some are missing."""
Wide = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ParquetPiece:
    """Consecutive rows of a file."""

    path: Path
    first: int
    """Its first row, from 0."""
    rows: int
    layout: ParquetLayout

    @property
    def selection(self) -> str:
        """These rows, as end of a statement."""
        after = self.first + self.rows
        return f"FROM {table(self.path)} WHERE {ROW} >= {self.first} AND {ROW} < {after}"


def pieces(
    layout: ParquetLayout,
    path: Path,
    first: int = 0,
    after: int | None = None,
    rows: int = 16_384,
) -> Iterator[ParquetPiece]:
    """The rows from `first` to the one before `after`, in order, about `rows` in each piece.

    Where row groups are large, so are pieces, up to MOST_ROWS.
    """
    last = layout.rows if after is None else after
    for start, end in row_ranges(layout, rows):
        step = max(rows, min((end - start) // _PIECES_OF_A_GROUP, MOST_ROWS))
        begin, behind = max(start, first), min(end, last)
        for place in range(begin, behind, step):
            yield ParquetPiece(path, place, min(step, behind - place), layout)


@dataclass(frozen=True)
class ParquetRows:
    """The rows of a piece; see foretell.batch.rows.Rows."""

    piece: ParquetPiece
    customer_ids: Texts
    records: Records
    faults: Mapping[int, tuple[Fault, ...]]
    originals: Originals

    @cached_property
    def numbers(self) -> Integers:
        """Of the table's rows, from 1."""
        start = self.piece.first + 1
        return np.arange(start, start + self.piece.rows, dtype=np.int64)

    def original(self, position: int) -> str:
        """A row as a JSON object in one line; made for rows with faults, in their order.

        Raises:
            UnscorableFile: a column that was not read so far is damaged.
        """
        return self.originals.line(self.piece.first + position)

    def customer_id(self, position: int) -> str | None:
        """The customer's id as text; None where there is none."""
        found = self.customer_ids[position]
        return None if found is np.ma.masked else str(found)


def read(piece: ParquetPiece) -> ParquetRows:
    """The rows of a piece; safe to call from many threads.

    Raises:
        UnscorableFile: the file is damaged there.
    """
    found = _columns(piece)
    values = np.full((piece.rows, len(RECORD_FIELDS)), np.nan)
    for place, field in enumerate(RECORD_FIELDS):
        if field in found:
            values[:, place] = found[field]
    customer_ids = found[CUSTOMER_ID] if CUSTOMER_ID in found else _nothing(piece.rows)
    doubtful = checks.doubtful(values) | _too_long(customer_ids)

    with np.errstate(over="ignore"):  # of rows with faults
        records = values.astype(np.float32)
    faults: dict[int, tuple[Fault, ...]] = {}
    for position in np.flatnonzero(doubtful).tolist():
        cells = _cells(piece.layout, values[position], customer_ids[position])
        examined = checks.examine(cells)
        if isinstance(examined, tuple):
            faults[position] = examined
        else:
            records[position] = examined
    originals = Originals(piece.path, piece.layout, [piece.first + fault for fault in faults])
    return ParquetRows(piece, customer_ids, records, faults, originals)


def _columns(piece: ParquetPiece) -> dict[str, Any]:
    """Fields of the record as numbers without NULL; ids as text."""
    fields = piece.layout.fields
    expressions = (f"{_expression(field, column)} AS {field}" for field, column in fields.items())
    with reading() as connection:
        found = connection.execute(f"SELECT {', '.join(expressions)} {piece.selection}")
        columns: dict[str, Any] = found.fetchnumpy()
    if any(len(column) != piece.rows for column in columns.values()):
        raise UnscorableFile(
            "the Parquet file has fewer rows than its footer says: export it again"
        )
    return columns


def _expression(field: str, column: ParquetColumn) -> str:
    cell = name(column.name)
    if field == CUSTOMER_ID:
        # One character more than is allowed tells as much as ten million.
        return f"left(CAST({cell} AS VARCHAR), {checks.LONGEST_ID + 1})"
    if column.is_number:
        return f"coalesce(CAST({cell} AS DOUBLE), CAST('nan' AS DOUBLE))"
    kinds = ACCOUNT_TYPES if field == ACCOUNT_TYPE and column.type == TEXT else ()
    known = " ".join(f"WHEN {cell} = {text(kind)} THEN {code}" for code, kind in enumerate(kinds))
    return (
        f"CAST(CASE WHEN {cell} IS NULL THEN CAST('nan' AS DOUBLE) {known}"
        f" ELSE {_OTHER_TEXT} END AS DOUBLE)"
    )


def _nothing(rows: int) -> Texts:
    return np.ma.array(np.full(rows, None), mask=True)


def _too_long(customer_ids: Texts) -> Flags:
    known = (customer_id or "" for customer_id in customer_ids.tolist())
    lengths = np.fromiter(map(len, known), np.int64, len(customer_ids))
    return lengths > checks.LONGEST_ID


def _cells(layout: ParquetLayout, values: Wide, customer_id: object) -> dict[str, object]:
    """A row as checks.examine takes it: without what is missing."""
    cells = {
        field: _cell(field, value, layout.fields[field])
        for field, value in zip(RECORD_FIELDS, values.tolist(), strict=True)
        if not math.isnan(value)
    }
    return cells if customer_id is np.ma.masked else {**cells, CUSTOMER_ID: customer_id}


def _cell(field: str, value: float, column: ParquetColumn) -> object:
    if field == ACCOUNT_TYPE and value != _OTHER_TEXT:
        return ACCOUNT_TYPES[int(value)]
    # Which text it is that is out of place makes no difference to what is wrong with it.
    return value if column.is_number else "text"
