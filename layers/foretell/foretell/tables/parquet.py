# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Parquet files, every value as text."""

from dataclasses import dataclass

import duckdb

from foretell.tables import sql
from foretell.tables.errors import InputError, short
from foretell.tables.files import SourceFile
from foretell.tables.rewrite import Content


@dataclass(frozen=True)
class ParquetLayout:
    """A Parquet file: its columns, and SQL for the text of each."""

    file: SourceFile
    columns: tuple[str, ...]
    as_text: tuple[str, ...]


def inspect(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> ParquetLayout:
    """Work out the columns of a file.

    Raises:
        InputError: it is damaged.
    """
    try:
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({sql.path(file.path)})"
        ).fetchall()
    except duckdb.Error as error:
        raise _damaged(file, error) from error
    names = tuple(str(row[0]) for row in described)
    texts = tuple(as_text(sql.name(str(row[0])), str(row[1])) for row in described)
    return ParquetLayout(file, names, texts)


def as_text(expression: str, duckdb_type: str) -> str:
    """SQL for a value's text; whole floats lose the .0 that a missing id brings to its column."""
    plain = f"CAST({expression} AS VARCHAR)"
    if duckdb_type not in {"DOUBLE", "FLOAT"}:
        return plain
    return (
        f"CASE WHEN {expression} = trunc({expression}) AND abs({expression}) < 1e15 "
        f"THEN CAST(CAST({expression} AS BIGINT) AS VARCHAR) ELSE {plain} END"
    )


def load(
    connection: duckdb.DuckDBPyConnection, name: str, number: int, layout: ParquetLayout
) -> Content:
    """Append a file's rows to the raw table `name`, marked with the file's number.

    Raises:
        InputError: it is damaged.
    """
    columns = ", ".join(sql.name(column) for column in layout.columns)
    try:
        connection.execute(
            f"INSERT INTO {name} ({sql.FILE}, {columns}) SELECT {number}, "
            f"{', '.join(layout.as_text)} FROM read_parquet({sql.path(layout.file.path)})"
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise _damaged(layout.file, error) from error
    return Content((), ())


def _damaged(file: SourceFile, error: duckdb.Error) -> InputError:
    what = f"{file.name}: this Parquet file is damaged"
    return InputError(f"{what} ({short(error)})", f"{what}; export it once more")
