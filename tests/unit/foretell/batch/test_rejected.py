"""Rows that were not scored: one line each, harmless to open, with all that is wrong."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.batch.rejected import HEADER, rejected_line, rejected_rows
from foretell.batch.rows import Integers, Records
from foretell.contract import RECORD_FIELDS, Fault

AGE = Fault(field="age", reason="Input should be less than or equal to 120")
RECENCY = Fault(field="recency", reason="Field required")


def cells(content: bytes) -> list[list[str]]:
    """What a reader of CSV makes of it."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@dataclass
class Lines:
    """Rows of some format."""

    lines: list[str]
    faults: Mapping[int, tuple[Fault, ...]]
    records: Records = field(default_factory=lambda: np.zeros((0, len(RECORD_FIELDS)), np.float32))

    @property
    def numbers(self) -> Integers:
        return np.arange(len(self.lines)) * 2 + 2

    def original(self, position: int) -> str:
        return self.lines[position]

    def customer_id(self, position: int) -> str | None:
        return None


def test_only_rows_with_faults_are_listed_in_order_with_their_number_in_the_file() -> None:
    rows = Lines(["a,1", "b,2", "c,3"], {2: (AGE,), 0: (RECENCY,)})

    assert cells(HEADER + rejected_rows(rows)) == [
        ["row", "field", "reason", "original row"],
        ["2", "recency", "Field required", "a,1"],
        ["6", "age", "Input should be less than or equal to 120", "c,3"],
    ]


def test_where_all_rows_are_fine_there_is_nothing() -> None:
    assert rejected_rows(Lines(["a"], {})) == b""


def test_a_row_with_several_faults_is_one_line_that_tells_all_of_them() -> None:
    assert cells(rejected_line(7, (AGE, RECENCY), "a")) == [
        [
            "7",
            "age; recency",
            "age: Input should be less than or equal to 120; recency: Field required",
            "a",
        ]
    ]


def test_a_field_with_two_faults_is_named_once() -> None:
    twice = Fault(field="age", reason="Field given more than once")

    assert cells(rejected_line(7, (AGE, twice), "a"))[0][1] == "age"


@pytest.mark.parametrize("original", ["=cmd()", "-1;2", "@x", '{"a":"=1"}', "\t=1"])
def test_no_cell_is_run_by_a_spreadsheet(original: str) -> None:
    line = rejected_line(7, (Fault(field="=age()", reason="-x"),), original)

    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in cells(line)[0])


@pytest.mark.parametrize("long", ["x" * 32_768, "é" * 10**6, "=" * 32_767, "😀" * 20_000])
def test_of_a_very_long_row_the_beginning_is_kept(long: str) -> None:
    kept = cells(rejected_line(7, (AGE,), long))[0][3]

    assert kept.removeprefix("'").startswith(long[:8_000])
    assert kept.endswith("…")
    assert 32_760 <= len(kept.encode()) <= 32_767


def test_a_row_that_just_fits_is_kept_whole() -> None:
    assert cells(rejected_line(7, (AGE,), "x" * 32_767))[0][3] == "x" * 32_767


@given(st.text(st.characters(codec=None), max_size=50))
def test_every_row_is_one_line_in_which_it_can_be_read(original: str) -> None:
    found = cells(rejected_line(7, (AGE,), original))

    assert len(found) == 1
    assert found[0][3].removeprefix("'") == (
        original.encode(errors="replace").decode().removeprefix("'")
    )
