"""A CSV file is recognised by its beginning, whatever spreadsheet wrote it."""

import csv
import io

import pytest

from foretell.batch.csv.layout import HEAD, CsvLayout, header, recognise
from foretell.problems import UnscorableFile

NAMES = ("customer_id", "tenure_days", "recency", "frequency", "monetary")
ROW = ("c1", "100", "10", "1.5", "20.25")


def file_of(
    *rows: tuple[str, ...], separator: str = ",", line_end: str = "\n", quoting: int = 0
) -> bytes:
    text = io.StringIO()
    csv.writer(
        text, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL * quoting
    ).writerows(rows)
    return text.getvalue().encode()


class TestDialect:
    """Separator, line end, quotes and marks."""

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("quoting", [0, 1])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_of_any_spreadsheet(
        self, separator: str, line_end: str, quoting: int, mark: bytes
    ) -> None:
        names = (*NAMES, "a,b;c\td|e", "two\nlines" if quoting else f"two{line_end}lines")
        head = file_of(names, separator=separator, line_end=line_end, quoting=quoting)
        row = file_of((*ROW, "", ""), separator=separator, line_end=line_end)

        layout = recognise(mark + head + row)

        assert (layout.separator, layout.line_end) == (separator, line_end)
        assert layout.columns == names
        assert layout.fields == {name: place for place, name in enumerate(NAMES)}
        assert (layout.data_begins, layout.first_row) == (len(mark + head), 2)
        assert header(layout, ()) == mark + head
        assert header(layout, ("new", "newer")) == (
            (mark + head).removesuffix(line_end.encode())
            + f"{separator}new{separator}newer{line_end}".encode()
        )

    def test_a_plan_can_store_it(self) -> None:
        layout = recognise("customer_id;tenure_days;recency;frequency;monetary;größe\n".encode())

        assert CsvLayout.model_validate_json(layout.model_dump_json()) == layout

    def test_windows_1252_is_read_and_its_header_kept_byte_for_byte(self) -> None:
        head = file_of((*NAMES, "größe")).decode().encode("cp1252")

        layout = recognise(head)

        assert layout.columns[-1] == "größe"
        assert header(layout, ()) == head

    def test_what_excel_announces_is_taken_at_its_word_and_is_a_row(self) -> None:
        rows = file_of((*NAMES, "a|b|c|d|e|f"), ROW, separator=";", line_end="\r\n")

        layout = recognise(b"sep=;\r\n" + rows)

        assert (layout.separator, layout.first_row) == (";", 3)
        assert header(layout, ("x",)).startswith(b"sep=;\r\ncustomer_id;")
        with pytest.raises(UnscorableFile):
            recognise(b"sep=|\r\n" + rows)

    def test_blank_lines_above_the_header_are_rows(self) -> None:
        layout = recognise(b"\n\r\n" + file_of(NAMES, ROW))

        assert (layout.first_row, layout.data_begins) == (4, 3 + len(file_of(NAMES)))

    def test_a_header_alone_needs_no_line_end(self) -> None:
        layout = recognise(file_of(NAMES).rstrip())

        assert layout.data_begins == len(file_of(NAMES)) - 1
        assert header(layout, ("x",)) == file_of((*NAMES, "x"))

    def test_a_name_that_is_a_formula_is_defused(self) -> None:
        layout = recognise(file_of(("=1+1", *NAMES, '=A1&"b"')))

        assert header(layout, ()) == b'\'=1+1,%s,"\'=A1&""b"""\n' % ",".join(NAMES).encode()


class TestDecimalMark:
    """A comma only where numbers are written with it, and none separates cells."""

    @pytest.mark.parametrize(
        ("separator", "monetary", "mark"),
        [
            (";", "20,25", ","),
            ("\t", "20,25", ","),
            (";", "20.25", "."),
            (";", "20", "."),
            (",", "20,25", "."),
        ],
    )
    def test_is_that_of_the_numbers(self, separator: str, monetary: str, mark: str) -> None:
        row = ("c1", "100", "10", "3", monetary, "1,5" if mark == "." else "1.5")

        layout = recognise(file_of((*NAMES, "note"), row, row, separator=separator))

        assert layout.decimal == mark

    def test_is_found_in_amounts_of_transactions(self) -> None:
        assert recognise(b"customer_id;timestamp;amount\na;2024-01-01;3,50\n").decimal == ","


class TestRefusal:
    """What has no columns to be scored by."""

    @pytest.mark.parametrize("head", [b"", b"\n\n", b"\xef\xbb\xbf", b"a,b\n1,2\n", b"\0\xff" * 99])
    def test_no_table_of_customers(self, head: bytes) -> None:
        with pytest.raises(UnscorableFile, match="lacks tenure_days"):
            recognise(head)

    def test_a_header_whose_quotes_do_not_close(self) -> None:
        with pytest.raises(UnscorableFile, match="close its quotes"):
            recognise(file_of(NAMES).rstrip() + b',"note\n' + file_of(ROW))

    def test_a_header_that_does_not_end(self) -> None:
        with pytest.raises(UnscorableFile, match="does not end within 1 MiB"):
            recognise((file_of(NAMES).rstrip() + b"," + b"x" * HEAD)[:HEAD])

    def test_a_field_given_twice(self) -> None:
        with pytest.raises(UnscorableFile, match="columns 2 and 6 are both tenure_days"):
            recognise(file_of((*NAMES, "Tenure Days")))
