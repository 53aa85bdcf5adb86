"""Why rows were rejected, by kind: how often, and where to look for one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from foretell.batch.rows import Rows

MOST_KINDS: Final = 200
"""Those first in the alphabet are kept. Were it the most frequent or the first to occur, a kind
could be dropped from one part and kept in another, and its count would depend on the parts."""

_NUMBER: Final = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True)
class Rejection:
    """One kind: a field and what is wrong with it, whatever the numbers in the reason."""

    field: str
    kind: str
    reason: str
    """As it is told of first_row."""
    rows: int
    first_row: int


def rejections(rows: Rows) -> tuple[Rejection, ...]:
    """All kinds that a piece has; never a value."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for position, faults in rows.faults.items():
        # Reversed: of several of one kind the first is told.
        told = {(fault.field, _kind(fault.reason)): fault.reason for fault in reversed(faults)}
        number = int(rows.numbers[position])
        for key, reason in told.items():
            found.setdefault(key, []).append((number, reason))
    return tuple(_kind_of(field, kind, seen) for (field, kind), seen in found.items())


def combined(found: Iterable[Rejection]) -> tuple[Rejection, ...]:
    """One for each kind, in alphabetical order, at most MOST_KINDS."""
    by_kind: dict[tuple[str, str], Rejection] = {}
    for rejection in found:
        key = (rejection.field, rejection.kind)
        known = by_kind.get(key)
        by_kind[key] = rejection if known is None else _both(known, rejection)
    return tuple(by_kind[key] for key in sorted(by_kind)[:MOST_KINDS])


def _both(one: Rejection, other: Rejection) -> Rejection:
    first = min(one, other, key=lambda rejection: rejection.first_row)
    return Rejection(first.field, first.kind, first.reason, one.rows + other.rows, first.first_row)


def _kind_of(field: str, kind: str, seen: Sequence[tuple[int, str]]) -> Rejection:
    first_row, reason = min(seen)
    return Rejection(field, kind, reason, len(seen), first_row)


@lru_cache(maxsize=1024)
def _kind(reason: str) -> str:
    return _NUMBER.sub("#", reason)
