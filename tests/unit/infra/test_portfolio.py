"""The customers that are dropped after a training: as of which days, where, and as what file."""

import io
from datetime import date

import pandas as pd
import pytest

from foretell.contract import CustomerRecord
from infra.local import portfolio

LAST = date(2025, 12, 31)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        pytest.param(date(2024, 1, 1), (date(2025, 12, 1), LAST), id="a-long-log"),
        pytest.param(date(2025, 12, 1), (date(2025, 12, 1), LAST), id="thirty-days"),
        pytest.param(date(2025, 12, 2), (LAST,), id="a-day-too-short"),
        pytest.param(LAST, (LAST,), id="one-day"),
    ],
)
def test_customers_are_described_a_month_before_the_end_and_at_the_end(
    first: date, expected: tuple[date, ...]
) -> None:
    assert portfolio.days(first, LAST) == expected


def test_files_of_two_versions_do_not_take_each_others_place() -> None:
    assert portfolio.key("2025-12-31-0123456789ab", LAST) == (
        "incoming/2025-12-31-0123456789ab/customers as of 2025-12-31.csv"
    )


def test_a_file_has_the_fields_of_the_contract_that_are_known() -> None:
    # Given features as training has them: more columns than the contract, and some without values
    customers = pd.DataFrame(
        {
            "customer_id": pd.Series(["C-1", "C, 2"], dtype="str"),
            **{name: [4.0, None] for name in ("tenure_days", "recency", "frequency", "monetary")},
            "age": [None, None],
            "account_type": pd.Series([None, "Basic"], dtype="str"),
            "avg_purchase_amount": [0.1, 0.2],
            "email_open_rate": [None, None],
            "website_visits_per_month": [None, None],
            "support_tickets": [0.0, None],
            "purchases": [1, 2],
        }
    )
    assert set(customers) > set(CustomerRecord.model_fields)
    file = io.BytesIO()

    portfolio.write(customers, file)

    assert file.getvalue().decode().splitlines() == [
        (
            "customer_id,tenure_days,recency,frequency,monetary,"
            "account_type,avg_purchase_amount,support_tickets"
        ),
        "C-1,4.0,4.0,4.0,4.0,,0.1,0.0",
        '"C, 2",,,,,Basic,0.2,',
    ]
