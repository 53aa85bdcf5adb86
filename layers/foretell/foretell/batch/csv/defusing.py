"""Rows of a CSV file in which no cell is a formula to a spreadsheet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from foretell.batch.csv.cells import Integers, Table, text_of
from foretell.batch.csv.numbers import decimals, words
from foretell.batch.csv.quotes import QUOTE, Dialect
from foretell.batch.formulas import STARTS, defused

_MARK: Final = b"'"
_SIGNS: Final = np.frombuffer(b"+-", np.uint8)


def formulas(found: Table, dialect: Dialect, decimal: str) -> Mapping[int, list[int]]:
    """Where cells begin that a spreadsheet would run, by the number of their whole row.

    That of a quoted cell is behind the quote.
    """
    places: defaultdict[int, list[int]] = defaultdict(list)
    present = [start for start in STARTS if start in found.content]
    if not present or not len(found.whole):
        return places
    rows, columns, starts = _suspects(found, dialect, present)
    stops = found.cell_stops[columns, rows]
    for each in _no_numbers(found, starts, stops, decimal).tolist():
        row = int(rows[each])
        text = text_of(found.cell(row, int(columns[each])))
        if defused(text, decimal) != text:
            places[row].append(int(starts[each]))
    return places


def _suspects(
    found: Table, dialect: Dialect, firsts: Iterable[int]
) -> tuple[Integers, Integers, Integers]:
    """Whole row, column and place of whatever cell begins with one of these bytes."""
    text = found.text
    suspicious = np.zeros(len(text), np.bool_)
    for first in firsts:
        suspicious |= text == first
    begins = dialect.divides(text)
    begins |= text == QUOTE
    suspicious[1:] &= begins[:-1]
    places = np.flatnonzero(suspicious)
    rows = np.maximum(found.starts[found.whole].searchsorted(places, side="right") - 1, 0)
    columns = (found.cell_stops[:, rows] <= places).sum(axis=0)
    # What stands between two whole rows is behind the last cell of the first.
    within = columns < len(found.cell_stops)
    rows, columns, places = rows[within], columns[within], places[within]
    starts = np.where(
        columns, found.cell_stops[columns - 1, rows] + 1, found.starts[found.whole[rows]]
    )
    quoted = text.take(starts, mode="clip") == QUOTE
    is_first = places == starts + quoted
    return rows[is_first], columns[is_first], places[is_first]


def _no_numbers(found: Table, starts: Integers, stops: Integers, decimal: str) -> Integers:
    """Which cells are not simply a number with a sign; a file may have many of those."""
    signed = np.isin(found.text[starts], _SIGNS)
    if not signed.any():
        return np.arange(len(starts))
    quoted = found.text.take(starts - 1, mode="wrap") == QUOTE
    _, plain = decimals(words(found.content), starts + 1, stops - quoted, decimal)
    return np.flatnonzero(~(signed & plain))


def defuse(row: bytes, places: Iterable[int]) -> bytes:
    """A row with a ' at each of some places, in ascending order."""
    parts, start = [], 0
    for place in places:
        parts.append(row[start:place])
        start = place
    return _MARK.join((*parts, row[start:]))
