# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Raw tables: every file of a table as text in one DuckDB table, with its rows accounted for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from foretell.tables import sql, values
from foretell.tables.dialect import TextLayout
from foretell.tables.errors import InputError
from foretell.tables.files import find
from foretell.tables.reading import Layout, LoadedFile, inspect_file, load_file

NEARLY_ALL = 0.95


@dataclass(frozen=True)
class RawTable:
    """`name` in DuckDB; `comma_files` number the files whose numbers have decimal commas."""

    table: str
    name: str
    columns: tuple[str, ...]
    files: tuple[LoadedFile, ...]
    comma_files: tuple[int, ...]
    rows: int

    @property
    def broken(self) -> int:
        """Rows without the right cells, in all files."""
        return sum(len(file.content.broken) for file in self.files)


def load_raw(
    connection: duckdb.DuckDBPyConnection, table: str, source: str, workspace: Path
) -> RawTable:
    """Read all files of one table as text.

    Raises:
        InputError: no file, an unreadable one, differing columns, or not a single row.
    """
    layouts = [inspect_file(connection, file) for file in find(source, workspace)]
    columns = _common_columns(layouts)
    name = f"raw_{table}"
    definitions = ", ".join(f"{sql.name(column)} VARCHAR" for column in columns)
    connection.execute(f"CREATE TABLE {name} ({sql.FILE} INTEGER, {definitions})")
    files = tuple(
        load_file(connection, name, number, layout, workspace)
        for number, layout in enumerate(layouts)
    )
    rows = _count(connection, name)
    raw = RawTable(table, name, columns, files, _comma_files(connection, name, layouts), rows)
    if rows + raw.broken == 0:
        raise InputError(f"{source}: there is a header but no row below it")
    return raw


def _common_columns(layouts: Sequence[Layout]) -> tuple[str, ...]:
    sets = [frozenset(column.lower() for column in layout.columns) for layout in layouts]
    usual = Counter(sets).most_common(1)[0][0]
    reference = layouts[sets.index(usual)]
    for layout, columns in zip(layouts, sets, strict=True):
        if columns != usual:
            raise InputError(
                f"{layout.file.name}: its columns ({', '.join(layout.columns)}) differ from those "
                f"of {reference.file.name} ({', '.join(reference.columns)}); "
                "the files of one table need the same columns"
            )
    return reference.columns


def _comma_files(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    layouts: Sequence[Layout],
) -> tuple[int, ...]:
    """Semicolon files in which a column of numbers writes decimal commas."""
    return tuple(
        number
        for number, layout in enumerate(layouts)
        if isinstance(layout, TextLayout)
        and layout.separator == ";"
        and any(_has_commas(connection, name, number, column) for column in layout.columns)
    )


def _has_commas(connection: duckdb.DuckDBPyConnection, name: str, number: int, column: str) -> bool:
    cell = values.present(sql.name(column))
    found = connection.execute(
        f"""SELECT count(cell), count_if({values.matches("cell", values.COMMA_NUMBER)}),
               coalesce(bool_or(contains(cell, ',')), false)
        FROM (SELECT {cell} AS cell FROM {name} WHERE {sql.FILE} = {number})"""
    ).fetchall()
    present, numbers, commas = found[0]
    return bool(commas and numbers >= NEARLY_ALL * present)


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
