"""What is asked of a reader, whichever it is: a table in, a matrix and the cells beside it out."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

ID: Final = "customer_id"
KIND: Final = "account_type"
KINDS: Final = ("Basic", "Premium", "Enterprise")
CODES: Final = {kind: float(code) for code, kind in enumerate(KINDS)}
NOTE: Final = "note"
RECORD: Final = (
    "tenure_days",
    "recency",
    "frequency",
    "monetary",
    "age",
    KIND,
    "avg_purchase_amount",
    "email_open_rate",
    "website_visits_per_month",
    "support_tickets",
)
"""Columns of the matrix."""
COLUMNS: Final = (ID, *RECORD, NOTE)
"""Columns of the file."""
NUMBERS: Final = tuple(name for name in RECORD if name != KIND)

Texts = Callable[[], list[tuple[str, str]]]
"""Id and note of each row."""


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be scored, with as much as the reader can say of it."""

    row: int | None
    reason: str
    original: str | None = None


@dataclass(frozen=True)
class Portion:
    """Some rows, and what was refused on the way to them."""

    matrix: Matrix
    """Shape (rows, len(RECORD)), missing is NaN."""
    texts: Texts
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Source:
    """A table, or the rows of one from a byte on, without the header."""

    file: Path
    first_byte: int = 0

    @property
    def has_header(self) -> bool:
        """Whether it is whole."""
        return not self.first_byte

    @property
    def first_row(self) -> int:
        """The number of the first row that is not the header, counted from where reading begins."""
        return 2 if self.has_header else 1

    def opened(self) -> IO[bytes]:
        """Its bytes, to be read once and in order."""
        return io.BufferedReader(_Stream(self.file, self.first_byte))

    @property
    def target(self) -> Path | IO[bytes]:
        """The file where it is whole, as readers like it best; else a stream."""
        return self.file if self.has_header else self.opened()


class _Stream(io.RawIOBase):
    """As bytes come from S3: nobody can seek in them."""

    def __init__(self, file: Path, first_byte: int) -> None:
        self._file = file.open("rb")
        self._file.seek(first_byte)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        return self._file.readinto(buffer)


Reader = Callable[[Source], Iterator[Portion]]


def sifted(matrix: Matrix, wrong: Mask, texts: Texts, first_row: int) -> Portion:
    """Rows that were read as text, without those in which text stands for a number.

    Where these are is counted by what the reader hands over: right until it skips a row.
    """
    if not wrong.any():
        return Portion(matrix, texts)
    places = np.flatnonzero(wrong).tolist()
    refused = (Refusal(first_row + place, "text stands for a number") for place in places)

    def kept() -> list[tuple[str, str]]:
        return [text for text, bad in zip(texts(), wrong.tolist(), strict=True) if not bad]

    return Portion(matrix[~wrong], kept, tuple(refused))


def decoded(cell: bytes) -> str:
    """In UTF-8 or else in Windows-1252."""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("cp1252", errors="replace")


def again(cell: str) -> str:
    """What was read as UTF-8 with surrogates for what is none."""
    return decoded(cell.encode(errors="surrogateescape"))
