"""The customers with most value at risk, each with the record and the answers."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from foretell.batch.answers import Answers
from foretell.batch.rows import Integers, Records, Rows

MOST: Final = 200


class TopCustomer(NamedTuple):
    """One customer, in the units of Answers: cents and millionths."""

    row: int
    customer_id: str | None
    record: tuple[float | None, ...]
    """As in the matrix, None where it is missing."""
    customer_lifetime_value: int
    interval_low: int
    interval_median: int
    interval_high: int
    value_tier: int
    churn_probability: int
    risk_category: int
    segment_id: int
    distance_to_center: int
    value_at_risk: int


_ANSWERS: Final = TopCustomer._fields[3:]


def top(rows: Rows, positions: Integers, answers: Answers) -> tuple[TopCustomer, ...]:
    """Those of a piece; `positions` are those of the rows that were answered."""
    chosen = _most_at_risk(answers.value_at_risk, rows.numbers[positions])
    places = positions[chosen]
    columns = (getattr(answers, name)[chosen].tolist() for name in _ANSWERS)
    return tuple(
        TopCustomer(*known)
        for known in zip(
            rows.numbers[places].tolist(),
            (_readable(rows.customer_id(place)) for place in places.tolist()),
            _told(rows.records[places]),
            *columns,
            strict=True,
        )
    )


def first(customers: Iterable[TopCustomer]) -> tuple[TopCustomer, ...]:
    """Most value at risk first, of equals the one higher up in the file."""
    return tuple(sorted(customers, key=lambda each: (-each.value_at_risk, each.row))[:MOST])


def _most_at_risk(value_at_risk: Integers, numbers: Integers) -> Integers:
    candidates = np.arange(len(numbers))
    if len(candidates) > MOST:
        least = np.partition(value_at_risk, -MOST)[-MOST]
        candidates = np.flatnonzero(value_at_risk >= least)
    return candidates[np.lexsort((numbers[candidates], -value_at_risk[candidates]))][:MOST]


def _told(records: Records) -> list[tuple[float | None, ...]]:
    told = records.astype(np.object_)
    told[np.isnan(records)] = None
    return [tuple(record) for record in told.tolist()]


def _readable(customer_id: str | None) -> str | None:
    # Half of a character would make the summary unreadable.
    return None if customer_id is None else customer_id.encode(errors="replace").decode()
