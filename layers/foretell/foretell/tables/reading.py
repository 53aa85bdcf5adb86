# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Read one file into a raw table, every cell as text."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from foretell.tables import jsonlines, parquet, sql
from foretell.tables.dialect import TextLayout, inspect
from foretell.tables.files import SourceFile
from foretell.tables.jsonlines import JsonLayout, is_json_lines
from foretell.tables.parquet import ParquetLayout
from foretell.tables.rewrite import (
    BAD_QUOTES,
    TOO_FEW,
    TOO_MANY,
    BrokenRow,
    Content,
    in_utf8,
    rewrite,
)
from foretell.tables.survey import survey

_REASONS = {"MISSING COLUMNS": TOO_FEW, "TOO MANY COLUMNS": TOO_MANY, "UNQUOTED VALUE": BAD_QUOTES}


Layout: TypeAlias = TextLayout | JsonLayout | ParquetLayout


@dataclass(frozen=True)
class LoadedFile:
    """Where one file's rows lie in the raw table; `first` is the rowid of its first row."""

    layout: Layout
    first: int
    content: Content

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.layout.file.name

    @property
    def has_header(self) -> bool:
        """Whether its first row names the columns."""
        return isinstance(self.layout, TextLayout) and self.layout.has_header

    def row(self, rowid: int) -> int:
        """The row as a spreadsheet counts: a header is row 1, rows left out count too."""
        row = rowid - self.first + 1 + self.has_header
        for skipped in self.content.skipped:
            if skipped > row:
                break
            row += 1
        return row

    def numbering(self) -> Callable[[int], int]:
        """`row` for rowids that rise from call to call, however many rows were left out."""
        skipped = self.content.skipped
        before = 0

        def row(rowid: int) -> int:
            nonlocal before
            without = rowid - self.first + 1 + self.has_header
            while before < len(skipped) and skipped[before] <= without + before:
                before += 1
            return without + before

        return row


def inspect_file(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> Layout:
    """Work out a file's layout without loading it.

    Raises:
        InputError: the file is empty or damaged.
    """
    if file.format == "parquet":
        return parquet.inspect(connection, file)
    found = survey(file)
    return jsonlines.inspect(file, found) if is_json_lines(file, found) else inspect(file, found)


def load_file(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    number: int,
    layout: Layout,
    workspace: Path,
) -> LoadedFile:
    """Append a file's rows to the raw table `name`, marked with the file's number."""
    if isinstance(layout, ParquetLayout):
        content = parquet.load(connection, name, number, layout)
    elif isinstance(layout, JsonLayout):
        content = _load_rewritten(connection, name, number, layout, workspace)
    else:
        content = _load_text(connection, name, number, layout, workspace)
    first = connection.execute(
        f"SELECT coalesce(min(rowid), 0) FROM {name} WHERE {sql.FILE} = {number}"
    ).fetchall()[0][0]
    return LoadedFile(layout, int(first), content)


def _load_text(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    number: int,
    layout: TextLayout,
    workspace: Path,
) -> Content:
    content = None
    if layout.is_plain_csv:
        plain = in_utf8(layout, workspace / f"utf8-{number}.csv")
        content = _load_plain(connection, name, number, plain)
    return content or _load_rewritten(connection, name, number, layout, workspace)


def _load_plain(
    connection: duckdb.DuckDBPyConnection, name: str, number: int, layout: TextLayout
) -> Content | None:
    """Let DuckDB read the file; None where its rows do not add up to the file's lines."""
    connection.execute("BEGIN")
    try:
        inserted = _insert(connection, name, number, layout, _plain(layout))
        broken = _rejected(connection)
    except duckdb.Error:
        inserted, broken = -1, ()
    complete = inserted + len(broken) + layout.has_header == layout.survey.lines
    connection.execute("COMMIT" if complete else "ROLLBACK")
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    if not complete:
        return None
    return Content(tuple(row.row for row in broken), broken, rows_are_lines=True)


def _rejected(connection: duckdb.DuckDBPyConnection) -> tuple[BrokenRow, ...]:
    rejected = connection.execute(
        "SELECT line, first(error_type ORDER BY byte_position), first(csv_line) "
        "FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return tuple(
        BrokenRow(int(line), _REASONS.get(str(kind), str(kind).lower()), str(text).strip())
        for line, kind, text in rejected
    )


def _load_rewritten(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    number: int,
    layout: TextLayout | JsonLayout,
    workspace: Path,
) -> Content:
    target = workspace / f"rewritten-{name}-{number}.csv"
    if isinstance(layout, JsonLayout):
        content = jsonlines.rewrite(layout, target)
    else:
        content = rewrite(layout, target)
    _insert(connection, name, number, layout, _rewritten(layout, target))
    target.unlink()
    return content


def _insert(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    number: int,
    layout: TextLayout | JsonLayout,
    source: str,
) -> int:
    columns = ", ".join(sql.name(column) for column in layout.columns)
    inserted = connection.execute(
        f"INSERT INTO {name} ({sql.FILE}, {columns}) SELECT {number}, * FROM {source}"
    ).fetchall()
    return int(inserted[0][0])


def _plain(layout: TextLayout) -> str:
    return _read_csv(
        layout,
        layout.file.path,
        delim=sql.text(layout.separator),
        header=str(layout.has_header).lower(),
        compression="'gzip'" if layout.file.format == "gzip" else "'none'",
        store_rejects="true",
    )


def _rewritten(layout: TextLayout | JsonLayout, path: Path) -> str:
    return _read_csv(layout, path, delim="','", header="false", compression="'none'")


def _read_csv(layout: TextLayout | JsonLayout, path: Path, **options: str) -> str:
    """The table function, with nothing left to guess."""
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(layout.columns)))
    options |= {
        "auto_detect": "false",
        "columns": f"{{{types}}}",
        "quote": "'\"'",
        "escape": "'\"'",
    }
    return f"read_csv({sql.path(path)}, {', '.join(f'{k} = {v}' for k, v in options.items())})"
