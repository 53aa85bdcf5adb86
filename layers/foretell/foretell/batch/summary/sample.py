"""A uniform sample of customers that does not depend on who met them where.

A bottom-k sketch (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007): the
rows whose numbers hash smallest. The smallest of all are among the smallest of each part, so the
sketch of the parts' sketches is that of the whole. For a function as mixing as SplitMix64 (Steele,
Lea and Flood, OOPSLA 2014) k this large is as good as drawing lots, and even simple ones would do
(Thorup, "Bottom-k and priority sampling, set similarity and subset sums with minimal
independence", STOC 2013). It is a bijection: no two rows tie.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import Base64Bytes

from foretell.batch.rows import Integers, Records
from foretell.contract import RECORD_FIELDS

SIZE: Final = 5_000

_NUMBERS: Final = np.dtype("<i8")
_RECORDS: Final = np.dtype(("<f4", len(RECORD_FIELDS)))


@dataclass(frozen=True)
class Sample:
    """At most SIZE customers, in the order of the file."""

    packed_numbers: Base64Bytes
    """The rows' numbers, as int64 with the lowest byte first."""
    packed_records: Base64Bytes
    """Their records, as float32 with the lowest byte first."""

    def __post_init__(self) -> None:
        whole = len(self.packed_numbers) // _NUMBERS.itemsize
        right = (whole * _NUMBERS.itemsize, whole * _RECORDS.itemsize)
        if (len(self.packed_numbers), len(self.packed_records)) != right or whole > SIZE:
            raise ValueError("these bytes are no sample of customers")

    @classmethod
    def of(cls, numbers: Integers, records: Records) -> Self:
        """That of the rows with these numbers, all different, and records, shape (rows, fields)."""
        chosen = np.arange(len(numbers))
        if len(numbers) > SIZE:
            chosen = np.argpartition(mixed(numbers), SIZE)[:SIZE]
        chosen = chosen[np.argsort(numbers[chosen])]
        return cls(
            numbers[chosen].astype(_NUMBERS, copy=False).tobytes(),
            records[chosen].astype(_RECORDS.base, copy=False).tobytes(),
        )

    def with_(self, other: Self) -> Self:
        """That of the rows of both."""
        return type(self).of(
            np.concatenate((self.numbers, other.numbers)),
            np.concatenate((self.records, other.records)),
        )

    @property
    def numbers(self) -> Integers:
        """Of the rows, shape (rows,)."""
        return np.frombuffer(self.packed_numbers, _NUMBERS)

    @property
    def records(self) -> Records:
        """As contract.to_matrix makes them, shape (rows, len(RECORD_FIELDS))."""
        return np.frombuffer(self.packed_records, _RECORDS.base).reshape(-1, len(RECORD_FIELDS))


def mixed(numbers: Integers) -> npt.NDArray[np.uint64]:
    """SplitMix64's output for each number as its count."""
    state = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: npt.NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return found
