"""Rewrite text that DuckDB cannot read as it stands: other encodings, white space, odd quotes.

An unclosed quote would otherwise swallow the lines after it. Here a quoted cell may run over a
hundred lines; if it has not closed by then, only the line that opened it is given up.
"""

import csv
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from foretell.tables.dialect import WHITE_SPACE, TextLayout
from foretell.tables.files import SourceFile
from foretell.tables.survey import UTF_8, open_text

LONGEST_CELL_IN_LINES = 100
# DuckDB takes lines of two million bytes; a character has up to four.
LONGEST_ROW = 500_000

TOO_FEW = "too few cells"
TOO_MANY = "too many cells"
BAD_QUOTES = "a quote that is never closed or stands inside a cell"
TOO_LONG = f"more than {LONGEST_ROW:,} characters"


@dataclass(frozen=True)
class BrokenRow:
    """A row without the right cells; `row` as a spreadsheet counts."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Content:
    """What was not kept of a file: `skipped` are the rows left out, broken ones and blank lines.

    `rows_are_lines` where no quoted cell was read over several of them.
    """

    skipped: tuple[int, ...]
    broken: tuple[BrokenRow, ...]
    rows_are_lines: bool = False


def in_utf8(layout: TextLayout, target: Path) -> TextLayout:
    """The same file as UTF-8: itself, or a copy in `target`."""
    if layout.survey.encoding == UTF_8:
        return layout
    with (
        open_text(layout.file, layout.survey.encoding) as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        shutil.copyfileobj(source, sink)
    return replace(layout, file=SourceFile(target, layout.file.name, "text"))


def rewrite(layout: TextLayout, target: Path) -> Content:
    """Write the rows of a text file to `target` as UTF-8, comma-separated, without a header."""
    skipped: list[int] = []
    broken: list[BrokenRow] = []
    with (
        open_text(layout.file, layout.survey.encoding) as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        writer = csv.writer(sink, lineterminator="\n")
        header_pending = layout.has_header
        for row, (cells, text) in enumerate(records(source, layout.separator), start=1):
            fault = _fault(cells, text, len(layout.columns))
            if cells == []:
                skipped.append(row)
            elif header_pending:
                header_pending = False
            elif fault:
                skipped.append(row)
                broken.append(BrokenRow(row, fault, text.partition("\n")[0].strip()))
            else:
                writer.writerow([cell.replace("\n", " ") for cell in cells or []])
    return Content(tuple(skipped), tuple(broken))


def is_too_long(text: str) -> bool:
    """Whether a row is too long to be read."""
    return len(text) > LONGEST_ROW


def _fault(cells: list[str] | None, text: str, expected: int) -> str | None:
    if is_too_long(text):
        return TOO_LONG
    if cells is None:
        return BAD_QUOTES
    if len(cells) == expected:
        return None
    return TOO_FEW if len(cells) < expected else TOO_MANY


def records(lines: Iterable[str], separator: str) -> Iterator[tuple[list[str] | None, str]]:
    """Each record's cells and its text: [] for a blank line, None where quotes do not close."""
    ahead: deque[str] = deque()
    source = iter(lines)
    while (line := ahead.popleft() if ahead else next(source, None)) is not None:
        if separator == WHITE_SPACE or not line.strip():
            yield line.split(), line
            continue
        if '"' not in line:
            yield line.rstrip("\n").split(separator), line
            continue
        taken: list[str] = []
        try:
            cells = next(
                csv.reader(_feed(line, ahead, source, taken), delimiter=separator, strict=True)
            )
        except csv.Error:
            ahead.extendleft(reversed(taken))
            yield None, line
        else:
            yield cells, "".join((line, *taken))


def _feed(line: str, ahead: deque[str], source: Iterator[str], taken: list[str]) -> Iterator[str]:
    """The line and those after it, remembering in `taken` what the parser went on to read."""
    yield line
    while len(taken) < LONGEST_CELL_IN_LINES and sum(map(len, taken)) < LONGEST_ROW:
        following = ahead.popleft() if ahead else next(source, None)
        if following is None:
            return
        taken.append(following)
        yield following
