"""The files that the readers are given: a large one, and small ones with one bad row each."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Final

import numpy as np

from tests.benchmarks.reading.source import CODES, COLUMNS

ROWS: Final = 1_000_000
_AT_A_TIME: Final = 100_000
_SEED: Final = 5
_MISSING: Final = 0.1
"""Share of the cells of optional columns that are empty."""

HEADER: Final = ",".join(COLUMNS).encode() + b"\n"
AROUND: Final = 20
"""Good rows in front of the bad one, and as many behind it."""
_QUOTED: Final = AROUND + 8


@dataclass(frozen=True)
class BadRow:
    """A row that tables should not have, but do."""

    name: str
    content: bytes
    note: str | None = None
    """What its last cell says; None where the row is none that could be scored."""
    quotes_behind: bool = False
    """Whether a cell some rows behind it is quoted, as it should be."""

    @property
    def record(self) -> tuple[float, ...]:
        """What it says, where it has all cells."""
        cells = self.content.decode("cp1252").split(",")[1 : len(COLUMNS) - 1]
        return tuple(CODES[cell] if cell in CODES else float(cell) for cell in cells)

    @property
    def file(self) -> bytes:
        """A table in which it is the only one."""
        rows = [_good(number) for number in range(2 * AROUND)]
        if self.quotes_behind:
            rows[_QUOTED] = _good(_QUOTED, '"')
        rows.insert(AROUND, self.content)
        return HEADER + b"\n".join(rows) + b"\n"


BAD_ROW: Final = AROUND + 2
"""Its number: the header is row 1."""
ID: Final = "BAD"
_GOOD_CELLS: Final = "365,12,1.25,410.50,41,Premium,27.40,12.5,3.25,1"


def good_notes() -> list[str]:
    """The last cells of the other rows, in order."""
    return [f"note {number}" for number in range(2 * AROUND)]


def _good(number: int, quote: str = "") -> bytes:
    return f"C{number},{_GOOD_CELLS},{quote}note {number}{quote}".encode()


def _bad(note: str | bytes, *, monetary: str = "410.50") -> bytes:
    text = note if isinstance(note, bytes) else note.encode()
    return f"{ID},{_GOOD_CELLS.replace('410.50', monetary)},".encode() + text


_OPEN: Final = "a quote that is opened and never closed"
BAD_ROWS: Final = (
    BadRow("a quote inside of a cell", _bad('5" pipe'), '5" pipe'),
    BadRow(f"{_OPEN}, no others behind it", _bad('"5 inches')),
    BadRow(f"{_OPEN}, a quoted cell nine rows behind it", _bad('"5 inches'), quotes_behind=True),
    BadRow("too few cells", f"{ID},365,12,1.25,410.50".encode()),
    BadRow("too many cells", _bad("a,b")),
    BadRow("text where a number should be", _bad("a", monetary="much")),
    BadRow("an infinite number", _bad("a", monetary="inf"), "a"),
    BadRow("a NUL byte", _bad("a\0b"), "a\0b"),
    BadRow("a line break in quotes", _bad('"a\nb"'), "a\nb"),
    BadRow("a letter in Windows-1252", _bad("café".encode("cp1252")), "café"),
)


def write(file: Path) -> None:
    """A table of ROWS customers, the same whenever it is written."""
    generator = np.random.default_rng(_SEED)
    with file.open("wb") as target:
        target.write(HEADER)
        for first in range(0, ROWS, _AT_A_TIME):
            target.write("".join(_lines(generator, first)).encode())


def _lines(generator: np.random.Generator, first: int) -> Iterator[str]:
    columns = _cells(generator)
    numbers = range(first, first + _AT_A_TIME)
    yield from starmap(_line, zip(numbers, *columns, strict=True))


def _line(number: int, *cells: str) -> str:
    return f"C{number:07},{','.join(cells)},note {number % 997}\n"


def _cells(generator: np.random.Generator) -> tuple[list[str], ...]:
    """A column for each field of a customer's record."""
    size = _AT_A_TIME
    tenure = generator.integers(1, 1_500, size)
    orders = 1 + generator.poisson(3, size)
    spend = orders * generator.lognormal(3, 0.8, size)
    kinds = generator.choice(("Basic", "Premium", "Enterprise"), size, p=(0.7, 0.25, 0.05))
    return (
        _written(tenure, 1),
        _written((tenure * generator.random(size)).round(), 1),
        _written(30 * orders / tenure, 4),
        _written(spend, 2),
        _with_gaps(_written(generator.integers(18, 90, size), 1), generator),
        kinds.tolist(),
        _written(spend / orders, 2),
        _with_gaps(_written(100 * generator.random(size), 1), generator),
        _with_gaps(_written(generator.gamma(2, 3, size), 2), generator),
        _written(generator.poisson(0.5, size), 1),
    )


def _written(numbers: "np.typing.NDArray[np.generic]", decimals: int) -> list[str]:
    return [f"{number:.{decimals}f}" for number in numbers.tolist()]


def _with_gaps(cells: list[str], generator: np.random.Generator) -> list[str]:
    gaps = generator.random(len(cells)) < _MISSING
    return ["" if gap else cell for cell, gap in zip(cells, gaps.tolist(), strict=True)]
