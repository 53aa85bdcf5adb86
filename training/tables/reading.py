# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Read one file into a raw table, every cell as text."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from training.errors import InputError
from training.tables import sql
from training.tables.dialect import TextLayout, inspect
from training.tables.files import SourceFile
from training.tables.rewrite import (
    BAD_QUOTES,
    TOO_FEW,
    TOO_MANY,
    BrokenRow,
    Content,
    in_utf8,
    rewrite,
)

_REASONS = {"MISSING COLUMNS": TOO_FEW, "TOO MANY COLUMNS": TOO_MANY, "UNQUOTED VALUE": BAD_QUOTES}


@dataclass(frozen=True)
class LoadedFile:
    """Where one file's rows lie in the raw table; `first` is the rowid of its first row."""

    name: str
    first: int
    has_header: bool
    content: Content

    def row(self, rowid: int) -> int:
        """The row as a spreadsheet counts: a header is row 1, rows left out count too."""
        row = rowid - self.first + 1 + self.has_header
        for skipped in self.content.skipped:
            if skipped > row:
                break
            row += 1
        return row


@dataclass(frozen=True)
class ParquetLayout:
    """A Parquet file: its columns, and SQL for the text of each."""

    file: SourceFile
    columns: tuple[str, ...]
    as_text: tuple[str, ...]


def inspect_file(
    connection: duckdb.DuckDBPyConnection, file: SourceFile
) -> TextLayout | ParquetLayout:
    """Work out a file's layout without loading it.

    Raises:
        InputError: the file is empty or damaged.
    """
    if file.format != "parquet":
        return inspect(file)
    try:
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({sql.path(file.path)})"
        ).fetchall()
    except duckdb.Error as error:
        raise InputError(f"{file.name}: this Parquet file is damaged ({short(error)})") from error
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


def load_file(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    number: int,
    layout: TextLayout | ParquetLayout,
    workspace: Path,
) -> LoadedFile:
    """Append a file's rows to the raw table `name`, marked with the file's number."""
    if isinstance(layout, ParquetLayout):
        content, has_header = _load_parquet(connection, name, number, layout), False
    else:
        content = _load_text(connection, name, number, layout, workspace)
        has_header = layout.has_header
    first = connection.execute(
        f"SELECT coalesce(min(rowid), 0) FROM {name} WHERE {sql.FILE} = {number}"
    ).fetchall()[0][0]
    return LoadedFile(layout.file.name, int(first), has_header, content)


def _load_parquet(
    connection: duckdb.DuckDBPyConnection, name: str, number: int, layout: ParquetLayout
) -> Content:
    columns = ", ".join(sql.name(column) for column in layout.columns)
    try:
        connection.execute(
            f"INSERT INTO {name} ({sql.FILE}, {columns}) SELECT {number}, "
            f"{', '.join(layout.as_text)} FROM read_parquet({sql.path(layout.file.path)})"
        )
    except duckdb.Error as error:
        raise InputError(
            f"{layout.file.name}: this Parquet file is damaged ({short(error)})"
        ) from error
    return Content((), ())


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
        inserted = connection.execute(
            f"INSERT INTO {name} ({sql.FILE}, {_columns(layout)}) "
            f"SELECT {number}, * FROM {_read_csv(layout, layout.file.path, rewritten=False)}"
        ).fetchall()[0][0]
        broken = _rejected(connection)
    except duckdb.Error:
        inserted, broken = -1, ()
    complete = inserted + len(broken) + layout.has_header == layout.survey.lines
    connection.execute("COMMIT" if complete else "ROLLBACK")
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    return Content(tuple(row.row for row in broken), broken) if complete else None


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
    layout: TextLayout,
    workspace: Path,
) -> Content:
    target = workspace / f"rewritten-{name}-{number}.csv"
    content = rewrite(layout, target)
    connection.execute(
        f"INSERT INTO {name} ({sql.FILE}, {_columns(layout)}) "
        f"SELECT {number}, * FROM {_read_csv(layout, target, rewritten=True)}"
    )
    target.unlink()
    return content


def _columns(layout: TextLayout) -> str:
    return ", ".join(sql.name(column) for column in layout.columns)


def _read_csv(layout: TextLayout, path: Path, *, rewritten: bool) -> str:
    """The table function, with nothing left to guess."""
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(layout.columns)))
    options = {
        "auto_detect": "false",
        "columns": f"{{{types}}}",
        "delim": sql.text("," if rewritten else layout.separator),
        "quote": "'\"'",
        "escape": "'\"'",
        "header": str(layout.has_header and not rewritten).lower(),
        "compression": "'gzip'" if layout.file.format == "gzip" and not rewritten else "'none'",
        "store_rejects": str(not rewritten).lower(),
    }
    return f"read_csv({sql.path(path)}, {', '.join(f'{k} = {v}' for k, v in options.items())})"


def short(error: Exception) -> str:
    """The first line of DuckDB's reason, without its "Binder Error:"."""
    first = str(error).partition("\n")[0]
    return first.partition("Error: ")[2].rstrip(".!") or first
