"""From the files a person names to clean tables in one DuckDB connection."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import duckdb

from foretell.tables import sql
from foretell.tables.clean import (
    clean_customers,
    clean_engagement,
    clean_transactions,
    create_tables,
)
from foretell.tables.errors import InputError
from foretell.tables.mapping import Column, parse, resolve
from foretell.tables.raw import RawTable, load_raw
from foretell.tables.report import CleaningReport, TableReport
from foretell.tables.rows import CHECKED

_Cleaner = Callable[
    [duckdb.DuckDBPyConnection, RawTable, Mapping[str, Column], str],
    TableReport,
]
_CLEANERS: dict[str, _Cleaner] = {
    "transactions": clean_transactions,
    "customers": clean_customers,
    "engagement": clean_engagement,
}


@dataclass(frozen=True)
class Sources:
    """Where the raw tables are: each a file, a folder or an S3 address.

    `columns` map names as on the command line (`amount=Quantity * UnitPrice`,
    `customers.customer_id=Id`); `timezone` is the shop's and decides on which calendar day a
    timestamp with a zone falls.
    """

    transactions: str
    customers: str | None = None
    engagement: str | None = None
    columns: tuple[str, ...] = ()
    timezone: str = "UTC"

    def given(self) -> dict[str, str]:
        """The tables that were named, by table."""
        tables = {
            "transactions": self.transactions,
            "customers": self.customers,
            "engagement": self.engagement,
        }
        return {table: source for table, source in tables.items() if source is not None}


@dataclass(frozen=True)
class Tables:
    """Clean tables `transactions`, `customers` and `engagement`; the latter two may be empty.

    `first_day` and `last_day` are those of the transactions. Close after use: the connection
    keeps a temporary folder.
    """

    connection: duckdb.DuckDBPyConnection
    report: CleaningReport
    first_day: date
    last_day: date
    resources: ExitStack

    def close(self) -> None:
        """Close the connection and remove its temporary folder."""
        self.resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def load(sources: Sources) -> Tables:
    """Read, map and clean all tables.

    Raises:
        InputError: a file, mapping or time zone that cannot be used; see the message.
    """
    given = sources.given()
    mappings = parse(sources.columns, given)
    with ExitStack() as stack:
        workspace = Path(stack.enter_context(TemporaryDirectory(prefix="foretell-")))
        connection = stack.enter_context(connect(workspace))
        _check_timezone(connection, sources.timezone)
        raws = [
            load_raw(connection, table, source, _subfolder(workspace, table))
            for table, source in given.items()
        ]
        # From here on nothing can reach a file: mapped expressions come from outside.
        connection.execute("SET enable_external_access = false")
        create_tables(connection)
        reports = tuple(
            _clean(connection, raw, mappings[raw.table], sources.timezone) for raw in raws
        )
        return _tables(connection, reports, stack.pop_all())


def connect(workspace: Path, memory_limit: int | None = None) -> duckdb.DuckDBPyConnection:
    """A new database in memory, to be closed by the caller.

    `memory_limit` is in bytes; without it, DuckDB takes most of what the machine has.
    """
    connection = duckdb.connect()
    # What does not fit into memory goes to the workspace, not beside the user's files.
    connection.execute(f"SET temp_directory = {sql.text(str(workspace / 'spill'))}")
    if memory_limit is not None:
        connection.execute(f"SET memory_limit = '{memory_limit}B'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _check_timezone(connection: duckdb.DuckDBPyConnection, timezone: str) -> None:
    try:
        connection.execute("SELECT timezone(?, TIMESTAMPTZ '2000-01-01 00:00:00Z')", [timezone])
    except duckdb.Error as error:
        raise InputError(
            f"--timezone {timezone}: no such time zone; give a name such as Europe/London"
        ) from error


def _subfolder(workspace: Path, table: str) -> Path:
    folder = workspace / table
    folder.mkdir()
    return folder


def _clean(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    mapping: Mapping[str, str],
    timezone: str,
) -> TableReport:
    columns = resolve(connection, raw, mapping)
    report = _CLEANERS[raw.table](connection, raw, columns, timezone)
    connection.execute(f"DROP TABLE {CHECKED}; DROP TABLE {raw.name}")
    return report


def _tables(
    connection: duckdb.DuckDBPyConnection, reports: tuple[TableReport, ...], resources: ExitStack
) -> Tables:
    first, last, negative = connection.execute(
        """SELECT CAST(min(timestamp) AS DATE), CAST(max(timestamp) AS DATE), count_if(amount < 0)
        FROM transactions"""
    ).fetchall()[0]
    cancelled = connection.execute(
        """SELECT count(*) FROM (
            SELECT 1 FROM transactions GROUP BY customer_id, CAST(timestamp AS DATE)
            HAVING sum(amount) <= 0 AND min(amount) < 0)"""
    ).fetchall()[0][0]
    report = CleaningReport(reports, int(negative), int(cancelled))
    return Tables(connection, report, first, last, resources)
