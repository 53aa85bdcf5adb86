"""The columns the models are fitted on; training.graph.preprocessing computes them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Feature:
    """A column the trees see, and the field of the record a person would name for it."""

    name: str
    field: str


BEHAVIOUR: Final = (
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
"""What the record says of the customer."""

OUTLOOK: Final = (
    Feature("alive", "recency"),
    Feature("expected_purchases", "frequency"),
    Feature("no_purchase", "recency"),
    Feature("mean_amount", "monetary"),
    Feature("expected_spend", "monetary"),
)
"""What the buy-till-you-die models expect of him within the horizon: the horizon is known to the
trees by these columns alone, so trees fitted on one horizon answer for another."""

FEATURES: Final = BEHAVIOUR + OUTLOOK
FEATURE_NAMES: Final = tuple(feature.name for feature in FEATURES)

EXPECTED_SPEND: Final = FEATURE_NAMES.index("expected_spend")
NO_PURCHASE: Final = FEATURE_NAMES.index("no_purchase")

_IN_THE_OUTLOOK: Final = {"tenure_days", "recency", "frequency", "monetary", "avg_purchase_amount"}

_CORRECTION: Final = tuple(
    column for column, name in enumerate(FEATURE_NAMES) if name not in _IN_THE_OUTLOOK
)


def correction(features: npt.NDArray[np.float32]) -> tuple[int, ...]:
    """The columns that the trees of lifetime value see, of features (rows, len(FEATURES)).

    How long, how recent, how often and how much are in the
    expected spend that they correct; seen once more, they would tie the correction to the length
    of the history and to the prices it was learnt on (CDNOW, later dates: Gini .7179 instead of
    .7191).

    A column without two values in it is left out: drawn at random, it would take a place.
    """
    return tuple(c for c in _CORRECTION if (features[:, c] != features[0, c]).any())
