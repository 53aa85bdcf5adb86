"""Python's csv module, and the lines that it took for each row."""

import csv
from collections.abc import Iterator
from functools import partial
from io import TextIOWrapper
from itertools import islice
from math import nan
from typing import Final

import numpy as np

from tests.benchmarks.reading.source import (
    CODES,
    COLUMNS,
    RECORD,
    Portion,
    Reader,
    Refusal,
    Source,
    again,
)

_ROWS: Final = 10_000
_KIND_AT: Final = COLUMNS.index("account_type")
_CODES: Final = CODES | {"": nan}


def text(source: Source) -> Iterator[Portion]:
    """Cells as text, and numbers from it."""
    with TextIOWrapper(
        source.opened(), encoding="utf-8", errors="surrogateescape", newline=""
    ) as lines:
        remembered: list[str] = []
        rows = enumerate(csv.reader(_remembering(lines, remembered)), source.first_row - 1)
        if source.has_header:
            next(rows)
        while portion := _portion(rows, remembered):
            yield portion


def _remembering(lines: Iterator[str], remembered: list[str]) -> Iterator[str]:
    for line in lines:
        remembered.append(line)
        yield line


def _portion(rows: Iterator[tuple[int, list[str]]], remembered: list[str]) -> Portion | None:
    records: list[list[float]] = []
    texts: list[tuple[str, str]] = []
    refused: list[Refusal] = []
    remembered.clear()
    for number, cells in islice(rows, _ROWS):
        original = "".join(remembered)
        remembered.clear()
        try:
            records.append(_record(cells))
        except (ValueError, KeyError) as error:
            refused.append(Refusal(number, str(error), original.rstrip("\r\n")))
        else:
            texts.append((cells[0], cells[-1]))
    if not records and not refused:
        return None
    matrix = np.array(records, np.float32).reshape(-1, len(RECORD))
    return Portion(matrix, partial(_texts, texts), tuple(refused))


def _record(cells: list[str]) -> list[float]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells instead of {len(COLUMNS)}")
    before, behind = cells[1:_KIND_AT], cells[_KIND_AT + 1 : -1]
    numbers = [float(cell or nan) for cell in before]
    return [*numbers, _CODES[cells[_KIND_AT]], *(float(cell or nan) for cell in behind)]


def _texts(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(again(customer_id), again(note)) for customer_id, note in found]


READERS: Final[dict[str, Reader]] = {"text": text}
