"""The tables of a simulated shop as CSV files."""

import os
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from foretell.tables import Sources
from training.errors import InputError
from training.simulate.tables import Shop


def write(shop: Shop, folder: Path) -> None:
    """Write transactions, customers, engagement and truth as `<table>.csv`, replacing old ones.

    Dates are ISO 8601, a missing value is an empty field. Each file appears only when all four
    are complete.

    Raises:
        InputError: `folder` is a file, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_all(_as_text(shop), folder)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder} is not a folder: name a folder for the tables") from error
    except OSError as error:
        raise InputError(
            f"cannot write the tables to {folder} ({error.strerror}): name another folder"
        ) from error


def sources(folder: Path) -> Sources:
    """What `write` has written there, to train on: all but the truth."""
    return Sources(
        transactions=str(folder / "transactions.csv"),
        customers=str(folder / "customers.csv"),
        engagement=str(folder / "engagement.csv"),
    )


def _write_all(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    parts = {name: folder / f".{name}.csv.{os.getpid()}.part" for name in tables}
    try:
        for name, table in tables.items():
            table.to_csv(parts[name], index=False, lineterminator="\n")
        for name, part in parts.items():
            part.replace(folder / f"{name}.csv")
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _as_text(shop: Shop) -> dict[str, pd.DataFrame]:
    """The tables with dates and cents in their final form, which is far faster than to_csv's."""
    transactions = shop.transactions.assign(
        timestamp=_iso(shop.transactions["timestamp"], "s"),
        amount=[f"{amount:.2f}" for amount in shop.transactions["amount"]],
    )
    customers = shop.customers.assign(signup_date=_iso(shop.customers["signup_date"], "D"))
    engagement = shop.engagement.assign(month=_iso(shop.engagement["month"], "D"))
    truth = shop.truth.assign(
        first_purchase_date=_iso(shop.truth["first_purchase_date"], "D"),
        drop_out_date=_iso(shop.truth["drop_out_date"], "D"),
    )
    return {
        "transactions": transactions,
        "customers": customers,
        "engagement": engagement,
        "truth": truth,
    }


def _iso(dates: pd.Series, unit: Literal["s", "D"]) -> pd.Series:
    text = np.datetime_as_string(dates.to_numpy().astype(f"datetime64[{unit}]"))
    return pd.Series(np.where(dates.isna(), "", text), index=dates.index)
