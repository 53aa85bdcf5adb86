"""JSON Lines: what a line says is taken as a request's body is; what stood there stays."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell import body
from foretell.batch import jsonl
from foretell.batch.rows import Piece
from foretell.contract import RECORD_FIELDS, CustomerRecord, to_matrix
from foretell.problems import InvalidRequest, MalformedBody

REQUIRED = {"tenure_days": 400, "recency": 20, "frequency": 1.5, "monetary": 900.0}
FULL = {
    "customer_id": "c-1",
    **REQUIRED,
    "age": 41,
    "account_type": "Premium",
    "avg_purchase_amount": 45.1,
    "email_open_rate": None,
    "website_visits_per_month": 3,
    "support_tickets": 0,
}


def rows(*lines: bytes | str | dict[str, Any], first_row: int = 1) -> jsonl.JsonlRows:
    """The rows in some lines, each with its line end."""
    written = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    content = [line if isinstance(line, bytes) else line.encode() for line in written]
    return jsonl.read(Piece(b"".join(line + b"\n" for line in content), first_row))


def told(found: jsonl.JsonlRows, position: int = 0) -> dict[str, str]:
    """The reasons by field."""
    return {fault.field: fault.reason for fault in found.faults[position]}


class TestRecords:
    """What a line holds becomes a record as it does in a request."""

    def test_a_full_line_becomes_the_record_of_the_contract(self) -> None:
        found = rows(FULL)

        np.testing.assert_array_equal(
            found.records, to_matrix([CustomerRecord.model_validate(FULL)])
        )
        assert found.records.dtype == np.float32
        assert not found.faults
        assert found.customer_id(0) == "c-1"

    def test_what_is_left_out_is_missing(self) -> None:
        found = rows(REQUIRED)

        assert np.isnan(found.records[0, 4:]).all()
        assert found.customer_id(0) is None

    def test_other_fields_say_nothing_of_the_customer(self) -> None:
        found = rows({**REQUIRED, "Age": "old", "seen": "2026-01-01T10:00", "tags": [{"age": 1}]})

        assert not found.faults
        assert np.isnan(found.records[0, RECORD_FIELDS.index("age")])

    def test_a_whole_number_may_be_an_id_and_is_its_text(self) -> None:
        found = rows(*[{**REQUIRED, "customer_id": each} for each in (17, -1, 0, "017")])

        assert not found.faults
        assert [found.customer_id(row) for row in range(4)] == ["17", "-1", "0", "017"]

    @pytest.mark.parametrize("wrong", [True, 1.5, [], {}, "x" * 129, 10**128])
    def test_anything_else_is_no_id(self, wrong: object) -> None:
        found = rows({**REQUIRED, "customer_id": wrong})

        assert set(told(found)) == {"customer_id"}

    def test_an_id_of_half_a_character_is_refused(self) -> None:
        found = rows(r'{"customer_id": "\ud83d", ' + json.dumps(REQUIRED)[1:])

        assert set(told(found)) == {"customer_id"}

    def test_an_odd_but_possible_id_is_kept(self) -> None:
        found = rows({**REQUIRED, "customer_id": "a\tb\u0000"})

        assert not found.faults
        assert found.customer_id(0) == "a\tb\0"

    def test_a_line_of_another_order_or_with_spaces_means_the_same(self) -> None:
        turned = json.dumps(dict(reversed(FULL.items())), indent=1).replace("\n", " ")

        found = rows(FULL, f"  {turned}\t\r")

        np.testing.assert_array_equal(found.records[0], found.records[1])


class TestFaults:
    """A line that is no customer is told apart from its neighbours, and why."""

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (b"{", "not JSON"),
            (b'{"a": 1,}', "character"),
            (b'{"a": 1} {"a": 1}', "Extra data at character 10"),
            (b'{"a": "\xff"}', "UTF-8"),
            (b'{"a": ' + b"9" * 5_000 + b"}", "too long"),
            (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
            (b"[1]", "no JSON object"),
            (b'"text"', "no JSON object"),
            (b"null", "no JSON object"),
            (b"tenure_days,recency", "not JSON"),
        ],
    )
    def test_a_line_that_is_no_object_is_a_fault_of_its_row_alone(
        self, line: bytes, said: str
    ) -> None:
        found = rows(FULL, line, FULL)

        assert list(found.faults) == [1]
        assert said in told(found, 1)["row"]
        np.testing.assert_array_equal(found.records[0], found.records[2])
        assert found.customer_id(1) is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("recency", "20"),
            ("recency", True),
            ("recency", None),
            ("recency", 401),
            ("monetary", -1),
            ("monetary", float("nan")),
            ("age", float("nan")),
            ("age", float("inf")),
            ("age", 10**400),
            ("age", -(10**400)),
            ("age", [41]),
            ("account_type", "premium"),
            ("account_type", 1),
            ("account_type", {}),
            ("support_tickets", {"open": 1}),
        ],
    )
    def test_a_wrong_value_is_told_in_the_words_of_the_api(self, field: str, value: object) -> None:
        wrong = {**FULL, field: value}

        found = rows(FULL, wrong, FULL)

        with pytest.raises(InvalidRequest) as refusal:
            body.record(wrong)
        assert dict(found.faults) == {1: refusal.value.faults}

    def test_what_is_required_must_be_there(self) -> None:
        assert told(rows("{}")) == dict.fromkeys(REQUIRED, "Field required")

    @pytest.mark.parametrize(
        "line",
        [
            '{"recency": 20, ' + json.dumps(REQUIRED)[1:],
            r'{"\u0072ecency": 20, ' + json.dumps(REQUIRED)[1:],
            '{"recency" :"x", "note": "a:b", ' + json.dumps(REQUIRED)[1:],
        ],
    )
    def test_a_field_of_the_contract_that_is_given_twice_is_a_fault(self, line: str) -> None:
        assert told(rows(line)) == {"recency": "Field given more than once"}

    def test_all_that_is_wrong_with_a_line_is_told(self) -> None:
        line = '{"recency": 20, "age": -1, ' + json.dumps(REQUIRED)[1:]

        assert set(told(rows(line))) == {"recency", "age"}

    def test_another_field_may_be_given_twice(self) -> None:
        assert not rows('{"note": 1, "note": 2, ' + json.dumps(REQUIRED)[1:]).faults

    @pytest.mark.parametrize("left", ['{"a": "endless', "  ", json.dumps(FULL)])
    def test_a_line_that_was_broken_when_the_file_was_cut_is_a_row_with_a_fault(
        self, left: str
    ) -> None:
        found = jsonl.read(Piece(left.encode() + b"\n", 7, "the row is longer than 16 MiB"))

        assert found.numbers.tolist() == [7]
        assert told(found) == {"row": "the row is longer than 16 MiB"}
        assert found.original(0) == left


class TestLines:
    """Which lines are rows, and what a person would count them as."""

    def test_blank_lines_are_no_rows_but_count(self) -> None:
        found = rows(FULL, "", "  \t\r", FULL, first_row=11)

        assert found.numbers.tolist() == [11, 14]

    @pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\n"])
    def test_a_piece_without_rows(self, content: bytes) -> None:
        found = jsonl.read(Piece(content, 1))

        assert found.records.shape == (0, len(RECORD_FIELDS))
        assert jsonl.written(found, []) == b""

    def test_a_last_line_without_an_end_is_a_row(self) -> None:
        line = json.dumps(FULL).encode()

        found = jsonl.read(Piece(line + b"\r\n" + line, 1))

        assert found.numbers.tolist() == [1, 2]
        assert [found.original(row) for row in range(2)] == [line.decode()] * 2

    def test_a_byte_order_mark_is_no_fault(self) -> None:
        assert not rows(b"\xef\xbb\xbf" + json.dumps(FULL).encode()).faults

    def test_what_is_no_text_is_shown_as_far_as_it_is(self) -> None:
        assert rows(b'{"a\xff').original(0) == '{"a\ufffd'


class TestWritten:
    """What was sent stays as it was, byte for byte."""

    def test_answers_come_behind_what_stood_there(self) -> None:
        line = '{"z":1.50 , "name":"Jos\\u00e9 }", "tenure_days":4e2,' + json.dumps(REQUIRED)[20:]
        found = rows(line + "  \r", "{", FULL)

        content = jsonl.written(found, [b',"answer":1}\n', b',"answer":2}\n'])

        assert content.startswith(line[:-1].encode() + b',"answer":1}\n')
        assert [json.loads(each) for each in content.splitlines()] == [
            {**json.loads(line), "answer": 1},
            {**FULL, "answer": 2},
        ]

    def test_an_answer_for_each_row_that_was_kept_is_demanded(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            jsonl.written(rows(FULL, FULL), [b"}\n"])


class TestNames:
    """The fields of a file are those of its first object."""

    @pytest.mark.parametrize(
        ("head", "names"),
        [
            (b'{"b": 1, "a": {"c": 1}}\n{"d": 1}\n', ("b", "a")),
            (b'\xef\xbb\xbf\n\n {"b": 1}', ("b",)),
            (b'{"b": \n[1]\n{"a": 1, "a": 2}\n{"c"', ("a",)),
            (b'{"age": 1, "age": 2, "b": 3}', ("age", "b")),
            (b'{"b": 1, "cut off', ()),
            (b"", ()),
        ],
    )
    def test_of_some_heads(self, head: bytes, names: tuple[str, ...]) -> None:
        assert jsonl.first_names(head) == names


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 500)
    | st.floats(-1, 500)
    | st.floats()
    | st.integers()
    | st.sampled_from(["Basic", "Enterprise", "x:y", 'a"b', "\\", "}"])
)
objects = st.dictionaries(
    st.sampled_from([*CustomerRecord.model_fields, "note"]),
    scalars | st.lists(scalars, max_size=2),
).map(lambda some: {**REQUIRED, **some})


def as_a_request(line: bytes) -> object:
    """The record that a request with this body would be, or the fields at fault."""
    try:
        return to_matrix([body.record(contract_only(body.parse(line)))])[0].tobytes()
    except MalformedBody:
        return ["row"]
    except InvalidRequest as refusal:
        fields = {fault.field for fault in refusal.faults}
        return ["row"] if fields == {"body"} else sorted(fields & set(CustomerRecord.model_fields))


def contract_only(value: object) -> object:
    """Without what passes through, and with a whole number as text where it is an id."""
    if not isinstance(value, dict):
        return value
    for name in value.keys() - CustomerRecord.model_fields.keys():
        del value[name]
    if type(value.get("customer_id")) is int:
        value["customer_id"] = str(value["customer_id"])
    twice = set(getattr(value, "twice", ())) & CustomerRecord.model_fields.keys()
    return value if twice else dict(value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(objects, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(b'{}[]":,\\ e-0\x00\xff')), max_size=3),
)
def test_a_line_is_a_customer_exactly_if_it_would_be_one_in_a_request(
    customers: list[dict[str, object]], spoilt: list[tuple[int, int]]
) -> None:
    lines = [json.dumps(customer).encode() for customer in customers]
    first = bytearray(lines[0])
    for place, byte in spoilt:
        first[place % len(first)] = byte
    lines[0] = bytes(first)

    found = rows(*lines)

    assert [
        sorted({fault.field for fault in found.faults[row]})
        if row in found.faults
        else found.records[row].tobytes()
        for row in range(len(found.numbers))
    ] == [as_a_request(line) for line in lines if line.strip()]
