"""What anybody would forecast without a model."""

import numpy as np
import pytest

from foretell.contract import RECORD_FIELDS
from training.evaluate.naive import naive_churn, naive_spend


def records(**columns: list[float]) -> np.ndarray:
    size = len(next(iter(columns.values())))
    matrix = np.full((size, len(RECORD_FIELDS)), np.nan, np.float32)
    for name, values in columns.items():
        matrix[:, RECORD_FIELDS.index(name)] = values
    return matrix


def test_the_naive_spend_carries_the_past_on_and_tames_short_tenures() -> None:
    known = records(tenure_days=[300, 0], monetary=[600, 60])

    assert naive_spend(known, 90).tolist() == [180, 180]


def test_the_naive_churn_is_the_share_of_leavers_at_the_same_recency() -> None:
    recency = np.arange(1000)
    known = records(recency=recency.tolist())
    churned = recency >= 500

    forecast = naive_churn(known, churned, records(recency=[10, 990]))

    assert forecast.tolist() == pytest.approx([1 / 102, 101 / 102])


def test_where_all_bought_on_one_day_the_naive_churn_is_the_share_of_all() -> None:
    known = records(recency=[7.0] * 98)

    forecast = naive_churn(known, np.arange(98) < 24, records(recency=[0, 7, 400]))

    # Nobody was seen before the one bin edge: it is even odds there.
    assert forecast.tolist() == pytest.approx([0.5, 0.25, 0.25])
