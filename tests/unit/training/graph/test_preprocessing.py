"""The features, computed by the graph, are what their names say."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord, to_matrix
from training.btyd import Btyd, GammaGamma, ParetoNbd
from training.graph.preprocessing import MISSING, Preprocessing, behaviour, history
from training.models.columns import BEHAVIOUR, FEATURE_NAMES, FEATURES

BTYD = Btyd(ParetoNbd(r=0.9, alpha=46, s=0.7, beta=350), GammaGamma(p=4, q=4, v=30))
PREPROCESSING = Preprocessing(BTYD, 180)


def features(**fields: Any) -> dict[str, float]:
    record = {"tenure_days": 0, "recency": 0, "frequency": 0, "monetary": 0, **fields}
    row = PREPROCESSING.transform(to_matrix([CustomerRecord.model_validate(record)]))[0]
    return dict(zip(FEATURE_NAMES, row.tolist(), strict=True))


def test_every_feature_belongs_to_a_field_of_the_record() -> None:
    assert {feature.field for feature in FEATURES} == set(RECORD_FIELDS)
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_a_regular_customer() -> None:
    seen = features(tenure_days=300, recency=60, frequency=0.5, monetary=500)

    assert seen["purchases"] == 5
    assert seen["avg_purchase_amount"] == 100
    assert seen["days_between_purchases"] == 60
    assert seen["recency_over_gap"] == 1


def test_a_frequency_that_was_rounded_still_gives_whole_purchases() -> None:
    # 13 purchases in 412 days are .9466 in 30 days.
    assert features(tenure_days=412, recency=21, frequency=0.95, monetary=9)["purchases"] == 13


def test_a_customer_of_today_has_one_purchase() -> None:
    seen = features(tenure_days=0, recency=0, frequency=30, monetary=12)

    assert seen["purchases"] == 1
    assert seen["avg_purchase_amount"] == 12
    assert seen["days_between_purchases"] == 0


def test_who_spent_anything_bought_at_least_once() -> None:
    assert features(tenure_days=900, recency=900, frequency=0.01, monetary=5)["purchases"] == 1
    assert features(tenure_days=900, recency=900)["purchases"] == 0


def test_a_sent_average_is_taken_and_a_missing_one_worked_out() -> None:
    known = {"tenure_days": 30, "recency": 0, "frequency": 4, "monetary": 100}

    assert features(**known)["avg_purchase_amount"] == 25
    assert features(**known, avg_purchase_amount=31)["avg_purchase_amount"] == 31


@pytest.mark.parametrize(
    "name", ["age", "email_open_rate", "website_visits_per_month", "support_tickets"]
)
def test_a_missing_value_is_told_from_nought(name: str) -> None:
    assert features()[name] == MISSING
    assert features(**{name: 0})[name] == 0


def test_an_account_type_has_a_column_of_its_own_and_a_missing_one_none() -> None:
    columns = ("is_basic", "is_premium", "is_enterprise")

    for position, account_type in enumerate(ACCOUNT_TYPES):
        seen = features(account_type=account_type)
        assert [seen[column] for column in columns] == [
            float(position == other) for other in range(3)
        ]
    assert [features()[column] for column in columns] == [0, 0, 0]


@st.composite
def possible_records(draw: st.DrawFn) -> dict[str, Any]:
    tenure_days = draw(st.floats(0, 36_525))
    optional = {
        "age": st.floats(0, 120),
        "account_type": st.sampled_from(ACCOUNT_TYPES),
        "avg_purchase_amount": st.floats(0, 1e9),
        "email_open_rate": st.floats(0, 100),
        "website_visits_per_month": st.floats(0, 1e6),
        "support_tickets": st.floats(0, 1e6),
    }
    return {
        "tenure_days": tenure_days,
        "recency": draw(st.floats(0, tenure_days)),
        "frequency": draw(st.floats(0, 3_000)),
        "monetary": draw(st.floats(0, 1e9)),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


@given(possible_records())
def test_whatever_the_contract_admits_has_finite_features(record: dict[str, Any]) -> None:
    seen = features(**record)

    assert all(math.isfinite(value) for value in seen.values())
    assert seen["days_between_purchases"] >= 0
    assert seen["recency_over_gap"] >= 0


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    random = np.random.default_rng(3)
    matrix = random.uniform(0, 100, (50, len(RECORD_FIELDS))).astype(np.float32)

    together = PREPROCESSING.transform(matrix)

    alone = np.concatenate([PREPROCESSING.transform(row[np.newaxis]) for row in matrix])
    np.testing.assert_array_equal(together, alone)


def some_records(rows: int = 50) -> np.ndarray:
    random = np.random.default_rng(4)
    tenure = random.integers(0, 900, rows)
    recency = random.integers(0, tenure + 1)
    purchases = random.integers(1, 30, rows)
    matrix = np.full((rows, len(RECORD_FIELDS)), np.nan, np.float32)
    matrix[:, :4] = np.stack(
        [tenure, recency, 30 * purchases / np.maximum(tenure, 1), 20 * purchases], axis=1
    )
    return matrix


def test_the_behaviour_needs_no_fit_and_comes_first() -> None:
    records = some_records()

    alone = behaviour(records)

    assert alone.shape == (50, len(BEHAVIOUR))
    np.testing.assert_array_equal(alone, PREPROCESSING.transform(records)[:, : len(BEHAVIOUR)])


def test_the_history_is_what_the_record_tells() -> None:
    sent = to_matrix(
        [
            CustomerRecord(tenure_days=300, recency=60, frequency=0.5, monetary=500),
            CustomerRecord(tenure_days=0, recency=0, frequency=30, monetary=12),
            CustomerRecord(tenure_days=9, recency=9, frequency=0, monetary=0),
        ]
    )

    told = history(sent)

    assert told.purchases.tolist() == [5, 1, 0]
    assert told.repeats.tolist() == [4, 0, 0]
    assert told.last.tolist() == [240, 0, 0]
    assert told.tenure.tolist() == [300, 0, 9]
    assert told.monetary.tolist() == [500, 12, 0]


def test_an_empty_batch_has_no_features() -> None:
    assert PREPROCESSING.transform(some_records(0)).shape == (0, len(FEATURES))
