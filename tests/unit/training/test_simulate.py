"""The simulated shop: what it promises to those who train on it and check against its truth."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import InputError
from training.simulate import Shop, describe, expected_spend, simulate, write

END = date(2025, 12, 31)
FILES = ["customers.csv", "engagement.csv", "transactions.csv", "truth.csv"]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(customers=20_000, seed=7)


@pytest.fixture(scope="module")
def orders(shop: Shop) -> pd.DataFrame:
    """Orders of known customers beside their truth, duplicates removed."""
    rows = shop.transactions.drop_duplicates().dropna(subset=["customer_id"])
    return rows[rows["amount"] > 0].merge(shop.truth, on="customer_id")


@pytest.fixture(scope="module")
def months(shop: Shop) -> pd.DataFrame:
    """Engagement beside the truth, with the age of each month relative to leaving."""
    table = shop.engagement.merge(shop.truth, on="customer_id")
    table["days_to_drop_out"] = (table["drop_out_date"] - table["month"]).dt.days
    return table


def _net_spend(shop: Shop, start: date, end: date) -> pd.Series:
    rows = shop.transactions.drop_duplicates()
    day = rows["timestamp"].dt.normalize()
    within = rows[day.between(pd.Timestamp(start), pd.Timestamp(end))]
    spend = within.groupby("customer_id")["amount"].sum()
    return spend.reindex(shop.truth["customer_id"], fill_value=0.0)


class TestReproducibility:
    def test_the_same_seed_writes_the_same_bytes(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            write(simulate(300, seed=3), tmp_path / folder)

        for file in FILES:
            first, second = ((tmp_path / f / file).read_bytes() for f in ("one", "two"))
            assert first == second, file

    def test_another_seed_gives_another_shop(self) -> None:
        one, two = simulate(300, seed=3), simulate(300, seed=4)

        for table in ("transactions", "customers", "engagement", "truth"):
            assert not getattr(one, table).equals(getattr(two, table)), table


class TestShape:
    def test_it_has_the_tables_and_columns_of_the_contract(self, shop: Shop) -> None:
        assert list(shop.transactions) == ["customer_id", "timestamp", "amount", "order_id"]
        assert list(shop.customers) == ["customer_id", "signup_date", "age", "account_type"]
        assert list(shop.engagement) == [
            "customer_id",
            "month",
            "emails_sent",
            "emails_opened",
            "website_visits",
            "support_tickets",
        ]
        assert shop.customers["customer_id"].iloc[122] == "C000123"

    def test_a_few_customers_carry_most_of_the_revenue(self, shop: Shop) -> None:
        assert 0.60 <= describe(shop).top_fifth_share <= 0.75

    def test_about_half_of_those_who_bought_are_quiet_for_180_days(self, shop: Shop) -> None:
        assert 0.40 <= describe(shop).quiet <= 0.65

    def test_sign_ups_grow_from_year_to_year(self, shop: Shop) -> None:
        per_year = shop.customers.groupby(shop.customers["signup_date"].dt.year).size()

        assert per_year.index.tolist() == [2023, 2024, 2025]
        assert per_year.is_monotonic_increasing

    def test_the_latest_sign_ups_may_not_have_bought_yet(self, shop: Shop) -> None:
        waiting = shop.truth["first_purchase_date"].isna()

        assert waiting.any()
        assert (shop.customers["signup_date"][waiting] > pd.Timestamp(END - timedelta(15))).all()
        assert shop.truth["drop_out_date"][waiting].isna().all()

    def test_enterprise_orders_are_worth_more(self, shop: Shop, orders: pd.DataFrame) -> None:
        value = orders.merge(shop.customers, on="customer_id").groupby("account_type")["amount"]

        assert value.median()["Basic"] < value.median()["Premium"] < value.median()["Enterprise"]

    def test_the_shop_is_busy_in_the_evening_and_asleep_at_night(
        self, orders: pd.DataFrame
    ) -> None:
        hour = orders["timestamp"].dt.hour

        assert hour.between(18, 21).mean() > 10 * hour.between(1, 4).mean()


class TestGapsAndDirt:
    def test_missing_values_are_near_their_rates(self, shop: Shop) -> None:
        missing = shop.customers.isna().mean()

        assert missing["age"] == pytest.approx(0.08, abs=0.01)
        assert missing["account_type"] == pytest.approx(0.03, abs=0.01)
        assert missing[["customer_id", "signup_date"]].eq(0).all()

    def test_some_months_have_no_engagement_row(self, shop: Shop) -> None:
        signed_up = shop.customers["signup_date"].dt.to_period("M")
        expected = sum((pd.Period(END, "M") - month).n + 1 for month in signed_up)

        assert len(shop.engagement) / expected == pytest.approx(0.96, abs=0.005)
        assert not shop.engagement.duplicated(["customer_id", "month"]).any()

    def test_the_unsubscribed_are_sent_nothing(self, shop: Shop) -> None:
        sent = shop.engagement.groupby("customer_id")["emails_sent"].agg(["sum", "size"])
        long_known = sent[sent["size"] >= 6]

        assert (long_known["sum"] == 0).mean() == pytest.approx(0.12, abs=0.015)

    def test_half_a_percent_of_the_orders_are_guests(self, shop: Shop) -> None:
        assert describe(shop).guests == pytest.approx(0.005, abs=0.001)

    def test_one_row_in_a_thousand_is_an_exact_duplicate(self, shop: Shop) -> None:
        assert shop.transactions.duplicated().mean() == pytest.approx(0.001, abs=0.0005)

    def test_returns_come_within_two_weeks_and_leave_nothing_of_their_order(
        self, shop: Shop
    ) -> None:
        rows = shop.transactions.drop_duplicates()
        back = rows[rows["amount"] < 0]
        pairs = back.merge(rows[rows["amount"] > 0], on="order_id", suffixes=("_back", ""))
        lag = pairs["timestamp_back"] - pairs["timestamp"]

        assert len(back) / len(rows) == pytest.approx(0.04, abs=0.005)
        assert len(pairs) == len(back)
        assert pairs["customer_id_back"].equals(pairs["customer_id"])
        assert (pairs["amount_back"] + pairs["amount"] == 0).all()
        assert lag.between(pd.Timedelta(0), pd.Timedelta(days=15)).all()


class TestBuying:
    def test_still_active_customers_buy_at_their_true_rate(
        self, shop: Shop, orders: pd.DataFrame
    ) -> None:
        # Given customers who had been there all the last year: seasons cancel out.
        start = pd.Timestamp(2025, 1, 1)
        stays = shop.truth["drop_out_date"].isna() & (shop.truth["first_purchase_date"] < start)
        expected = shop.truth["purchases_per_30_days"][stays].sum() * 365 / 30

        realised = orders["drop_out_date"].isna() & (orders["first_purchase_date"] < start)

        assert (realised & (orders["timestamp"] >= start)).sum() == pytest.approx(
            expected, rel=0.05
        )

    def test_mean_order_values_are_true(self, orders: pd.DataFrame) -> None:
        assert orders["amount"].mean() == pytest.approx(orders["mean_order_value"].mean(), rel=0.01)

    def test_december_is_busier_than_february(self, orders: pd.DataFrame) -> None:
        # Given one fixed set of customers, so that growth plays no part.
        active = (orders["first_purchase_date"] < "2025-02-01") & orders["drop_out_date"].isna()
        day = orders["timestamp"][active].dt.normalize()

        december = day.between("2025-12-01", "2025-12-28").sum()
        assert december > 1.3 * day.between("2025-02-01", "2025-02-28").sum()

    def test_one_time_buyers_buy_once(self, shop: Shop, orders: pd.DataFrame) -> None:
        once = orders[orders["one_time_buyer"]].groupby("customer_id").size()

        assert shop.truth["one_time_buyer"].mean() == pytest.approx(0.14, abs=0.01)
        assert (once == 1).all()


class TestLeaving:
    def test_engagement_sinks_in_the_two_months_before_leaving(self, months: pd.DataFrame) -> None:
        left = months[~months["one_time_buyer"]]
        # The last two whole months, which start 31 to 92 days before leaving.
        late = left[left["days_to_drop_out"].between(31, 92)].groupby("customer_id")
        early = left[left["days_to_drop_out"] > 120].groupby("customer_id")

        for activity in ("website_visits", "emails_opened"):
            pairs = pd.concat([early[activity].mean(), late[activity].mean()], axis=1).dropna()
            before, last = pairs.mean()
            assert len(pairs) > 1_000
            assert last < 0.85 * before, activity

    def test_next_to_nothing_is_left_after_leaving(self, months: pd.DataFrame) -> None:
        left = months[~months["one_time_buyer"]]
        after = left[left["days_to_drop_out"] < 0].groupby("customer_id")["website_visits"]
        early = left[left["days_to_drop_out"] > 120].groupby("customer_id")["website_visits"]
        pairs = pd.concat([early.mean(), after.mean()], axis=1).dropna()

        assert pairs.iloc[:, 1].mean() < 0.1 * pairs.iloc[:, 0].mean()

    def test_customers_with_tickets_leave_sooner(self, months: pd.DataFrame) -> None:
        # Given customers alive at the start of July 2025 (so that living long does not count as
        # writing many tickets), split by the tickets of May and June.
        alive = months[
            (months["first_purchase_date"] < "2025-05-01")
            & ~(months["drop_out_date"] < "2025-07-01")
        ]
        recent = alive[alive["month"].between("2025-05-01", "2025-06-01")]
        tickets = recent.groupby("customer_id")["support_tickets"].sum()
        left = recent.groupby("customer_id")["drop_out_date"].first() < "2025-10-01"

        assert left[tickets > 0].mean() > 1.4 * left[tickets == 0].mean()
        assert left[tickets > 0].mean() < 0.9  # and nothing is certain

    def test_nobody_writes_tickets_after_leaving(self, months: pd.DataFrame) -> None:
        assert (months["support_tickets"][months["days_to_drop_out"] <= 0] == 0).all()


class TestExpectedSpend:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (date(2025, 7, 5), END),
            (date(2024, 1, 1), date(2024, 6, 30)),
            (date(2023, 1, 1), END),
        ],
    )
    def test_it_agrees_with_what_customers_spend_in_the_large(
        self, shop: Shop, start: date, end: date
    ) -> None:
        expected = expected_spend(shop.truth, start, end)

        assert expected.index.tolist() == shop.truth["customer_id"].tolist()
        # Closer than the promised 5 %, or forgetting the 4 % of returns would pass.
        assert _net_spend(shop, start, end).sum() == pytest.approx(expected.sum(), rel=0.025)

    def test_it_agrees_within_every_fifth_of_the_customers(self, shop: Shop) -> None:
        window = (date(2025, 1, 1), END)
        expected = expected_spend(shop.truth, *window)
        spends = expected > 0
        fifth = pd.qcut(expected[spends], 5, labels=False)

        realised = _net_spend(shop, *window)[spends].groupby(fifth).sum()

        assert realised.to_numpy() == pytest.approx(
            expected[spends].groupby(fifth).sum().to_numpy(), rel=0.08
        )

    def test_whoever_has_left_or_not_come_spends_nothing(self, shop: Shop) -> None:
        window = (date(2025, 1, 1), date(2025, 3, 31))
        left = shop.truth["drop_out_date"] <= "2025-01-01"
        # A missing first purchase compares as False: those customers have not come either.
        come = shop.truth["first_purchase_date"] <= "2025-03-31"

        expected = expected_spend(shop.truth, *window).to_numpy()

        assert (expected[left | ~come] == 0).all()
        assert (expected[~left & come] > 0).all()

    def test_a_one_time_buyer_spends_one_order_net_of_returns(self, shop: Shop) -> None:
        once = shop.truth[shop.truth["one_time_buyer"] & shop.truth["drop_out_date"].notna()]

        expected = expected_spend(once, date(2023, 1, 1), END)

        assert expected.to_numpy() == pytest.approx(0.96 * once["mean_order_value"].to_numpy())

    def test_adjoining_windows_add_up(self, shop: Shop) -> None:
        winter = expected_spend(shop.truth, date(2024, 1, 1), date(2024, 2, 29))
        rest = expected_spend(shop.truth, date(2024, 3, 1), date(2024, 12, 31))

        year = expected_spend(shop.truth, date(2024, 1, 1), date(2024, 12, 31))

        pd.testing.assert_series_equal(winter + rest, year)

    def test_it_reads_the_truth_back_from_its_file(self, tmp_path: Path) -> None:
        shop = simulate(200, seed=5)
        write(shop, tmp_path)

        read = expected_spend(pd.read_csv(tmp_path / "truth.csv"), date(2025, 1, 1), END)

        assert read.to_numpy() == pytest.approx(
            expected_spend(shop.truth, date(2025, 1, 1), END).to_numpy()
        )

    def test_a_window_that_ends_before_it_starts_is_refused(self, shop: Shop) -> None:
        with pytest.raises(InputError, match="before it starts"):
            expected_spend(shop.truth, END, date(2025, 1, 1))


class TestAnySeedAndSize:
    @settings(max_examples=60, deadline=None)
    @given(
        customers=st.integers(1, 60),
        seed=st.integers(0, 2**64),
        days=st.integers(90, 900),
        end=st.dates(date(2000, 1, 1), date(2035, 12, 31)),
    )
    def test_structure_holds(self, customers: int, seed: int, days: int, end: date) -> None:
        shop = simulate(customers, seed, end, days)

        start = end - timedelta(days=days - 1)
        _check_customers(shop, customers, start, end)
        _check_orders(shop, start, end)
        _check_engagement(shop)
        summary = describe(shop)
        assert summary.buyers <= summary.customers == customers
        shares = [summary.top_fifth_share, summary.bought_once, summary.active, summary.quiet]
        assert all(0 <= share <= 1 for share in [*shares, summary.returned, summary.guests])
        assert (expected_spend(shop.truth, start, end) >= 0).all()


def _check_customers(shop: Shop, customers: int, start: date, end: date) -> None:
    truth = shop.truth
    assert len(shop.customers) == customers
    assert shop.customers["customer_id"].is_unique
    assert truth["customer_id"].equals(shop.customers["customer_id"])
    assert shop.customers["signup_date"].between(pd.Timestamp(start), pd.Timestamp(end)).all()
    lag = (truth["first_purchase_date"] - shop.customers["signup_date"]).dt.days.dropna()
    assert lag.between(0, 14).all()
    lived = (truth["drop_out_date"] - truth["first_purchase_date"]).dt.days
    assert (lived[truth["drop_out_date"].notna()] >= 1).all()
    assert (lived[truth["one_time_buyer"]].dropna() == 1).all()
    assert not (truth["drop_out_date"] > pd.Timestamp(end)).any()


def _check_orders(shop: Shop, start: date, end: date) -> None:
    rows = shop.transactions
    assert rows["timestamp"].is_monotonic_increasing
    assert (rows["amount"] == rows["amount"].round(2)).all()
    day = rows["timestamp"].dt.normalize()
    assert day.between(pd.Timestamp(start), pd.Timestamp(end)).all()
    known = rows.merge(shop.truth, on="customer_id")
    day = known["timestamp"].dt.normalize()
    assert (day >= known["first_purchase_date"]).all()
    assert not ((day >= known["drop_out_date"]) & (known["amount"] > 0)).any()
    bought = shop.truth["first_purchase_date"].notna()
    firsts = known[known["amount"] > 0].groupby("customer_id")["timestamp"].min().dt.normalize()
    expected = shop.truth[bought].set_index("customer_id")["first_purchase_date"]
    assert firsts.sort_index().tolist() == expected.sort_index().tolist()


def _check_engagement(shop: Shop) -> None:
    table = shop.engagement
    counts = table.drop(columns=["customer_id", "month"])
    assert (counts >= 0).all(axis=None)
    assert (table["emails_opened"] <= table["emails_sent"]).all()
    assert (table["month"].dt.day == 1).all()
    assert not table.duplicated(["customer_id", "month"]).any()


class TestSettings:
    @pytest.mark.parametrize("customers", [0, -5])
    def test_a_shop_needs_a_customer(self, customers: int) -> None:
        with pytest.raises(InputError, match=f"--customers is {customers}"):
            simulate(customers, seed=1)

    @pytest.mark.parametrize("days", [89, -1, 10**7])
    def test_a_window_too_short_or_too_long_is_refused(self, days: int) -> None:
        with pytest.raises(InputError, match=f"--days is {days}"):
            simulate(10, seed=1, days=days)

    def test_a_negative_seed_is_refused(self) -> None:
        with pytest.raises(InputError, match="--seed is -1"):
            simulate(10, seed=-1)


class TestWriting:
    def test_the_four_files_are_written_and_nothing_else(self, tmp_path: Path) -> None:
        write(simulate(50, seed=1), tmp_path / "a" / "shop")

        assert sorted(p.name for p in (tmp_path / "a" / "shop").iterdir()) == FILES

    def test_the_files_read_back_as_the_tables(self, tmp_path: Path) -> None:
        shop = simulate(200, seed=1)
        write(shop, tmp_path)

        dates = {"transactions": ["timestamp"], "customers": ["signup_date"]}
        for name, columns in dates.items():
            read = pd.read_csv(tmp_path / f"{name}.csv", parse_dates=columns)
            pd.testing.assert_frame_equal(read, getattr(shop, name), check_dtype=False)

    def test_timestamps_are_iso_8601_with_seconds_and_amounts_in_cents(
        self, tmp_path: Path
    ) -> None:
        write(simulate(50, seed=1), tmp_path)

        rows = pd.read_csv(tmp_path / "transactions.csv", dtype=str)
        assert rows["timestamp"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d").all()
        assert rows["amount"].str.fullmatch(r"-?\d+\.\d\d").all()

    def test_an_earlier_shop_is_overwritten(self, tmp_path: Path) -> None:
        write(simulate(50, seed=1), tmp_path)
        write(simulate(10, seed=2), tmp_path)

        assert len(pd.read_csv(tmp_path / "customers.csv")) == 10

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_a_file_where_the_folder_should_be_is_refused(self, tmp_path: Path, below: str) -> None:
        (tmp_path / "shop").write_text("mine")

        with pytest.raises(InputError, match="is not a folder"):
            write(simulate(10, seed=1), tmp_path / "shop" / below)

        assert (tmp_path / "shop").read_text() == "mine"

    def test_what_cannot_be_replaced_is_refused_and_leaves_no_parts(self, tmp_path: Path) -> None:
        # Given a folder in the place of one of the files.
        (tmp_path / "truth.csv").mkdir()

        with pytest.raises(InputError, match="cannot write the tables"):
            write(simulate(10, seed=1), tmp_path)

        assert not list(tmp_path.glob(".*"))


class TestDescribe:
    def test_a_small_shop_by_hand(self) -> None:
        def row(customer: str | None, day: str, amount: float, order: str) -> dict[str, object]:
            moment = pd.Timestamp(f"{day}T12:00:00")
            return {
                "customer_id": customer,
                "timestamp": moment,
                "amount": amount,
                "order_id": order,
            }

        # Given two buyers among three customers, a return, a duplicate and a guest.
        duplicate = row("A", "2025-01-01", 10.0, "1")
        log = [
            duplicate,
            duplicate,
            row("B", "2025-02-01", 90.0, "2"),
            row("A", "2025-09-01", 20.0, "3"),
            row("A", "2025-09-03", -20.0, "3"),
            row(None, "2025-09-04", 5.0, "4"),
        ]
        truth = pd.DataFrame({"drop_out_date": [pd.NaT, pd.Timestamp(2025, 2, 2), pd.NaT]})
        customers = pd.DataFrame({"customer_id": ["A", "B", "C"]})
        shop = Shop(pd.DataFrame(log), customers, pd.DataFrame(), truth)

        summary = describe(shop)

        assert (summary.customers, summary.buyers, summary.orders) == (3, 2, 4)
        assert (summary.first_order, summary.last_order) == (date(2025, 1, 1), date(2025, 9, 4))
        assert summary.revenue == 105.0
        assert summary.top_fifth_share == pytest.approx(0.9)
        assert summary.bought_once == summary.quiet == 0.5
        assert summary.active == pytest.approx(2 / 3)
        assert summary.returned == summary.guests == 0.25
