"""Answers on their way into a Parquet file.

The columns of a Parquet file do not grow row by row, and the parts of a large one are scored apart.
So each row of the source becomes a row of bytes of one width: parts are put one after the other as
text is, and the table is written at the end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.batch.answers import Answers
from foretell.batch.rows import Rows

Packed = npt.NDArray[np.void]

KEPT: Final = "kept"
"""Whether a row has answers; where it has none, the rest means nothing."""

ROW: Final = np.dtype(
    [
        (KEPT, "?"),
        ("customer_lifetime_value", "<i8"),
        ("interval_low", "<i8"),
        ("interval_median", "<i8"),
        ("interval_high", "<i8"),
        ("value_tier", "u1"),
        ("churn_probability", "<i4"),
        ("risk_category", "u1"),
        ("segment_id", "u1"),
        ("distance_to_center", "<i8"),
        ("value_at_risk", "<i8"),
    ]
)
"""The figures of Answers, in their units."""

_ROWS_AT_ONCE: Final = 122_880


def written(rows: Rows, answers: Answers) -> bytes:
    """A ROW for each of the rows, in order; `answers` are of the rows without faults."""
    packed = np.zeros(len(rows.numbers), ROW)
    packed[KEPT] = True
    packed[KEPT][list(rows.faults)] = False
    kept = packed[KEPT].copy()
    for name in ROW.names or ():
        if name != KEPT:
            packed[name][kept] = getattr(answers, name)
    return packed.tobytes()


def packed_rows(path: Path) -> int:
    """How many a file holds.

    Raises:
        ValueError: it is cut short.
    """
    rows, rest = divmod(path.stat().st_size, ROW.itemsize)
    if rest:
        raise ValueError(f"{path} ends within a row")
    return rows


def read_packed(path: Path) -> Iterator[dict[str, Packed]]:
    """The rows of a file by column, a bounded number of them at a time."""
    with path.open("rb") as file:
        while content := file.read(_ROWS_AT_ONCE * ROW.itemsize):
            packed = np.frombuffer(content, ROW)
            yield {name: packed[name] for name in ROW.names or ()}
