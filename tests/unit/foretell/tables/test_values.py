"""What counts as a moment and as a number."""

from decimal import Decimal
from pathlib import Path

import pytest

from foretell.tables import Sources, load
from foretell.tables.errors import InputError


def written(path: Path, *rows: str) -> str:
    path.write_text("\n".join(("customer_id\ttimestamp\tamount", *rows)) + "\n", encoding="utf-8")
    return str(path)


def moments(path: Path, values: list[str], timezone: str = "UTC") -> list[str]:
    source = written(path / "a.tsv", *(f"C{i:03d}\t{cell}\t1" for i, cell in enumerate(values)))
    with load(Sources(source, timezone=timezone)) as tables:
        found = tables.connection.execute(
            "SELECT CAST(timestamp AS VARCHAR) FROM transactions ORDER BY customer_id"
        ).fetchall()
    return [str(row[0]) for row in found]


def dropped(path: Path, column: str, cells: list[str]) -> dict[str, str]:
    """The reason each cell is refused for, among enough good rows to keep the table."""
    good = {"customer_id": "C", "timestamp": "2024-01-01", "amount": "1"}
    rows = [good | {"customer_id": f"C{i}"} for i in range(200)]
    rows += [good | {"customer_id": f"bad{i}", column: cell} for i, cell in enumerate(cells)]
    # Five examples are kept per reason, so each file holds no more bad cells than that
    found: dict[str, str] = {}
    for start in range(0, len(cells), 5):
        chosen = rows[:200] + rows[200 + start : 205 + start]
        source = written(path / "a.tsv", *("\t".join(row.values()) for row in chosen))
        with load(Sources(source)) as tables:
            (report,) = tables.report.tables
        found |= {each.value: each.reason for bad in report.dropped for each in bad.examples}
    return found


MOMENTS = {
    "2024-07-01": "2024-07-01 00:00:00",
    "19970101": "1997-01-01 00:00:00",
    "2024-07-01 08:26": "2024-07-01 08:26:00",
    "2024-07-01T08:26:05.250": "2024-07-01 08:26:05.25",
    "20240701T082605": "2024-07-01 08:26:05",
    "2024/7/1 8:26": "2024-07-01 08:26:00",
    "2024.07.01": "2024-07-01 00:00:00",
    "2024-07-01 08:26:05 PM": "2024-07-01 20:26:05",
    "1-Jul-2024": "2024-07-01 00:00:00",
    "Jul 1, 2024 8:26 PM": "2024-07-01 20:26:00",
    "July 1, 2024": "2024-07-01 00:00:00",
    "1 July 2024 20:26": "2024-07-01 20:26:00",
    # A zone is converted to the shop's clock, here two hours ahead
    "2024-07-01T22:30:00Z": "2024-07-02 00:30:00",
    "2024-07-01T22:30:00+05:00": "2024-07-01 19:30:00",
    "2024-07-01 22:30-0400": "2024-07-02 04:30:00",
    "2024-07-01 22:30:00 UTC": "2024-07-02 00:30:00",
    "20240701T223000Z": "2024-07-02 00:30:00",
    # And in winter one hour
    "2024-01-01T22:30:00Z": "2024-01-01 23:30:00",
}
NO_MOMENTS = [
    "yesterday",
    "epoch",
    "infinity",
    "2024-02-30",
    "2024-13-01",
    "45474",
    "2024-07",
    "1/2/24",
]


def test_moments_are_put_on_the_shops_clock(tmp_path: Path) -> None:
    found = moments(tmp_path, list(MOMENTS), timezone="Europe/Berlin")
    assert dict(zip(MOMENTS, found, strict=True)) == MOMENTS


def test_other_text_is_no_moment(tmp_path: Path) -> None:
    found = dropped(tmp_path, "timestamp", ["", *NO_MOMENTS])
    assert found == dict.fromkeys(["", *NO_MOMENTS], "unreadable timestamp")


def test_moments_beyond_reason_are_dropped(tmp_path: Path) -> None:
    assert dropped(tmp_path, "timestamp", ["1899-12-31", "2201-01-01", "9999-12-31"]) == {
        "1899-12-31": "timestamp before 1900",
        "2201-01-01": "timestamp after 2200",
        "9999-12-31": "timestamp after 2200",
    }


def test_one_row_decides_whether_the_day_or_the_month_comes_first(tmp_path: Path) -> None:
    month_first = moments(tmp_path, ["12/01/2010 08:26", "12/13/2010 8:26"])
    day_first = moments(tmp_path, ["12/01/2010", "13/12/2010"])
    dotted = moments(tmp_path, ["1.12.2010 08:26", "31.12.2010 08:26"])
    assert month_first == ["2010-12-01 08:26:00", "2010-12-13 08:26:00"]
    assert day_first == ["2010-01-12 00:00:00", "2010-12-13 00:00:00"]
    assert dotted == ["2010-12-01 08:26:00", "2010-12-31 08:26:00"]


def test_each_file_of_a_folder_decides_for_itself(tmp_path: Path) -> None:
    written(tmp_path / "a.tsv", "a\t12/01/2010\t1", "b\t12/31/2010\t1")
    written(tmp_path / "b.tsv", "c\t12/01/2010\t1", "d\t31/12/2010\t1")
    with load(Sources(str(tmp_path))) as tables:
        found = tables.connection.execute(
            "SELECT month(timestamp) FROM transactions ORDER BY customer_id"
        ).fetchall()
    assert found == [(12,), (12,), (1,), (12,)]


def test_undecided_dates_are_refused_with_the_mapping_that_decides(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        moments(tmp_path, ["12/01/2010 08:26", "11/02/2010 08:26"])
    assert "a.tsv: in timestamp, dates like 12/01/2010 08:26" in str(refused.value)
    advice = "timestamp=strptime(timestamp, '%m/%d/%Y %H:%M')"
    assert f'--column "{advice}"' in str(refused.value)
    # And the advice works
    with load(Sources(str(tmp_path / "a.tsv"), columns=(advice,))) as tables:
        assert (tables.first_day.month, tables.last_day.month) == (11, 12)


def test_contradicting_dates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"13/01/2010 has the day first but 01/14/2010 the month"):
        moments(tmp_path, ["13/01/2010", "01/14/2010"])


def test_an_unknown_time_zone_names_its_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--timezone Europe/Berln: no such time zone"):
        moments(tmp_path, ["2024-01-01"], timezone="Europe/Berln")


AMOUNTS = {
    "12": "12",
    " -3.5 ": "-3.5",
    "+.5": "0.5",
    "1e3": "1000",
    "1,234,567.89": "1234567.89",
    "0.00004": "0",
    "99999999999999.9999": "99999999999999.9999",
}
NO_AMOUNTS = {
    "": "unreadable amount",
    "abc": "unreadable amount",
    "12,5": "unreadable amount",
    "0x10": "unreadable amount",
    "1_000": "unreadable amount",
    "nan": "unreadable amount",
    "-inf": "infinite amount",
    "1e14": "amount out of range",
}


def test_amounts_are_exact_decimals(tmp_path: Path) -> None:
    rows = [f"C{i}\t2024-01-01\t{cell}" for i, cell in enumerate(AMOUNTS)]
    with load(Sources(written(tmp_path / "a.tsv", *rows))) as tables:
        found = tables.connection.execute("SELECT amount FROM transactions ORDER BY customer_id")
        amounts = [row[0] for row in found.fetchall()]
    assert amounts == [Decimal(amount) for amount in AMOUNTS.values()]


def test_other_text_is_no_amount(tmp_path: Path) -> None:
    assert dropped(tmp_path, "amount", list(NO_AMOUNTS)) == NO_AMOUNTS
