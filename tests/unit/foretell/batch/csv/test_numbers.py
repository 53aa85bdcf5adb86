"""Numbers of whole columns: those of float(), to the last bit."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foretell.batch.csv.numbers import decimals, parsed, words

DIGITS = st.text("0123456789", max_size=17)
PLAIN = st.builds("{}{}{}".format, DIGITS, st.sampled_from(["", "."]), DIGITS)
ANYTHING = st.text("0123456789.,+-eE \t_'/:\0x\"é", max_size=20)


def of_cells(cells: list[str], mark: str) -> tuple[list[float], list[bool]]:
    encoded = [cell.encode() for cell in cells]
    stops = np.cumsum([len(cell) + 1 for cell in encoded]) - 1
    starts = stops - [len(cell) for cell in encoded]
    values, plain = decimals(words(b";".join(encoded)), starts, stops, mark)
    return values.tolist(), plain.tolist()


def is_plain(cell: str) -> bool:
    digits = cell.replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(digits) <= 15


@given(st.lists(PLAIN | ANYTHING | st.floats(0, 1e9).map(repr), min_size=1))
@example(["0.1", "999999999999999", "1234567.12345678", ".123456789012345", "5.", ".", ""])
@example(["12345678", "123456789", "1.2345678", "12.34.56", "1/2", "1:2", "0x10", "1_0", "000.10"])
@example(["1.2.345678901", "1.23456789.1", "1234567890123456", "123456789.123456"])
def test_plain_ones_are_those_of_float_and_others_are_known(cells: list[str]) -> None:
    values, plain = of_cells(cells, ".")

    assert plain == [is_plain(cell) for cell in cells]
    told = [value for value, is_one in zip(values, plain, strict=True) if is_one]
    assert told == [float(cell) for cell in cells if is_plain(cell)]


@given(st.lists(PLAIN, min_size=1))
def test_a_decimal_comma_is_a_point_by_another_name(cells: list[str]) -> None:
    commas = [cell.replace(".", ",") for cell in cells]

    assert np.array_equal(of_cells(commas, ","), of_cells(cells, "."))
    assert of_cells(["1.5", "1,5"], ",")[1] == [False, True]


class TestOneByOne:
    """What is not plain."""

    @pytest.mark.parametrize(
        "cell", ["", "  ", "NA", "n/a", "#N/A", "NaN", "null", "NONE", r"\N", " Null "]
    )
    def test_words_for_nothing_are_missing(self, cell: str) -> None:
        assert parsed(cell, ".") is None

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            (" 12.50\t", 12.5),
            ("-3", -3.0),
            ("+1e-3", 0.001),
            ("1E3", 1000.0),
            ("12345678901234567890", 12345678901234567890.0),
            ("-inf", -math.inf),
            ("Infinity", math.inf),
            ("\u00a07", 7.0),
        ],
    )
    def test_numbers_are_numbers(self, cell: str, value: float) -> None:
        assert parsed(cell, ".") == value

    @pytest.mark.parametrize(
        "cell", ["1_000", "0x10", "1,5", "12 3", "abc", "1e", "-nan", "١٢", "--1", "1.2.3"]
    )
    def test_what_float_alone_would_take_or_nobody_stays_text(self, cell: str) -> None:
        assert parsed(cell, ".") == cell

    def test_a_point_in_a_file_of_decimal_commas_stays_text(self) -> None:
        assert parsed("1.234", ",") == "1.234"
        assert parsed("1,234e1", ",") == 12.34
