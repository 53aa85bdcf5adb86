"""A transaction log becomes a file of customers: training's features, every row told."""

# As in tests/unit/training/test_features.py, for Hypothesis beside DuckDB.
from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch.log import LogReport, customers_of
from foretell.batch.runs import Format
from foretell.contract import CustomerRecord
from foretell.problems import UnscorableFile
from foretell.tables import Sources, load
from training.features import customer_features

HEADER = "customer_id,timestamp,amount"
ROWS = (
    "b,2024-01-01,10.10",
    "a,2024-01-05 10:00:00,0.10",
    "a,2024-01-05 18:30:00,0.20",
    "b,2024-02-11,7",
    "a,2024-03-01,33.33",
)
BAD = ("a,2024-13-01,5", ",2024-01-01,5", "c,2024-01-01,inf")
ORDERS = tuple(dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in ROWS)


def text(*rows: str) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def many(*others: str) -> tuple[str, ...]:
    """Enough good rows for the others not to make the file unreadable, then these."""
    return (*(f"m{i},2024-01-{i % 28 + 1:02d},{i}.5" for i in range(100)), *others)


def parquet(path: Path) -> bytes:
    values = ", ".join(str(tuple(order.values())) for order in ORDERS)
    duckdb.sql(
        f"""SELECT a AS customer_id, CAST(b AS TIMESTAMP) AS timestamp, CAST(c AS DOUBLE) AS amount
        FROM (VALUES {values}) AS t(a, b, c)"""  # noqa: S608 - rows of this file
    ).write_parquet(str(path))
    return path.read_bytes()


def scored(
    folder: Path, content: bytes, form: Format = "csv", as_of: date | None = None
) -> tuple[LogReport, Path]:
    """The report on a log, and the customers that were written."""
    log, target, workspace = folder / "transactions", folder / "customers", folder / "workspace"
    workspace.mkdir(exist_ok=True)
    log.write_bytes(content)
    report = customers_of(log, form, target, workspace, as_of)
    assert list(workspace.iterdir()) == []
    return report, target


def customers(target: Path) -> list[dict[str, str]]:
    with target.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refusal(folder: Path, content: bytes, as_of: date | None = None) -> str:
    with pytest.raises(UnscorableFile) as caught:
        scored(folder, content, as_of=as_of)
    assert list((folder / "workspace").iterdir()) == []
    assert str(folder) not in str(caught.value)
    assert "--" not in str(caught.value)
    return str(caught.value)


def known_to_training(log: Path, as_of: date) -> list[dict[str, Any]]:
    """Training's features of a log: the fields of the contract that any customer has."""
    with load(Sources(str(log))) as tables:
        frame = customer_features(tables, as_of).dropna(axis="columns", how="all")
    fields = [name for name in CustomerRecord.model_fields if name in frame.columns]
    return frame[fields].to_dict("records")  # type: ignore[return-value]


def any_orders(seed: int) -> Iterator[str]:
    rng = random.Random(seed)  # noqa: S311 - no secret
    yield "c0,2019-01-01,1"
    for _ in range(400):
        day = date(2019, 1, 1) + timedelta(days=rng.randrange(1500))
        yield f"c{rng.randrange(90)}é,{day},{rng.randrange(-3000, 99_999) / 100}"


@pytest.mark.parametrize("days", [0, 37, 1100])
def test_features_are_those_of_training_to_the_last_bit(tmp_path: Path, days: int) -> None:
    # Given a log of purchases and reversals, and a day at or before its end
    rows = list(any_orders(seed=days))
    as_of = max(date.fromisoformat(row.split(",")[1]) for row in rows) - timedelta(days=days)
    # When its customers are written, and the same log is handed to training
    report, target = scored(tmp_path, text(HEADER, *rows), as_of=as_of if days else None)
    expected = known_to_training(tmp_path / "transactions", as_of)
    # Then they say the same, and so does what stands in the file as text
    found = customers(target)
    assert [row["customer_id"] for row in found] == [row["customer_id"] for row in expected]
    for row, known in zip(found, expected, strict=True):
        assert set(row) == set(known)
        numbers = {name: float(row[name]) for name in known if name != "customer_id"}
        assert numbers == {name: float(known[name]) for name in numbers}
    assert (report.customers, report.as_of) == (len(expected), as_of)
    assert report.customers > 50


CONTENTS: dict[str, bytes] = {
    "csv": text(HEADER, *ROWS),
    "a mark and Windows line ends": b"\xef\xbb\xbf" + "\r\n".join([HEADER, *ROWS]).encode(),
    "semicolons and decimal commas": text(
        HEADER.replace(",", ";"), *(row.replace(",", ";").replace(".", ",") for row in ROWS)
    ),
    "names as people write them": text('Customer ID,"Timestamp ",AMOUNT', *ROWS),
    "gzip": gzip.compress(text(HEADER, *ROWS), mtime=0),
    "json lines": text(*(json.dumps(order) for order in ORDERS)),
    "json lines with numbers": text(
        *(
            f'{{"Customer-Id": "{a}", "amount": {c}, "timestamp": "{b}"}}'
            for a, b, c in map(dict.values, ORDERS)
        )
    ),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_every_way_to_write_a_log_gives_the_same_customers(tmp_path: Path, content: bytes) -> None:
    report, target = scored(tmp_path, content)
    assert (report.rows, report.used, len(report.rejected), report.customers) == (5, 5, 0, 2)
    assert report.as_of == date(2024, 3, 1)
    assert target.read_text() == (
        "customer_id,tenure_days,recency,frequency,monetary,avg_purchase_amount\n"
        "a,56,0,1.0714285714285714,33.63,16.815\n"
        "b,60,19,1.0,17.1,8.55\n"
    )


@pytest.mark.parametrize("form", ["csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_customers_are_written_in_the_format_asked_for(tmp_path: Path, form: Format) -> None:
    expected = [("a", 56, 0, 1.0714285714285714, 33.63, 16.815), ("b", 60, 19, 1.0, 17.1, 8.55)]
    _, target = scored(tmp_path, parquet(tmp_path / "given"), form)
    if form == "parquet":
        found = duckdb.read_parquet(str(target)).fetchall()
    elif form == "csv.gz":  # compressing it is left to the caller
        found = [(row.pop("customer_id"), *map(float, row.values())) for row in customers(target)]
    else:
        found = [tuple(json.loads(line).values()) for line in target.read_text().splitlines()]
    assert found == expected


Expected = list[tuple[int, dict[str, str], str]]
FAULTS = (
    {"timestamp": "unreadable timestamp"},
    {"customer_id": "no customer"},
    {"amount": "infinite amount"},
)


def rejected(report: LogReport) -> Expected:
    return [
        (row, {fault.field: fault.reason for fault in faults}, original)
        for row, faults, original in report.rejected
    ]


def test_each_row_left_out_is_told_once_with_its_number_its_faults_and_itself(
    tmp_path: Path,
) -> None:
    # Given rows at fault between good ones: one with too many cells, one with two faults and
    # that one once more, and a good row that stands there twice
    odd = "c,never,-"
    rows = many(*BAD, odd, "good,2024-01-01,1", "x,y,z,1", "m7,2024-01-08,7.5", odd)
    # When customers are made of the log
    report, _ = scored(tmp_path, text(HEADER, *rows))
    # Then the header is row 1, and of the copies the first is left out
    assert rejected(report) == [
        (9, {"row": "duplicate of another row"}, "m7,2024-01-08,7.5"),
        *((102 + i, faults, row) for i, (faults, row) in enumerate(zip(FAULTS, BAD, strict=True))),
        (105, {"row": "duplicate of another row"}, odd),
        (107, {"row": "too many cells"}, "x,y,z,1"),
        (109, {"timestamp": "unreadable timestamp", "amount": "unreadable amount"}, odd),
    ]
    assert report.rows == len(rows) == report.used + len(report.rejected)
    # And they can be read once more, but not when the report was closed
    assert len(list(report.rejected)) == len(report.rejected)
    report.close()
    with pytest.raises(ValueError, match="closed"):
        next(iter(report.rejected))


def test_blank_lines_and_quoted_line_breaks_count_as_a_spreadsheet_counts(tmp_path: Path) -> None:
    torn = '"two\nlines",2024-13-01,"5"'
    rows = many("", torn, "good,2024-01-01,1", "", "x,y,z", "x,2024-01-01")
    report, _ = scored(tmp_path, text("", HEADER, *rows))
    assert rejected(report) == [
        (104, {"timestamp": "unreadable timestamp"}, torn),
        (107, {"timestamp": "unreadable timestamp", "amount": "unreadable amount"}, "x,y,z"),
        (108, {"row": "too few cells"}, "x,2024-01-01"),
    ]
    assert report.rows == len(rows) - 2 == report.used + 3


def test_lines_that_are_no_objects_are_told_with_their_number(tmp_path: Path) -> None:
    lines = [
        json.dumps(dict(zip(HEADER.split(","), row.split(","), strict=True))) for row in many()
    ]
    wrong = {
        3: ('{"customer_id": "a",', {"row": "not a JSON object"}),
        10: ("[1, 2]", {"row": "not a JSON object"}),
        20: ('{"amount": 1, "Amount": 2}', {"row": "a name that is given more than once"}),
        41: (
            '{"customer_id": "a", "timestamp": "2024-01-01", "amount": true}',
            {"amount": "unreadable amount"},
        ),
    }
    for number, (line, _) in wrong.items():
        lines.insert(number - 1, line)
    lines.insert(30 - 1, "   ")
    report, _ = scored(tmp_path, text(*lines), "jsonl")
    # One more blank line came in before the last of them.
    expected = [(number + (number > 30), faults, line) for number, (line, faults) in wrong.items()]
    assert rejected(report) == expected
    assert report.rows == len(lines) - 1 == report.used + len(expected)


def test_rows_of_parquet_are_numbered_from_1_and_told_as_json(tmp_path: Path) -> None:
    path = tmp_path / "given"
    duckdb.sql(
        """SELECT CASE WHEN i = 41 THEN NULL ELSE 'é' || i END AS customer_id,
            CASE WHEN i <> 7 THEN TIMESTAMP '2024-01-01' END AS "timestamp", i / 2 AS amount
        FROM range(100) AS t(i)"""
    ).write_parquet(str(path))
    report, _ = scored(tmp_path, path.read_bytes(), "parquet")
    found = [(row, faults, json.loads(original)) for row, faults, original in rejected(report)]
    assert found == [
        (
            8,
            {"timestamp": "unreadable timestamp"},
            {"customer_id": "é7", "timestamp": None, "amount": "3.5"},
        ),
        (
            42,
            {"customer_id": "no customer"},
            {"customer_id": None, "timestamp": "2024-01-01 00:00:00", "amount": "20.5"},
        ),
    ]


cells = st.one_of(
    st.sampled_from(["a", "", "2024-01-01", "5", "-1", "nan", "1e400", '"', '"a\nb"', 'x"y']),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=5),
)


@settings(max_examples=8, deadline=None)
@given(
    wild=st.lists(st.lists(cells, min_size=1, max_size=5).map(",".join), max_size=15),
    end=st.sampled_from(["\n", "\r\n"]),
    copies=st.integers(1, 3),
)
def test_whatever_the_rows_hold_each_is_used_or_told(
    tmp_path_factory: pytest.TempPathFactory, wild: list[str], end: str, copies: int
) -> None:
    # Given wild rows among enough good ones, some of them more than once
    folder = tmp_path_factory.mktemp("wild")
    rows = [row for row in many(*wild * copies, *many()) for _ in range(2)]
    # When the log is not refused as a whole
    try:
        report, target = scored(folder, (end.join([HEADER, *rows]) + end).encode())
    except UnscorableFile:
        return
    # Then used and told add up, nobody is told twice, and what is told stands there
    found = list(report.rejected)
    numbers = [row for row, _, _ in found]
    assert report.rows == report.used + len(found)
    assert numbers == sorted(set(numbers))
    assert all(faults for _, faults, _ in found)
    standing = "\n".join(rows).replace("\r", "\n")
    assert all(original in standing for _, _, original in found)
    assert len(customers(target)) == report.customers


def test_dates_that_may_be_read_both_ways_are_refused_with_the_way_to_write_them(
    tmp_path: Path,
) -> None:
    message = refusal(tmp_path, text(HEADER, "a,03/04/2024,5", "b,05/06/2024,6"))
    assert message == (
        "the dates in timestamp may be read day first or month first; write them as 2026-11-22"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text(HEADER), "there is a header but no row below it"),
        (text("customer_id,day,amount", *ROWS), "has no column timestamp"),
        (
            text("Customer ID,timestamp,amount,customer-id", "a,2024-01-01,1,b"),
            "are both customer_id",
        ),
        (text(HEADER, *ROWS, "secret,never,5"), r"1 of 6 rows .* \(unreadable timestamp: 1\)"),
        (text(HEADER, ",2024-01-01,5"), r"no row .* can be used \(no customer: 1\)"),
        (text(HEADER, "a,2024-01-01,-5"), "no purchase up to 2024-01-01"),
        (gzip.compress(text(HEADER, *ROWS))[:-9], "cannot be read to its end"),
        (text(HEADER, *ROWS, "\0"), "no text file"),
        (b"PAR1" + bytes(100), "this Parquet file is damaged"),
        (b"\xff\xfe" + b"\x00\xd8" * 9, "this is not the UTF-16 text"),
        (HEADER.encode() + b"\n" + bytes([65]) * (18 << 20), "a line of more than 16 MB"),
        (text(*(f'{{"n{i}": 1}}' for i in range(1001))), "more than 1,000 different names"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_log_is_refused_without_telling_what_it_held(
    tmp_path: Path, content: bytes, message: str
) -> None:
    told = refusal(tmp_path, content)
    assert "secret" not in told
    assert re.search(message, told)


def test_a_day_before_the_log_has_no_customers(tmp_path: Path) -> None:
    assert "no purchase up to 2023-12-31" in refusal(
        tmp_path, text(HEADER, *ROWS), as_of=date(2023, 12, 31)
    )


def test_a_row_of_many_megabytes_is_left_out_like_any_other(tmp_path: Path) -> None:
    huge = "h" * (10 << 20) + ",2024-01-01,5"
    for content in (text(HEADER, *many(huge)), text(HEADER, "", *many(huge))):
        report, _ = scored(tmp_path, content)
        ((_, faults, original),) = report.rejected
        assert (faults[0].field, original) == ("row", huge)
        assert report.used == 100


def test_a_log_beyond_memory_is_refused_as_too_large(tmp_path: Path) -> None:
    log = tmp_path / "transactions"
    log.write_bytes(text(HEADER, *ROWS))
    with pytest.raises(UnscorableFile, match="not enough memory and disk"):
        customers_of(log, "csv", tmp_path / "customers", tmp_path, memory_limit=1 << 10)
    assert list(tmp_path.iterdir()) == [log]
