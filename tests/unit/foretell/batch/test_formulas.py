"""Cells that a spreadsheet would run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.batch.formulas import STARTS, defused


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "-",
        "-5\n",
        "--5",
        "-5-5",
        "-.",
        "-٣",
        "+1,5",
        "-inf",
    ],
)
def test_what_would_be_run_is_shown_instead(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ada", "5", "a=b", " =1", "-5", "+3.1", "-1e5", "-.5", "-5."])
def test_text_and_numbers_stay_as_they_are(cell: str) -> None:
    assert defused(cell) == cell


@pytest.mark.parametrize(("cell", "shown"), [("-3,1", "-3,1"), ("-3.1", "'-3.1")])
def test_a_number_is_one_with_the_decimal_mark_of_its_file(cell: str, shown: str) -> None:
    assert defused(cell, ",") == shown


@given(st.text(alphabet="=+-@\t\r'1.e ", max_size=6))
def test_no_cell_is_left_that_begins_like_a_formula_and_is_no_number(cell: str) -> None:
    shown = defused(cell)

    assert shown.removeprefix("'") == cell.removeprefix("'")
    if shown.encode()[:1] in [bytes([start]) for start in STARTS]:
        float(shown)
