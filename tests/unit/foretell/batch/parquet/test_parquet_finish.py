# ruff: noqa: S608 - the statements are written here
"""Parquet, written: the table that came in, less the rejected rows, and the answers beside it."""

from collections.abc import Callable, Sequence
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.batch.answers import COLUMNS, Answers, Words
from foretell.batch.parquet.answers import written
from foretell.batch.parquet.finish import finish
from foretell.batch.parquet.layout import recognise
from foretell.batch.parquet.rows import pieces, read
from foretell.problems import UnscorableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

Write = Callable[..., Path]

WORDS = Words(
    value_tiers=("Low", "It's high"),
    risk_categories=("Low Risk", "Élevé", '"Critical"'),
    segment_names=("Loyal", "新規", "Dormant"),
    actions=tuple(
        tuple(tuple(f"do {segment}{risk}{tier}" for tier in range(2)) for risk in range(3))
        for segment in range(3)
    ),
    horizon_days=365,
    model_version="2026-01-31-0123456789ab",
)
MEMORY = "100MB"
REQUIRED = "400 AS tenure_days, 20 AS recency, 1.5 AS frequency, 900.0 AS monetary"
# Every row whose number is a multiple of `fault` has a customer older than may be.
SOME = """SELECT 400 AS tenure_days, 20 AS recency, 1.5 AS frequency, i::DOUBLE AS monetary,
    CASE WHEN i % {fault} = 0 THEN 1000 END AS age, i AS number FROM range({rows}) AS t(i)"""


def answers_for(numbers: Sequence[int]) -> Answers:
    """Answers that tell which row they are for."""
    each = np.array(numbers, np.int64)
    codes = each.astype(np.uint8)
    return Answers(
        customer_lifetime_value=each * 100 + 7,
        interval_low=each,
        interval_median=each * 2,
        interval_high=each + 2**52,
        value_tier=codes % 2,
        churn_probability=each % 1_000_001,
        risk_category=codes % 3,
        segment_id=codes // 3 % 3,
        distance_to_center=each * 10**6,
        value_at_risk=each * 3,
    )


def expected(number: int) -> tuple[Any, ...]:
    """Those answers as they are to be read."""
    code = number % 256
    return (
        (number * 100 + 7) / 100,
        number / 100,
        number * 2 / 100,
        (number + 2**52) / 100,
        WORDS.value_tiers[code % 2],
        number % 1_000_001 / 10**6,
        WORDS.risk_categories[code % 3],
        code // 3 % 3,
        WORDS.segment_names[code // 3 % 3],
        float(number),
        number * 3 / 100,
        f"do {code // 3 % 3}{code % 3}{code % 2}",
        365,
        WORDS.model_version,
    )


def packed(source: Path, rows: int = 16_384) -> tuple[bytes, list[int]]:
    """The bytes of all pieces, and the numbers of the rows that have answers."""
    content, kept = b"", []
    for piece in pieces(recognise(source), source, rows=rows):
        found = read(piece)
        numbers = np.delete(found.numbers, list(found.faults)).tolist()
        content += written(found, answers_for(numbers))
        kept += numbers
    return content, kept


def finished(source: Path, folder: Path, rows: int = 16_384) -> tuple[Path, list[int]]:
    """The predictions of a file, and the numbers of the rows in them."""
    target, answers = folder / "predictions.parquet", folder / "answers"
    content, kept = packed(source, rows)
    answers.write_bytes(content)
    finish(source, answers, WORDS, target, folder, MEMORY)
    return target, kept


def table(duck: "DuckDBPyConnection", path: Path) -> list[tuple[Any, ...]]:
    """All rows."""
    return _relation(duck, path).fetchall()


def types(duck: "DuckDBPyConnection", path: Path) -> list[tuple[str, str]]:
    """Names and types of the columns."""
    found = _relation(duck, path)
    return list(zip(found.columns, map(str, found.types), strict=True))


def _relation(duck: "DuckDBPyConnection", path: Path) -> "DuckDBPyRelation":
    return duck.read_parquet(escape(str(path)), hive_partitioning=False)


def test_what_came_in_goes_out_unchanged_with_typed_answers(
    duck: "DuckDBPyConnection", write: Write, tmp_path: Path
) -> None:
    source = write(
        f"""SELECT {REQUIRED}, 'ü' AS "odd "" näme, 'x'", 1.10::DECIMAL(9,2) AS price,
        [1, NULL] AS list, {{'kept': true, 'a': {{'b': 'c'}}}} AS answers, MAP {{'k': 1.5}} AS map,
        TIMESTAMP_NS '2026-01-31 10:00:00.123456789' AS nanoseconds,
        TIMESTAMPTZ '2026-01-31 10:00:00+01' AS moment, '\\xFF'::BLOB AS blob, uuid() AS uuid,
        DATE '2026-01-31' AS day, 'nan'::FLOAT AS single, 1::UTINYINT AS tiny, NULL AS nothing,
        'Basic' AS account_type, {{'rows': 1}} AS source"""
    )

    target, _ = finished(source, tmp_path)

    assert types(duck, target)[:-14] == types(duck, source)
    assert types(duck, target)[-14:] == [
        ("customer_lifetime_value", "DOUBLE"),
        ("interval_low", "DOUBLE"),
        ("interval_median", "DOUBLE"),
        ("interval_high", "DOUBLE"),
        ("value_tier", "VARCHAR"),
        ("churn_probability", "DOUBLE"),
        ("risk_category", "VARCHAR"),
        ("segment_id", "INTEGER"),
        ("segment_name", "VARCHAR"),
        ("distance_to_center", "DOUBLE"),
        ("value_at_risk", "DOUBLE"),
        ("recommended_action", "VARCHAR"),
        ("horizon_days", "INTEGER"),
        ("model_version", "VARCHAR"),
    ]
    # As text, for NaN is not itself.
    (before,), (after,) = (
        _relation(duck, path).project("to_json(COLUMNS(*))").fetchall() for path in (source, target)
    )
    assert after[:-14] == before


def test_rejected_rows_are_left_out_and_the_others_keep_order_and_answers(
    duck: "DuckDBPyConnection", write: Write, tmp_path: Path
) -> None:
    source = write(SOME.format(rows=10_000, fault=7), row_group=2048)

    target, kept = finished(source, tmp_path, rows=3_000)

    found = table(duck, target)
    assert [row[5] + 1 for row in found] == kept
    assert len(kept) == 10_000 - 1_429
    assert [row[6:] for row in found] == [expected(number) for number in kept]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers", "predictions.parquet"]


def test_however_a_file_was_divided_its_predictions_are_the_same_bytes(
    write: Write, tmp_path: Path
) -> None:
    source = write(SOME.format(rows=10_000, fault=3), row_group=2048)
    contents = []
    for rows in (2_048, 5_000, 16_384):
        target, _ = finished(source, tmp_path, rows)
        contents.append(target.read_bytes())

    assert len(set(contents)) == 1


def test_a_file_that_was_scored_before_keeps_what_it_says(
    duck: "DuckDBPyConnection", write: Write, tmp_path: Path
) -> None:
    source = write(f"""SELECT {REQUIRED}, 'mine' AS "Value_Tier", 'yours' AS foretell_segment_id""")

    target, _ = finished(source, tmp_path)

    assert [name for name, _ in types(duck, target)[4:]] == [
        "Value_Tier",
        "foretell_segment_id",
        *(f"foretell2_{name}" for name in COLUMNS),
    ]


@pytest.mark.parametrize(("rows", "fault"), [(0, 1), (5, 1), (1, 2)])
def test_there_may_be_no_row_or_none_that_was_answered(
    duck: "DuckDBPyConnection", write: Write, tmp_path: Path, rows: int, fault: int
) -> None:
    target, kept = finished(write(SOME.format(rows=rows, fault=fault)), tmp_path)

    assert not kept
    assert not table(duck, target)
    assert len(types(duck, target)) == 20


def test_answers_of_another_file_are_not_put_beside_it(write: Write, tmp_path: Path) -> None:
    source = write(SOME.format(rows=5, fault=2))
    content, _ = packed(write(SOME.format(rows=6, fault=2)))
    answers = tmp_path / "answers"

    for wrong in (content, content[:-1]):
        answers.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"has 6 rows and|ends within a row"):
            finish(source, answers, WORDS, tmp_path / "target", tmp_path, MEMORY)


def test_damage_in_a_column_that_was_not_read_is_found_in_the_end(
    write: Write, tmp_path: Path
) -> None:
    source = write(f"SELECT {REQUIRED}, 'Jane Doe' AS note")
    content = source.read_bytes()
    assert b"Jane Doe" in content
    source.write_bytes(content.replace(b"Jane Doe", b"Jane\xffDoe"))

    with pytest.raises(UnscorableFile, match="is damaged") as refusal:
        finished(source, tmp_path)
    assert "Jane" not in str(refusal.value)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.sampled_from([None, 30, 119.5, -1, 130]), min_size=1, max_size=30))
def test_rows_in_are_rows_out_and_faults(
    duck: "DuckDBPyConnection", write: Write, tmp_path: Path, ages: list[float | None]
) -> None:
    cells = ", ".join(f"({'NULL' if age is None else age}::DOUBLE, {place})"
                      for place, age in enumerate(ages))  # fmt: skip
    source = write(f"SELECT {REQUIRED}, age, place FROM (VALUES {cells}) AS t(age, place)")

    target, kept = finished(source, tmp_path)

    assert kept == [place + 1 for place, age in enumerate(ages) if age is None or 0 <= age <= 120]
    found = table(duck, target)
    assert [row[:6] for row in found] == [table(duck, source)[number - 1] for number in kept]
    assert [row[6:] for row in found] == [expected(number) for number in kept]
