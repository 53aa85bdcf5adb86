# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Column mapping: `amount=Quantity * UnitPrice` becomes checked SQL over the source columns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import duckdb

from foretell.tables import expression, sql, values
from foretell.tables.errors import InputError, short
from foretell.tables.parquet import as_text
from foretell.tables.raw import NEARLY_ALL, RawTable

Kind = Literal["text", "moment", "month", "number"]

COLUMNS: Mapping[str, Mapping[str, Kind]] = {
    "transactions": {
        "customer_id": "text",
        "timestamp": "moment",
        "amount": "number",
        "order_id": "text",
    },
    "customers": {
        "customer_id": "text",
        "signup_date": "moment",
        "age": "number",
        "account_type": "text",
    },
    "engagement": {
        "customer_id": "text",
        "month": "month",
        "emails_sent": "number",
        "emails_opened": "number",
        "website_visits": "number",
        "support_tickets": "number",
    },
}
REQUIRED = {
    "transactions": ("customer_id", "timestamp", "amount"),
    "customers": ("customer_id",),
    "engagement": ("customer_id", "month"),
}


@dataclass(frozen=True)
class Column:
    """One contract column as SQL for its text; `calculated` values write a decimal point.

    `sources` are the source columns it is made of; `typed` pairs those that must be numbers with
    their casts.
    """

    text: str
    sources: tuple[str, ...]
    calculated: bool = False
    typed: tuple[tuple[str, str], ...] = ()


def parse(columns: Iterable[str], tables: Iterable[str]) -> dict[str, dict[str, str]]:
    """Sort `[table.]name=expression` options by table.

    Raises:
        InputError: no `=`, an unknown or repeated name, or a table that was not given.
    """
    given: dict[str, dict[str, str]] = {table: {} for table in tables}
    for option in columns:
        name, equals, source = (part.strip() for part in option.partition("="))
        if not (name and equals and source):
            raise InputError(f'--column "{option}": write it as name=expression')
        table, column = _place(option, name.lower())
        if table not in given:
            raise InputError(f'--column "{option}": there is no {table} table; add --{table}')
        if column in given[table]:
            raise InputError(f'--column "{option}": {table}.{column} is mapped twice')
        given[table][column] = source
    return given


def _place(option: str, name: str) -> tuple[str, str]:
    table, dot, column = name.rpartition(".")
    candidates = [table] if dot else list(COLUMNS)
    for candidate in candidates:
        if column in COLUMNS.get(candidate, {}):
            return candidate, column
    known = "; ".join(f"{table}: {', '.join(names)}" for table, names in COLUMNS.items())
    raise InputError(f'--column "{option}": {name} is not a known column. Known are {known}')


def resolve(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, given: Mapping[str, str]
) -> dict[str, Column]:
    """Find or calculate each contract column the table has.

    Raises:
        InputError: a required column is missing, or an expression is not valid.
    """
    present = {
        name: _column(connection, raw, name, given.get(name, name))
        for name in COLUMNS[raw.table]
        if name in given or _source_column(raw, name)
    }
    missing = [name for name in REQUIRED[raw.table] if name not in present]
    if missing:
        name = missing[0]
        guess = raw.columns[min(REQUIRED[raw.table].index(name), len(raw.columns) - 1)]
        prefix = "" if raw.table == "transactions" else f"{raw.table}."
        what = (
            f"{raw.files[0].name}: the {raw.table} table has no column {' and no '.join(missing)}. "
            f"Its columns are {', '.join(raw.columns)}. "
        )
        raise InputError(
            f'{what}Say which one to take, e.g. --column "{prefix}{name}={guess}"',
            f"{what}Name them {', '.join(REQUIRED[raw.table])}",
        )
    return present


def _source_column(raw: RawTable, wanted: str) -> str | None:
    bare = wanted[1:-1] if len(wanted) > 1 and wanted[0] == wanted[-1] == '"' else wanted
    return next((column for column in raw.columns if column.lower() == bare.lower()), None)


def _column(connection: duckdb.DuckDBPyConnection, raw: RawTable, name: str, source: str) -> Column:
    plain = _source_column(raw, source)
    if plain is not None:
        return Column(sql.name(plain), (plain,))
    place = f'{raw.files[0].name}: --column "{name}={source}"'
    used = expression.columns_used(connection, source, place)
    sources = tuple(column for column in raw.columns if column.lower() in used)
    return _bind(connection, raw, source, sources, COLUMNS[raw.table][name], place)


def _bind(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    source: str,
    sources: tuple[str, ...],
    kind: Kind,
    place: str,
) -> Column:
    """Try the expression over numbers and over plain text, the likelier first.

    An id or a date (19970101) is text even where it looks like a number; an amount is a number
    even where one of its cells is not.
    """
    typed = tuple(_numbers(connection, raw, sources, codes=kind != "number"))
    attempts = (typed, ()) if kind == "number" else ((), typed)
    reasons = []
    for replaced in attempts:
        relation = f"(SELECT {replace(replaced)} FROM {raw.name})"
        try:
            described = connection.execute(
                f"DESCRIBE SELECT TRY(({source}\n)) FROM {relation}"
            ).fetchall()
        except duckdb.Error as error:
            reasons.append(short(error))
            continue
        text = as_text(f"TRY(({source}\n))", str(described[0][1]))
        return Column(text, sources, calculated=True, typed=replaced)
    raise InputError(f"{place}: {reasons[0]}. The columns are {', '.join(raw.columns)}")


def replace(typed: Iterable[tuple[str, str]]) -> str:
    """A select list in which some columns are numbers."""
    casts = ", ".join(f"{cast} AS {sql.name(column)}" for column, cast in typed)
    return f"* REPLACE ({casts})" if casts else "*"


def _numbers(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, columns: Iterable[str], *, codes: bool
) -> Iterator[tuple[str, str]]:
    """Columns that hold numbers but for at most one cell in twenty, with their casts.

    With `codes` a column with leading zeros is none of them.
    """
    for column in columns:
        cell = values.present(sql.name(column))
        found = connection.execute(
            f"""SELECT count(cell), count(number), count_if(regexp_matches(cell, '^0[0-9]')),
                   coalesce(bool_and(TRY_CAST(number AS BIGINT) IS NOT NULL
                       AND NOT contains(number, '.')) FILTER (number IS NOT NULL), false)
            FROM (SELECT cell, {values.number("cell", raw.comma_files)} AS number
                  FROM (SELECT {sql.FILE}, {cell} AS cell FROM {raw.name}))"""
        ).fetchall()
        present, numbers, padded, whole = found[0]
        if present and numbers >= NEARLY_ALL * present and not (codes and padded):
            number = values.number(cell, raw.comma_files)
            yield column, f"TRY_CAST({number} AS {'BIGINT' if whole else 'DOUBLE'})"
