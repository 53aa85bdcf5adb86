"""JSON Lines: a JSON object on each line, with the fields of the contract by their exact names.

Values are typed as in a request: a string is no number, and true is none. Only a customer_id may
be a whole number here. Other fields pass through.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from types import NoneType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json

from foretell.batch.checks import LONGEST_ID, doubtful, examine
from foretell.batch.rows import Integers, Piece, Records
from foretell.body import Ambiguous
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord, Fault
from foretell.problems import fault

Object = dict[str, Any]
Faults = tuple[Fault, ...]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ROW: Final = "row"
_ID: Final = "customer_id"
_KIND: Final = "account_type"
_CONTRACT: Final = tuple(CustomerRecord.model_fields)
_BYTE_ORDER_MARK: Final = "\ufeff"
_NUMBERS: Final[frozenset[type]] = frozenset({int, float, NoneType})
_TEXTS: Final[frozenset[type]] = frozenset({str, NoneType})
_LONGEST_WHOLE_ID: Final = 10**LONGEST_ID
_UNKNOWN: Final = -1.0
_ACCOUNT_TYPES: Final[dict[str | None, float]] = {
    None: math.nan,
    **{name: float(code) for code, name in enumerate(ACCOUNT_TYPES)},
}


@dataclass(frozen=True)
class JsonlRows:
    """The rows of a piece."""

    numbers: Integers
    records: Records
    faults: Mapping[int, Faults]
    lines: Sequence[bytes]
    ids: Sequence[object]
    """What each row has as customer_id."""

    def original(self, position: int) -> str:
        """A row as it stands in the file, without its line end; what is no UTF-8 is replaced."""
        return self.lines[position].removesuffix(b"\r").decode(errors="replace")

    def customer_id(self, position: int) -> str | None:
        """The customer's id as text; None where there is none."""
        value = self.ids[position]
        return str(value) if isinstance(value, str | int) else None


def first_names(head: bytes) -> tuple[str, ...]:
    """The fields of the first line that is an object; none if there is no such line."""
    for line in BytesIO(head):
        found = _decoded(line)
        if isinstance(found, dict):
            return tuple(found)
    return ()


def read(piece: Piece) -> JsonlRows:
    """The rows of a piece; a last one without a line end is one, too."""
    if piece.broken is not None:  # even where what is left of it is blank
        number = np.array([piece.first_row], np.int64)
        return _rows(number, [piece.content.removesuffix(b"\n")], [_at_fault(piece.broken)])
    numbers, lines = _numbered(piece)
    return _rows(numbers, lines, [_object(line) for line in lines])


def written(rows: JsonlRows, suffixes: Sequence[bytes]) -> bytes:
    """Those rows that have no faults as they stand in the file, a suffix in place of each last }.

    Args:
        rows: All of a piece.
        suffixes: One for each row without faults, beginning with a comma and ending with the }.
    """
    kept = (line for position, line in enumerate(rows.lines) if position not in rows.faults)
    return b"".join(
        [line.rstrip()[:-1] + suffix for line, suffix in zip(kept, suffixes, strict=True)]
    )


def _numbered(piece: Piece) -> tuple[Integers, list[bytes]]:
    lines = piece.content.split(b"\n")
    places = [place for place, line in enumerate(lines) if line and not line.isspace()]
    return np.array(places, np.int64) + piece.first_row, [lines[place] for place in places]


def _object(line: bytes) -> Object | Faults:
    try:
        found = from_json(line)
    except ValueError:
        return _strictly(line)
    return found if type(found) is dict and _all_different(found, line) else _strictly(line)


def _all_different(found: Object, line: bytes) -> bool:
    """Whether no field of the line can have been given twice; of some it is not known this way."""
    # For each time that a field is given there is a colon, and two quotes; so there are for a text.
    if line.count(b":") == len(found):
        return True
    texts = len(found) + list(map(type, found.values())).count(str)
    return line.count(b'"') == 2 * texts


def _strictly(line: bytes) -> Object | Faults:
    # The last word on a line, at a third of the speed.
    found = _decoded(line)
    return _unambiguous(found) if isinstance(found, Ambiguous) else found


def _decoded(line: bytes) -> Object | Faults:
    try:
        found = _DECODER.decode(line.decode().removeprefix(_BYTE_ORDER_MARK))
    except RecursionError:
        return _at_fault("the line is nested too deeply: write a flat JSON object")
    except json.JSONDecodeError as error:
        return _at_fault(f"the line is not JSON: {error.msg} at character {error.colno}")
    except UnicodeDecodeError:
        return _at_fault("the line is not text: write JSON in UTF-8")
    except ValueError:  # a whole number of thousands of digits
        return _at_fault("the line holds a number that is too long to be one")
    return found if isinstance(found, dict) else _at_fault("the line is no JSON object")


def _different(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous(pairs)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_different)


def _unambiguous(found: Ambiguous) -> Object | Faults:
    repeated = tuple(
        fault((name,), "Field given more than once") for name in found.twice if name in _CONTRACT
    )
    if not repeated:
        return found
    record = _examined(found)
    return (*repeated, *record) if isinstance(record, tuple) else repeated


def _at_fault(reason: str) -> Faults:
    return (Fault(field=_ROW, reason=reason),)


def _rows(numbers: Integers, lines: Sequence[bytes], found: Sequence[Object | Faults]) -> JsonlRows:
    faults = {place: each for place, each in enumerate(found) if isinstance(each, tuple)}
    objects = [each if isinstance(each, dict) else {} for each in found]
    values, suspect = _columns(objects)
    suspect |= doubtful(values)
    suspect[list(faults)] = False  # there is nothing to look at
    with np.errstate(over="ignore"):  # of what is refused
        records = values.astype(np.float32)
    for place in np.flatnonzero(suspect).tolist():
        record = _examined(objects[place])
        if isinstance(record, tuple):
            faults[place] = record
        else:
            records[place] = record
    return JsonlRows(numbers, records, faults, lines, [each.get(_ID) for each in objects])


def _examined(found: Object) -> Records | Faults:
    values = {name: found[name] for name in _CONTRACT if name in found}
    if type(values.get(_ID)) is int:
        values[_ID] = str(values[_ID])
    return examine(values)


def _columns(objects: Sequence[Object]) -> tuple[Floats, Flags]:
    """Records before they lose their digits, and which rows have a value of a wrong type."""
    values = np.empty((len(objects), len(RECORD_FIELDS)))
    suspect = np.zeros(len(objects), np.bool_)
    suspect[_odd_ids([each.get(_ID) for each in objects])] = True
    for column, name in enumerate(RECORD_FIELDS):
        given = [each.get(name) for each in objects]
        values[:, column], odd = _codes(given) if name == _KIND else _floats(given)
        suspect[odd] = True
    return values, suspect


def _floats(given: Sequence[Any]) -> tuple[Floats, list[int]]:
    """A column of numbers, and the places of what is none."""
    odd = _of_other_types(given, _NUMBERS)
    known = _without(given, odd)
    try:
        values = np.array(known, np.float64)
    except OverflowError:  # whole numbers may be of any size; no rule allows such
        values = np.array([math.inf if _endless(value) else value for value in known], np.float64)
    missing = np.isnan(values)
    # Missing is null; NaN is written out, and no number.
    if np.count_nonzero(missing) != known.count(None):
        odd += [place for place in np.flatnonzero(missing).tolist() if known[place] is not None]
    return values, odd


def _codes(given: Sequence[Any]) -> tuple[Floats, list[int]]:
    """A column of account types, and the places of what is none."""
    odd = _of_other_types(given, _TEXTS)
    codes = [_ACCOUNT_TYPES.get(kind, _UNKNOWN) for kind in _without(given, odd)]
    return np.array(codes, np.float64), odd


def _odd_ids(given: Sequence[Any]) -> list[int]:
    # Half a character is not printable; what is neither is looked at once more, not refused.
    return [
        place
        for place, value in enumerate(given)
        if not (
            value is None
            or (type(value) is str and len(value) <= LONGEST_ID and value.isprintable())
            or (type(value) is int and 0 <= value < _LONGEST_WHOLE_ID)
        )
    ]


def _of_other_types(given: Sequence[Any], types: frozenset[type]) -> list[int]:
    if types.issuperset(map(type, given)):
        return []
    return [place for place, value in enumerate(given) if type(value) not in types]


def _without(given: Sequence[Any], places: Sequence[int]) -> list[Any]:
    kept = list(given)
    for place in places:
        kept[place] = None
    return kept


def _endless(value: float | None) -> bool:
    return isinstance(value, int) and abs(value) > sys.float_info.max
