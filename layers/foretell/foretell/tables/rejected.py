# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Every row that cleaning left out, with all that is wrong with it, as it stands in the file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Final

import duckdb

from foretell.contract import Fault
from foretell.tables import sql
from foretell.tables.originals import originals
from foretell.tables.parquet import ParquetLayout
from foretell.tables.raw import RawTable
from foretell.tables.reading import LoadedFile
from foretell.tables.rows import CHECKED, DUPLICATE, Check

WHOLE_ROW: Final = "row"
"""Stands for a field where a row is no row, or one too many."""

_BLOCK: Final = 10_000
_TEXT: Final = '"foretell text"'


@dataclass(frozen=True)
class RejectedRow:
    """`row` as a spreadsheet counts; `text` is the row without its line end, for Parquet JSON."""

    row: int
    faults: tuple[Fault, ...]
    text: str


def rejected_rows(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, checks: Sequence[Check]
) -> Iterator[RejectedRow]:
    """The rows of a table of one file that `checked` drops, and those that were broken, in order.

    To be exhausted before the connection is asked anything else.
    """
    (file,) = raw.files
    checked = _checked(connection, raw, file, checks)
    if isinstance(file.layout, ParquetLayout):
        yield from checked
        return
    broken = (
        RejectedRow(each.row, (Fault(field=WHOLE_ROW, reason=each.reason),), "")
        for each in file.content.broken
    )
    yield from _with_text(merge(checked, broken, key=lambda each: each.row), file)


def _checked(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    file: LoadedFile,
    checks: Sequence[Check],
) -> Iterator[RejectedRow]:
    failed = ", ".join(
        f"CASE WHEN {check.when} THEN {place} END" for place, check in enumerate(checks)
    )
    is_text = not isinstance(file.layout, ParquetLayout)
    text, source = ("''", CHECKED) if is_text else (_TEXT, _beside_text(raw))
    found = connection.execute(
        f"""SELECT {sql.ROW}, list_filter([{failed}], lambda place: place IS NOT NULL), {text}
        FROM {source} WHERE reason IS NOT NULL ORDER BY {sql.ROW}"""
    )
    numbers = file.numbering()
    while block := found.fetchmany(_BLOCK):
        for rowid, places, original in block:
            yield RejectedRow(
                numbers(rowid), _faults([checks[place] for place in places]), str(original)
            )


def _beside_text(raw: RawTable) -> str:
    pairs = ", ".join(f"{sql.text(name)}, {sql.name(name)}" for name in raw.columns)
    texts = f"SELECT rowid AS {sql.ROW}, json_object({pairs}) AS {_TEXT} FROM {raw.name}"
    return f"{CHECKED} JOIN ({texts}) USING ({sql.ROW})"


def _faults(failed: Sequence[Check]) -> tuple[Fault, ...]:
    """One for each field: what cannot be read is out of range as well, which helps nobody.

    A copy has the faults of the row that it copies; one line about those is enough.
    """
    if DUPLICATE in failed:
        return (Fault(field=WHOLE_ROW, reason=DUPLICATE.reason),)
    reasons: dict[str, str] = {}
    for check in failed:
        reasons.setdefault(check.column or WHOLE_ROW, check.reason)
    return tuple(Fault(field=field, reason=reason) for field, reason in reasons.items())


def _with_text(rows: Iterable[RejectedRow], file: LoadedFile) -> Iterator[RejectedRow]:
    texts = enumerate(originals(file), start=1)
    for each in rows:
        text = next(text for number, text in texts if number == each.row)
        yield RejectedRow(each.row, each.faults, text)
