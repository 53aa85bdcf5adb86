"""Columns under other names, and amounts that have to be calculated."""

from pathlib import Path

import duckdb
import pytest

from foretell.tables import Sources, load
from foretell.tables.errors import InputError

RETAIL = ["InvoiceNo,Quantity,InvoiceDate,UnitPrice,Customer ID"] + [
    f"{536000 + i},{i % 5 + 1},12/{i % 28 + 1:02d}/2010 08:26,2.55,{i:05d}" for i in range(100)
]
MAPPING = ("customer_id=Customer ID", "timestamp=InvoiceDate", "amount=Quantity * UnitPrice")


def written(path: Path, rows: list[str]) -> str:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def test_names_match_in_any_case(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", ["CUSTOMER_ID,Timestamp,Amount", "C1,2024-01-01,5"])
    with load(Sources(source)) as tables:
        assert tables.report.tables[0].rows_kept == 1


def test_a_product_of_columns_survives_a_cell_that_is_no_number(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", [*RETAIL, "1,abc,12/01/2010 08:26,2.55,00007"])
    with load(Sources(source, columns=MAPPING)) as tables:
        found = tables.connection.execute(
            "SELECT sum(amount) = 300 * 2.55, min(customer_id), count(order_id) FROM transactions"
        ).fetchall()
        (finding,) = tables.report.tables[0].dropped
    assert found == [(True, "00000", 0)]
    assert (finding.reason, finding.count, finding.examples[0].row) == ("unreadable amount", 1, 102)
    assert finding.examples[0].value == "Quantity: abc, UnitPrice: 2.55"


def test_no_expression_passes_over_a_cell_that_is_no_number(tmp_path: Path) -> None:
    # Given numbers padded with zeros, an empty cell and a faulty one
    rows = ["customer_id,timestamp,net,tax", *(f"C{i},2024-01-01,010,2" for i in range(50))]
    rows += ["C50,2024-01-01,10,", "C51,2024-01-01,10,two"]
    mapping = ("amount=net + coalesce(tax, 0)",)
    with load(Sources(written(tmp_path / "a.csv", rows), columns=mapping)) as tables:
        found = tables.connection.execute("SELECT CAST(sum(amount) AS INTEGER) FROM transactions")
        (finding,) = tables.report.tables[0].dropped
        # Then the empty cell may have a default, and the faulty one is told
        assert found.fetchall() == [(50 * 12 + 10,)]
    assert (finding.reason, finding.examples[0].value) == ("unreadable amount", "net: 10, tax: two")


def test_expressions_keep_ids_and_dates_as_text(tmp_path: Path) -> None:
    # Given columns that look like numbers: ids with leading zeros, dates without dashes
    rows = ["shop,id,day,amount"] + [f"7,{i:04d},202401{i % 28 + 1:02d},5" for i in range(50)]
    mapping = ("customer_id=shop || '-' || id", "timestamp=strptime(day, '%Y%m%d')")
    with load(Sources(written(tmp_path / "a.csv", rows), columns=mapping)) as tables:
        found = tables.connection.execute("SELECT min(customer_id) FROM transactions").fetchall()
    assert found == [("7-0000",)]


def test_seconds_since_1970_are_numbers(tmp_path: Path) -> None:
    rows = ["customer_id,seconds,amount", "C1,1719873000,5"]
    mapping = ("timestamp=to_timestamp(seconds)",)
    source = written(tmp_path / "a.csv", rows)
    with load(Sources(source, columns=mapping, timezone="Europe/Berlin")) as tables:
        assert str(tables.first_day) == "2024-07-02"


def test_decimal_commas_work_in_expressions(tmp_path: Path) -> None:
    rows = ["customer_id;timestamp;n;price", "C1;2024-01-01;2;1.000,25", "C1;2024-01-02;1;0,5"]
    source = written(tmp_path / "a.csv", rows)
    with load(Sources(source, columns=("amount=n * price",))) as tables:
        found = tables.connection.execute("SELECT CAST(sum(amount) AS DOUBLE) FROM transactions")
        assert found.fetchall() == [(2001.0,)]


def test_a_name_finds_its_table_or_is_told_it(tmp_path: Path) -> None:
    orders = written(tmp_path / "o.csv", ["customer_id,timestamp,amount", "1,2024-01-01,5"])
    people = written(tmp_path / "c.csv", ["Id,Years", "1,33"])
    mapping = ("customers.customer_id=Id", "age=Years + 1")
    with load(Sources(orders, customers=people, columns=mapping)) as tables:
        found = tables.connection.execute("SELECT customer_id, age FROM customers").fetchall()
    assert found == [("1", 34.0)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("amount", "write it as name=expression"),
        ("total=Quantity", "total is not a known column. Known are transactions: customer_id"),
        ("orders.amount=Quantity", "orders.amount is not a known column"),
        ("age=Quantity", "there is no customers table; add --customers"),
        (
            "amount=Quantity * Price",
            'Referenced column "Price" not found.* The columns are Invoice',
        ),
        ("amount=lower(", "not a valid expression"),
        ("amount=Quantity; DROP TABLE x", "not a valid expression"),
        ("amount=Quantity, UnitPrice", "give a single expression"),
        ("amount=Quantity FROM x", "give a single expression"),
        ("amount=Quantity AS x", "give a single expression"),
        ("amount=1) AS a, (2", "not a valid expression"),
        ("amount=(SELECT 1)", "a subquery cannot be used here"),
        ("amount=sum(Quantity) OVER ()", "a window function cannot be used here"),
        ("amount=sum(Quantity)", "aggregates are not allowed"),
        ("amount=*", r"\* cannot be used here"),
        ("amount=random()", "volatile"),
    ],
)
def test_bad_mappings_are_told_by_their_option(tmp_path: Path, option: str, message: str) -> None:
    source = written(tmp_path / "a.csv", RETAIL)
    with pytest.raises(InputError, match=message) as refused:
        load(Sources(source, columns=(*MAPPING[:2], option)))
    assert f'--column "{option}"' in str(refused.value)


def test_no_column_may_be_mapped_twice(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", RETAIL)
    with pytest.raises(InputError, match=r"transactions\.timestamp is mapped twice"):
        load(Sources(source, columns=(*MAPPING, "timestamp=InvoiceDate")))


def test_a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", RETAIL)
    with pytest.raises(InputError) as refused:
        load(Sources(source, columns=MAPPING[:2]))
    assert "a.csv: the transactions table has no column amount" in str(refused.value)
    assert "Its columns are InvoiceNo, Quantity, InvoiceDate" in str(refused.value)
    assert '--column "amount=' in str(refused.value)


def test_no_expression_reaches_a_file(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", RETAIL)
    with (
        load(Sources(source, columns=MAPPING)) as tables,
        pytest.raises(duckdb.PermissionException, match="disabled by configuration"),
    ):
        tables.connection.execute("SELECT * FROM read_csv(?)", [source])
