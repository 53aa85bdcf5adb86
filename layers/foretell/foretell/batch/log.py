# ruff: noqa: S608 - statements are made of names of the contract and quoted paths
"""A transaction log becomes a file of customers, to be scored as any other.

It is cleaned as training cleans its tables, and the features come from the same SQL.
"""

import errno
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from foretell.batch.columns import TRANSACTIONS, normal
from foretell.batch.runs import Format
from foretell.contract import CustomerRecord, Fault
from foretell.problems import UnscorableFile

# What reads tables brings DuckDB along, which only a log needs.
if TYPE_CHECKING:
    import duckdb

    from foretell.tables.rejected import RejectedRow
    from foretell.tables.report import TableReport

MEMORY_LIMIT: Final = 512 << 20
"""Bytes that DuckDB may hold before it goes on on the disk."""

_TABLE: Final = "transactions"
_ORDER_ID: Final = "order_id"
# As training's, unless told otherwise.
_TIMEZONE: Final = "UTC"
_FIELDS: Final = tuple(CustomerRecord.model_fields)
_TOO_LARGE: Final = (
    "there is not enough memory and disk for a log of this size; drop one of fewer years, or score"
    " it with `foretell score` on a larger machine"
)
_OPTIONS: Final[dict[Format, str]] = {
    "csv": "FORMAT csv, HEADER, DELIMITER ','",
    "csv.gz": "FORMAT csv, HEADER, DELIMITER ','",
    "jsonl": "FORMAT json",
    "jsonl.gz": "FORMAT json",
    "parquet": "FORMAT parquet",
}


@dataclass(frozen=True)
class RejectedRows:
    """Rows of a log that were not used, in the file's order: (row, faults, original text).

    `row` is as a spreadsheet counts. They lie in a nameless file, and can be read again and
    again, one reader at a time.
    """

    spool: IO[str]
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, tuple[Fault, ...], str]]:
        self.spool.seek(0)
        for line in self.spool:
            row, faults, text = json.loads(line)
            yield row, tuple(Fault(field=field, reason=reason) for field, reason in faults), text


@dataclass(frozen=True)
class LogReport:
    """What became of a log: `rows` = `used` + `len(rejected)`.

    Close after use: the rejected rows take room on the disk.
    """

    rows: int
    used: int
    customers: int
    as_of: date
    rejected: RejectedRows

    def close(self) -> None:
        """Forget the rejected rows."""
        self.rejected.spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def customers_of(
    log: Path,
    format: Format,  # noqa: A002 - what it is called everywhere else
    target: Path,
    workspace: Path,
    as_of: date | None = None,
    *,
    memory_limit: int = MEMORY_LIMIT,
) -> LogReport:
    """Write to `target` the customers of a log as they stand at the end of `as_of`.

    Args:
        log: a local file of transactions: customer_id, timestamp, amount, in any order and case.
        format: of the file to be written. Nothing is compressed; the reader of the log goes by
            what it finds.
        target: gets customer_id and the fields of the contract that are known, one row per
            customer with a purchase on or before `as_of`, ordered by customer_id.
        workspace: an existing folder for what memory does not hold; it is left as it was.
        as_of: the last day that is known; without it, the last day in the log.
        memory_limit: bytes that DuckDB may hold.

    Raises:
        UnscorableFile: it is no log, or holds no purchase, or is too large.
    """
    with (
        TemporaryDirectory(prefix="log-", dir=workspace) as folder,
        _told_to_who_dropped_it(log),
        closing(_database(Path(folder), target, memory_limit)) as connection,
        ExitStack() as on_failure,
    ):
        spool = on_failure.enter_context(_spool(workspace))
        cleaned, rejected = _clean(connection, log, Path(folder), spool)
        day = as_of or _last_day(connection)
        customers = _write(connection, day, format, target)
        on_failure.pop_all()
        return LogReport(cleaned.rows_read, cleaned.rows_kept, customers, day, rejected)


def _database(folder: Path, target: Path, memory_limit: int) -> "duckdb.DuckDBPyConnection":
    from foretell.tables import sql  # noqa: PLC0415
    from foretell.tables.loading import connect  # noqa: PLC0415

    connection = connect(folder, memory_limit)
    connection.execute(f"SET allowed_paths = [{sql.text(str(target.resolve()))}]")
    return connection


def _spool(workspace: Path) -> IO[str]:
    return TemporaryFile("w+", dir=workspace, encoding="utf-8", newline="\n")


def _clean(
    connection: "duckdb.DuckDBPyConnection", log: Path, folder: Path, spool: IO[str]
) -> "tuple[TableReport, RejectedRows]":
    """Fill the clean tables, and the spool with the rows that were left out."""
    from foretell.tables.clean import (  # noqa: PLC0415
        TRANSACTION_CHECKS,
        clean_transactions,
        create_tables,
    )
    from foretell.tables.mapping import resolve  # noqa: PLC0415
    from foretell.tables.raw import load_raw  # noqa: PLC0415
    from foretell.tables.rejected import rejected_rows  # noqa: PLC0415
    from foretell.tables.rows import CHECKED  # noqa: PLC0415

    raw = load_raw(connection, _TABLE, str(log.resolve()), folder)
    connection.execute("SET enable_external_access = false")
    create_tables(connection)
    report = clean_transactions(
        connection, raw, resolve(connection, raw, _columns(raw.columns)), _TIMEZONE
    )
    rejected = _kept(rejected_rows(connection, raw, TRANSACTION_CHECKS), spool)
    connection.execute(f"DROP TABLE {CHECKED}; DROP TABLE {raw.name}")
    return report, rejected


def _columns(names: Sequence[str]) -> dict[str, str]:
    """Which of a log's columns is which of the contract's, as the log was recognised by them."""
    found: dict[str, str] = {}
    for name in names:
        meant = normal(name)
        if meant in found and meant in TRANSACTIONS:
            raise UnscorableFile(
                f"columns {found[meant]} and {name} are both {meant}: remove or rename one of them"
            )
        found.setdefault(meant, name)
    return {meant: found[meant] for meant in (*TRANSACTIONS, _ORDER_ID) if meant in found}


def _kept(rows: "Iterable[RejectedRow]", spool: IO[str]) -> RejectedRows:
    count = 0
    for count, each in enumerate(rows, start=1):  # noqa: B007 - counts
        faults = [(fault.field, fault.reason) for fault in each.faults]
        spool.write(json.dumps((each.row, faults, each.text)) + "\n")
    return RejectedRows(spool, count)


def _last_day(connection: "duckdb.DuckDBPyConnection") -> date:
    found = connection.execute("SELECT CAST(max(timestamp) AS DATE) FROM transactions").fetchall()
    day: date = found[0][0]
    return day


def _write(connection: "duckdb.DuckDBPyConnection", as_of: date, form: Format, target: Path) -> int:
    from foretell import features  # noqa: PLC0415
    from foretell.tables import sql  # noqa: PLC0415

    features.create_table(connection, as_of)
    given = connection.execute(
        f"SELECT count(*), {', '.join(f'count({name})' for name in _FIELDS)} FROM {features.TABLE}"
    ).fetchall()[0]
    customers = int(given[0])
    if not customers:
        raise UnscorableFile(
            f"there is no purchase up to {as_of}, so there is no customer to be scored; drop a log"
            " with purchases until then"
        )
    known = [name for name, count in zip(_FIELDS, given[1:], strict=True) if count]
    connection.execute(
        f"""COPY (SELECT {", ".join(known)} FROM {features.TABLE} ORDER BY customer_id)
        TO {sql.text(str(target.resolve()))} ({_OPTIONS[form]}, USE_TMP_FILE false)"""
    )
    return customers


@contextmanager
def _told_to_who_dropped_it(log: Path) -> Iterator[None]:
    import duckdb  # noqa: PLC0415

    from foretell.tables.errors import InputError  # noqa: PLC0415

    try:
        yield
    except InputError as error:
        message = error.for_a_dropped_file.removeprefix(f"{log.resolve()}: ")
        # The error itself quotes cells, and causes end up in logs.
        raise UnscorableFile(message) from None
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise UnscorableFile(_TOO_LARGE) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise UnscorableFile(_TOO_LARGE) from error
        raise
