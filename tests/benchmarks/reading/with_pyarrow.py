"""pyarrow's streaming reader."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-not-found]
import pyarrow.compute as pc  # type: ignore[import-not-found]
from pyarrow import csv

from tests.benchmarks.reading.source import (
    COLUMNS,
    ID,
    KIND,
    KINDS,
    NOTE,
    NUMBERS,
    RECORD,
    Mask,
    Matrix,
    Portion,
    Reader,
    Refusal,
    Source,
    decoded,
    sifted,
)

_BLOCK: Final = 1 << 20
_KINDS: Final = pa.array(KINDS)
_TEXTS: Final = {**dict.fromkeys(COLUMNS, pa.string()), ID: pa.binary(), NOTE: pa.binary()}
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf$"


def typed(source: Source) -> Iterator[Portion]:
    """Numbers as numbers."""
    for batch, refused in _batches(source, _TEXTS | dict.fromkeys(NUMBERS, pa.float32())):
        columns = [_kinds(batch) if name == KIND else batch.column(name) for name in RECORD]
        yield Portion(_matrix(columns), partial(_texts, batch), refused)


def text(source: Source) -> Iterator[Portion]:
    """Cells as text, and numbers from it."""
    row = source.first_row
    for batch, refused in _batches(source, _TEXTS):
        columns = [_kinds(batch) if name == KIND else _numbers(batch, name) for name in RECORD]
        matrix = _matrix(columns)
        wrong = np.any(np.isnan(matrix) & ~_empty(batch), axis=1)
        portion = sifted(matrix, wrong, partial(_texts, batch), row)
        yield Portion(portion.matrix, portion.texts, (*refused, *portion.refused))
        row += batch.num_rows


def _batches(source: Source, types: dict[str, Any]) -> Iterator[tuple[Any, tuple[Refusal, ...]]]:
    told: list[Refusal] = []

    def refuse(row: Any) -> str:
        reason = f"{row.actual_columns} cells instead of {row.expected_columns}"
        told.append(Refusal(row.number, reason, row.text))
        return "skip"

    pa.set_cpu_count(1)
    reader = csv.open_csv(
        source.target,
        csv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK,
            column_names=None if source.has_header else COLUMNS,
        ),
        csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        csv.ConvertOptions(column_types=types, check_utf8=False),
    )
    for batch in reader:
        yield batch, tuple(told)
        told.clear()
    if told:
        yield batch.slice(0, 0), tuple(told)


def _kinds(batch: Any) -> Any:
    return pc.index_in(batch.column(KIND), _KINDS)


def _numbers(batch: Any, name: str) -> Any:
    """It has no cast that leaves out what is no number: what is, has to be found before."""
    cells = batch.column(name)
    cells = pc.if_else(pc.equal(cells, ""), None, cells)
    try:
        return pc.cast(cells, pa.float32())
    except pa.ArrowInvalid:
        right = pc.match_substring_regex(cells, _NUMBER)
        return pc.cast(pc.if_else(right, cells, None), pa.float32())


def _empty(batch: Any) -> Mask:
    columns = (pc.equal(batch.column(name), "") for name in RECORD)
    return np.column_stack([column.to_numpy(zero_copy_only=False) for column in columns])


def _matrix(columns: list[Any]) -> Matrix:
    arrays = (column.to_numpy(zero_copy_only=False) for column in columns)
    return np.column_stack([array.astype(np.float32) for array in arrays])


def _texts(batch: Any) -> list[tuple[str, str]]:
    columns = ([decoded(cell) for cell in batch.column(name).to_pylist()] for name in (ID, NOTE))
    return list(zip(*columns, strict=True))


READERS: Final[dict[str, Reader]] = {"typed": typed, "text": text}
