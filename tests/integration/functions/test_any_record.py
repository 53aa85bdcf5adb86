"""Any record that the contract admits gets a sound answer; any other is refused by its fields."""

import json
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord
from tests.shared.started import Functions, live_functions

BATCH = "/predict/comprehensive/batch"
SINGLE = "/predict/comprehensive"
AT_MOST = {
    "tenure_days": 36_525,
    "recency": 36_525,
    "frequency": 3_000,
    "monetary": 1e9,
    "age": 120,
    "avg_purchase_amount": 1e9,
    "email_open_rate": 100,
    "website_visits_per_month": 1e6,
    "support_tickets": 1e6,
}
REQUIRED = ("tenure_days", "recency", "frequency", "monetary")
OPTIONAL = tuple(name for name in CustomerRecord.model_fields if name not in REQUIRED)
ABSENT = object()
RECORDS_AT_ONCE = 200

Record = dict[str, Any]
Raw = dict[str, str]  # fields as JSON text


@pytest.fixture(scope="module")
def functions(trained: Any) -> Iterator[Functions]:
    """The functions with a live version."""
    with live_functions(trained) as started:
        yield started


def amounts(at_most: float) -> st.SearchStrategy[float]:
    """Numbers from 0 to a largest one: ordinary, extreme, and those that float32 rounds away."""
    corners = [0, 0.0, -0.0, 5e-324, 1e-310, 1e-45, 1e-9, 0.5, 1, at_most, float(at_most)]
    return st.one_of(
        st.sampled_from(corners),
        st.just(math.nextafter(at_most, 0)),
        st.floats(0, at_most),
        st.integers(0, int(at_most)),
        # Evenly spread numbers are nearly all large ones.
        st.floats(-12, math.log10(at_most)).map(lambda power: min(10.0**power, at_most)),
    )


FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    **{name: amounts(at_most) for name, at_most in AT_MOST.items()},
    "account_type": st.sampled_from(ACCOUNT_TYPES),
    "customer_id": st.text(max_size=128),
}


def choices(name: str) -> st.SearchStrategy[list[Any]]:
    """What a field may hold in the records of one batch."""
    held = FIELDS[name] if name in REQUIRED else st.just(ABSENT) | st.none() | FIELDS[name]
    return st.lists(held, min_size=1, max_size=6)


def possible(chosen: Mapping[str, Any]) -> Record:
    """A record that the contract admits."""
    record = {name: value for name, value in chosen.items() if value is not ABSENT}
    return {**record, "recency": min(record["recency"], record["tenure_days"])}


@st.composite
def batches(draw: st.DrawFn) -> list[Record]:
    """Many records that mix a few values of each field: drawing each by itself takes too long."""
    pool = {name: draw(choices(name)) for name in FIELDS}
    mix = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - nothing to keep secret
    return [
        possible({name: mix.choice(values) for name, values in pool.items()})
        for _ in range(RECORDS_AT_ONCE)
    ]


records = st.fixed_dictionaries(
    {name: FIELDS[name] for name in REQUIRED},
    optional={name: FIELDS[name] for name in OPTIONAL},
).map(possible)


def numbers(value: object) -> Iterator[float]:
    """All numbers of an answer, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


def assert_sound(answer: dict[str, Any], record: Record) -> None:
    """The answer is one, and its reasons account for it."""
    assert all(math.isfinite(number) for number in numbers(answer)), record
    assert answer.get("customer_id") == record.get("customer_id"), record
    interval = answer["interval"]
    assert 0 <= interval["low"] <= interval["median"] <= interval["high"], record
    assert 0 <= answer["churn_probability"] <= 1, record
    assert answer["distance_to_center"] >= 0, record
    assert 0 <= answer["value_at_risk"] <= answer["customer_lifetime_value"], record
    assert math.isclose(
        probability_by_reasons(answer), answer["churn_probability"], rel_tol=0, abs_tol=1e-5
    ), record
    assert math.isclose(
        value_by_drivers(answer), answer["customer_lifetime_value"], rel_tol=1e-3, abs_tol=0.01
    ), record


def probability_by_reasons(answer: dict[str, Any]) -> float:
    return float(answer["base_rate"] + sum(part["contribution"] for part in answer["reasons"]))


def value_by_drivers(answer: dict[str, Any]) -> float:
    return float(answer["typical_value"] * math.prod(part["factor"] for part in answer["drivers"]))


def assert_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same answer, but for float32's last digits: how many are answered together shows there.

    So a reason that counts for next to nothing may be given in the one, and not in the other.
    """
    for list_name, figure, nothing in (("reasons", "contribution", 0), ("drivers", "factor", 1)):
        mine, others = (
            {part["name"]: part[figure] for part in answer.pop(list_name)}
            for answer in (one, other)
        )
        for name in mine.keys() | others.keys():
            assert mine.get(name, nothing) == pytest.approx(
                others.get(name, nothing), rel=1e-5, abs=2e-6
            ), name
    assert list(numbers(one)) == pytest.approx(list(numbers(other)), rel=1e-5, abs=0.01)
    assert one.keys() == other.keys()


class TestAnyPossibleRecord:
    """Whatever the contract admits is answered."""

    @settings(max_examples=40)
    @given(batch=batches())
    def test_is_answered_soundly(self, functions: Functions, batch: list[Record]) -> None:
        told = functions.post(BATCH, {"records": batch})

        assert told.status == 200
        body = told.body
        assert (body["predicted"], body["refused"]) == (len(batch), 0)
        for result, record in zip(body["results"], batch, strict=True):
            assert_sound(result["prediction"], record)

    @settings(max_examples=30)
    @given(record=records)
    def test_is_answered_in_a_batch_as_it_is_alone(
        self, functions: Functions, record: Record
    ) -> None:
        alone = functions.post(SINGLE, record)
        other = dict.fromkeys(REQUIRED, 0)
        together = functions.post(BATCH, {"records": [other, record, other]})

        assert alone.status == together.status == 200
        assert_alike(together.body["results"][1]["prediction"], alone.body)

    @settings(max_examples=100)
    @given(record=records)
    def test_says_nothing_of_less_than_nothing(self, functions: Functions, record: Record) -> None:
        told = functions.post(SINGLE, without_minus_zero(record)).body

        for part in (*told["reasons"], *told["drivers"]):
            assert "-" not in part["sentence"], record

    def test_minus_zero_is_told_as_zero(self, functions: Functions) -> None:
        told = functions.post(SINGLE, dict.fromkeys(AT_MOST, -0.0)).body

        for part in (*told["reasons"], *told["drivers"]):
            assert "-" not in part["sentence"]


def without_minus_zero(record: Record) -> Record:
    return {name: 0 if value == 0 else value for name, value in record.items()}


def as_json(record: Record) -> Raw:
    return {name: json.dumps(value) for name, value in record.items()}


def beyond(name: str) -> st.SearchStrategy[str]:
    """Numbers that the field does not take."""
    if name not in AT_MOST:
        return st.sampled_from(["0", "1.5", "-1"])
    largest = AT_MOST[name]
    just_above = repr(math.nextafter(largest, math.inf))
    return st.sampled_from(
        ["-1", "-5e-324", "-1e400", just_above, str(int(largest) + 1), "1e308", "1e400"]
    ) | st.just("9" * 400)


def no_value(name: str) -> st.SearchStrategy[str]:
    """JSON values that the field does not take, and some that are no JSON."""
    kinds = ["true", "false", "[]", "{}", "[1]", '{"a": 1}', "NaN", "Infinity", "-Infinity"]
    texts = {
        "account_type": ['""', '"premium"', '"Gold"', '"Basic "'],
        "customer_id": [json.dumps("x" * 129)],
    }.get(name, ['"12"', '""', '"a lot"'])
    return st.sampled_from([*kinds, *texts, *(["null"] if name in REQUIRED else [])])


UNKNOWN = st.sampled_from(["", "colour", "Recency", " recency", "record", "a.b", "ключ", "\n"]) | (
    st.text(max_size=64).filter(lambda name: name not in CustomerRecord.model_fields)
)


@st.composite
def impossible(draw: st.DrawFn) -> tuple[str, set[str]]:
    """The JSON text of a record with one to four faults, and the names of the faulty fields."""
    record = as_json(draw(records))
    fields = draw(
        st.lists(st.sampled_from(list(FIELDS)), unique=True, max_size=3).filter(bool)
        | st.just(list[str]())
    )
    repeated: Raw = {}
    for name in fields:
        spoil(draw, record, repeated, name)
    faulty = set(fields)
    if not faulty & {"tenure_days", "recency"} and draw(st.booleans()):
        record |= {"tenure_days": "10", "recency": draw(st.sampled_from(["10.000001", "36525"]))}
        faulty.add("recency")
    if not faulty or draw(st.booleans()):
        unknown = draw(UNKNOWN)
        record[unknown] = draw(st.sampled_from(["1", "null", '"x"', "{}", "NaN"]))
        faulty.add(unknown)
    members = draw(st.permutations([*record.items(), *repeated.items()]))
    return "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, raw in members) + "}", faulty


def spoil(draw: st.DrawFn, record: Raw, repeated: Raw, name: str) -> None:
    """Make one field impossible."""
    how = draw(st.sampled_from(["beyond", "no value", "twice", "missing"]))
    if how == "missing" and name in REQUIRED:
        del record[name]
    elif how == "twice" and name in record:
        repeated[name] = record[name]
    else:
        record[name] = draw(beyond(name) if how == "beyond" else no_value(name))


class TestAnyOtherRecord:
    """Whatever the contract does not admit is refused, and the faulty fields are named."""

    @settings(max_examples=300)
    @given(sent=impossible())
    def test_is_refused_by_the_names_of_its_faulty_fields(
        self, functions: Functions, sent: tuple[str, set[str]]
    ) -> None:
        body, faulty = sent

        told = functions.post(SINGLE, body)

        assert (told.status, told.media_type) == (422, "application/problem+json")
        assert {fault["field"] for fault in told.body["errors"]} == faulty

    @settings(max_examples=100)
    @given(sent=impossible(), record=records)
    def test_is_refused_in_a_batch_as_it_is_alone(
        self, functions: Functions, sent: tuple[str, set[str]], record: Record
    ) -> None:
        body, _ = sent
        alone = functions.post(SINGLE, body).body
        together = functions.post(BATCH, f'{{"records": [{body}, {json.dumps(record)}]}}')

        assert together.status == 200
        refused, answered = together.body["results"]
        assert refused == {"errors": alone["errors"]}
        assert_sound(answered["prediction"], record)


def test_the_ranges_tried_here_are_those_of_the_contract() -> None:
    said = CustomerRecord.model_json_schema()["properties"]
    limits = {
        name: part["maximum"]
        for name, field in said.items()
        for part in (field, *field.get("anyOf", ()))
        if "maximum" in part
    }

    assert limits == AT_MOST
    assert set(FIELDS) == {"customer_id", *RECORD_FIELDS}
