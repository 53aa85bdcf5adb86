"""The columns the models are fitted on; training.graph.preprocessing computes them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Feature:
    """A column the trees see, and the field of the record a person would name for it."""

    name: str
    field: str


FEATURES: Final = (
    Feature("tenure_days", "tenure_days"),
    Feature("recency", "recency"),
    Feature("frequency", "frequency"),
    Feature("monetary", "monetary"),
    Feature("purchases", "frequency"),
    Feature("avg_purchase_amount", "avg_purchase_amount"),
    Feature("days_between_purchases", "frequency"),
    Feature("recency_over_gap", "recency"),
    Feature("age", "age"),
    Feature("is_basic", "account_type"),
    Feature("is_premium", "account_type"),
    Feature("is_enterprise", "account_type"),
    Feature("email_open_rate", "email_open_rate"),
    Feature("website_visits_per_month", "website_visits_per_month"),
    Feature("support_tickets", "support_tickets"),
)

FEATURE_NAMES: Final = tuple(feature.name for feature in FEATURES)
