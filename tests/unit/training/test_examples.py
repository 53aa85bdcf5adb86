"""Frames become records, and the fit also sees customers of whom less is known."""

import numpy as np
import pandas as pd
import pytest

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord, to_matrix
from training import examples
from training.examples import REQUIRED_FIELDS, Examples


def a_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "tenure_days": [400, 3],
            "recency": [20, 3],
            "frequency": [1.5, 10.0],
            "monetary": [900.0, 12.5],
            "age": [44.0, np.nan],
            "account_type": ["Enterprise", None],
            "avg_purchase_amount": [45.0, 12.5],
            "email_open_rate": [np.nan, 20.0],
            "website_visits_per_month": [np.nan, np.nan],
            "support_tickets": [0.0, np.nan],
        }
    )


def test_a_frame_and_the_api_make_the_same_record() -> None:
    frame = a_frame()

    from_frame = examples.records(frame)

    rows = frame.drop(columns="customer_id").to_dict(orient="records")
    sent = [
        CustomerRecord.model_validate({k: v for k, v in row.items() if not pd.isna(v)})
        for row in rows
    ]
    np.testing.assert_array_equal(from_frame, to_matrix(sent))
    assert from_frame.dtype == np.float32


def test_who_did_not_buy_within_the_horizon_has_churned() -> None:
    labels = pd.DataFrame({"customer_id": ["a", "b"], "spend": [0.0, 9.5], "purchases": [0, 2]})

    learnt = examples.examples(a_frame(), labels)

    assert learnt.churned.tolist() == [True, False]
    assert learnt.spend.tolist() == [0.0, 9.5]


@pytest.fixture
def complete() -> Examples:
    random = np.random.default_rng(5)
    records = random.uniform(1, 9, (2_000, len(RECORD_FIELDS))).astype(np.float32)
    records[:, RECORD_FIELDS.index("account_type")] = random.integers(0, len(ACCOUNT_TYPES), 2_000)
    return Examples(records, random.random(2_000), random.random(2_000) < 0.5)


def test_each_customer_is_seen_once_whole_and_once_with_gaps(complete: Examples) -> None:
    seen = examples.with_gaps(complete, seed=1)

    assert seen.copies == 2
    np.testing.assert_array_equal(seen.records[:2_000], complete.records)
    np.testing.assert_array_equal(
        seen.records[2_000:, :REQUIRED_FIELDS], complete.records[:, :REQUIRED_FIELDS]
    )
    np.testing.assert_array_equal(seen.spend, np.tile(complete.spend, 2))
    gone = np.isnan(seen.records[2_000:, REQUIRED_FIELDS:])
    assert gone.mean() == pytest.approx(0.75, abs=0.02)
    assert gone.all(axis=1).mean() == pytest.approx(0.5 + 0.5 * 0.5**6, abs=0.03)


def test_what_remains_is_what_was_known(complete: Examples) -> None:
    seen = examples.with_gaps(complete, seed=1)

    remains = ~np.isnan(seen.records[2_000:])
    np.testing.assert_array_equal(seen.records[2_000:][remains], complete.records[remains])


def test_a_shop_with_nothing_but_orders_is_seen_once(complete: Examples) -> None:
    records = complete.records.copy()
    records[:, REQUIRED_FIELDS:] = np.nan
    records[:, RECORD_FIELDS.index("avg_purchase_amount")] = 12
    orders_only = Examples(records, complete.spend, complete.churned)

    assert examples.with_gaps(orders_only, seed=1) is orders_only
