# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Day first or month first? 12/01/2010 does not say, but a file full of dates mostly does."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from foretell.tables import sql, values
from foretell.tables.errors import InputError
from foretell.tables.mapping import COLUMNS, Column
from foretell.tables.raw import RawTable


@dataclass(frozen=True)
class DateOrders:
    """Numbers of the files that write the day first, and of those that write the month first."""

    day_first: tuple[int, ...] = ()
    month_first: tuple[int, ...] = ()


def date_orders(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    cells: str,
) -> dict[str, DateOrders]:
    """Find for each date column the order that each file's rows decide.

    Raises:
        InputError: a file's dates fit both orders, or neither.
    """
    return {
        name: _orders(connection, raw, name, columns[name], cells)
        for name, kind in COLUMNS[raw.table].items()
        if kind in {"moment", "month"} and name in columns
    }


def _orders(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, name: str, column: Column, cells: str
) -> DateOrders:
    pattern = sql.text(values.PARTS_FIRST)
    found = connection.execute(
        f"""SELECT {sql.FILE},
            arg_min(cell, {sql.ROW}) FILTER (a BETWEEN 13 AND 31 AND b <= 12),
            arg_min(cell, {sql.ROW}) FILTER (b BETWEEN 13 AND 31 AND a <= 12),
            arg_min(cell, {sql.ROW})
        FROM (SELECT *, CAST(regexp_extract(cell, {pattern}, 1) AS INTEGER) AS a,
                  CAST(regexp_extract(cell, {pattern}, 2) AS INTEGER) AS b
              FROM (SELECT {sql.ROW}, {sql.FILE}, {name} AS cell FROM ({cells}))
              WHERE {values.matches("cell", values.PARTS_FIRST + "([ T].*)?")})
        GROUP BY ALL ORDER BY {sql.FILE}"""
    ).fetchall()
    day_first: list[int] = []
    month_first: list[int] = []
    for number, day_example, month_example, example in found:
        if bool(day_example) == bool(month_example):
            examples = [day_example, month_example] if day_example else [example]
            file = raw.files[number].name
            raise InputError(
                _message(raw, file, name, column, examples),
                f"{file}: the dates in {_source(name, column)} may be read day first or month"
                " first; write them as 2026-11-22",
            )
        (day_first if day_example else month_first).append(int(number))
    return DateOrders(tuple(day_first), tuple(month_first))


def _message(raw: RawTable, file: str, name: str, column: Column, examples: list[str]) -> str:
    source = _source(name, column)
    quoted = source if source.isidentifier() else f'\\"{source}\\"'
    target = name if raw.table == "transactions" else f"{raw.table}.{name}"
    month, day = (
        f"--column \"{target}=strptime({quoted}, '{form}')\""
        for form in (
            values.strptime_format(examples[0], day_first=False),
            values.strptime_format(examples[0], day_first=True),
        )
    )
    why = (
        f"dates like {examples[0]} may be read day first or month first, and no row decides"
        if len(examples) == 1
        else f"{examples[0]} has the day first but {examples[1]} the month"
    )
    return f"{file}: in {source}, {why}. Say which it is: {month} or {day}"


def _source(name: str, column: Column) -> str:
    return column.sources[0] if column.sources else name
