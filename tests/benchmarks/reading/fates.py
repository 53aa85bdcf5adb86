"""What became of a bad row, and of the good ones around it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.benchmarks.reading.files import BAD_ROW, ID, BadRow, good_notes

KEPT: Final = "kept"
REFUSED: Final = "refused"
ACCOUNTED: Final = {KEPT, REFUSED}
"""The fates that nobody has to worry about."""

_NO_ROW: Final = "refused, which row unknown"
_CHANGED: Final = "changed"
_LOST: Final = "lost"
_FAILED: Final = "file fails"

Row = tuple[str, str, list[float]]
"""Id, note and record."""


def fate(bad: BadRow, told: Mapping[str, Any]) -> str:
    """In a word, from what the child says of the bad row's file."""
    if "failed" in told:
        return _FAILED
    others = [note for customer_id, note, _ in told["kept"] if customer_id != ID]
    if others != good_notes():
        return f"takes {len(good_notes()) - len(others)} along"
    kept = [row for row in told["kept"] if row[0] == ID]
    if kept:
        return KEPT if len(kept) == 1 and _says(bad, *kept[0]) else _CHANGED
    return _refused([row for row, _, _ in told["refused"]])


def _says(bad: BadRow, _: str, note: str, record: Sequence[float]) -> bool:
    if bad.note is None or note != bad.note:
        return False
    return all(
        abs(read - meant) <= 1e-6 * meant or read == meant
        for read, meant in zip(record, bad.record, strict=True)
    )


def _refused(rows: Sequence[int | None]) -> str:
    if not rows:
        return _LOST
    return REFUSED if rows == [BAD_ROW] else _NO_ROW
