"""Features as of a cut-off: right by a golden file, by a second implementation, and by examples."""

# Hypothesis outlives DuckDB at exit; annotations that are objects would tie the two together, and
# DuckDB's binding would report everything it holds as leaked.
from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.tables import CleaningReport, Sources, Tables, load
from foretell.tables.clean import create_tables
from training.features import customer_features, labelled_customers

Order = tuple[str, date, Decimal]
Count = Decimal | int | None
Month = tuple[str, date, Count, Count, Count, Count]

CUTOFF = date(2024, 6, 30)


def clean_tables(orders: Sequence[Order], months: Sequence[Month] = ()) -> Tables:
    """Clean tables as `load` leaves them."""
    resources = ExitStack()
    connection = resources.enter_context(duckdb.connect())
    create_tables(connection)
    tables = Tables(connection, CleaningReport((), 0, 0), CUTOFF, CUTOFF, resources)
    return refilled(tables, orders, months)


def refilled(tables: Tables, orders: Sequence[Order], months: Sequence[Month]) -> Tables:
    """The same tables with other rows."""
    for table, rows in (("transactions", [(*row, None) for row in orders]), ("engagement", months)):
        tables.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of two names
        if rows:
            places = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
            tables.connection.execute(
                f"INSERT INTO {table} VALUES {places}",  # noqa: S608 - one of two names
                list(chain.from_iterable(rows)),
            )
    return tables


@pytest.fixture(scope="module")
def shared() -> Iterator[Tables]:
    """Tables to be refilled by each example of a property."""
    with clean_tables([]) as tables:
        yield tables


def order(customer: str, day: str, amount: str) -> Order:
    return customer, date.fromisoformat(day), Decimal(amount)


def only(frame: pd.DataFrame) -> dict[str, Any]:
    (row,) = frame.to_dict("records")
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


# --- the golden file -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cdnow_tables(cdnow: Path) -> Iterator[Tables]:
    columns = ("timestamp=date", "amount=dollar_value")
    with load(Sources(str(cdnow / "CDNOW_master.txt"), columns=columns)) as tables:
        yield tables


def test_cdnow_is_read_whole(cdnow_tables: Tables) -> None:
    (report,) = cdnow_tables.report.tables
    assert (report.rows_read, report.rows_kept) == (69_659, 69_659 - 255)
    assert (cdnow_tables.first_day, cdnow_tables.last_day) == (date(1997, 1, 1), date(1998, 6, 30))


def test_features_agree_with_the_published_cdnow_summary(cdnow: Path, cdnow_tables: Tables) -> None:
    # Given the well-known sample: ids there and in the master file, and its published summary
    lines = (cdnow / "CDNOW_sample.txt").read_text(encoding="utf-8").splitlines()
    sample_ids = {line.split()[0]: int(line.split()[1]) for line in lines}
    with (cdnow / "cdnow_customers_summary.csv").open(encoding="utf-8") as file:
        published = {int(row["ID"]): row for row in csv.DictReader(file)}
    # When all customers are described at the end of week 39
    features = customer_features(cdnow_tables, date(1997, 9, 30))
    sample = features[features["customer_id"].isin(list(sample_ids))]
    # Then each of the 2,357 has the published number of repeat purchases, t_x and T in weeks
    assert len(sample) == len(published) == 2357
    for row in sample.to_dict("records"):
        expected = published[sample_ids[row["customer_id"]]]
        assert row["purchases"] - 1 == int(expected["frequency"])
        assert abs(row["first_to_last_days"] / 7 - float(expected["recency"])) <= 0.0051
        assert abs(row["tenure_days"] / 7 - float(expected["T"])) <= 0.0051


# --- examples --------------------------------------------------------------------------------


def test_a_customer_in_numbers() -> None:
    orders = [
        order("a", "2024-06-01", "10.10"),
        order("a", "2024-06-01", "10.10"),
        order("a", "2024-06-16", "4.80"),
        order("a", "2024-06-20", "5"),
        order("a", "2024-06-20", "-5"),
        order("a", "2024-06-25", "-3"),
    ]
    with clean_tables(orders) as tables:
        assert only(customer_features(tables, CUTOFF)) == {
            "customer_id": "a",
            "tenure_days": 29,
            "recency": 14,
            "frequency": 30 * 2 / 29,
            "monetary": 25.0,
            "age": None,
            "account_type": None,
            "avg_purchase_amount": 12.5,
            "email_open_rate": None,
            "website_visits_per_month": None,
            "support_tickets": None,
            "purchases": 2,
            "first_to_last_days": 15,
            "first_purchase_amount": 20.2,
        }


def test_a_worthless_order_is_a_purchase_and_a_cancelled_one_is_not() -> None:
    orders = [
        order("voucher", "2024-06-01", "0"),
        order("cancelled", "2024-06-01", "5"),
        order("cancelled", "2024-06-01", "-5"),
        order("returned", "2024-06-01", "-5"),
    ]
    with clean_tables(orders) as tables:
        features = only(customer_features(tables, CUTOFF))
    assert (features["customer_id"], features["purchases"], features["monetary"]) == (
        "voucher",
        1,
        0.0,
    )


def test_a_first_purchase_on_the_cutoff_day_counts() -> None:
    orders = [order("a", "2024-06-30", "5"), order("b", "2024-07-01", "5")]
    with clean_tables(orders) as tables:
        features = only(customer_features(tables, CUTOFF))
    assert (features["customer_id"], features["tenure_days"], features["frequency"]) == ("a", 0, 30)


def test_the_first_purchase_amount_is_the_net_of_the_first_day_that_counts() -> None:
    # Given a first day that a reversal undid, then one with two orders and a partial reversal
    orders = [order("a", "2024-06-01", "50"), order("a", "2024-06-01", "-50")]
    orders += [order("a", "2024-06-02", each) for each in ("10.10", "10.20", "-0.30")]
    orders += [order("a", "2024-06-03", "70"), order("b", "2024-06-03", "0")]
    orders += [order("b", "2024-06-04", "9")]
    # When the customers are described
    with clean_tables(orders) as tables:
        features = customer_features(tables, CUTOFF)
    # Then what the second day came to is the first purchase, and a voucher's is worth nothing
    assert features["first_purchase_amount"].tolist() == [20.0, 0.0]
    assert features["first_purchase_amount"].dtype == "float64"


def test_labels_look_at_the_horizon_alone() -> None:
    orders = [order(each, "2024-06-30", "1") for each in ("b", "a")]
    orders += [order("a", "2024-07-01", "2"), order("a", "2024-07-10", "4")]
    orders += [order("a", "2024-07-11", "8"), order("c", "2024-07-02", "16")]
    with clean_tables(orders) as tables:
        features, future = labelled_customers(tables, CUTOFF, horizon_days=10)
        pd.testing.assert_frame_equal(features, customer_features(tables, CUTOFF))
    assert future.to_dict("list") == {
        "customer_id": ["a", "b"],
        "spend": [6.0, 0.0],
        "purchases": [2, 0],
    }


ENGAGED: list[Month] = [
    ("a", date(2024, 2, 1), 100, 100, 100, 100),
    ("a", date(2024, 3, 1), 10, 1, 4, None),
    ("a", date(2024, 4, 1), 10, 2, None, 2),
    ("a", date(2024, 5, 1), 20, 3, 8, 1),
    ("a", date(2024, 6, 1), 0, 40, 40, 40),
]


@pytest.mark.parametrize(
    ("cutoff", "rate", "visits", "tickets"),
    [
        # June is whole on its last day, and not a day before
        (date(2024, 6, 30), 100.0, 24.0, 43.0),
        (date(2024, 6, 29), 15.0, 6.0, 3.0),
        (date(2024, 5, 31), 15.0, 6.0, 3.0),
        # Only June is left: nothing sent, but visits
        (date(2024, 8, 31), None, 40.0, 40.0),
        (date(2024, 9, 30), None, None, None),
    ],
)
def test_engagement_is_of_the_last_three_whole_months(
    cutoff: date, rate: float | None, visits: float | None, tickets: float | None
) -> None:
    with clean_tables([order("a", "2024-01-01", "5")], ENGAGED) as tables:
        features = only(customer_features(tables, cutoff))
    assert features["email_open_rate"] == rate
    assert features["website_visits_per_month"] == visits
    assert features["support_tickets"] == tickets


def test_the_customers_table_gives_age_and_account_type() -> None:
    with clean_tables([order("a", "2024-01-01", "5"), order("b", "2024-01-01", "5")]) as tables:
        tables.connection.execute("INSERT INTO customers VALUES ('a', NULL, 33, 'Premium')")
        features = customer_features(tables, CUTOFF)
    assert features["age"].tolist()[0] == 33.0
    assert features["account_type"].tolist()[0] == "Premium"
    assert features.loc[1, ["age", "account_type"]].isna().all()


def test_columns_have_one_type_whatever_they_hold() -> None:
    with clean_tables([order("a", "2024-01-01", "5")]) as tables:
        some = customer_features(tables, CUTOFF)
        none = customer_features(tables, date(2023, 1, 1))
    assert some.dtypes.to_dict() == none.dtypes.to_dict()
    assert [str(some[name].dtype) for name in ("customer_id", "account_type", "age")] == [
        "str",
        "str",
        "float64",
    ]
    assert none.empty


# --- random logs -----------------------------------------------------------------------------

DAYS = st.integers(-120, 60).map(lambda offset: CUTOFF + timedelta(days=offset))
AMOUNTS = st.sampled_from(["0", "5", "-5", "0.1", "0.2", "-0.3", "19.9999", "1000000.01"])
LOGS = st.lists(st.tuples(st.sampled_from("abc"), DAYS, AMOUNTS.map(Decimal)), max_size=20)
COUNTS = st.none() | st.integers(0, 9).map(Decimal)
MONTHS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(1, 8).map(lambda month: date(2024, month, 1))),
    st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    max_size=8,
).map(lambda found: [(*key, *counts) for key, counts in found.items()])
CUTOFFS = st.integers(-40, 0).map(lambda offset: CUTOFF + timedelta(days=offset))


def month_end(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@settings(max_examples=50, deadline=None)
@given(LOGS, LOGS, MONTHS, MONTHS, CUTOFFS)
def test_the_future_changes_no_feature(
    shared: Tables,
    log: list[Order],
    other_log: list[Order],
    months: list[Month],
    other_months: list[Month],
    cutoff: date,
) -> None:
    # Given two logs with the same past and different futures
    past = [row for row in log if row[1] <= cutoff]
    known = [row for row in months if month_end(row[1]) <= cutoff]
    future = [row for row in other_log if row[1] > cutoff]
    unknown = [row for row in other_months if month_end(row[1]) > cutoff]
    one = customer_features(refilled(shared, log, months), cutoff)
    other = customer_features(refilled(shared, past + future, known + unknown), cutoff)
    # Then their features are the same, to the last bit
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def reference(log: list[Order], months: list[Month], cutoff: date) -> list[dict[str, Any]]:
    """The features in plain Python, written from their definition."""
    days: dict[tuple[str, date], list[Decimal]] = defaultdict(list)
    for customer, day, amount in log:
        if day <= cutoff:
            days[customer, day].append(amount)
    purchases: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for (customer, day), amounts in days.items():
        if sum(amounts) > 0 or all(amount == 0 for amount in amounts):
            purchases[customer][day] = sum(amounts, Decimal())
    return [
        {"customer_id": customer}
        | reference_orders(purchases[customer], cutoff)
        | reference_months([row for row in months if row[0] == customer], cutoff)
        for customer in sorted(purchases)
    ]


def reference_orders(purchases: dict[date, Decimal], cutoff: date) -> dict[str, Any]:
    first, last, count = min(purchases), max(purchases), len(purchases)
    monetary = float(sum(purchases.values()))
    tenure = (cutoff - first).days
    return {
        "tenure_days": tenure,
        "recency": (cutoff - last).days,
        "frequency": 30 * count / max(tenure, 1),
        "monetary": monetary,
        "avg_purchase_amount": monetary / count,
        "purchases": count,
        "first_to_last_days": (last - first).days,
        "first_purchase_amount": float(purchases[first]),
    }


def reference_months(rows: list[Month], cutoff: date) -> dict[str, Any]:
    whole: list[date] = []
    month = cutoff.replace(day=1)
    while len(whole) < 3:
        if month_end(month) <= cutoff:
            whole.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    recent = [row[2:] for row in rows if row[1] in whole]
    mail = [(sent, opened) for sent, opened, _, _ in recent if None not in (sent, opened)]
    sent = float(sum(pair[0] or 0 for pair in mail))
    opened = float(sum(pair[1] or 0 for pair in mail))
    visits = [float(row[2]) for row in recent if row[2] is not None]
    tickets = [float(row[3]) for row in recent if row[3] is not None]
    return {
        "email_open_rate": min(100.0, 100 * opened / sent) if sent else None,
        "website_visits_per_month": sum(visits) / len(visits) if visits else None,
        "support_tickets": sum(tickets) if tickets else None,
    }


@settings(max_examples=50, deadline=None)
@given(LOGS, MONTHS, CUTOFFS)
def test_sql_and_plain_python_agree(
    shared: Tables, log: list[Order], months: list[Month], cutoff: date
) -> None:
    features = customer_features(refilled(shared, log, months), cutoff)
    found = features.drop(columns=["age", "account_type"])
    expected = pd.DataFrame(reference(log, months, cutoff), columns=found.columns)
    pd.testing.assert_frame_equal(
        found, expected.astype(found.dtypes.to_dict()), check_exact=False, rtol=1e-12
    )


# --- reproducibility -------------------------------------------------------------------------


def test_neither_row_order_nor_threads_change_a_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given 50,000 orders with cents that floating point cannot hold, in two orders of rows
    rng = random.Random(7)  # noqa: S311 - no secret
    rows = [
        f"C{rng.randrange(3000):04d},2024-{rng.randrange(1, 7):02d}-{rng.randrange(1, 29):02d},"
        f"{rng.randrange(-500, 100_000) / 100}"
        for _ in range(50_000)
    ]
    connect, frames = duckdb.connect, []
    for threads, seed in ((1, 1), (2, 2), (8, 3)):
        random.Random(seed).shuffle(rows)  # noqa: S311 - no secret
        path = tmp_path / f"{seed}.csv"
        path.write_text("\n".join(["customer_id,timestamp,amount", *rows]), encoding="utf-8")
        monkeypatch.setattr("duckdb.connect", partial(connect, config={"threads": threads}))
        with load(Sources(str(path))) as tables:
            features, labels = labelled_customers(tables, date(2024, 4, 30), 60)
            frames.append(features.merge(labels, on="customer_id"))
    # Then the frames are identical
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], frame, check_exact=True)
