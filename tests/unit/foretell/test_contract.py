"""The customer record: what it admits, what it refuses, and how it becomes numbers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from foretell.contract import ACCOUNT_TYPES, MAX_DAYS, RECORD_FIELDS, CustomerRecord, to_matrix

REQUIRED = {"tenure_days": 400, "recency": 20, "frequency": 1.5, "monetary": 900.0}


def refusals(record: dict[str, Any]) -> dict[str, str]:
    """Field and reason of every fault."""
    with pytest.raises(ValidationError) as caught:
        CustomerRecord.model_validate(record)
    return {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}


def test_four_fields_are_enough() -> None:
    record = CustomerRecord.model_validate(REQUIRED)

    assert record.age is None
    assert record.account_type is None


def test_what_is_left_out_stays_missing() -> None:
    matrix = to_matrix([CustomerRecord.model_validate(REQUIRED)])

    known = dict(zip(RECORD_FIELDS, matrix[0].tolist(), strict=True))
    assert known["tenure_days"] == 400
    assert all(math.isnan(known[name]) for name in RECORD_FIELDS if name not in REQUIRED)


@pytest.mark.parametrize("account_type", ACCOUNT_TYPES)
def test_an_account_type_becomes_its_position(account_type: str) -> None:
    record = CustomerRecord.model_validate({**REQUIRED, "account_type": account_type})

    assert to_matrix([record])[0, RECORD_FIELDS.index("account_type")] == ACCOUNT_TYPES.index(
        account_type
    )


def test_no_records_make_an_empty_matrix() -> None:
    assert to_matrix([]).shape == (0, len(RECORD_FIELDS))


def test_every_fault_is_told_at_once() -> None:
    faults = refusals(
        {
            "tenure_days": -1,
            "frequency": "often",
            "monetary": math.inf,
            "account_type": "Gold",
            "shoe_size": 43,
        }
    )

    assert set(faults) == {
        "tenure_days",
        "recency",
        "frequency",
        "monetary",
        "account_type",
        "shoe_size",
    }


def test_the_last_purchase_cannot_come_before_the_first() -> None:
    faults = refusals({**REQUIRED, "tenure_days": 10, "recency": 11})

    assert set(faults) == {"recency"}
    assert "tenure_days" in faults["recency"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tenure_days", MAX_DAYS + 1),
        ("recency", -0.5),
        ("frequency", math.nan),
        ("monetary", 2e9),
        ("age", 121),
        ("email_open_rate", 100.1),
        ("website_visits_per_month", -1),
        ("support_tickets", True),
        ("avg_purchase_amount", "12"),
        ("customer_id", "x" * 129),
        ("customer_id", 17),
    ],
)
def test_an_impossible_value_is_refused_by_name(field: str, value: object) -> None:
    assert set(refusals({**REQUIRED, field: value})) == {field}


@given(
    tenure_days=st.floats(0, MAX_DAYS),
    recency=st.floats(0, MAX_DAYS),
    frequency=st.floats(0, 3_000),
    monetary=st.floats(0, 1e9),
)
def test_a_record_is_admitted_exactly_when_it_is_possible(
    tenure_days: float, recency: float, frequency: float, monetary: float
) -> None:
    values = {
        "tenure_days": tenure_days,
        "recency": recency,
        "frequency": frequency,
        "monetary": monetary,
    }
    if recency > tenure_days:
        assert set(refusals(values)) == {"recency"}
    else:
        assert np.isfinite(to_matrix([CustomerRecord.model_validate(values)])[0, :4]).all()
