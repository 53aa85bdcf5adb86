"""Every kind of file gives the same clean table, and every row is accounted for."""

import gzip
from pathlib import Path

import duckdb
import pytest

from foretell.tables import Finding, Sources, Tables, load
from foretell.tables.errors import InputError

HEADER = "customer_id,timestamp,amount"
ROWS = ["00001,2024-01-01,11.77", "00002,2024-01-12,12.00", '"Smith, J",2024-01-13,77.5']
EXPECTED = [("00001", 11.77), ("00002", 12.0), ("Smith, J", 77.5)]
MANY = [f"C{i:03d},2024-01-{i % 28 + 1:02d},{i}.50" for i in range(200)]


def text(*rows: str, end: str = "\n") -> str:
    return end.join(rows) + end


def written(path: Path, content: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def transactions(tables: Tables) -> list[tuple[str, float]]:
    found = tables.connection.execute(
        "SELECT customer_id, CAST(amount AS DOUBLE) FROM transactions ORDER BY timestamp, amount"
    ).fetchall()
    return [(str(customer), float(amount)) for customer, amount in found]


def dropped(tables: Tables) -> dict[str, Finding]:
    return {finding.reason: finding for finding in tables.report.tables[0].dropped}


PLAIN = text(HEADER, *ROWS)
LOCAL = text("customer_id;timestamp;amount", "00001;2024-01-01;11,77", "00002;2024-01-12;1.012,00")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", PLAIN.encode()),
        ("no-last-newline.csv", PLAIN.rstrip().encode()),
        ("mark.csv", PLAIN.encode("utf-8-sig")),
        ("windows.csv", text(HEADER, *ROWS, end="\r\n").encode()),
        ("old-mac.csv", text(HEADER, *ROWS, end="\r").encode()),
        ("mixed-ends.csv", (HEADER + "\r\n" + text(*ROWS)).encode()),
        ("blank-lines.csv", text("", HEADER, "", *ROWS, "", "").encode()),
        ("zipped.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("zipped-without-the-ending.csv", gzip.compress(PLAIN.encode(), mtime=0)),
        ("utf16.csv", PLAIN.encode("utf-16")),
        ("semicolon.csv", PLAIN.replace('"Smith, J"', "Smith/ J").replace(",", ";").encode()),
        ("tab.tsv", PLAIN.replace('"Smith, J"', "Smith/ J").replace(",", "\t").encode()),
        ("pipe.txt", PLAIN.replace('"Smith, J"', "Smith/ J").replace(",", "|").encode()),
        ("odd [1]* name's.csv", PLAIN.encode()),
    ],
)
def test_one_table_in_many_formats(tmp_path: Path, name: str, content: bytes) -> None:
    with load(Sources(written(tmp_path / name, content))) as tables:
        found = [(customer.replace("/", ","), amount) for customer, amount in transactions(tables)]
    assert found == EXPECTED


def test_semicolon_files_may_write_decimal_commas_and_thousands_dots(tmp_path: Path) -> None:
    with load(Sources(written(tmp_path / "a.csv", LOCAL))) as tables:
        assert transactions(tables) == [("00001", 11.77), ("00002", 1012.0)]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    name = {"cp1252": "Café €", "latin-1": "Café \x81"}[encoding]
    content = text(HEADER, f"{name},2024-01-01,5").encode(encoding)
    with load(Sources(written(tmp_path / "a.csv", content))) as tables:
        assert transactions(tables) == [(name, 5.0)]


def test_white_space_separated_text_with_a_header(tmp_path: Path) -> None:
    content = text(" customer_id  timestamp amount", " 00001 19970101   11.77", "", " 2 19970102 1")
    with load(Sources(written(tmp_path / "a.txt", content))) as tables:
        assert transactions(tables) == [("00001", 11.77), ("2", 1.0)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_without_a_header_columns_are_numbered(tmp_path: Path, encoding: str) -> None:
    content = text(*ROWS).encode(encoding)
    mapping = ("customer_id=column0", "timestamp=column1", "amount=column2")
    with load(Sources(written(tmp_path / "a.csv", content), columns=mapping)) as tables:
        assert transactions(tables) == EXPECTED


def test_nameless_and_repeated_header_cells_get_names(tmp_path: Path) -> None:
    content = text(",customer_id,timestamp,amount,Amount", "0,C1,2024-01-01,5,7")
    mapping = ("amount=column0 + Amount_2",)
    with load(Sources(written(tmp_path / "a.csv", content), columns=mapping)) as tables:
        assert transactions(tables) == [("C1", 7.0)]


def test_parquet_with_its_own_types(tmp_path: Path) -> None:
    # Given ids that became floats because one is missing, as pandas writes them
    path = tmp_path / "a.parquet"
    rows = duckdb.sql(
        """SELECT * FROM (VALUES
            (17850.0::DOUBLE, TIMESTAMP '2024-01-01 08:26:00', 2.5::DOUBLE),
            (NULL, TIMESTAMP '2024-01-02', 3),
            (13047.0, TIMESTAMP '2024-01-03', 4.125)) t(customer_id, timestamp, amount)"""
    )
    assert rows is not None
    rows.write_parquet(str(path))
    with load(Sources(str(path))) as tables:
        # Then they are ids again, and the missing one is counted by its row
        assert transactions(tables) == [("17850", 2.5), ("13047", 4.125)]
        assert dropped(tables)["no customer"].examples[0].row == 2


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", text(HEADER, ROWS[0]))
    written(tmp_path / "2024" / "b.csv.gz", gzip.compress(text(HEADER, ROWS[1]).encode()))
    written(
        tmp_path / "c.tsv", text("Amount\tTIMESTAMP\tCustomer_Id", "77.5\t2024-01-13\tSmith, J")
    )
    # These are no data
    written(tmp_path / "_SUCCESS", "")
    written(tmp_path / ".hidden.csv", "x")
    written(tmp_path / "notes.md", "# Notes")
    with load(Sources(str(tmp_path))) as tables:
        assert transactions(tables) == EXPECTED


def test_the_file_with_other_columns_is_named(tmp_path: Path) -> None:
    for name in ("b.csv", "c.csv"):
        written(tmp_path / name, PLAIN)
    written(tmp_path / "a.csv", text("customer_id,timestamp,total", ROWS[0]))
    with pytest.raises(InputError, match=r"a\.csv: its columns .*total.* differ from .*b\.csv"):
        load(Sources(str(tmp_path)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"a\.csv: the file is empty"),
        ("a.csv", b"\n \n", r"a\.csv: the file is empty"),
        ("a.csv", HEADER.encode(), r"a\.csv: there is a header but no row below it"),
        ("a.xlsx", b"PK\x03\x04 ...", r"a\.xlsx: .* export it as CSV or Parquet"),
        ("a.xls", b"\xd0\xcf\x11\xe0 ...", r"a\.xls: .* export it as CSV or Parquet"),
        ("a.bin", b"\x00\x01\x02\x03\x04", r"a\.bin: this is no text file"),
        ("a.parquet", b"PAR1 nothing else", r"a\.parquet: this Parquet file is damaged"),
        (
            "a.csv.gz",
            gzip.compress(b"a,b\n" * 99, mtime=0)[:-12],
            r"a\.csv\.gz: cannot be read to its end",
        ),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(Sources(written(tmp_path / name, content)))


def test_missing_files_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: no such file or folder"):
        load(Sources(str(tmp_path / "nowhere.csv")))
    written(tmp_path / "notes.md", "# Notes")
    with pytest.raises(InputError, match=r"no readable file in this folder; CSV"):
        load(Sources(str(tmp_path)))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("C1,2024-01-01", "too few cells"),
        ("C1,2024-01-01,5,6", "too many cells"),
        ('"C1,2024-01-01,5', "a quote that is never closed or stands inside a cell"),
        ('"C"1,2024-01-01,5', "a quote that is never closed or stands inside a cell"),
        # An inch mark and a quote that opens: even in number, but one is never closed
        ('5" C1,2024-01-01,"5', "a quote that is never closed or stands inside a cell"),
    ],
)
@pytest.mark.parametrize("blank", [[], [""]], ids=["tidy", "rewritten"])
def test_a_broken_row_is_counted_and_costs_no_other(
    tmp_path: Path, broken: str, reason: str, blank: list[str]
) -> None:
    # Given a broken row 5 (rows start at 1, the header), and a bad amount at the end
    content = text(HEADER, *MANY[:3], broken, *blank, *MANY[3:], "C1,2024-01-01,abc")
    with load(Sources(written(tmp_path / "a.csv", content))) as tables:
        report = tables.report.tables[0]
        example = dropped(tables)[reason].examples[0]
        amount = dropped(tables)["unreadable amount"].examples[0]
    # Then all others are kept, and both rows are told as a spreadsheet shows them
    assert (report.rows_read, report.rows_kept) == (202, 200)
    assert (Path(example.file).name, example.row, example.value) == ("a.csv", 5, broken)
    assert (amount.row, amount.value) == (203 + len(blank), "abc")


def test_a_quoted_cell_may_hold_line_ends_and_quotes(tmp_path: Path) -> None:
    content = text(HEADER, '"Smith\n""J""",2024-01-01,5', *MANY, "C1,2024-01-01,abc")
    with load(Sources(written(tmp_path / "a.csv", content))) as tables:
        customers = {customer for customer, _ in transactions(tables)}
        assert dropped(tables)["unreadable amount"].examples[0].row == 203
    assert 'Smith "J"' in customers


def test_an_unclosed_quote_does_not_swallow_a_long_file(tmp_path: Path) -> None:
    rows = [f"C{i},2024-01-01,{i}" for i in range(30_000)]
    rows[100] = '"' + rows[100]
    with load(Sources(written(tmp_path / "a.csv", text(HEADER, *rows)))) as tables:
        assert tables.report.tables[0].rows_kept == 29_999
