"""From answers to the bytes that are appended to each row.

Writing fourteen figures and words one by one would take longer than working them out. Instead each
row is laid out at full width in a matrix of bytes, some of a row's bytes at a time looked up in a
table of all that can stand there; then what is padding is squeezed out of all rows at once. numpy
lets go of the interpreter meanwhile, so that pieces are rendered side by side.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.batch.answers import CENTS, COLUMNS, MILLIONTHS, Answers, Integers, Words
from foretell.batch.formulas import defused

Texts = npt.NDArray[np.void]
"""Texts of as many bytes each, shorter ones padded; shape (texts,)."""

# Neither occurs in UTF-8.
_PADDING: Final = 0xFF
_ROW_END: Final = b"\xfe"

_GROUP: Final = 10_000
"""Digits before the decimal mark are looked up four at a time."""
_FRACTIONS: Final[Mapping[int, tuple[int, ...]]] = {CENTS: (2,), MILLIONTHS: (3, 3)}
"""How many at a time behind it, by decimal places."""

_ROWS_AT_ONCE: Final = 2_000
"""The matrix of more would not stay in the processor's cache."""


@dataclass(frozen=True)
class Style:
    """How a format writes COLUMNS."""

    before: tuple[bytes, ...]
    """What stands before each of them."""
    end: bytes
    """What stands behind the last."""
    decimal: bytes
    word: Callable[[str], bytes]
    """How a word is written, in UTF-8."""


def csv_style(separator: str, line_end: bytes, decimal: str) -> Style:
    """Of CSV; `decimal` is another character than `separator`."""

    def word(text: str) -> bytes:
        return quoted(defused(text, decimal), separator)

    return Style((separator.encode(),) * len(COLUMNS), line_end, decimal.encode(), word)


def json_style(names: tuple[str, ...]) -> Style:
    """Of JSON Lines: COLUMNS under these names, as the last fields of an object that has others."""
    return Style(tuple(b"," + _json_word(name) + b":" for name in names), b"}\n", b".", _json_word)


def quoted(cell: str, separator: str = ",") -> bytes:
    """A cell of CSV in UTF-8, quoted where RFC 4180 asks for it; half a character becomes a ?."""
    if any(mark in cell for mark in (separator, '"', "\r", "\n")):
        cell = '"' + cell.replace('"', '""') + '"'
    return cell.encode(errors="replace")


def _json_word(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()


class Renderer:
    """Writes the answers of one version in one style; threads may share it."""

    def __init__(self, words: Words, style: Style) -> None:
        # What follows a figure or a word is the same in each row: it is part of their tables.
        behind = dict(zip(COLUMNS, (*style.before[1:], style.end), strict=True))
        self._start: Final = _texts(style.before[:1])
        self._fractions: Final = {
            name: _fraction(_FRACTIONS[places], style.decimal, behind[name])
            for name, places in _FIGURES.items()
        }
        self._tiers: Final = _texts(
            style.word(tier) + behind["value_tier"] for tier in words.value_tiers
        )
        self._segments: Final = _texts(_segment_texts(words, style, behind))
        self._actions: Final = _texts(_action_texts(words, style, behind))
        self._risks_each: Final = np.intp(len(words.risk_categories))
        self._tiers_each: Final = np.intp(len(words.value_tiers))

    def suffixes(self, answers: Answers) -> list[bytes]:
        """What is appended to each customer's row: COLUMNS, with what stands before and behind."""
        found: list[bytes] = []
        for start in range(0, len(answers), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            found += self._some(_part(answers, rows))
        return found

    def _some(self, answers: Answers) -> list[bytes]:
        lookups = self._layout(answers)
        row = np.dtype([(str(place), each.texts.dtype) for place, each in enumerate(lookups)])
        matrix = np.empty(len(answers), row)
        for place, each in enumerate(lookups):
            matrix[str(place)] = each.texts.take(each.places)
        wide = matrix.view(np.uint8)
        squeezed: bytes = wide[wide != _PADDING].tobytes()
        return squeezed.split(_ROW_END)[:-1]

    def _layout(self, answers: Answers) -> list["_Lookup"]:
        risk = answers.segment_id * self._risks_each + answers.risk_category
        return [
            _Lookup(self._start, np.zeros((), np.intp)),
            *self._figure("customer_lifetime_value", answers.customer_lifetime_value),
            *self._figure("interval_low", answers.interval_low),
            *self._figure("interval_median", answers.interval_median),
            *self._figure("interval_high", answers.interval_high),
            _Lookup(self._tiers, answers.value_tier),
            *self._figure("churn_probability", answers.churn_probability),
            _Lookup(self._segments, risk),
            *self._figure("distance_to_center", answers.distance_to_center),
            *self._figure("value_at_risk", answers.value_at_risk),
            _Lookup(self._actions, risk * self._tiers_each + answers.value_tier),
        ]

    def _figure(self, name: str, values: Integers) -> list["_Lookup"]:
        found: list[_Lookup] = []
        for texts in reversed(self._fractions[name]):
            rest = values // len(texts)
            found.append(_Lookup(texts, values - rest * len(texts)))
            values = rest
        return [*_whole(values, _DIGITS), *reversed(found)]


@dataclass(frozen=True)
class _Lookup:
    """Some bytes of each row: which text of a table stands there."""

    texts: Texts
    places: npt.NDArray[np.integer[Any]]
    """Shape (rows,), or () where it is the same for all."""


def _part(answers: Answers, rows: slice) -> Answers:
    return Answers(**{field.name: getattr(answers, field.name)[rows] for field in fields(answers)})


def _texts(texts: Iterable[bytes]) -> Texts:
    given = list(texts)
    width = max(map(len, given))
    padded = b"".join(text.ljust(width, bytes([_PADDING])) for text in given)
    return np.frombuffer(padded, np.dtype((np.void, width)))


@cache
def _fraction(groups: tuple[int, ...], decimal: bytes, behind: bytes) -> tuple[Texts, ...]:
    before = (decimal, *[b""] * (len(groups) - 1))
    after = (*[b""] * (len(groups) - 1), behind)
    return tuple(
        _texts(b"%b%0*d%b" % (first, digits, number, last) for number in range(10**digits))
        for digits, first, last in zip(groups, before, after, strict=True)
    )


def _segment_texts(words: Words, style: Style, behind: Mapping[str, bytes]) -> Iterable[bytes]:
    for number, segment in enumerate(words.segment_names):
        for risk in words.risk_categories:
            yield b"".join(
                (
                    style.word(risk),
                    behind["risk_category"],
                    str(number).encode(),
                    behind["segment_id"],
                    style.word(segment),
                    behind["segment_name"],
                )
            )


def _action_texts(words: Words, style: Style, behind: Mapping[str, bytes]) -> Iterable[bytes]:
    same = b"".join(
        (
            behind["recommended_action"],
            str(words.horizon_days).encode(),
            behind["horizon_days"],
            style.word(words.model_version),
            behind["model_version"],
            _ROW_END,
        )
    )
    for of_segment in words.actions:
        for of_risk in of_segment:
            for action in of_risk:
                yield style.word(action) + same


def _whole(values: Integers, digits: Texts) -> list[_Lookup]:
    if values.max() < _GROUP:
        return [_Lookup(digits, values)]
    higher = values // _GROUP
    with_zeros = values - (higher - 1) * _GROUP
    # Of a number of up to four digits this is the number: without zeros in front.
    return [*_whole(higher, _HIGHER_DIGITS), _Lookup(digits, np.minimum(values, with_zeros))]


def _digit_groups(least: int) -> Texts:
    """The numbers under 10,000 without zeros in front, then all of them as four digits.

    What is under `least` is not there at all.
    """
    numbers = np.arange(_GROUP)[:, np.newaxis]
    digits = (numbers // (1_000, 100, 10, 1) % 10 + ord("0")).astype(np.uint8)
    shortened = np.where(numbers >= (1_000, 100, 10, least), digits, np.uint8(_PADDING))
    return np.concatenate((shortened, digits)).view(np.dtype((np.void, 4))).ravel()


_DIGITS: Final = _digit_groups(0)
_HIGHER_DIGITS: Final = _digit_groups(1)

_FIGURES: Final[Mapping[str, int]] = {
    "customer_lifetime_value": CENTS,
    "interval_low": CENTS,
    "interval_median": CENTS,
    "interval_high": CENTS,
    "churn_probability": MILLIONTHS,
    "distance_to_center": MILLIONTHS,
    "value_at_risk": CENTS,
}
"""Decimal places."""
