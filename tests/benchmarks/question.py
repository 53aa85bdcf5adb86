"""What both sides are asked. Imported by the children of the cold start: nothing heavy here."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from tests.shared.lambda_events import http_event

ONE: Final = "/predict/comprehensive"
MANY: Final = f"{ONE}/batch"
WITHOUT_REASONS: Final = "explain=false"

CUSTOMER: Final = {
    "customer_id": "C-1042",
    "tenure_days": 412,
    "recency": 21,
    "frequency": 0.95,
    "monetary": 1240.5,
    "age": 44,
    "account_type": "Premium",
    "avg_purchase_amount": 95.4,
    "email_open_rate": 38,
    "website_visits_per_month": 4.5,
    "support_tickets": 1,
}

Event = dict[str, Any]
Record = dict[str, Any]


class Side(StrEnum):
    """Who answers."""

    OURS = "ours"
    PEER = "peer"


def about_one(query: str = "") -> Event:
    """API Gateway's event of a question about one customer."""
    return http_event("POST", ONE, CUSTOMER) | {"rawQueryString": query}


def about_many(records: Sequence[Record], query: str = "") -> Event:
    """The same about many customers at once."""
    return http_event("POST", MANY, {"records": records}) | {"rawQueryString": query}
