"""rejected.csv: the rows that were not scored, why, and what stood there.

One line for each row, however much is wrong with it: rows in are rows predicted and lines here.
"""

from collections.abc import Sequence
from typing import Final

from foretell.batch.formulas import defused
from foretell.batch.render import quoted
from foretell.batch.rows import Rows
from foretell.contract import Fault

HEADER: Final = b"row,field,reason,original row\n"

_LONGEST_CELL: Final = 32_767
"""Bytes; spreadsheets show as many characters of a cell."""
_BETWEEN: Final = "; "
_CUT: Final = "…"


def rejected_rows(rows: Rows) -> bytes:
    """The lines of those rows that have faults, in the order of the file; empty for none."""
    return b"".join(
        rejected_line(int(rows.numbers[position]), rows.faults[position], rows.original(position))
        for position in sorted(rows.faults)
    )


def rejected_line(number: int, faults: Sequence[Fault], original: str) -> bytes:
    """The line of one row; of a very long one it holds the beginning."""
    cells = (str(number), _fields(faults), _reasons(faults), original)
    return b",".join(quoted(_shortened(defused(cell))) for cell in cells) + b"\n"


def _fields(faults: Sequence[Fault]) -> str:
    return _BETWEEN.join(dict.fromkeys(fault.field for fault in faults))


def _reasons(faults: Sequence[Fault]) -> str:
    if len(faults) == 1:
        return faults[0].reason
    return _BETWEEN.join(f"{fault.field}: {fault.reason}" for fault in faults)


def _shortened(cell: str) -> str:
    # No character is less than a byte.
    content = cell[: _LONGEST_CELL + 1].encode(errors="replace")
    if len(content) <= _LONGEST_CELL:
        return content.decode()
    return content[: _LONGEST_CELL - len(_CUT.encode())].decode(errors="ignore") + _CUT
