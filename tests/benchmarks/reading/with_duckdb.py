"""DuckDB, by way of a table on the disk: read from the file, it hands numpy all rows or none."""

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

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
    Refusal,
    Source,
    sifted,
)

_ROWS: Final = 122_880
"""As many as it keeps together."""
_MEMORY: Final = "512MB"
_NUMBER_OF: Final = "number of "

Columns = dict[str, Any]


def typed(source: Source) -> Iterator[Portion]:
    """Numbers as numbers."""
    selected = f"* REPLACE ({_code()} AS {KIND})"
    for batch, refused in _batches(source, "FLOAT", selected):
        matrix = np.column_stack([_filled(batch[name]) for name in RECORD])
        yield Portion(matrix, partial(_texts, batch), refused)


def text(source: Source) -> Iterator[Portion]:
    """Cells as text, and numbers from it."""
    numbers = {name: f"TRY_CAST({name} AS FLOAT)" for name in NUMBERS} | {KIND: _code()}
    made = (f'{number} AS "{_NUMBER_OF}{name}"' for name, number in numbers.items())
    row = source.first_row
    for batch, refused in _batches(source, "VARCHAR", f"*, {', '.join(made)}"):
        matrix = np.column_stack([_filled(batch[f"{_NUMBER_OF}{name}"]) for name in RECORD])
        empty = np.column_stack([np.ma.getmaskarray(batch[name]) for name in RECORD])
        wrong = (np.isnan(matrix) & ~empty).any(axis=1)
        portion = sifted(matrix, wrong, partial(_texts, batch), row)
        yield Portion(portion.matrix, portion.texts, (*refused, *portion.refused))
        row += len(matrix)


def _batches(
    source: Source, number: str, selected: str
) -> Iterator[tuple[Columns, tuple[Refusal, ...]]]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute(f"SET threads = 1; SET memory_limit = '{_MEMORY}'")
        database.execute(f"ATTACH '{Path(folder) / 'table.duckdb'}' AS disk")
        file = _file(source, Path(folder))
        read = _read(file, number, has_header=source.has_header)
        database.execute(f"CREATE TABLE disk.read AS SELECT {selected} FROM {read}")  # noqa: S608 - ours
        refused = _refused(database)
        rows = database.execute("SELECT count(*) FROM disk.read").fetchall()[0][0]
        for first in range(0, max(rows, 1), _ROWS):
            found = database.execute(
                f"FROM disk.read WHERE rowid >= {first} AND rowid < {first + _ROWS}"
            )
            yield found.fetchnumpy(), refused
            refused = ()


def _file(source: Source, folder: Path) -> Path:
    if source.has_header:
        return source.file
    copy = folder / "rows.csv"
    with source.opened() as rows, copy.open("wb") as target:
        shutil.copyfileobj(rows, target)
    return copy


def _read(file: Path, number: str, *, has_header: bool) -> str:
    types = dict.fromkeys(COLUMNS, "VARCHAR") | dict.fromkeys(NUMBERS, number)
    return (
        f"read_csv('{file}', auto_detect = false, header = {has_header}, delim = ',',"
        f" quote = '\"', escape = '\"', columns = {types}, store_rejects = true)"
    )


def _refused(database: duckdb.DuckDBPyConnection) -> tuple[Refusal, ...]:
    told = database.execute(
        "SELECT line, min(error_message), any_value(csv_line) FROM reject_errors GROUP BY line"
    )
    return tuple(Refusal(*row) for row in told.fetchall())


def _code() -> str:
    cases = (f"WHEN '{kind}' THEN {code}" for kind, code in CODES.items())
    return f"CAST(CASE {KIND} {' '.join(cases)} END AS FLOAT)"


def _filled(column: Any) -> Any:
    return np.ma.filled(column.astype(np.float32), np.nan)


def _texts(batch: Columns) -> list[tuple[str, str]]:
    return list(zip(batch[ID].tolist(), batch[NOTE].tolist(), strict=True))


READERS: Final[dict[str, Reader]] = {"typed": typed, "text": text}
