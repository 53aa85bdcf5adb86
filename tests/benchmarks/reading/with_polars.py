"""polars' streaming engine."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl  # type: ignore[import-not-found]

from tests.benchmarks.reading.source import (
    CODES,
    COLUMNS,
    ID,
    KIND,
    NOTE,
    NUMBERS,
    RECORD,
    Portion,
    Reader,
    Source,
    sifted,
)

_ROWS: Final = 50_000
_TEXTS: Final = dict.fromkeys(COLUMNS, pl.String)
_NUMBER_OF: Final = "number of "
_MADE: Final = [f"{_NUMBER_OF}{name}" for name in RECORD]


def typed(source: Source) -> Iterator[Portion]:
    """Numbers as numbers."""
    frame = pl.scan_csv(
        source.target,
        has_header=source.has_header,
        schema=_TEXTS | dict.fromkeys(NUMBERS, pl.Float32),
    )
    for batch in _batches(frame.with_columns(_kinds())):
        matrix = batch.select(RECORD).to_numpy().astype(np.float32, copy=False)
        yield Portion(matrix, partial(_texts, batch))


def text(source: Source) -> Iterator[Portion]:
    """Cells as text, and numbers from it; as tolerant as it can be made."""
    frame = pl.scan_csv(
        source.target,
        has_header=source.has_header,
        schema=_TEXTS,
        encoding="utf8-lossy",
        ignore_errors=True,
        truncate_ragged_lines=True,
    )
    numbers = [pl.col(name).cast(pl.Float32, strict=False) for name in NUMBERS]
    made = [number.name.prefix(_NUMBER_OF) for number in (*numbers, _kinds())]
    row = source.first_row
    for batch in _batches(frame.with_columns(made)):
        matrix = batch.select(_MADE).to_numpy().astype(np.float32, copy=False)
        wrong = np.isnan(matrix) & batch.select(pl.col(RECORD).is_not_null()).to_numpy()
        yield sifted(matrix, wrong.any(axis=1), partial(_texts, batch), row)
        row += len(batch)


def _kinds() -> Any:
    return pl.col(KIND).replace_strict(CODES, default=None, return_dtype=pl.Float32)


def _batches(frame: Any) -> Iterator[Any]:
    yield from frame.collect_batches(chunk_size=_ROWS, engine="streaming")


def _texts(batch: Any) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = batch.select(ID, NOTE).rows()
    return rows


READERS: Final[dict[str, Reader]] = {"typed": typed, "text": text}
