"""Which bytes of a CSV file stand inside of quotes.

The rule is that of Python's csv module: a quote opens a cell only at its very beginning, a doubled
quote inside is one that is meant, and what follows the closing quote is text, quotes included.
(5" pipe) is text therefore, and so is the rest of ("5" pipe).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

QUOTE: Final = 0x22

_HALVES: Final = tuple(np.uint64(1 << power) for power in range(6))
_TOP: Final = np.uint64(63)


@dataclass(frozen=True)
class Dialect:
    """What divides a text file into rows and cells."""

    separator: bytes = b","
    terminator: bytes = b"\n"
    """The last byte of a row: a CR in front of it is the file's business."""
    quotes: bool = True
    """Whether a terminator inside of quotes ends no row."""

    def divides(self, text: Bytes) -> Mask:
        """Where separators and terminators stand, quoted ones included; shape (bytes,)."""
        found: Mask = text == self.separator[0]
        found |= text == self.terminator[0]
        return found


LINES: Final = Dialect(quotes=False)
"""Each line is a row."""


def has_quotes(text: Bytes) -> bool:
    """Whether there is any."""
    return text.tobytes().find(QUOTE) >= 0


def row_ends(
    text: Bytes, dialect: Dialect, *, begins_inside: bool = False
) -> tuple[Integers, bool]:
    """Where rows end, and whether the last byte leaves a quote open."""
    ends = text == dialect.terminator[0]
    is_open = begins_inside
    if dialect.quotes and len(text) and (begins_inside or has_quotes(text)):
        quoted = inside(text, dialect, begins_inside=begins_inside)
        ends &= ~quoted
        is_open = bool(quoted[-1])
    return np.flatnonzero(ends), is_open


def inside(text: Bytes, dialect: Dialect, *, begins_inside: bool = False) -> Mask:
    """Whether the quotes up to each byte, its own included, leave a cell open; shape (bytes,).

    `text` begins with a row or, if `begins_inside`, somewhere in a quoted cell, though not within
    a run of quotes. What is said of a quote that others follow means nothing.
    """
    quotes = text == QUOTE
    found = _odd_so_far(quotes)
    if begins_inside:
        np.logical_not(found, out=found)
    if _all_regular(text, quotes, found, dialect):
        return found
    return _by_runs(text, quotes, dialect, begins_inside=begins_inside)


def _all_regular(text: Bytes, quotes: Mask, found: Mask, dialect: Dialect) -> bool:
    """Whether each quote that would open a cell may: it begins one, or another quote's doubling."""
    opening = quotes & found
    follows = dialect.divides(text)
    follows |= quotes
    return not (opening[1:] & ~follows[:-1]).any()


def _by_runs(text: Bytes, quotes: Mask, dialect: Dialect, *, begins_inside: bool) -> Mask:
    """The same whatever the quotes.

    Of quotes that stand side by side an even number changes nothing. An odd number at the
    beginning of a cell opens or, inside, closes; elsewhere it closes, or means nothing: either way
    the cell is closed then. So a cell is open if the number of the former since the last of the
    latter is odd.
    """
    edges = np.flatnonzero(np.diff(quotes, prepend=False, append=False))
    starts, stops = edges[::2], edges[1::2]
    starts = starts[(stops - starts) % 2 == 1]
    openers = dialect.divides(text).take(starts - 1, mode="wrap") | (starts == 0)
    turns = np.cumsum(openers) + begins_inside
    turns -= np.maximum.accumulate(np.where(openers, 0, turns))
    opened = turns % 2 == 1
    changes = np.zeros(len(text), np.bool_)
    changes[starts[np.diff(opened, prepend=begins_inside)]] = True
    found = _odd_so_far(changes)
    return ~found if begins_inside else found


def _odd_so_far(marks: Mask) -> Mask:
    """Whether an odd number of marks stands up to each place; shape (places,).

    64 places at a time: a bit each, doubled in reach by every step.
    """
    bits = np.zeros(-(-len(marks) // 64) * 8, np.uint8)
    packed = np.packbits(marks, bitorder="little")
    bits[: len(packed)] = packed
    words = bits.view("<u8")
    for half in _HALVES:
        words ^= words << half
    odd = np.bitwise_xor.accumulate(words >> _TOP)
    words[1:] ^= np.uint64(0) - odd[:-1]
    return np.unpackbits(bits, count=len(marks), bitorder="little").view(np.bool_)
