"""Thousands of account types to their codes at once, whatever their case."""

from typing import Final

import numpy as np

from foretell.batch.csv.numbers import MISSING, WORD, Floats, Integers, Mask, Words
from foretell.contract import ACCOUNT_TYPES

_CODES: Final = {name.lower(): float(code) for code, name in enumerate(ACCOUNT_TYPES)}
# Sets the bit by which a small letter differs from a capital; nothing but a letter becomes one.
_SMALL: Final = np.uint64(0x2020202020202020)


def codes(text: Words, starts: Integers, stops: Integers) -> tuple[Floats, Mask]:
    """The positions in ACCOUNT_TYPES of what cells of `text` name, both of shape (cells,).

    And which name one; those of the others mean nothing.
    """
    lengths = stops - starts
    last = text[stops] | _SMALL
    values, found = np.zeros(len(stops)), np.zeros(len(stops), np.bool_)
    for name, code in _CODES.items():
        named = (lengths == len(name)) & _ends(last, name[-WORD:])
        if len(name) > WORD:
            named[named] = _ends(text[stops[named] - WORD] | _SMALL, name[:-WORD])
        values[named] = code
        found |= named
    return values, found


def _ends(word: Words, name: str) -> Mask:
    """Which words end in a text of at most eight letters; the first byte is the lowest."""
    others = np.uint64(8 * (WORD - len(name)))
    wanted = np.uint64(int.from_bytes(name.encode(), "little"))
    found: Mask = word >> others == wanted
    return found


def parsed(cell: str) -> float | str | None:
    """The code of one account type, None where it is missing, or the text that it is."""
    name = cell.strip().lower()
    return None if name in MISSING else _CODES.get(name, cell)
