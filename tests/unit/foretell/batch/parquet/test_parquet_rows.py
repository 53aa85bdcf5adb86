# ruff: noqa: S608 - the statements are written here
"""Parquet, read: a cell is what its type says, and counts for as much as in a request."""

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.batch import checks
from foretell.batch.parquet.layout import ParquetColumn, ParquetLayout, recognise, row_ranges
from foretell.batch.parquet.rows import MOST_ROWS, ParquetRows, pieces, read
from foretell.contract import RECORD_FIELDS, CustomerRecord, to_matrix
from foretell.problems import UnscorableFile

Write = Callable[..., Path]

REQUIRED = "400 AS tenure_days, 20 AS recency, 1.5 AS frequency, 900.0 AS monetary"
MANY = """SELECT 'c' || i AS customer_id, 400 AS tenure_days, i % 500 AS recency,
    1.5::FLOAT AS frequency, i::DOUBLE AS monetary, i AS number FROM range({rows}) AS t(i)"""


def all_rows(path: Path, rows: int = 16_384) -> list[ParquetRows]:
    """Those of all pieces."""
    return [read(piece) for piece in pieces(recognise(path), path, rows=rows)]


def only(path: Path) -> ParquetRows:
    """Those of the one piece."""
    (found,) = all_rows(path)
    return found


def told(found: ParquetRows, position: int = 0) -> dict[str, str]:
    """The reasons by field."""
    return {fault.field: fault.reason for fault in found.faults[position]}


class TestTypes:
    """A field may be of any type that holds it, and of no other."""

    @pytest.mark.parametrize(
        "kind",
        ["UTINYINT", "INTEGER", "BIGINT", "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL(9,2)",
         "DECIMAL(38,10)"],
    )  # fmt: skip
    def test_any_type_of_number_is_one(self, write: Write, kind: str) -> None:
        found = only(write(f"SELECT {REQUIRED}, 41::{kind} AS age"))

        record = CustomerRecord(
            tenure_days=400, recency=20, frequency=1.5, monetary=900, age=41, customer_id=None
        )
        np.testing.assert_array_equal(found.records, to_matrix([record]))
        assert found.records.dtype == np.float32
        assert not found.faults

    @pytest.mark.parametrize(
        "cell",
        ["true", "DATE '2026-01-31'", "TIMESTAMP '2026-01-31'", "[41]", "{'years': 41}",
         "MAP {'years': 41}", "'41'::BLOB", "uuid()", "INTERVAL 41 YEARS", "TIME '10:00'"],
    )  # fmt: skip
    def test_a_field_of_a_type_that_is_no_number_is_refused_by_name(
        self, write: Write, cell: str
    ) -> None:
        with pytest.raises(UnscorableFile, match=r"column Age is of type .* write it as numbers"):
            recognise(write(f'SELECT {REQUIRED}, {cell} AS "Age"'))

    def test_a_number_as_text_is_none_but_no_text_is_missing(self, write: Write) -> None:
        found = only(
            write(f"SELECT {REQUIRED}, age FROM (VALUES ('41'), (NULL), (NULL)) AS t(age)")
        )

        assert told(found) == {"age": "Input should be a valid number"}
        assert list(found.faults) == [0]
        assert np.isnan(found.records[1:, RECORD_FIELDS.index("age")]).all()

    def test_a_column_of_nothing_at_all_is_missing(self, write: Write) -> None:
        found = only(write(f"SELECT {REQUIRED}, NULL AS age, NULL AS account_type"))

        assert np.isnan(found.records[0, 4:]).all()
        assert not found.faults

    def test_kinds_of_account_become_codes_dictionary_or_not(self, write: Write) -> None:
        kinds = "['Basic', 'Premium', 'Enterprise', NULL, 'Gold', ''][i % 6 + 1]"
        found = only(write(f"SELECT {REQUIRED}, {kinds} AS account_type FROM range(6000) AS t(i)"))

        codes = found.records[:, RECORD_FIELDS.index("account_type")]
        np.testing.assert_array_equal(codes[:4], [0, 1, 2, math.nan])
        assert sorted(found.faults)[:4] == [4, 5, 10, 11]
        assert told(found, 4) == {
            "account_type": "Input should be 'Basic', 'Premium' or 'Enterprise'"
        }

    def test_a_kind_of_account_that_is_a_number_is_refused(self, write: Write) -> None:
        with pytest.raises(UnscorableFile, match="account_type is of type INTEGER: write it as te"):
            recognise(write(f"SELECT {REQUIRED}, 1 AS account_type"))

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [("'Zoë'", "Zoë"), ("''", ""), ("NULL", None), ("NULL::BIGINT", None), ("7", "7"),
         ("12345678901::BIGINT", "12345678901"), ("DATE '2026-01-31'", "2026-01-31"),
         ("'1b4e28ba-2fa1-11d2-883f-0016d3cca427'::UUID", "1b4e28ba-2fa1-11d2-883f-0016d3cca427")],
    )  # fmt: skip
    def test_an_id_of_any_type_is_its_text(
        self, write: Write, cell: str, expected: str | None
    ) -> None:
        assert only(write(f"SELECT {REQUIRED}, {cell} AS customer_id")).customer_id(0) == expected

    def test_without_ids_there_are_none(self, write: Write) -> None:
        assert only(write(f"SELECT {REQUIRED}")).customer_id(0) is None

    def test_ids_longer_than_the_contract_allows_are_faults(self, write: Write) -> None:
        ids = "(VALUES (repeat('ü', 128)), (repeat('ü', 129)), (repeat('x', 3000000))) AS t(id)"
        found = only(write(f"SELECT {REQUIRED}, id AS customer_id FROM {ids}"))

        assert list(found.faults) == [1, 2]
        assert told(found, 2) == {"customer_id": "String should have at most 128 characters"}

    def test_a_nested_id_is_refused(self, write: Write) -> None:
        with pytest.raises(UnscorableFile, match="customer_id is of type"):
            recognise(write(f"SELECT {REQUIRED}, {{'id': 1}} AS customer_id"))


class TestRows:
    """Each row is a record, or what is wrong with it."""

    def test_nan_and_null_are_missing_infinity_is_a_fault(self, write: Write) -> None:
        cells = "(VALUES ('nan'::DOUBLE), (NULL), ('inf'), ('-inf'), (-1), (1e300)) AS t(age)"
        found = only(write(f"SELECT {REQUIRED}, age FROM {cells}"))

        assert list(found.faults) == [2, 3, 4, 5]
        assert told(found, 2) == {"age": "Input should be a finite number"}
        assert np.isnan(found.records[:2, RECORD_FIELDS.index("age")]).all()

    def test_what_is_required_may_be_neither(self, write: Write) -> None:
        cells = "(VALUES ('nan'::DOUBLE, 20), (NULL, 401), (400, 401)) AS t(tenure_days, recency)"
        found = only(write(f"SELECT *, 1 AS frequency, 2 AS monetary FROM {cells}"))

        assert told(found, 0) == {"tenure_days": "Field required"}
        assert told(found, 1) == {"tenure_days": "Field required"}
        assert set(told(found, 2)) == {"recency"}

    def test_columns_are_found_by_names_as_people_write_them(self, write: Write) -> None:
        found = only(
            write(
                'SELECT 900 AS " Monetary", 1 AS "x", 20 AS "RECENCY", 400 AS "Tenure Days",'
                ' 1.5 AS "frequency"'
            )
        )

        np.testing.assert_array_equal(found.records[0, :4], [400, 20, 1.5, 900])

    def test_an_original_is_all_of_the_row_as_json(self, write: Write) -> None:
        found = only(
            write(
                """SELECT 400 AS tenure_days, 'inf'::DOUBLE AS recency, 1.50::DECIMAL(9,2)
                AS frequency, NULL::INTEGER AS monetary, 'a"b' || chr(10) || 'ü' AS "odd "" näme",
                [1, 2] AS list, {'x': {'y': 'z'}} AS nested, DATE '2026-01-31' AS day,
                TIMESTAMPTZ '2026-01-31 11:00:00+01' AS moment, true AS flag"""
            )
        )

        line = found.original(0)

        assert "\n" not in line
        assert json.loads(line, parse_constant=pytest.fail) == {
            "tenure_days": 400,
            "recency": "Infinity",
            "frequency": 1.5,
            "monetary": None,
            'odd " näme': 'a"b\nü',
            "list": [1, 2],
            "nested": {"x": {"y": "z"}},
            "day": "2026-01-31",
            "moment": "2026-01-31T10:00:00+00",
            "flag": True,
        }

    def test_originals_are_those_of_the_rows_asked_for_in_any_order(self, write: Write) -> None:
        path = write(MANY.format(rows=5000), row_group=2048)
        for found in all_rows(path, rows=2048):
            faults = [*found.faults]
            assert len(faults) > 90
            for position in (*faults, faults[5], faults[90], faults[91], 3, faults[7]):
                original = json.loads(found.original(position))
                assert original["number"] + 1 == found.numbers[position]

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_a_row_is_read_as_a_request_with_the_same_values_is(
        self, write: Write, data: st.DataObject
    ) -> None:
        kinds = st.sampled_from(["INTEGER", "FLOAT", "DOUBLE", "DECIMAL(12,2)", "VARCHAR"])
        fields = {
            field: data.draw(kinds if field != "account_type" else st.just("VARCHAR"))
            for field in RECORD_FIELDS
        }
        rows = data.draw(
            st.lists(
                st.fixed_dictionaries({name: _cells(kind) for name, kind in fields.items()}),
                min_size=1,
                max_size=8,
            )
        )

        found = only(write(_select(fields, rows)))

        for position, row in enumerate(rows):
            known = {name: cell for name, cell in row.items() if not _missing(cell)}
            expected = checks.examine(known)
            if isinstance(expected, tuple):
                assert found.faults[position] == expected
            else:
                assert position not in found.faults
                np.testing.assert_array_equal(found.records[position], expected)


def _cells(kind: str) -> st.SearchStrategy[Any]:
    # All types can tell these.
    numbers: list[Any] = [0, 1, 30, 400, 3001, -1, 2_000_000, None]
    if kind == "VARCHAR":
        return st.sampled_from(["Basic", "Enterprise", "30", "", None])
    if kind == "INTEGER":
        return st.sampled_from(numbers)
    fractions = [0.25, 12.5] if "DECIMAL" in kind else [0.25, 12.5, math.nan, math.inf, -math.inf]
    return st.sampled_from(numbers + fractions)


def _missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _select(fields: dict[str, str], rows: list[dict[str, Any]]) -> str:
    cells = [
        ", ".join("NULL" if row[name] is None else f"'{row[name]}'" for name in fields)
        for row in rows
    ]
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in fields.items())
    return f"SELECT {casts} FROM (VALUES ({'), ('.join(cells)})) AS t({', '.join(fields)})"


class TestPieces:
    """All rows are read, once, in order."""

    def test_pieces_of_any_size_hold_every_row_in_order(self, write: Write) -> None:
        path = write(MANY.format(rows=10_000), row_group=2048)
        expected = only(path)

        for rows in (1_000, 2_048, 3_000):
            found = all_rows(path, rows)
            np.testing.assert_array_equal(
                np.concatenate([each.numbers for each in found]), np.arange(1, 10_001)
            )
            np.testing.assert_array_equal(
                np.concatenate([each.records for each in found]), expected.records
            )
            assert found[1].customer_id(0) == f"c{found[1].piece.first}"

    @given(
        st.lists(st.integers(1, 3_000_000), max_size=20),
        st.integers(1, 1_000_000),
        st.tuples(st.integers(0, 9_000_000), st.integers(0, 9_000_000)).map(sorted),
    )
    def test_pieces_follow_each_other_without_gap(
        self, groups: list[int], rows: int, wanted: list[int]
    ) -> None:
        layout = ParquetLayout(columns=(), row_groups=tuple(groups))
        first, after = (min(row, layout.rows) for row in wanted)

        found = list(pieces(layout, Path("x"), first, after, rows))

        ends = [first, *(piece.first + piece.rows for piece in found)]
        assert [piece.first for piece in found] == ends[:-1]
        assert ends[-1] == after
        assert all(0 < piece.rows <= max(rows, MOST_ROWS) for piece in found)

    @given(st.lists(st.integers(1, 1_000), max_size=20), st.integers(1, 3_000))
    def test_ranges_of_rows_end_where_row_groups_do(self, groups: list[int], rows: int) -> None:
        ranges = row_ranges(ParquetLayout(columns=(), row_groups=tuple(groups)), rows)

        borders = {0, *np.cumsum(groups).tolist()}
        assert {row for pair in ranges for row in pair} <= borders
        assert [row for first, after in ranges for row in range(first, after)] == list(
            range(sum(groups))
        )
        assert all(
            after - first <= rows or not borders & set(range(first + 1, after))
            for first, after in ranges
        )
        # No two neighbours would have fitted into one.
        assert all(other[1] - one[0] > rows for one, other in pairwise(ranges))

    def test_pieces_are_read_side_by_side(self, write: Write) -> None:
        path = write(MANY.format(rows=20_000), row_group=2048)
        work = list(pieces(recognise(path), path, rows=1_000))

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(read, work))

        assert [each.customer_id(7) for each in found] == [f"c{each.first + 7}" for each in work]

    def test_a_file_without_rows_has_no_pieces(self, write: Write) -> None:
        path = write(f"SELECT {REQUIRED} WHERE false")

        assert recognise(path).rows == 0
        assert not all_rows(path)


class TestFiles:
    """What a file says of itself, and files that say something wrong."""

    def test_a_layout_is_the_footer_and_survives_storage(self, write: Write) -> None:
        layout = recognise(write(MANY.format(rows=5_000), row_group=2048))

        assert layout.row_groups == (2048, 2048, 904)
        assert layout.columns[0] == ParquetColumn(name="customer_id", type="VARCHAR")
        assert layout.content == "customers"
        assert ParquetLayout.model_validate_json(layout.model_dump_json()) == layout

    def test_transactions_are_recognised_whatever_their_types(self, write: Write) -> None:
        path = write("SELECT 1 AS customer_id, DATE '2026-01-31' AS timestamp, '5' AS amount")

        assert recognise(path).content == "transactions"

    def test_other_tables_are_refused(self, write: Write) -> None:
        with pytest.raises(UnscorableFile, match="lacks tenure_days"):
            recognise(write("SELECT 1 AS apples"))

    @pytest.mark.parametrize("name", ["spare", "Spare"])
    def test_columns_of_one_name_are_refused(self, write: Write, name: str) -> None:
        path = write(f"SELECT {REQUIRED}, 1 AS spare, 2 AS third")
        patched(path, b"third", name.encode())

        with pytest.raises(UnscorableFile, match=r"column [Ss]pare is there more than once"):
            recognise(path)

    def test_a_column_named_as_the_reader_needs_it_is_refused(self, write: Write) -> None:
        with pytest.raises(UnscorableFile, match=r"file_row_number has a name .* rename it"):
            recognise(write(f"SELECT {REQUIRED}, 1 AS file_row_number"))

    @pytest.mark.parametrize("kept", [0, 4, 11, 50, -1, -8, -100])
    def test_a_file_that_is_cut_off_is_refused(self, write: Write, kept: int) -> None:
        path = write(f"SELECT {REQUIRED}")
        path.write_bytes(path.read_bytes()[:kept])

        with pytest.raises(UnscorableFile, match="is damaged"):
            recognise(path)

    def test_damage_in_the_rows_is_found_when_they_are_read(self, write: Write) -> None:
        path = write(MANY.format(rows=5_000))
        content = bytearray(path.read_bytes())
        content[10:5_000] = bytes(4_990)
        path.write_bytes(content)

        with pytest.raises(UnscorableFile, match="is damaged") as refusal:
            all_rows(path)
        assert refusal.value.__suppress_context__  # DuckDB's message may hold a cell

    def test_text_that_is_no_text_stays_out_of_the_message(self, write: Write) -> None:
        path = write(f"SELECT {REQUIRED}, 'Jane Doe' AS customer_id")
        patched(path, b"Jane Doe", b"Jane\xffDoe")

        with pytest.raises(UnscorableFile) as refusal:
            all_rows(path)
        assert "Jane" not in str(refusal.value)


def patched(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes of a file, wherever they are."""
    content = path.read_bytes()
    assert old in content
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize("refused", [1, 2, 50])
def test_an_original_is_that_of_the_row_however_many_are_refused(
    write: Write, refused: int
) -> None:
    found = only(
        write(
            f"""SELECT 'c' || i AS customer_id, 400 AS tenure_days, 1.5 AS frequency,
            900.0 AS monetary, CASE WHEN i % {refused} = 0 THEN -1 ELSE 1 END AS recency
            FROM range(5000) AS t(i)"""
        )
    )

    assert len(found.faults) == 5_000 // refused
    for position in found.faults:
        assert json.loads(found.original(position))["customer_id"] == f"c{position}"
