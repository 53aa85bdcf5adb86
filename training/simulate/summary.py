"""A simulated shop in a dozen figures."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from training.simulate.tables import Shop

QUIET_DAYS = 180


@dataclass(frozen=True)
class ShopSummary:
    """What `describe` found. Shares lie between 0 and 1, and are 0 where there is no one."""

    customers: int
    buyers: int  # customers with at least one order
    orders: int  # guests included
    first_order: date | None
    last_order: date | None
    revenue: float  # net of returns, guests included, currency units
    top_fifth_share: float  # of the customers' revenue that their best 20 % bring
    bought_once: float  # share of the buyers
    active: float  # share of the customers who have not dropped out
    quiet: float  # share of those who bought before the last 180 days but not within them
    returned: float  # share of the orders
    guests: float  # share of the orders


def describe(shop: Shop) -> ShopSummary:
    """Summarise a shop, counting exact duplicates once."""
    rows = shop.transactions.drop_duplicates()
    orders = rows[rows["amount"] > 0]
    known = orders.dropna(subset=["customer_id"])
    by_customer = known.groupby("customer_id")
    return ShopSummary(
        customers=len(shop.customers),
        buyers=by_customer.ngroups,
        orders=len(orders),
        first_order=None if orders.empty else orders["timestamp"].min().date(),
        last_order=None if orders.empty else orders["timestamp"].max().date(),
        revenue=round(float(rows["amount"].sum()), 2),
        top_fifth_share=_top_fifth_share(rows, len(shop.customers)),
        bought_once=_share(by_customer.size() == 1),
        active=_share(shop.truth["drop_out_date"].isna()),
        quiet=_quiet(known),
        returned=float((rows["amount"] < 0).sum() / max(len(orders), 1)),
        guests=1 - len(known) / max(len(orders), 1),
    )


def _top_fifth_share(rows: pd.DataFrame, customers: int) -> float:
    revenue = np.sort(rows.groupby("customer_id")["amount"].sum().to_numpy())[::-1]
    total = float(revenue.sum())
    return float(revenue[: -(-customers // 5)].sum()) / total if total > 0 else 0.0


def _quiet(known: pd.DataFrame) -> float:
    """Quiet over the last days of the log, among those who had bought before them."""
    bounds = known.groupby("customer_id")["timestamp"].agg(["min", "max"])
    recent = known["timestamp"].max() - pd.Timedelta(days=QUIET_DAYS)
    bought_before = bounds[bounds["min"] <= recent]
    return _share(bought_before["max"] <= recent)


def _share(of: pd.Series) -> float:
    return float(of.mean()) if len(of) else 0.0
