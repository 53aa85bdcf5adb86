"""Bodies of requests: JSON more strictly than JSON demands, and every fault by its name."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from foretell import body
from foretell.contract import MAX_RECORDS, CustomerRecord
from foretell.problems import (
    BodyTooLarge,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
)

REQUIRED = {"tenure_days": 400, "recency": 20, "frequency": 1.5, "monetary": 900.0}


def named(refusal: InvalidRequest) -> set[str]:
    """The fields that are said to be at fault."""
    return {fault.field for fault in refusal.faults}


class TestMediaType:
    """Only what is announced as JSON is read."""

    @pytest.mark.parametrize(
        "said",
        [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/customer+json",
        ],
    )
    def test_json_is_read(self, said: str) -> None:
        body.require_json(said)

    @pytest.mark.parametrize(
        "said", ["", "text/plain", "text/csv", "application/jsonp", "a/b+json"]
    )
    def test_anything_else_is_refused_with_the_header_to_send(self, said: str) -> None:
        with pytest.raises(UnsupportedMediaType, match="Content-Type: application/json"):
            body.require_json(said)


class TestSize:
    """No more is read than is allowed, in however many parts it comes."""

    @pytest.mark.parametrize("parts", [[b"x" * 1024], [b"x"] * 1024, [b"x" * 512] * 2])
    def test_up_to_the_limit(self, parts: list[bytes]) -> None:
        assert asyncio.run(body.read(received(parts), 1024)) == b"x" * 1024

    def test_beyond_it_the_limit_is_told_and_nothing_more_is_read(self) -> None:
        parts = iter([b"x" * 1024, b"x", b"never"])

        with pytest.raises(BodyTooLarge, match="at most 1 KiB"):
            asyncio.run(body.read(received(parts), 1024))

        assert next(parts) == b"never"


def received(parts: Any) -> Any:
    """What a server hands an application: a body in parts."""
    left = iter(parts)

    async def receive() -> Message:
        part = next(left, b"")
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    return receive


class TestJson:
    """What cannot be read is said to be so, and where."""

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        )
    )
    def test_any_json_is_what_python_takes_it_for(self, value: object) -> None:
        assert body.parse(json.dumps(value, ensure_ascii=False).encode()) == value

    def test_a_byte_order_mark_is_no_fault(self) -> None:
        assert body.parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b" \n", "empty"),
            (b"{", "line 1, column 2"),
            (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
            (b'{"a": 1} trailing', "Extra data"),
            (b"\x00", "not JSON"),
            (b"\xff\xfe{", "UTF-8"),
            (b"[" * 60_000, "nested too deeply"),
            (b'{"a":' * 10_000, "nested too deeply"),
            (b'{"tenure_days": ' + b"9" * 5_000 + b"}", "too long"),
        ],
    )
    def test_what_is_wrong_is_said(self, content: bytes, said: str) -> None:
        with pytest.raises(MalformedBody, match=said):
            body.parse(content)

    @given(st.binary(max_size=200))
    def test_no_bytes_end_in_anything_but_a_value_or_a_refusal(self, content: bytes) -> None:
        with suppress(MalformedBody):
            body.parse(content)


class TestRecord:
    """Every faulty field of a record is named at once."""

    def test_what_is_given_twice_is_refused_though_both_are_possible(self) -> None:
        sent = body.parse(b'{"tenure_days": 9, "recency": 1, "recency": 2, "frequency": 3}')

        with pytest.raises(InvalidRequest) as refusal:
            body.record(sent)

        assert {(fault.field, fault.reason) for fault in refusal.value.faults} == {
            ("recency", "Field given more than once"),
            ("monetary", "Field required"),
        }

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999"])
    def test_a_number_that_is_none_is_refused_by_name(self, literal: str) -> None:
        sent = json.dumps(REQUIRED).replace("900.0", literal)

        with pytest.raises(InvalidRequest) as refusal:
            body.record(body.parse(sent.encode()))

        assert named(refusal.value) == {"monetary"}

    @pytest.mark.parametrize("sent", [None, [], [REQUIRED], 17, "text", True])
    def test_what_is_no_object_is_no_record(self, sent: object) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            body.record(sent)

        assert named(refusal.value) == {"body"}

    def test_a_name_without_end_is_cut(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            body.record({**REQUIRED, "x" * 10_000: 1})

        assert named(refusal.value) == {"x" * 64}
        assert len(str(refusal.value)) < 200

    @pytest.mark.parametrize(
        "sent",
        [{**REQUIRED, "\ud800": 2}, {**REQUIRED, "customer_id": "\udfff"}, {"\ud800": []}],
    )
    def test_half_a_character_makes_no_answer_unreadable(self, sent: dict[str, Any]) -> None:
        for read in (body.record, body.records):
            with pytest.raises(InvalidRequest) as refusal:
                read(sent)

            str(refusal.value).encode()
            "".join(named(refusal.value)).encode()

    def test_the_value_is_never_repeated(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            body.record({**REQUIRED, "monetary": -31_337, "account_type": "mauve"})

        told = f"{refusal.value} {refusal.value.faults}"
        assert "31337" not in told
        assert "mauve" not in told


class TestRecords:
    """A list is read record by record."""

    def test_each_is_a_record_or_what_is_wrong_with_it(self) -> None:
        sent = b'{"records": [%s, {"recency": 1, "recency": 1}, 17, %s]}' % (
            json.dumps(REQUIRED).encode(),
            json.dumps({**REQUIRED, "age": -1}).encode(),
        )

        first, *refused = body.records(body.parse(sent))

        assert first == CustomerRecord.model_validate(REQUIRED)
        assert [named(each) for each in refused if isinstance(each, InvalidRequest)] == [
            {"tenure_days", "recency", "frequency", "monetary"},
            {"body"},
            {"age"},
        ]

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ([REQUIRED], "body"),
            ({}, "records"),
            ({"records": REQUIRED}, "records"),
            ({"records": None}, "records"),
            ({"records": []}, "records"),
            ({"records": [REQUIRED], "extra": 1}, "extra"),
        ],
    )
    def test_what_is_no_list_of_records_is_refused(self, sent: object, field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            body.records(sent)

        assert named(refusal.value) == {field}

    def test_a_list_given_twice_is_refused(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            body.records(body.parse(b'{"records": [{}], "records": [{}]}'))

        assert named(refusal.value) == {"records"}

    def test_a_thousand_are_read_and_one_more_is_too_many(self) -> None:
        assert len(body.records({"records": [REQUIRED] * MAX_RECORDS})) == 1_000

        with pytest.raises(BodyTooLarge, match=r"at most 1,000 records .*, not 1,001"):
            body.records({"records": [REQUIRED] * (MAX_RECORDS + 1)})
