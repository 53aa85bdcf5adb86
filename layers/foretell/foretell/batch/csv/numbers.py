"""Thousands of cells to numbers at once, to the last digit as float() does it.

A cell of up to eight characters is the eight bytes in front of its end, as one integer, of which
the decimal mark is taken out and the digits are added up in three multiplications. The mantissa and
the power of ten behind it are exact in float64, so that their quotient is the nearest number there
is: what float() answers. Whatever is not as plain as that, is float()'s own business.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

MISSING: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", r"\n"})
"""What stands for nothing where a number belongs, in lower case."""

WORD: Final = 8
"""Bytes that are looked at together."""
_MOST_DIGITS: Final = 15
"""Every number of so many is exact in float64."""

_ZEROS: Final = np.uint64(0x3030303030303030)
_ONES: Final = np.uint64(0x0101010101010101)
_HIGHS: Final = np.uint64(0x8080808080808080)
_BEYOND_NINE: Final = np.uint64(0x7676767676767676)
_LOWEST: Final = np.uint64(0xFF)
_BYTE: Final = np.uint64(8)
_SEVEN: Final = np.uint64(7)
_ONE: Final = np.uint64(1)
_THREE: Final = np.uint64(3)
_STEPS: Final = tuple(
    (np.uint64(mask), np.uint64(factor), np.uint64(shift))
    for mask, factor, shift in (
        (0x0F0F0F0F0F0F0F0F, 10 << 8 | 1, 8),
        (0x00FF00FF00FF00FF, 100 << 16 | 1, 16),
        (0x0000FFFF0000FFFF, 10_000 << 32 | 1, 32),
    )
)
_POWERS: Final = np.array([float(10**power) for power in range(2 * WORD + 1)])


def words(content: bytes) -> Words:
    """The eight bytes in front of each place, shape (bytes + 1,)."""
    return np.ndarray((len(content) + 1,), "<u8", bytes(WORD) + content, strides=(1,))


def decimals(text: Words, starts: Integers, stops: Integers, mark: str) -> tuple[Floats, Mask]:
    """The numbers in cells of `text`, and which of them are plain, both of shape (cells,).

    Plain are digits, 15 at most, with one decimal mark or none. The others' numbers mean nothing.
    """
    lengths = stops - starts
    low = _eight(text[stops], lengths, mark)
    plain = lengths > low.marks
    plain &= low.digits
    values = low.numbers / _POWERS.take(low.decimals)
    if lengths.max(initial=0) > WORD:
        wide = np.flatnonzero(lengths > WORD)
        values[wide], plain[wide] = _wide(text, stops[wide], lengths[wide], low.some(wide), mark)
    return values, plain


@dataclass(frozen=True)
class _Parts:
    """The last eight bytes of cells, or what comes before those; each of shape (cells,)."""

    numbers: Floats
    """Without the mark."""
    decimals: npt.NDArray[np.uint8]
    """Digits behind the mark."""
    marks: npt.NDArray[np.uint8]
    """One or none; a second one is no digit."""
    digits: Mask
    """Whether there is nothing else."""

    def some(self, cells: Integers) -> "_Parts":
        """Those of some cells."""
        return _Parts(
            self.numbers[cells], self.decimals[cells], self.marks[cells], self.digits[cells]
        )


def _wide(
    text: Words, stops: Integers, lengths: Integers, low: _Parts, mark: str
) -> tuple[Floats, Mask]:
    high = _eight(text[stops - WORD], lengths - WORD, mark)
    marks = low.marks + high.marks
    numbers = high.numbers * _POWERS[WORD - low.marks] + low.numbers
    plain = low.digits & high.digits & (marks <= 1) & (lengths - marks <= _MOST_DIGITS)
    behind = np.where(high.marks == 1, high.decimals + WORD, low.decimals)
    return numbers / _POWERS[behind], plain


def _eight(word: Words, lengths: Integers, mark: str) -> _Parts:
    """Of the last `lengths` bytes of each word, 1 to 8 of them; its first byte is its lowest."""
    others = (WORD - np.minimum(np.maximum(lengths, 1), WORD)).view(np.uint64) << _THREE
    digits = word ^ _ZEROS
    digits >>= others
    digits <<= others
    found = _first(digits, ord(mark) ^ ord("0"))
    marked = found != 0
    found -= _ONE
    behind = ~(found << _BYTE | _LOWEST)
    decimals = np.bitwise_count(behind) >> 3
    behind &= digits
    digits &= found
    digits <<= marked.astype(np.uint64) << _THREE
    digits |= behind
    wrong = digits + _BEYOND_NINE
    wrong |= digits
    wrong &= _HIGHS
    return _Parts(_added_up(digits), decimals, marked.view(np.uint8), wrong == 0)


def _first(word: Words, byte: int) -> Words:
    """A one in the first byte of each word that is this one, and nothing where none is."""
    others = word ^ (_ONES * np.uint64(byte))
    found = others - _ONES
    found &= np.invert(others, out=others)
    found &= _HIGHS
    # The lowest of those found is right, others may not be.
    found &= np.negative(found)
    found >>= _SEVEN
    return found


def _added_up(digits: Words) -> Floats:
    """One number of eight digits; they are used up."""
    for mask, factor, shift in _STEPS:
        digits &= mask
        digits *= factor
        digits >>= shift
    return digits.astype(np.float64)


def parsed(cell: str, mark: str) -> float | str | None:
    """One cell as a number, None where it is missing, or the text that it is."""
    text = cell.strip()
    if text.lower() in MISSING:
        return None
    return float(text.replace(mark, ".")) if _number(mark).fullmatch(text) else cell


@cache
def _number(mark: str) -> re.Pattern[str]:
    point = re.escape(mark)
    return re.compile(
        rf"[+-]?(([0-9]+({point}[0-9]*)?|{point}[0-9]+)(e[+-]?[0-9]+)?|inf|infinity)", re.IGNORECASE
    )
