"""Features and labels at a cut-off day, as frames."""

from datetime import date

import pandas as pd

from foretell import features
from foretell.tables import Tables

_LABELS = {"future_spend": "spend", "future_purchases": "purchases"}


def customer_features(tables: Tables, cutoff: date) -> pd.DataFrame:
    """What is known of each customer at the end of the cut-off day.

    Returns:
        One row per customer with a purchase on or before `cutoff`, ordered by `customer_id`:
        `tenure_days`, `recency` and `first_to_last_days` in days, `frequency` in purchases per 30
        days, `monetary`, `avg_purchase_amount` and `first_purchase_amount` (that of the first
        purchase day, net of reversals on it) in the shop's currency, `email_open_rate` in percent,
        `purchases` as a count. What is not known is NaN.
    """
    return _run(tables, cutoff, horizon_days=0).drop(columns=list(_LABELS))


def labelled_customers(
    tables: Tables, cutoff: date, horizon_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The customers of `customer_features`, and what each then did, in the same order.

    Returns:
        The features, and the labels: `customer_id`, `spend` (currency) and `purchases` (count)
        over the `horizon_days` days after `cutoff`.
    """
    frame = _run(tables, cutoff, horizon_days)
    labels = frame[["customer_id", *_LABELS]].rename(columns=_LABELS)
    return frame.drop(columns=list(_LABELS)), labels


def _run(tables: Tables, cutoff: date, horizon_days: int) -> pd.DataFrame:
    frame = features.compute(tables.connection, cutoff, horizon_days).df()
    # A column without a single value would otherwise come as another type than one with some.
    return frame.astype({"customer_id": "str", "account_type": "str"})
