"""What all formats have in common: pieces of a file, and the rows that were read from one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from foretell.contract import Fault

Records = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

LONGEST_ROW: Final = 16 << 20
"""Bytes of one row; what is longer is no customer."""


@dataclass(frozen=True)
class Piece:
    """Consecutive whole rows of a text file, as they stand there."""

    content: bytes
    first_row: int
    """Number of its first row, as a person counts who opens the file: a header is row 1, and
    blank lines count."""
    broken: str | None = None
    """Why this one line cannot be a row, where that is so."""


class Rows(Protocol):
    """The rows of a piece; blank lines are none. Each has a record or faults."""

    @property
    def numbers(self) -> Integers:
        """Number of each row in the file, shape (rows,)."""

    @property
    def records(self) -> Records:
        """As contract.to_matrix makes them, shape (rows, len(RECORD_FIELDS)); missing is NaN.

        What stands there for a row with faults means nothing.
        """

    @property
    def faults(self) -> Mapping[int, tuple[Fault, ...]]:
        """What is wrong with the rows that cannot be scored, by their position from 0."""

    def original(self, position: int) -> str:
        """A row as it stands in the file, as text, without its line end."""

    def customer_id(self, position: int) -> str | None:
        """The customer's id as text; None where there is none."""
