"""Answers as they stand in a file, held against plain formatting of one figure after the other."""

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch.answers import COLUMNS, Answers, Words
from foretell.batch.render import Renderer, Style, csv_style, json_style, quoted

MOST = 2**63 - 1
TIERS = ("Low Value", "Wertvoll, sehr", "")
RISKS = ("Low Risk", "Élevé", '"Critical"')
SEGMENTS = ("Loyal Regulars", "=cmd()", "新規の見込み客", "Dormant\nsince long")
WORDS = Words(
    value_tiers=TIERS,
    risk_categories=RISKS,
    segment_names=SEGMENTS,
    actions=tuple(
        tuple(tuple(f"Do {s}{r}{t}; {'then ask ' * t}" for t in range(3)) for r in range(3))
        for s in range(4)
    ),
    horizon_days=365,
    model_version="2026-01-31-0123456789ab",
)
STYLES = {
    "csv": csv_style(",", b"\r\n", "."),
    "semicolons": csv_style(";", b"\n", ","),
    "json": json_style(COLUMNS),
}
RENDERERS = {name: Renderer(WORDS, style) for name, style in STYLES.items()}

# Every length that a figure can have, and what lies around the groups of digits.
figures = (
    st.integers(0, MOST)
    | st.integers(0, 63).map(lambda bits: 2**bits - 1)
    | st.builds(
        lambda digits, more: min(MOST, 10**digits + more), st.integers(0, 18), st.integers(-1, 1)
    )
)
customers = st.tuples(
    *[figures] * 4,
    st.integers(0, len(TIERS) - 1),
    figures,
    st.integers(0, len(RISKS) - 1),
    st.integers(0, len(SEGMENTS) - 1),
    *[figures] * 2,
)
Customer = tuple[int, ...]


def answers(customers: Sequence[Customer]) -> Answers:
    """A column of each figure of the customers."""
    codes = {4, 6, 7}
    columns: list[Any] = [
        np.array(column, np.uint8 if place in codes else np.int64)
        for place, column in enumerate(zip(*customers, strict=True))
    ]
    return Answers(*columns)


def plainly(customer: Customer, style: Style) -> bytes:
    """What must be written for a customer."""
    value, low, median, high, tier, churn, risk, segment, distance, at_risk = customer
    texts = [
        *[amount(figure, style) for figure in (value, low, median, high)],
        style.word(TIERS[tier]),
        millionths(churn, style),
        style.word(RISKS[risk]),
        b"%d" % segment,
        style.word(SEGMENTS[segment]),
        millionths(distance, style),
        amount(at_risk, style),
        style.word(WORDS.actions[segment][risk][tier]),
        b"365",
        style.word("2026-01-31-0123456789ab"),
    ]
    row = b"".join(before + text for before, text in zip(style.before, texts, strict=True))
    return row + style.end


def amount(cents: int, style: Style) -> bytes:
    return f"{Decimal(cents).scaleb(-2):.2f}".encode().replace(b".", style.decimal)


def millionths(figure: int, style: Style) -> bytes:
    return f"{Decimal(figure).scaleb(-6):.6f}".encode().replace(b".", style.decimal)


@pytest.mark.parametrize("format_", sorted(RENDERERS))
@settings(max_examples=40, deadline=None)
@given(found=st.lists(customers, min_size=1, max_size=8))
def test_every_figure_and_word_is_what_plain_formatting_gives(
    format_: str, found: list[Customer]
) -> None:
    written = RENDERERS[format_].suffixes(answers(found))

    assert written == [plainly(customer, STYLES[format_]) for customer in found]


def test_a_file_without_customers_is_nothing() -> None:
    none = Answers(*[column[:0] for column in vars(answers([(0,) * 10])).values()])

    assert RENDERERS["csv"].suffixes(none) == []


def test_many_customers_are_each_written_in_their_place() -> None:
    found = [
        (number, number**2, number**3, 10**10, number % 3, 7, number % 3, number % 4, 10**6, 0)
        for number in range(4_001)
    ]

    written = RENDERERS["json"].suffixes(answers(found))

    assert written == [plainly(customer, STYLES["json"]) for customer in found]


def test_a_row_of_csv_reads_as_what_was_answered() -> None:
    suffix = RENDERERS["csv"].suffixes(
        answers([(123_456, 0, 5, 10**13, 2, 1_000_000, 1, 3, 2_500_000, 99)])
    )[0]

    assert next(csv.reader(io.StringIO(f"1{suffix.decode()}", newline=""))) == [
        *["1", "1234.56", "0.00", "0.05", "100000000000.00", "", "1.000000", "Élevé", "3"],
        *["Dormant\nsince long", "2.500000", "0.99", "Do 312; then ask then ask ", "365"],
        "2026-01-31-0123456789ab",
    ]


def test_a_line_of_json_reads_as_what_was_answered() -> None:
    suffix = RENDERERS["json"].suffixes(
        answers([(123_456, 0, 5, 10**13, 1, 250_000, 2, 2, 2_500_000, 99)])
    )[0]

    found = json.loads(b'{"customer_id":"a"' + suffix)

    assert tuple(found) == ("customer_id", *COLUMNS)
    assert found["customer_lifetime_value"] == 1234.56
    assert found["churn_probability"] == 0.25
    assert found["risk_category"] == '"Critical"'
    assert found["segment_name"] == "新規の見込み客"


def test_names_of_a_file_that_was_scored_before() -> None:
    names = tuple(f"foretell_{name}" for name in COLUMNS)

    suffix = Renderer(WORDS, json_style(names)).suffixes(answers([(0,) * 10]))[0]

    assert tuple(json.loads(b'{"a":1' + suffix)) == ("a", *names)


def test_a_word_that_a_spreadsheet_would_run_is_defused() -> None:
    suffix = RENDERERS["csv"].suffixes(answers([(0, 0, 0, 0, 0, 0, 0, 1, 0, 0)]))[0]

    assert b",'=cmd()," in suffix


@pytest.mark.parametrize(
    ("cell", "separator", "written"),
    [
        ("plain", ",", b"plain"),
        ("a,b", ",", b'"a,b"'),
        ("a,b", ";", b"a,b"),
        ("a;b", ";", b'"a;b"'),
        ('say "no"', ",", b'"say ""no"""'),
        ("two\nlines", ",", b'"two\nlines"'),
        ("two\rlines", ",", b'"two\rlines"'),
        ("\ud83d", ",", b"?"),
    ],
)
def test_a_cell_is_quoted_where_it_must_be(cell: str, separator: str, written: bytes) -> None:
    assert quoted(cell, separator) == written
