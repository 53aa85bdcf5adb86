"""The peer's features, as a data scientist would write them in pandas."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

RECORD = [
    "tenure_days",
    "recency",
    "frequency",
    "monetary",
    "age",
    "account_type",
    "avg_purchase_amount",
    "email_open_rate",
    "website_visits_per_month",
    "support_tickets",
]
CATEGORIES = ["account_type"]
NUMBERS = [
    "tenure_days",
    "recency",
    "frequency",
    "age",
    "email_open_rate",
    "support_tickets",
    "recency_ratio",
    "log_purchases",
    "log_monetary",
    "log_avg_purchase_amount",
    "log_website_visits",
    "visits_per_purchase",
]


def engineer(customers: pd.DataFrame) -> pd.DataFrame:
    """Ratios and logarithms beside the fields themselves."""
    tenure = customers["tenure_days"].clip(lower=1)
    purchases = customers["frequency"] * tenure / 30
    return customers.assign(
        recency_ratio=customers["recency"] / tenure,
        log_purchases=np.log1p(purchases),
        log_monetary=np.log1p(customers["monetary"]),
        log_avg_purchase_amount=np.log1p(customers["avg_purchase_amount"]),
        log_website_visits=np.log1p(customers["website_visits_per_month"]),
        visits_per_purchase=customers["website_visits_per_month"] / (1 + purchases),
    )


def preprocessing() -> Pipeline:
    """Medians for missing numbers, one column for each kind of account."""
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), NUMBERS),
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
        ],
        sparse_threshold=0,
    )
    return Pipeline([("engineer", FunctionTransformer(engineer)), ("columns", columns)])
