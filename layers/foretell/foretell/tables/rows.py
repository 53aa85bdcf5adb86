# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Check each row of a raw table: parse its values and name the first reason to drop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from foretell.tables import sql, values
from foretell.tables.dates import DateOrders, date_orders
from foretell.tables.mapping import COLUMNS, Column, replace
from foretell.tables.raw import RawTable

CHECKED = "checked"


@dataclass(frozen=True)
class Check:
    """A reason, the SQL condition for it, and the contract column whose value is at fault.

    Unreadable rows count towards the share at which the whole table is refused.
    """

    reason: str
    when: str
    column: str | None
    unreadable: bool = True


DUPLICATE = Check("duplicate of another row", "NOT is_last_copy", None, unreadable=False)
NO_CUSTOMER = Check("no customer", "customer_id IS NULL", "customer_id", unreadable=False)


def moment_checks(name: str) -> list[Check]:
    """A moment must be readable and within reason."""
    return [
        Check(f"unreadable {name}", f"{name} IS NULL", name),
        Check(f"{name} before 1900", f"{name} < TIMESTAMP '1900-01-01'", name),
        Check(f"{name} after 2200", f"{name} >= TIMESTAMP '2201-01-01'", name),
    ]


def number_checks(name: str) -> list[Check]:
    """A number must be readable, finite and fit DECIMAL(18,4)."""
    return [
        Check(f"infinite {name}", values.matches(f"{name}_text", values.NOT_FINITE), name),
        Check(f"unreadable {name}", f"{name}_number IS NULL", name),
        Check(f"{name} out of range", f"{name} IS NULL", name),
    ]


def check_rows(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    timezone: str,
    *,
    drop: Sequence[Check],
    blank: Sequence[Check] = (),
) -> None:
    """Create the table `checked`: parsed values, the `reason` to drop a row, and its `blanks`."""
    cells = _cells(raw, columns)
    orders = date_orders(connection, raw, columns, cells)
    reasons = " ".join(f"WHEN {check.when} THEN {sql.text(check.reason)}" for check in drop)
    blanks = ", ".join(
        f"CASE WHEN {check.when} THEN {sql.text(check.reason)} END" for check in blank
    )
    connection.execute(
        f"""CREATE OR REPLACE TABLE {CHECKED} AS
        WITH cells AS ({cells}),
        uniform AS (SELECT {sql.ROW}, {_uniform(raw, columns, orders)} FROM cells),
        parsed AS (
            SELECT {sql.ROW}, {sql.ROW} IN ({_last_copies(raw)}) AS is_last_copy,
                {_parsed(raw.table, timezone)}
            FROM uniform
        )
        SELECT *, CASE {reasons} END AS reason, CAST([{blanks}] AS VARCHAR[]) AS blanks
        FROM parsed"""
    )


def _cells(raw: RawTable, columns: Mapping[str, Column]) -> str:
    """The contract's columns as text; a column the table lacks is NULL.

    Expressions over plain text come before those over numbers, because for the latter the source
    columns themselves are replaced by numbers.
    """
    typed = dict(pair for column in columns.values() for pair in column.typed)
    early = {_early(name): column.text for name, column in columns.items() if not column.typed}
    early |= {_odd(name): _is_odd(name, cast) for name, cast in typed.items()}
    early_list = "".join(f", {text} AS {name}" for name, text in early.items())
    chosen = ", ".join(
        f"{values.present(_cell(name, columns.get(name)))} AS {name}" for name in COLUMNS[raw.table]
    )
    return (
        f"SELECT {sql.ROW}, {sql.FILE}, {chosen} FROM (SELECT {replace(typed.items())} "
        f"FROM (SELECT rowid AS {sql.ROW}, *{early_list} FROM {raw.name}))"
    )


def _cell(name: str, column: Column | None) -> str:
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    if not column.typed:
        return _early(name)
    # A cell that should be a number and is none fails its row even where the expression would
    # pass over it, as COALESCE and CASE do.
    odd = " OR ".join(_odd(source) for source, _ in column.typed)
    return f"CASE WHEN NOT ({odd}) THEN {column.text} END"


def _early(name: str) -> str:
    return sql.name(f"foretell {name}")


def _odd(source: str) -> str:
    return sql.name(f"foretell odd {source}")


def _is_odd(source: str, cast: str) -> str:
    return f"({values.present(sql.name(source))}) IS NOT NULL AND {cast} IS NULL"


def _uniform(raw: RawTable, columns: Mapping[str, Column], orders: Mapping[str, DateOrders]) -> str:
    """Dates year first, numbers in plain notation beside their text."""
    selected = []
    for name, kind in COLUMNS[raw.table].items():
        if kind == "number":
            calculated = name in columns and columns[name].calculated
            number = values.number(name, () if calculated else raw.comma_files)
            selected.append(f"{name} AS {name}_text, {number} AS {name}_number")
        elif kind in {"moment", "month"}:
            order = orders.get(name, DateOrders())
            text = values.year_first(name, order.day_first, order.month_first)
            selected.append(f"{text} AS {name}")
        else:
            selected.append(name)
    return ", ".join(selected)


def _parsed(table: str, timezone: str) -> str:
    selected = []
    for name, kind in COLUMNS[table].items():
        if kind == "number":
            number = f"TRY_CAST({name}_number AS {values.AMOUNT}) AS {name}"
            selected.append(f"{name}_text, {name}_number, {number}")
        elif kind == "moment":
            selected.append(f"{values.moment(name, timezone)} AS {name}, {name} AS {name}_text")
        elif kind == "month":
            selected.append(f"{values.month(name)} AS {name}")
        else:
            selected.append(name)
    return ", ".join(selected)


def _last_copies(raw: RawTable) -> str:
    """Of identical rows the last one, so that a customer's last row stays the last."""
    columns = ", ".join(sql.name(column) for column in raw.columns)
    return f"SELECT max(rowid) FROM {raw.name} GROUP BY {columns}"
