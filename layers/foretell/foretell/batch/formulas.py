"""Cells that a spreadsheet would run instead of showing."""

import re
from functools import cache
from typing import Final

STARTS: Final = b"=+-@\t\r"
"""What a cell begins with that is taken for a formula."""

_FORMULA_STARTS: Final = tuple(STARTS.decode())


def defused(cell: str, decimal: str = ".") -> str:
    """A cell that is shown as it stands: what would be taken for a formula gets a ' in front.

    Whoever may name a customer =HYPERLINK(...) may otherwise have it run on the machine of whoever
    opens the file (OWASP, "CSV Injection"). A number with this decimal mark is left alone.
    """
    if not cell.startswith(_FORMULA_STARTS) or _number(decimal).fullmatch(cell):
        return cell
    return f"'{cell}"


@cache
def _number(decimal: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    return re.compile(rf"[+-]?([0-9]+({mark}[0-9]*)?|{mark}[0-9]+)([eE][+-]?[0-9]+)?")
