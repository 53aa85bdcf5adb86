"""JSON Lines: an object on each line, its values as text, as if they stood in a CSV file."""

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from foretell.tables.errors import InputError
from foretell.tables.files import SourceFile
from foretell.tables.rewrite import TOO_LONG, BrokenRow, Content, is_too_long
from foretell.tables.survey import Survey, open_text

NO_OBJECT: Final = "not a JSON object"
REPEATED: Final = "a name that is given more than once"
MOST_NAMES: Final = 1_000

_NAMES_KEPT: Final = 4_096

Value: TypeAlias = "str | bool | list[Value] | tuple[tuple[str, Value], ...] | None"


class _UnreadableLine(Exception):
    """The message is the reason."""


# An amount is to arrive as it was written, not as the nearest binary number.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=str
)


@dataclass(frozen=True)
class JsonLayout:
    """A file of JSON objects; `columns` are all names that occur, in lower case."""

    file: SourceFile
    columns: tuple[str, ...]
    encoding: str


def is_json_lines(file: SourceFile, found: Survey) -> bool:
    """Whether the first line that is not blank begins an object."""
    with open_text(file, found.encoding) as stream:
        first = next((line for line in stream if line.strip()), "")
    return first.lstrip().startswith("{")


def inspect(file: SourceFile, found: Survey) -> JsonLayout:
    """Collect the names of all lines.

    Raises:
        InputError: there are too many for a table.
    """
    keys: dict[str, None] = {}
    with open_text(file, found.encoding) as stream:
        for line in stream:
            keys.update(dict.fromkeys(dict(_object(line) or ())))
            if len(keys) > MOST_NAMES:
                raise InputError(
                    f"{file.name}: its objects have more than {MOST_NAMES:,} different names;"
                    " give every value of a kind the same name"
                )
    return JsonLayout(file, tuple(dict.fromkeys(map(_name, keys))), found.encoding)


def rewrite(layout: JsonLayout, target: Path) -> Content:
    """Write the objects to `target` as UTF-8, comma-separated, without a header."""
    skipped: list[int] = []
    broken: list[BrokenRow] = []
    with (
        open_text(layout.file, layout.encoding) as source,
        target.open("w", encoding="utf-8", errors="replace", newline="") as sink,
    ):
        writer = csv.writer(sink, lineterminator="\n")
        for row, line in enumerate(source, start=1):
            if not line.strip():
                skipped.append(row)
                continue
            try:
                cells = _cells(line)
            except _UnreadableLine as error:
                skipped.append(row)
                broken.append(BrokenRow(row, str(error), line.strip()))
            else:
                writer.writerow([cells.get(name, "") for name in layout.columns])
    return Content(tuple(skipped), tuple(broken))


def _cells(line: str) -> dict[str, str]:
    if is_too_long(line):
        raise _UnreadableLine(TOO_LONG)
    pairs = _object(line)
    if pairs is None:
        raise _UnreadableLine(NO_OBJECT)
    cells = {
        _name(key): value if isinstance(value, str) and value.isprintable() else _text(value)
        for key, value in pairs
    }
    if len(cells) < len(pairs):
        raise _UnreadableLine(REPEATED)
    return cells


def _object(line: str) -> tuple[tuple[str, Value], ...] | None:
    try:
        value = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, tuple) else None


@lru_cache(_NAMES_KEPT)
def _name(key: str) -> str:
    """A name that a column may have."""
    readable = key.strip().lower().replace("\0", "\ufffd").encode(errors="replace").decode()
    return readable or "(no name)"


def _text(value: Value) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text
