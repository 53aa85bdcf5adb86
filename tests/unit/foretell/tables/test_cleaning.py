"""What is dropped, what goes missing, what is refused: always with file, row, reason and value."""

from pathlib import Path

import pytest

from foretell.tables import Sources, TableReport, Tables, load
from foretell.tables.errors import InputError

GOOD = [f"C{i:03d},2024-01-{i % 28 + 1:02d},{i}.50" for i in range(200)]
ORDERS = ["customer_id,timestamp,amount"]


def written(path: Path, rows: list[str]) -> str:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def shop(
    tmp_path: Path,
    transactions: list[str],
    customers: list[str] | None = None,
    engagement: list[str] | None = None,
) -> Tables:
    return load(
        Sources(
            written(tmp_path / "orders.csv", ORDERS + transactions),
            customers=written(tmp_path / "customers.csv", customers) if customers else None,
            engagement=written(tmp_path / "engagement.csv", engagement) if engagement else None,
        )
    )


def findings(report: TableReport) -> dict[str, tuple[int, list[tuple[int, str]]]]:
    return {
        finding.reason: (finding.count, [(each.row, each.value) for each in finding.examples])
        for finding in (*report.dropped, *report.blanked)
    }


def test_every_row_is_kept_or_counted_with_its_reason(tmp_path: Path) -> None:
    bad = [
        "C1,2024-13-01,5",
        "C1,1850-01-01,5",
        "C1,2300-01-01,5",
        "C1,2024-01-01,abc",
        "C1,2024-01-01,inf",
        "C1,2024-01-01,1e20",
        ",2024-01-01,5",
        "NaN,2024-01-02,5",
        "null,2024-01-03,5",
        GOOD[7],
    ]
    with shop(tmp_path, GOOD + bad) as tables:
        (report,) = tables.report.tables
    assert findings(report) == {
        "unreadable timestamp": (1, [(202, "2024-13-01")]),
        "timestamp before 1900": (1, [(203, "1850-01-01")]),
        "timestamp after 2200": (1, [(204, "2300-01-01")]),
        "unreadable amount": (1, [(205, "abc")]),
        "infinite amount": (1, [(206, "inf")]),
        "amount out of range": (1, [(207, "1e20")]),
        "no customer": (3, [(208, ""), (209, "NaN"), (210, "null")]),
        "duplicate of another row": (
            1,
            [(9, "customer_id: C007, timestamp: 2024-01-08, amount: 7.50")],
        ),
    }
    assert (report.rows_read, report.rows_kept) == (210, 200)
    assert report.files == (str(tmp_path / "orders.csv"),)


def test_at_most_five_examples_are_kept(tmp_path: Path) -> None:
    with shop(tmp_path, GOOD + [f"C1,2024-01-01,x{i}" for i in range(9)]) as tables:
        (finding,) = tables.report.tables[0].dropped
    assert (finding.count, [example.row for example in finding.examples]) == (
        9,
        [202, 203, 204, 205, 206],
    )


def test_rows_equal_in_all_but_an_unmapped_column_are_no_duplicates(tmp_path: Path) -> None:
    rows = ["customer_id,timestamp,amount,line", "C1,2024-01-01,5,1", "C1,2024-01-01,5,2"]
    with load(Sources(written(tmp_path / "a.csv", rows))) as tables:
        assert tables.report.tables[0].rows_kept == 2


def test_cancellations_are_kept_and_told(tmp_path: Path) -> None:
    # Given a reversal on the same day, a partial one, and one on a day of its own
    rows = ["a,2024-01-01,5", "a,2024-01-01,-5", "b,2024-01-01,5", "b,2024-01-01,-2"]
    with shop(tmp_path, [*rows, "b,2024-01-09,-3"]) as tables:
        report = tables.report
    assert report.tables[0].rows_kept == 5
    assert (report.negative_rows, report.cancelled_days) == (3, 2)


def test_too_many_unreadable_rows_refuse_the_table_with_examples(tmp_path: Path) -> None:
    bad = [f"C1,2024-01-01,x{i}" for i in range(10)] + ["C1,2024-01-01"]
    # Given just under one row in twenty, then just over
    with shop(tmp_path, GOOD + bad[:10]):
        pass
    with pytest.raises(InputError) as refused:
        shop(tmp_path, GOOD + bad)
    message = str(refused.value)
    assert "orders.csv: 11 of 211 rows of the transactions table cannot be read" in message
    assert "too few cells: 1, unreadable amount: 10" in message
    assert "orders.csv row 202: unreadable amount (x0)" in message
    assert message.count("orders.csv row") == 3
    assert "--column" in message


def test_duplicates_and_missing_customers_refuse_nothing(tmp_path: Path) -> None:
    anonymous = [f",2024-01-01,{i}" for i in range(100)]
    with shop(tmp_path, GOOD + GOOD + anonymous) as tables:
        assert tables.report.tables[0].rows_kept == 200


def test_a_table_without_a_usable_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"orders\.csv: no row .* can be used \(no customer: 2\)"):
        shop(tmp_path, [",2024-01-01,5", ",2024-01-02,5"])


def test_the_first_and_last_day_are_those_of_clean_transactions(tmp_path: Path) -> None:
    with shop(tmp_path, [*GOOD, ",2025-01-01,5", "C1,1500-01-01,1"]) as tables:
        assert (str(tables.first_day), str(tables.last_day)) == ("2024-01-01", "2024-01-28")


def test_customers_last_row_wins_and_odd_values_go_missing(tmp_path: Path) -> None:
    customers = [
        "customer_id,signup_date,age,account_type",
        "001,2020-01-01,33,basic",
        "002,never,130,PREMIUM",
        "003,2020-01-01,-1,Gold",
        "004,,old,",
        "001,2020-01-01,34,Enterprise",
        "002,never,130,PREMIUM",
        ",2020-01-01,34,Basic",
    ]
    with shop(tmp_path, GOOD, customers=customers) as tables:
        found = tables.connection.execute(
            "SELECT customer_id, CAST(signup_date AS VARCHAR), age, account_type FROM customers"
            " ORDER BY customer_id"
        ).fetchall()
        report = tables.report.tables[1]
    assert found == [
        ("001", "2020-01-01", 34.0, "Enterprise"),
        ("002", None, None, "Premium"),
        ("003", "2020-01-01", None, None),
        ("004", None, None, None),
    ]
    assert findings(report) == {
        "duplicate of another row": (
            1,
            [(3, "customer_id: 002, signup_date: never, age: 130, account_type: PREMIUM")],
        ),
        "no customer": (1, [(8, "")]),
        "replaced by a later row of the customer": (1, [(2, "001")]),
        "unreadable age": (1, [(5, "old")]),
        "age outside 0 to 120": (2, [(4, "-1"), (7, "130")]),
        "account type other than Basic, Premium or Enterprise": (1, [(4, "Gold")]),
        "unreadable signup_date": (1, [(7, "never")]),
    }
    assert (report.rows_read, report.rows_kept) == (7, 4)


def test_of_a_customers_rows_a_repeated_one_is_still_the_last(tmp_path: Path) -> None:
    customers = ["customer_id,age", "1,33", "1,34", "1,33"]
    with shop(tmp_path, GOOD, customers=customers) as tables:
        assert tables.connection.execute("SELECT age FROM customers").fetchall() == [(33.0,)]


def test_engagement_is_one_row_per_customer_and_month(tmp_path: Path) -> None:
    engagement = [
        "customer_id,month,emails_sent,emails_opened,website_visits",
        "1,2025-03,4,2.0,",
        "1,2025-03-01,3,1,",
        "1,2025-04-01T00:00:00Z,1,1,7",
        *(f"{i},2025-05-31,1,1,1" for i in range(100)),
        "1,2025-05,-1,1,1",
        "1,2025-05,1,many,1",
        "1,May,1,1,1",
    ]
    with shop(tmp_path, GOOD, engagement=engagement) as tables:
        found = tables.connection.execute(
            """SELECT CAST(month AS VARCHAR), CAST(emails_sent AS INT), CAST(emails_opened AS INT),
                CAST(website_visits AS INT), support_tickets
            FROM engagement WHERE customer_id = '1' ORDER BY month"""
        ).fetchall()
        report = tables.report.tables[1]
    assert found == [
        ("2025-03-01", 7, 3, None, None),
        ("2025-04-01", 1, 1, 7, None),
        ("2025-05-01", 1, 1, 1, None),
    ]
    assert findings(report) == {
        "negative emails_sent": (1, [(105, "-1")]),
        "unreadable emails_opened": (1, [(106, "many")]),
        "unreadable month": (1, [(107, "May")]),
    }


def test_the_temporary_folder_goes_with_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with shop(tmp_path, GOOD):
        assert list(scratch.iterdir())
    with pytest.raises(InputError):
        shop(tmp_path, ["x,y,z"])
    assert not list(scratch.iterdir())
