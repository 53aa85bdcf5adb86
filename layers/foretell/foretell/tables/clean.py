# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""The clean, typed tables: transactions, customers, engagement."""

from collections.abc import Mapping

import duckdb

from foretell.tables import sql
from foretell.tables.findings import table_report
from foretell.tables.mapping import Column
from foretell.tables.raw import RawTable
from foretell.tables.report import TableReport
from foretell.tables.rows import (
    CHECKED,
    DUPLICATE,
    NO_CUSTOMER,
    Check,
    check_rows,
    moment_checks,
    number_checks,
)
from foretell.tables.values import AMOUNT

COUNTS = ("emails_sent", "emails_opened", "website_visits", "support_tickets")
_OLDEST = 120
TRANSACTION_CHECKS = (
    DUPLICATE,
    NO_CUSTOMER,
    *moment_checks("timestamp"),
    *number_checks("amount"),
)
_ODD_VALUES = (
    Check("unreadable age", "age_text IS NOT NULL AND age IS NULL", "age"),
    Check(f"age outside 0 to {_OLDEST}", f"age NOT BETWEEN 0 AND {_OLDEST}", "age"),
    Check(
        "account type other than Basic, Premium or Enterprise",
        "lower(account_type) NOT IN ('basic', 'premium', 'enterprise')",
        "account_type",
    ),
    Check(
        "unreadable signup_date",
        "signup_date_text IS NOT NULL AND signup_date IS NULL",
        "signup_date",
    ),
)


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the clean tables, empty: a table that was not given stays so.

    Amounts are exact decimals, so that no sum depends on the order of rows or on threads.
    """
    counts = ", ".join(f"{name} {AMOUNT}" for name in COUNTS)
    connection.execute(
        f"""CREATE TABLE transactions
            (customer_id VARCHAR, timestamp TIMESTAMP, amount {AMOUNT}, order_id VARCHAR);
        CREATE TABLE customers
            (customer_id VARCHAR, signup_date DATE, age DOUBLE, account_type VARCHAR);
        CREATE TABLE engagement (customer_id VARCHAR, month DATE, {counts})"""
    )


def clean_transactions(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    timezone: str,
) -> TableReport:
    """Fill `transactions`; cancellations (negative amounts) stay, to be netted per day."""
    check_rows(connection, raw, columns, timezone, drop=TRANSACTION_CHECKS)
    connection.execute(
        f"""INSERT INTO transactions SELECT customer_id, timestamp, amount, order_id
        FROM {CHECKED} WHERE reason IS NULL"""
    )
    return table_report(connection, raw, columns, TRANSACTION_CHECKS)


def clean_customers(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    timezone: str,
) -> TableReport:
    """Fill `customers`, one row each: the last row of an id wins, odd values go missing."""
    replaced = f"{sql.ROW} < max({sql.ROW}) OVER (PARTITION BY customer_id)"
    drop = [
        DUPLICATE,
        NO_CUSTOMER,
        Check("replaced by a later row of the customer", replaced, "customer_id", unreadable=False),
    ]
    check_rows(connection, raw, columns, timezone, drop=drop, blank=_ODD_VALUES)
    connection.execute(
        f"""INSERT INTO customers SELECT customer_id, CAST(signup_date AS DATE),
            CASE WHEN age BETWEEN 0 AND {_OLDEST} THEN age END,
            CASE lower(account_type) WHEN 'basic' THEN 'Basic' WHEN 'premium' THEN 'Premium'
                WHEN 'enterprise' THEN 'Enterprise' END
        FROM {CHECKED} WHERE reason IS NULL"""
    )
    return table_report(connection, raw, columns, drop, _ODD_VALUES)


def clean_engagement(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    timezone: str,
) -> TableReport:
    """Fill `engagement`, one row per customer and month: several are summed."""
    drop = [DUPLICATE, NO_CUSTOMER, *moment_checks("month")]
    for name in COUNTS:
        malformed = f"{name}_text IS NOT NULL AND {name} IS NULL"
        drop += [Check(f"unreadable {name}", malformed, name)]
        drop += [Check(f"negative {name}", f"{name} < 0", name)]
    check_rows(connection, raw, columns, timezone, drop=drop)
    sums = ", ".join(f"CAST(sum({name}) AS {AMOUNT})" for name in COUNTS)
    connection.execute(
        f"""INSERT INTO engagement SELECT customer_id, CAST(month AS DATE), {sums}
        FROM {CHECKED} WHERE reason IS NULL GROUP BY ALL"""
    )
    return table_report(connection, raw, columns, drop)
