-- Features and labels of every customer at one cut-off day: one row per customer with at least
-- one purchase on or before it, ordered by customer_id.
--
-- Parameters
--   $cutoff        DATE     the last day that may be known; everything after it is future
--   $horizon_days  INTEGER  the labels look at the days (cutoff, cutoff + horizon_days]
--
-- Tables (clean: typed, one row per customer, and one per customer and month)
--   transactions(customer_id, timestamp, amount)   timestamp on the shop's clock, amount exact
--   customers(customer_id, age, account_type)
--   engagement(customer_id, month, emails_sent, emails_opened, website_visits, support_tickets)
--
-- Standard SQL, so that it also runs where the data is. Three things to substitute there:
-- the way a parameter is written; `day_a - day_b` (PostgreSQL as here, Spark DATEDIFF(day_a, day_b),
-- Athena DATE_DIFF('day', day_b, day_a), Snowflake DATEDIFF('day', day_b, day_a)); and DOUBLE
-- (PostgreSQL: DOUBLE PRECISION).

WITH parameters AS (
    SELECT
        CAST($cutoff AS DATE) AS cutoff,
        CAST($horizon_days AS INTEGER) AS horizon_days,
        -- The month after the last whole one. A month that ends on the cut-off day is whole; one
        -- that ends later holds days of the future, so its row must not be seen.
        CAST(DATE_TRUNC('month', CAST($cutoff AS DATE) + INTERVAL '1' DAY) AS DATE) AS months_end,
        CAST(
            DATE_TRUNC('month', CAST($cutoff AS DATE) + INTERVAL '1' DAY) - INTERVAL '3' MONTH
            AS DATE
        ) AS months_start
),

-- A purchase is a customer-day: several orders on one day are one visit to the shop, as the
-- buy-till-you-die models take it, and a reversal on the same day cancels its order.
--
-- The day counts if its total is positive. It also counts if all its rows are worth nothing and
-- none is a reversal (an order paid with a voucher, a free article): the customer came and
-- ordered, and the day they first did so is when they became a customer. Only days that
-- reversals bring to nothing or less are no purchase. (In the CDNOW log eight of the 2,357
-- customers of the well-known sample have such an order as their only one by the cut-off; the
-- published summary counts them as customers.)
purchases AS (
    SELECT
        customer_id,
        CAST(timestamp AS DATE) AS day,
        SUM(amount) AS amount
    FROM transactions
    GROUP BY customer_id, CAST(timestamp AS DATE)
    HAVING SUM(amount) > 0 OR MIN(amount) >= 0
),

history AS (
    SELECT
        customer_id,
        MIN(day) AS first_day,
        MAX(day) AS last_day,
        COUNT(*) AS purchases,
        -- Exact decimals are summed before they become floating point: the order of the rows
        -- cannot change the last digit.
        CAST(SUM(amount) AS DOUBLE) AS monetary
    FROM purchases
    CROSS JOIN parameters
    WHERE day <= cutoff
    GROUP BY customer_id
),

future AS (
    SELECT
        customer_id,
        COUNT(*) AS purchases,
        CAST(SUM(amount) AS DOUBLE) AS spend
    FROM purchases
    CROSS JOIN parameters
    WHERE day > cutoff AND day - cutoff <= horizon_days
    GROUP BY customer_id
),

recent_months AS (
    SELECT
        customer_id,
        -- Only months that tell both numbers, or the rate would be of different months.
        SUM(CASE WHEN emails_opened IS NOT NULL THEN emails_sent END) AS sent,
        SUM(CASE WHEN emails_sent IS NOT NULL THEN emails_opened END) AS opened,
        CAST(SUM(website_visits) AS DOUBLE) / NULLIF(COUNT(website_visits), 0) AS visits,
        CAST(SUM(support_tickets) AS DOUBLE) AS tickets
    FROM engagement
    CROSS JOIN parameters
    WHERE month >= months_start AND month < months_end
    GROUP BY customer_id
)

SELECT
    history.customer_id,
    cutoff - first_day AS tenure_days,
    cutoff - last_day AS recency,
    -- Per 30 days; a customer of today has a tenure of one day here, not of none.
    CAST(30 * history.purchases AS DOUBLE) / GREATEST(cutoff - first_day, 1) AS frequency,
    monetary,
    CAST(age AS DOUBLE) AS age,
    account_type,
    monetary / history.purchases AS avg_purchase_amount,
    -- Mail opened this month may have been sent in the last one, so the rate could exceed 100.
    -- (LEAST would do, but engines disagree on whether it skips NULL.)
    CASE
        WHEN sent > 0 AND opened > sent THEN 100
        WHEN sent > 0 THEN 100 * CAST(opened AS DOUBLE) / CAST(sent AS DOUBLE)
    END AS email_open_rate,
    visits AS website_visits_per_month,
    tickets AS support_tickets,
    history.purchases,
    last_day - first_day AS first_to_last_days,
    CAST(first_purchase.amount AS DOUBLE) AS first_purchase_amount,
    COALESCE(future.spend, 0) AS future_spend,
    COALESCE(future.purchases, 0) AS future_purchases
FROM history
CROSS JOIN parameters
-- Exactly one row: a customer has one purchase a day.
JOIN purchases AS first_purchase
    ON first_purchase.customer_id = history.customer_id AND first_purchase.day = history.first_day
LEFT JOIN future ON future.customer_id = history.customer_id
LEFT JOIN customers ON customers.customer_id = history.customer_id
LEFT JOIN recent_months ON recent_months.customer_id = history.customer_id
ORDER BY history.customer_id
