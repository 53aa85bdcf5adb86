# ruff: noqa: S608 - statements are made of quoted names and literals (see database.py)
"""Rows of a Parquet file as they stand there, for people to read."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from foretell.batch.parquet.database import reading, table
from foretell.batch.parquet.layout import ROW, ParquetColumn, ParquetLayout

_AT_ONCE: Final = 256
_LONGEST_CELL: Final = 32_768
"""Characters; rejected.csv cuts a row before that."""


class Originals:
    """Some rows, which are read when the first is asked for: mostly none ever is."""

    def __init__(self, path: Path, layout: ParquetLayout, rows: Iterable[int]) -> None:
        self._path: Final = path
        self._layout: Final = layout
        self._rows: Final = tuple(rows)
        self._lines: Iterator[tuple[int, str]] = iter(())

    def line(self, row: int) -> str:
        """A row by its number from 0 as a JSON object; quickest in the order of the file.

        Raises:
            UnscorableFile: a column that was not read so far is damaged.
        """
        for found, line in self._lines:
            if found == row:
                return line
        later = (other for other in self._rows if other > row)
        self._lines = _lines(self._path, self._layout, [row, *later])
        return next(self._lines)[1]


def _lines(path: Path, layout: ParquetLayout, rows: list[int]) -> Iterator[tuple[int, str]]:
    with reading() as connection:
        connection.register("wanted", {"place": np.array(rows, np.int64)})
        found = connection.execute(
            # A join keeps no order.
            f"""SELECT source.{ROW},
                left(CAST(to_json(COLUMNS(source.*)) AS VARCHAR), {_LONGEST_CELL})
            FROM {table(path)} AS source SEMI JOIN wanted ON source.{ROW} = wanted.place
            WHERE source.{ROW} BETWEEN {rows[0]} AND {rows[-1]}
            ORDER BY source.{ROW}"""
        )
        while some := found.fetchmany(_AT_ONCE):
            for row, *cells in some:
                yield row, _object(layout, cells)


def _object(layout: ParquetLayout, cells: Iterable[str | None]) -> str:
    parts = (
        f"{json.dumps(column.name, ensure_ascii=False)}: {_value(column, cell)}"
        for column, cell in zip(layout.columns, cells, strict=True)
    )
    return "{" + ", ".join(parts) + "}"


def _value(column: ParquetColumn, cell: str | None) -> str:
    if cell is None:
        return "null"
    if column.type.startswith("TIMESTAMP"):
        return cell.replace(" ", "T", 1)
    # JSON knows no infinity.
    return f'"{cell}"' if cell in {"NaN", "Infinity", "-Infinity"} else cell
