"""What a file is recognised by: the names of its columns, written as people write them."""

import re
from collections.abc import Sequence
from typing import Final

from foretell.batch.checks import REQUIRED
from foretell.batch.runs import Content
from foretell.contract import RECORD_FIELDS
from foretell.problems import UnscorableFile

CUSTOMER_ID: Final = "customer_id"
CONTRACT: Final = (CUSTOMER_ID, *RECORD_FIELDS)
"""The columns of customer records that are read; others pass through."""
TRANSACTIONS: Final = (CUSTOMER_ID, "timestamp", "amount")
"""The columns that a log of transactions must have."""

_TOLD: Final = 20
_LONGEST_TOLD: Final = 64


def normal(name: str) -> str:
    """A column's name as the contract writes names."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def content_of(names: Sequence[str]) -> Content:
    """What a file with these columns holds.

    Raises:
        UnscorableFile: neither customer records nor transactions.
    """
    found = {normal(name) for name in names}
    if found.issuperset(REQUIRED):
        return "customers"
    if found.issuperset(TRANSACTIONS):
        return "transactions"
    raise UnscorableFile(
        f"for customer records the file lacks {_missing(REQUIRED, found)}, and for transactions"
        f" {_missing(TRANSACTIONS, found)}; its columns are: {_told(names)}. Name the columns in"
        " the first row"
    )


def field_columns(names: Sequence[str]) -> dict[str, int]:
    """Where the fields of the contract are, from 0; those that a file does not have are left out.

    Raises:
        UnscorableFile: two columns are named for one field.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(map(normal, names)):
        if name not in CONTRACT:
            continue
        if name in places:
            raise UnscorableFile(
                f"columns {places[name] + 1} and {place + 1} are both {name}:"
                " remove or rename one of them"
            )
        places[name] = place
    return places


def _missing(wanted: Sequence[str], found: set[str]) -> str:
    return ", ".join(name for name in wanted if name not in found)


def _told(names: Sequence[str]) -> str:
    told = [name[:_LONGEST_TOLD] for name in names[:_TOLD]]
    more = len(names) - len(told)
    return (", ".join(told) or "none") + (f" and {more} more" if more else "")
