"""The features of every customer as of one day, by `features.sql`.

The same statement computes them for training and for a transaction log that is to be scored.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

TABLE: Final = "features"

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def compute(
    connection: "duckdb.DuckDBPyConnection", cutoff: date, horizon_days: int
) -> "duckdb.DuckDBPyConnection":
    """Query the features at the end of the cut-off day, and what came in the days after it.

    Args:
        connection: has the clean tables of foretell.tables.
        cutoff: the last day that is known.
        horizon_days: days after it that `future_spend` and `future_purchases` count.

    Returns:
        The connection, ready to fetch one row per customer, ordered by `customer_id`, with the
        columns that `features.sql` selects.
    """
    return connection.execute(_SQL, _parameters(cutoff, horizon_days))


def create_table(connection: "duckdb.DuckDBPyConnection", cutoff: date) -> None:
    """Create the table `features` of the same rows, without a future."""
    connection.execute(f"CREATE TABLE {TABLE} AS {_SQL}", _parameters(cutoff, 0))


def _parameters(cutoff: date, horizon_days: int) -> dict[str, object]:
    return {"cutoff": cutoff, "horizon_days": horizon_days}
