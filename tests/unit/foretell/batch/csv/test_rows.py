"""Rows of a CSV file: read as cell by cell, judged as a request, written back as they are."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.batch import checks
from foretell.batch.csv import kinds, numbers
from foretell.batch.csv.layout import CsvLayout, recognise
from foretell.batch.csv.rows import CsvRows, read, written
from foretell.batch.rows import Piece
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, Fault

NAMES = ("customer_id", *RECORD_FIELDS, "note")
GOOD = {
    "customer_id": "c1",
    "tenure_days": "100.5",
    "recency": "10",
    "frequency": "1.5",
    "monetary": "20.25",
    "account_type": "Basic",
}
NUMBERS = st.one_of(
    st.sampled_from(["", " ", "0", "5", "12.5", "NULL", "nan", "1e3", "-1", "inf", "abc", " 7 "]),
    st.floats(0, 1e6, allow_subnormal=False).map(repr),
    st.integers(0, 10**18).map(str),
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0") | st.sampled_from('",;\n"\''),
    max_size=6,
)
KINDS = st.sampled_from([*ACCOUNT_TYPES, "BASIC", " premium", "enterprise", "", "n/a", "Gold"])
ROWS = st.fixed_dictionaries(
    {
        "customer_id": TEXTS | st.just("x" * 129),
        **dict.fromkeys(RECORD_FIELDS, NUMBERS),
        "tenure_days": st.just("900") | NUMBERS,
        "recency": st.just("90") | NUMBERS,
        "frequency": st.just("1.25") | NUMBERS,
        "monetary": st.just("33.1") | NUMBERS,
        "account_type": KINDS,
        "note": TEXTS,
    }
).map(lambda row: tuple(row[name] for name in NAMES))


def line_of(cells: Sequence[str], *, quoting: bool = False, separator: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=separator,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL,
    ).writerow(cells)
    return text.getvalue().encode()


def row(**cells: str) -> bytes:
    return line_of([{**GOOD, **cells}.get(name, "") for name in NAMES])


def layout_of(separator: str = ",", **changes: Any) -> CsvLayout:
    found = recognise(line_of(NAMES, separator=separator))
    return found.model_copy(update=changes)


def rows_of(content: bytes, layout: CsvLayout | None = None) -> CsvRows:
    return read(Piece(content, 2), layout or layout_of())


def cell_by_cell(cells: Sequence[str]) -> np.ndarray[Any, Any] | tuple[Fault, ...]:
    """The slow way to the same."""
    values: dict[str, object] = {}
    for name, cell in zip(NAMES[:-1], cells, strict=False):
        if name == "customer_id":
            values[name] = cell if cell.strip() else None
        elif name == "account_type":
            kind = kinds.parsed(cell)
            values[name] = ACCOUNT_TYPES[int(kind)] if isinstance(kind, float) else kind
        else:
            values[name] = numbers.parsed(cell, ".")
    return checks.examine(values)


class TestReading:
    """All at once is as one by one."""

    @given(
        table=st.lists(st.tuples(ROWS, st.booleans()), max_size=8),
        literal=st.sampled_from([b"", row()[:-1] + b'5" pipe\n']),
    )
    def test_is_what_the_csv_module_and_the_contract_say(
        self, table: list[tuple[tuple[str, ...], bool]], literal: bytes
    ) -> None:
        lines = [line_of(cells, quoting=quoting) for cells, quoting in table]
        if literal:
            lines.append(literal)
        content = b"".join(lines)

        found = rows_of(content)

        expected = list(csv.reader(io.StringIO(content.decode(), newline="")))
        assert found.numbers.tolist() == list(range(2, 2 + len(expected)))
        for position, cells in enumerate(expected):
            one = cell_by_cell(cells)
            if isinstance(one, tuple):
                assert found.faults[position] == one
            else:
                assert position not in found.faults
                assert np.array_equal(found.records[position], one, equal_nan=True)
            assert found.original(position) == lines[position].decode()[:-1]
            assert found.customer_id(position) == (cells[0] if cells[0].strip() else None)

    def test_records_are_float32_in_rows(self) -> None:
        records = rows_of(row() + row(account_type="ENTERPRISE", age="41")).records

        assert records.dtype == np.float32
        assert records.flags.c_contiguous
        assert records[1].tolist()[:6] == [100.5, 10.0, 1.5, 20.25, 41.0, 2.0]
        assert math.isnan(records[0][RECORD_FIELDS.index("age")])

    def test_a_decimal_comma_is_read_where_the_file_has_it(self) -> None:
        content = row(monetary="20,25").replace(b'"20,25"', b"20.25").replace(b",", b";")
        content = content.replace(b".", b",")

        found = rows_of(content, layout_of(";", decimal=","))

        assert not found.faults
        assert found.records[0][:4].tolist() == [100.5, 10.0, 1.5, 20.25]

    @pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
    def test_blank_lines_are_no_rows_and_count(self, line_end: bytes) -> None:
        content = (b"\n" + row() + b"\n\n" + row(note='"a\tb"') + row().strip()).replace(
            b"\n", line_end
        )

        found = rows_of(content, layout_of(line_end=line_end.decode()))

        assert found.numbers.tolist() == [3, 6, 7]
        assert found.original(2) == row().strip().decode()
        assert not found.faults

    def test_columns_that_a_file_does_not_have_are_missing(self) -> None:
        names = ("monetary", "frequency", "recency", "tenure_days")

        found = rows_of(b"4.5,3,2,1000\n", recognise(line_of(names)))

        assert found.records[0][:4].tolist() == [1000.0, 2.0, 3.0, 4.5]
        assert np.isnan(found.records[0][4:]).all()
        assert found.customer_id(0) is None

    def test_of_no_rows_there_are_none(self) -> None:
        for content in (b"", b"\n", b"\r\n\n"):
            found = rows_of(content)
            assert (len(found.numbers), found.records.shape) == (0, (0, len(RECORD_FIELDS)))
            assert written(found, []) == b""


class TestFaults:
    """What cannot be scored says why, in the words of the API."""

    @pytest.mark.parametrize(
        ("cells", "field", "reason"),
        [
            ({"monetary": "lots"}, "monetary", "Input should be a valid number"),
            ({"monetary": ""}, "monetary", "Input should be a valid number"),
            ({"monetary": "1_000"}, "monetary", "Input should be a valid number"),
            ({"monetary": "inf"}, "monetary", "Input should be a finite number"),
            ({"monetary": "-0.5"}, "monetary", "Input should be greater than or equal to 0"),
            ({"age": "1e400"}, "age", "Input should be a finite number"),
            ({"recency": "101"}, "recency", "Input should be at most tenure_days"),
            ({"account_type": "Gold"}, "account_type", "Input should be 'Basic', 'Premium'"),
            ({"customer_id": "ü" * 129}, "customer_id", "String should have at most 128"),
        ],
    )
    def test_are_named(self, cells: dict[str, str], field: str, reason: str) -> None:
        found = rows_of(row() + row(**cells))

        assert list(found.faults) == [1]
        (fault,) = found.faults[1]
        assert fault.field == field
        assert fault.reason.startswith(reason)

    def test_a_long_id_of_few_characters_is_none(self) -> None:
        assert not rows_of(row(customer_id="ü" * 128)).faults

    def test_too_few_or_too_many_cells_are_a_fault_of_the_row(self) -> None:
        found = rows_of(b"a\n" + row() + row().strip() + b",x,y\n" + b",,,,,,,,,,,\n")

        assert found.faults[0] == (Fault(field="row", reason="1 cell where the header has 12"),)
        assert found.faults[2] == (Fault(field="row", reason="14 cells where the header has 12"),)
        assert found.numbers.tolist() == [2, 3, 4, 5]
        assert (found.customer_id(0), found.customer_id(1)) == (None, "c1")
        assert found.original(0) == "a"
        assert found.records[1][0] == np.float32(100.5)
        assert {fault.field for fault in found.faults[3]} == set(checks.REQUIRED)

    def test_a_broken_line_is_a_row_that_says_so(self) -> None:
        found = read(Piece(b'a,"b\r\n', 9, "the quote is open"), layout_of())

        assert found.faults == {0: (Fault(field="row", reason="the quote is open"),)}
        assert found.numbers.tolist() == [9]
        assert found.original(0) == 'a,"b'
        assert found.customer_id(0) is None
        assert written(found, []) == b""

    def test_a_row_in_another_encoding_is_told_in_windows_1252(self) -> None:
        content = row(note="größe", age="?").decode().encode("cp1252")

        assert rows_of(content).original(0).endswith("größe")


class TestWriting:
    """Rows are written back byte for byte, but for formulas."""

    @given(st.lists(st.tuples(ROWS, st.booleans()), max_size=8), st.sampled_from([b"\n", b"\r\n"]))
    def test_keeps_each_row_without_faults_and_appends(
        self, table: list[tuple[tuple[str, ...], bool]], line_end: bytes
    ) -> None:
        lines = [
            line_of([cell.lstrip("=+-@\t\r") for cell in cells], quoting=quoting)[:-1]
            for cells, quoting in table
        ]
        content = b"".join(line + line_end for line in lines)
        found = rows_of(content, layout_of(line_end=line_end.decode()))
        kept = [line for place, line in enumerate(lines) if place not in found.faults]
        suffixes = [b",%d%s" % (place, line_end) for place in range(len(kept))]

        assert written(found, suffixes) == b"".join(
            line + suffix for line, suffix in zip(kept, suffixes, strict=True)
        )

    @pytest.mark.parametrize(
        ("cell", "defused"),
        [
            (b"=1+1", b"'=1+1"),
            (b"@a", b"'@a"),
            (b"+a", b"'+a"),
            (b"-", b"'-"),
            (b"-2+3", b"'-2+3"),
            (b"\ta", b"'\ta"),
            (b"\ra", b"'\ra"),
            (b'"=1+1"', b'"\'=1+1"'),
            (b'"-a\n""b"', b'"\'-a\n""b"'),
            (b'"=a"b', b'"\'=a"b'),
            (b'=5" pipe', b"'=5\" pipe"),
            (b"a=1", b"a=1"),
            (b'"a,=1"', b'"a,=1"'),
            (b'"a""=1"', b'"a""=1"'),
            (b'"""=1"', b'"""=1"'),
            (b"-2.5", b"-2.5"),
            (b'"-2.5"', b'"-2.5"'),
            (b"+1e3", b"+1e3"),
            (b"-2,5", b"'-2,5"),
            (b'"-2,5"', b'"\'-2,5"'),
            (b"", b""),
            (b'""', b'""'),
        ],
    )
    def test_defuses_formulas_wherever_they_are(self, cell: bytes, defused: bytes) -> None:
        separator = ";" if cell == b"-2,5" else ","
        layout = layout_of(separator)
        plain = row().strip().replace(b",", separator.encode())
        before, behind = b"c1" + plain[2:], plain[:-1]
        content = b"".join(
            (
                cell + before[2:] + b"\r\n",
                behind + separator.encode() + cell + b"\r\n",
                b"short\n\n",
                behind + separator.encode() + cell,
            )
        )

        found = rows_of(content, layout)

        assert list(found.faults) == [2]
        assert written(found, [b"|1\n", b"|2\n", b"|3\n"]) == b"".join(
            (
                defused + before[2:] + b"|1\n",
                behind + separator.encode() + defused + b"|2\n",
                behind + separator.encode() + defused + b"|3\n",
            )
        )

    def test_defuses_by_the_decimal_mark_of_the_file(self) -> None:
        def note(text: bytes) -> bytes:
            return row(note="N").replace(b",", b";").replace(b".", b",").replace(b"N", text)

        found = rows_of(note(b"-2,5") + note(b"-2.5"), layout_of(";", decimal=","))

        assert written(found, [b"\n", b"\n"]) == note(b"-2,5") + note(b"'-2.5")
