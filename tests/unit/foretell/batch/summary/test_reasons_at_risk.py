"""Reasons over many customers: which field counts how much, and for whom it is the strongest."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foretell.batch.summary.explained import reasons_at_risk
from foretell.contract import RECORD_FIELDS, ModelName


@dataclass(frozen=True)
class Contributions:
    """A ShapleyTable that knows the answer."""

    points: np.ndarray

    def contributions(self, _: np.ndarray) -> np.ndarray:
        return self.points


def told(*customers: dict[str, float], left_out: str = "age") -> dict[str, Any]:
    """By field, for customers with these contributions of whom one field is not known."""
    points = np.array([[each.get(name, 0) for name in RECORD_FIELDS] for each in customers], "f4")
    records = np.ones_like(points)
    records[:, RECORD_FIELDS.index(left_out)] = np.nan
    predictor: Any = SimpleNamespace(
        run=lambda matrix, **_: {"features": matrix},
        reasons={ModelName.CHURN: Contributions(points)},
    )
    found = reasons_at_risk(records, 99, predictor)
    assert (found.customers_at_risk, found.sampled) == (99, len(customers))
    return {field.name: field for field in found.fields}


def test_the_strongest_reason_to_leave_is_one_that_raises_the_probability() -> None:
    found = told(
        {"recency": 0.1, "age": -0.5},
        {"recency": 0.1, "frequency": 0.2},
        {"recency": -0.1, "age": -0.2},  # stays, for all we know
        {"recency": 0.3, "frequency": 0.2},
    )

    shares = {name: field.strongest_share for name, field in found.items() if field.strongest_share}
    assert shares == {"recency": 0.5, "frequency": 0.25}


def test_what_counts_most_comes_first_whichever_way_it_moves() -> None:
    found = told({"recency": 0.1, "age": -0.5}, {"recency": 0.3, "age": 0.1, "frequency": 0.25})

    assert list(found)[:3] == ["age", "recency", "frequency"]
    assert found["age"].mean_contribution == pytest.approx(-0.2)
    assert found["age"].mean_absolute_contribution == pytest.approx(0.3)
    assert found["monetary"].mean_absolute_contribution == 0


def test_an_average_purchase_that_was_left_out_counts_for_the_spend() -> None:
    customer = {"monetary": 0.1, "avg_purchase_amount": 0.2, "recency": 0.25}

    left_out = told(customer, left_out="avg_purchase_amount")
    given = told(customer)

    assert left_out["monetary"].mean_contribution == pytest.approx(0.3)
    assert left_out["monetary"].strongest_share == 1
    assert left_out["avg_purchase_amount"].mean_contribution == 0
    assert given["avg_purchase_amount"].mean_contribution == pytest.approx(0.2)
    assert given["recency"].strongest_share == 1
