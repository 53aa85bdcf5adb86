"""The customers of the log that was trained on, dropped to be scored: a portfolio to begin with."""

from collections.abc import Iterator
from datetime import date, timedelta
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from foretell import tables
from foretell.batch.runs import INCOMING
from foretell.contract import CustomerRecord
from foretell.tables import Tables
from infra.local.delivery import UPLOADS
from training.features import customer_features
from training.request import TrainingRequest

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client

DAYS_BETWEEN: Final = 30
"""A month before, so that there is a run to compare the last one with."""


def drop_customers(request: TrainingRequest, version: str, s3: "S3Client") -> None:
    """Put the customers of a training's log into the uploads bucket, the earlier day first.

    The tables are read once more: training let go of them before it fitted, and a large log is not
    to wait in memory for the minutes that fitting takes.

    Args:
        request: what was trained on.
        version: what came of it; files of another version, scored by that, lie beside these.
        s3: where the uploads bucket is.

    Raises:
        InputError: the tables are not there any more.
    """
    with tables.load(request.sources) as loaded:
        last = request.as_of or loaded.last_day
        for day, customers in _described(loaded, days(loaded.first_day, last)):
            with TemporaryFile() as file:
                write(customers, file)
                file.seek(0)
                s3.put_object(Bucket=UPLOADS, Key=key(version, day), Body=file)


def days(first: date, last: date) -> tuple[date, ...]:
    """The ends of which days the customers are described at, in order.

    The earlier one is left out where the log, from `first` to `last`, does not reach back to it.
    """
    earlier = last - timedelta(days=DAYS_BETWEEN)
    return (earlier, last) if earlier >= first else (last,)


def key(version: str, day: date) -> str:
    """Where the customers as of a day lie in the uploads bucket."""
    return f"{INCOMING}{version}/customers as of {day}.csv"


def write(customers: "pd.DataFrame", file: IO[bytes]) -> None:
    """Customer records as CSV: the contract's columns in its order, less those without a value.

    Args:
        customers: one row each, as `training.features` has them.
        file: is written to from where it stands.
    """
    known = customers[list(CustomerRecord.model_fields)].dropna(axis="columns", how="all")
    known.to_csv(file, index=False, lineterminator="\n")


def _described(loaded: Tables, chosen: tuple[date, ...]) -> Iterator[tuple[date, "pd.DataFrame"]]:
    for day in chosen:
        customers = customer_features(loaded, day)
        # A log can begin with returns, which make nobody a customer.
        if len(customers):
            yield day, customers
