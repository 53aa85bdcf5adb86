"""Parquet files for tests, written by DuckDB."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@pytest.fixture(scope="session")
def duck() -> Iterator["DuckDBPyConnection"]:
    """Looks into files independently of what is tested."""
    # Imported before hypothesis has run, it complains at the end of the process.
    import duckdb  # noqa: PLC0415

    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


@pytest.fixture(scope="session")
def write(
    duck: "DuckDBPyConnection", tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Writes what a query selects, by default in one row group."""
    # Neither a pattern nor a partition, whatever DuckDB might take it for.
    folder = tmp_path_factory.mktemp("parquet") / "run=1" / "[a]{b,c}*?'"
    folder.mkdir(parents=True)
    numbers = count()

    def written(select: str, row_group: int = 122_880) -> Path:
        path = folder / f"{next(numbers)}.parquet"
        quoted = str(path).replace("'", "''")
        duck.execute(f"COPY ({select}) TO '{quoted}' (FORMAT parquet, ROW_GROUP_SIZE {row_group})")
        return path

    return written
