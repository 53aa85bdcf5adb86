"""DuckDB, which knows Parquet. Whoever meets no Parquet never loads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from foretell.problems import UnscorableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READING_MEMORY: Final = "1GB"
"""What all readers of a process share: DuckDB itself writes pages of 100 MB, unpacked whole."""

_DAMAGED: Final = "the file is no Parquet file, or is damaged: export it again"
_TOO_LARGE: Final = (
    "a row group of the Parquet file does not fit into memory:"
    " export the file with smaller row groups"
)
_NO_ROOM: Final = (
    "there is no room on the disk for the predictions: score the file where there is more,"
    " or drop it in pieces"
)
_DISK_IS_FULL: Final = "Could not write"
"""What DuckDB says then."""


def opened(
    memory: str, temporary: Path | None = None, file: Path | None = None
) -> "DuckDBPyConnection":
    """A database that works in the thread that calls it, and asks nothing of the network.

    What does not fit into `memory` goes to files in the folder `temporary`, where there is one.
    """
    import duckdb  # noqa: PLC0415 - see above

    connection = duckdb.connect(
        str(file or ":memory:"),
        config={
            "threads": 1,
            "memory_limit": memory,
            "temp_directory": str(temporary or ""),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # Otherwise all of a row group is in memory that is read from.
    connection.execute("SET GLOBAL disable_parquet_prefetching = true")
    return connection


@contextmanager
def reading() -> Iterator["DuckDBPyConnection"]:
    """A connection to read a file of somebody else's with, in this thread only.

    Raises:
        UnscorableFile: for whatever DuckDB finds wrong with the file.
    """
    with _database().cursor() as connection, blaming_the_file():
        yield connection


@contextmanager
def blaming_the_file() -> Iterator[None]:
    """What DuckDB raises over a file, as the error that says so.

    Raises:
        UnscorableFile
    """
    import duckdb  # noqa: PLC0415

    # DuckDB's own messages may quote a cell: they go no further.
    try:
        yield
    except UnicodeDecodeError:
        raise UnscorableFile(_DAMAGED) from None
    except duckdb.Error as error:
        if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
            # After these a database refuses all work; the next file shall find a new one.
            _database.cache_clear()
        if _DISK_IS_FULL in str(error):
            raise UnscorableFile(_NO_ROOM) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise UnscorableFile(_TOO_LARGE) from None
        raise UnscorableFile(_DAMAGED) from None


def table(path: Path) -> str:
    """A Parquet file in a FROM clause, taken by its name alone."""
    return f"read_parquet({text(escape(str(path.absolute())))}, hive_partitioning = false)"


def file(path: Path) -> str:
    """A Parquet file as argument of DuckDB's functions for metadata."""
    return text(escape(str(path.absolute())))


def text(value: str) -> str:
    """A literal in a statement."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """A column in a statement."""
    return '"' + column.replace('"', '""') + '"'


@cache
def _database() -> "DuckDBPyConnection":
    # It takes as long to open as 10,000 rows take to score; a cursor of it takes nothing.
    return opened(READING_MEMORY)
