"""Reasons and drivers: which are told, in which order, and in which words."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.contract import RECORD_FIELDS, CustomerRecord, Driver, Reason
from foretell.manifest import Baselines
from foretell.reasons import PARTS, Customer, Fields, Seen, churn_reasons, seen, value_drivers

HORIZON = 180
WHOLE = {
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
REQUIRED = RECORD_FIELDS[:4]
SEEN = Seen(
    purchases=13,
    usual_gap=32.6,
    still_active=0.976,
    buying_rate=5.24,
    order_value=96.2,
    expected_spend=0.976 * 5.24 * 96.2,
)
TYPICAL = Baselines(
    churn_probability=0.4,
    still_active=0.5,
    buying_rate=2,
    order_value=50,
    correction=1.1,
    smallest_expected_spend=0.25,
)
NOTHING = [0.0] * len(RECORD_FIELDS)


def customer(saw: Seen = SEEN, **fields: Any) -> Customer:
    return Customer(CustomerRecord.model_validate(WHOLE | fields), saw, HORIZON)


def points(**fields: float) -> list[float]:
    """Contributions in the order of the record, of those fields."""
    return [fields.get(name, 0.0) for name in RECORD_FIELDS]


def sentence(name: str, who: Customer) -> str:
    """What is said of a field, or of a part of the expected spend."""
    if name in PARTS:
        found = value_drivers(who, NOTHING, TYPICAL)
    else:
        found = churn_reasons(who, points(**{name: 0.1}))
    (told,) = (each["sentence"] for each in found if each["name"] == name)
    assert isinstance(told, str)
    return told


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("tenure_days", 412, "First purchase 412 days ago"),
        ("tenure_days", 21.4, "First purchase 21 days ago"),
        ("tenure_days", 36_525, "First purchase 36,525 days ago"),
        ("monetary", 1240.5, "Has spent 1,240.50 so far"),
        ("monetary", 0, "Has spent 0.00 so far"),
        ("avg_purchase_amount", 95.4, "Spends 95.40 a time"),
        ("age", 44, "44 years old"),
        ("age", 44.5, "44.5 years old"),
        ("account_type", "Basic", "Has a Basic account"),
        ("account_type", "Premium", "Has a Premium account"),
        ("account_type", "Enterprise", "Has an Enterprise account"),
        ("email_open_rate", 38, "Opens 38 % of the mails"),
        ("email_open_rate", 0, "Opens 0 % of the mails"),
        ("website_visits_per_month", 0, "No website visits a month"),
        ("website_visits_per_month", 1, "1 website visit a month"),
        ("website_visits_per_month", 1.02, "1 website visit a month"),
        ("website_visits_per_month", 4.5, "4.5 website visits a month"),
        ("support_tickets", 0, "No support tickets in the last three months"),
        ("support_tickets", 1, "1 support ticket in the last three months"),
        ("support_tickets", 1200, "1,200 support tickets in the last three months"),
    ],
)
def test_a_field_that_was_sent_is_put_into_a_sentence(
    name: str, value: float | str, said: str
) -> None:
    assert sentence(name, customer(**{name: value})) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("age", "Age not known"),
        ("account_type", "Account type not known"),
        ("email_open_rate", "Share of opened mails not known"),
        ("website_visits_per_month", "Website visits not known"),
        ("support_tickets", "Support tickets not known"),
    ],
)
def test_of_a_field_that_was_left_out_it_is_said_that_it_is_not_known(name: str, said: str) -> None:
    who = customer(**{name: None})

    (found,) = churn_reasons(who, points(**{name: -0.1}))

    assert sentence(name, who) == said
    assert found["value"] is None


@pytest.mark.parametrize(
    ("recency", "purchases", "gap", "said"),
    [
        (21, 13, 32.6, "Last purchase 21 days ago; usually buys every 33 days"),
        (1, 13, 1.2, "Last purchase 1 day ago; usually buys every day"),
        (0.4, 13, 0.2, "Last purchase less than a day ago; usually buys every day"),
        (0.5, 13, 0, "Last purchase less than a day ago; usually buys every day"),
        (0, 2, 15, "Last purchase today; usually buys every 15 days"),
        (90, 1, 0, "Bought once, 90 days ago"),
        (0, 1, 0, "Bought once, today"),
        (90, 0, 0, "Last purchase 90 days ago"),
    ],
)
def test_how_long_ago_is_said_beside_what_is_usual(
    recency: float, purchases: float, gap: float, said: str
) -> None:
    saw = SEEN._replace(purchases=purchases, usual_gap=gap)

    assert sentence("recency", customer(saw, recency=recency)) == said


@pytest.mark.parametrize(
    ("tenure_days", "purchases", "said"),
    [
        (412, 13, "13 purchases in 412 days"),
        (412, 1, "1 purchase in 412 days"),
        (1, 0, "No purchases in 1 day"),
        (0.5, 1, "1 purchase in less than a day"),
        (0, 1, "1 purchase today"),
        (36_525, 1_200, "1,200 purchases in 36,525 days"),
    ],
)
def test_how_often_is_said_in_whole_purchases(
    tenure_days: float, purchases: float, said: str
) -> None:
    who = customer(SEEN._replace(purchases=purchases), tenure_days=tenure_days, recency=0)

    assert sentence("frequency", who) == said


def test_the_parts_of_the_expected_spend_are_said_with_what_was_expected() -> None:
    assert {name: sentence(name, customer()) for name in PARTS} == {
        "still_active": "98 % likely to be a customer still",
        "buying_rate": "A customer like this buys 5.2 times in 180 days, while active",
        "order_value": "Spends about 96.20 a time",
    }


@given(
    st.fixed_dictionaries(
        {name: st.floats(0, 100) for name in ("recency", "frequency", "monetary")},
        optional={
            name: st.none() | st.floats(0, 100)
            for name in RECORD_FIELDS[4:]
            if name != "account_type"
        },
    )
)
def test_whatever_was_sent_every_sentence_is_one_line_of_a_few_words(
    fields: dict[str, float | None],
) -> None:
    who = customer(tenure_days=100, **fields)

    for found in churn_reasons(who, [0.1] * len(RECORD_FIELDS)):
        assert 2 <= len(found["sentence"].split()) <= 12
        assert found["sentence"][0].isupper() or found["sentence"][0].isdigit()
        for slip in ("None", "nan", " 1 days", "every 0", " 0 days", "  "):
            assert slip not in found["sentence"]


# --- which, and in which order -----------------------------------------------------------------


def test_the_strongest_reason_is_told_first_whichever_way_it_moves() -> None:
    found = churn_reasons(customer(), points(age=0.02, recency=-0.3, monetary=0.1))

    assert [(each["name"], each["contribution"], each["direction"]) for each in found] == [
        ("recency", -0.3, "lowers"),
        ("monetary", 0.1, "raises"),
        ("age", 0.02, "raises"),
    ]
    assert [each["value"] for each in found] == [21, 1240.5, 44]


def test_what_moved_nothing_is_not_told() -> None:
    found = churn_reasons(customer(), points(age=4e-7, recency=-0.3, tenure_days=-4e-7))

    assert [each["name"] for each in found] == ["recency"]
    assert churn_reasons(customer(), NOTHING) == ()


def test_an_average_that_was_left_out_counts_for_what_it_was_worked_out_from() -> None:
    contributions = points(monetary=0.1, avg_purchase_amount=-0.3)

    sent = churn_reasons(customer(), contributions)
    left_out = churn_reasons(customer(avg_purchase_amount=None), contributions)

    assert [(each["name"], each["contribution"]) for each in sent] == [
        ("avg_purchase_amount", -0.3),
        ("monetary", 0.1),
    ]
    assert [(each["name"], each["contribution"]) for each in left_out] == [("monetary", -0.2)]
    assert contributions == points(monetary=0.1, avg_purchase_amount=-0.3)


def test_an_average_that_was_left_out_corrects_under_the_name_of_monetary_too() -> None:
    who = customer(avg_purchase_amount=None)

    found = by_name(value_drivers(who, points(monetary=0.1, avg_purchase_amount=0.1), TYPICAL))

    assert "avg_purchase_amount" not in found
    assert found["monetary"]["factor"] == pytest.approx(math.exp(0.2))


@given(st.lists(st.floats(-0.5, 0.5), min_size=len(RECORD_FIELDS), max_size=len(RECORD_FIELDS)))
def test_what_is_told_adds_up_to_what_was_contributed(contributions: list[float]) -> None:
    for who in (customer(), customer(avg_purchase_amount=None)):
        found = churn_reasons(who, contributions)

        told = [each["contribution"] for each in found]
        assert sum(told) == pytest.approx(sum(contributions), abs=1e-5)
        # As rounded two may change places by the last digit.
        assert (np.diff(np.abs(told)) < 1e-6).all()
        for each in found:
            assert Reason.model_validate(each)
            assert (each["direction"] == "raises") == (each["contribution"] > 0)


# --- lifetime value ------------------------------------------------------------------------------


def by_name(found: tuple[Fields, ...]) -> dict[str, Fields]:
    return {each["name"]: each for each in found}


def test_a_driver_is_the_factor_between_the_customer_and_the_typical_one() -> None:
    found = by_name(value_drivers(customer(), points(age=math.log(0.9)), TYPICAL))

    factors = {name: each["factor"] for name, each in found.items()}
    assert factors == {
        "still_active": pytest.approx(0.976 / 0.5),
        "buying_rate": pytest.approx(5.24 / 2),
        "order_value": pytest.approx(96.2 / 50),
        "age": pytest.approx(0.9),
    }
    assert {name: each["value"] for name, each in found.items()} == {
        "still_active": 0.976,
        "buying_rate": 5.24,
        "order_value": 96.2,
        "age": 44,
    }
    assert [each["direction"] for each in found.values()] == [
        "raises",
        "raises",
        "raises",
        "lowers",
    ]


def test_to_divide_by_ten_is_as_strong_as_to_multiply_by_ten() -> None:
    corrections = points(age=math.log(10), recency=-math.log(11), monetary=math.log(9))
    typical_himself = SEEN._replace(
        still_active=0.5, buying_rate=2.0, order_value=50.0, expected_spend=50.0
    )

    found = value_drivers(customer(typical_himself), corrections, TYPICAL)

    assert [each["name"] for each in found] == ["recency", "age", "monetary"]


amounts = st.floats(1e-6, 1e6)


@given(amounts, amounts, st.floats(0, 1e6), amounts)
def test_the_parts_multiply_to_the_spend_that_is_corrected(
    rate: float, order_value: float, expected: float, smallest: float
) -> None:
    """Also where so little is expected that the smallest amount is corrected instead."""
    saw = SEEN._replace(buying_rate=rate, order_value=order_value, expected_spend=expected)

    active, *others = saw.log_parts(smallest)

    assert others == [math.log(rate), math.log(order_value)]
    assert active + sum(others) == pytest.approx(math.log(max(expected, smallest)), abs=1e-9)


def test_whoever_surely_left_is_held_to_be_active_enough_for_the_smallest_amount() -> None:
    gone = SEEN._replace(still_active=0.0, expected_spend=0.0)

    found = by_name(value_drivers(customer(gone), NOTHING, TYPICAL))

    assert found["still_active"]["value"] == 0
    assert found["still_active"]["factor"] == pytest.approx(
        TYPICAL.smallest_expected_spend / (5.24 * 96.2) / TYPICAL.still_active, rel=1e-6
    )
    assert found["still_active"]["direction"] == "lowers"


@given(
    st.lists(st.floats(-2, 2), min_size=len(RECORD_FIELDS), max_size=len(RECORD_FIELDS)),
    st.floats(1e-3, 1e4),
)
def test_the_typical_value_times_all_factors_is_what_was_forecast(
    corrections: list[float], expected: float
) -> None:
    saw = SEEN._replace(expected_spend=expected)

    found = value_drivers(customer(saw), corrections, TYPICAL)

    forecast = max(expected, 0.25) * TYPICAL.correction * math.exp(sum(corrections))
    product = TYPICAL.typical_value * math.prod(each["factor"] for each in found)
    assert product == pytest.approx(forecast, rel=1e-5)
    for each in found:
        assert Driver.model_validate(each)


def test_what_was_seen_is_found_by_the_names_that_the_version_gives_its_columns() -> None:
    names = ("alive", "x", "expected_spend", "purchases", "mean_amount", "days_between_purchases")
    features = np.array([[0.5, 9, 80, 4, 20, 30], [0.25, 9, 8, 1, 10, 0]], np.float32)

    found = list(seen(features, np.array([[8.0], [3.2]]), names))

    assert found == [Seen(4, 30, 0.5, 8.0, 20, 80), Seen(1, 0, 0.25, 3.2, 10, 8)]
