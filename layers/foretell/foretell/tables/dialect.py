"""How a file is laid out: its separator, whether it has a header, its column names."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from foretell.tables.errors import InputError
from foretell.tables.files import SourceFile
from foretell.tables.survey import Survey, open_text

WHITE_SPACE = " "
# On a tie the earlier wins: a decimal comma makes a semicolon file look like a comma file too.
SEPARATORS = ("\t", ";", "|", ",")
SAMPLE_LINES = 500
SAMPLE_CHARACTERS = 1 << 20

_DATA_CELL = re.compile(
    r"[+-]?[\d.,]*\d[\d.,]*(e[+-]?\d+)?"  # a number
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*"  # a date
    r"|\d{8}T\d{4,6}Z?|\d{1,2}[- ][a-z]{3,9}[- ]\d{4}.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TextLayout:
    """A text file, ready to be read."""

    file: SourceFile
    columns: tuple[str, ...]
    separator: str
    has_header: bool
    survey: Survey

    @property
    def is_plain_csv(self) -> bool:
        """Whether DuckDB can take the lines as rows, once they are UTF-8."""
        return self.survey.tidy and self.separator != WHITE_SPACE


def inspect(file: SourceFile, found: Survey) -> TextLayout:
    """Work out the layout from the first lines.

    Raises:
        InputError: there is not a single line with text.
    """
    with open_text(file, found.encoding) as stream:
        lines = list(_sample(stream))
    if not lines:
        raise InputError(f"{file.name}: the file is empty")
    separator = _separator(lines)
    first = split(lines[0], separator)
    has_header = not any(_DATA_CELL.fullmatch(cell.strip()) for cell in first)
    columns = _names(first) if has_header else tuple(f"column{i}" for i in range(len(first)))
    return TextLayout(file, columns, separator, has_header, found)


def _sample(lines: Iterable[str]) -> Iterator[str]:
    read = 0
    for line in islice(lines, SAMPLE_LINES):
        read += len(line)
        if line.strip():
            yield line
        if read > SAMPLE_CHARACTERS:
            return


def split(line: str, separator: str) -> list[str]:
    """Split one line into cells, forgiving about quotes."""
    if separator == WHITE_SPACE:
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a cell that is longer than any
        return line.split(separator)


def _separator(lines: Sequence[str]) -> str:
    """The separator that cuts most lines as it cuts the first, then into most cells."""
    scores = {separator: _score(lines, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=scores.__getitem__)
    if scores[best] > (0.5, 1):
        return best
    return WHITE_SPACE if len(lines[0].split()) > 1 else ","


def _score(lines: Sequence[str], separator: str) -> tuple[float, int]:
    widths = [len(split(line, separator)) for line in lines]
    if widths[0] < 2:  # noqa: PLR2004 - one cell is no split
        return 0.0, 1
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]


def _names(header: Sequence[str]) -> tuple[str, ...]:
    """Column names; a nameless one is called by its place, a repeated one gets a number."""
    seen: Counter[str] = Counter()
    names = []
    for position, cell in enumerate(header):
        name = cell.strip() or f"column{position}"
        seen[name.lower()] += 1
        count = seen[name.lower()]
        names.append(name if count == 1 else f"{name}_{count}")
    return tuple(names)
