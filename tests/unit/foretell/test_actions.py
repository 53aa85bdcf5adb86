"""The table of actions: everybody is recommended something, and it depends on all three."""

from itertools import product
from typing import get_args

import pytest

from foretell.actions import AT_MOST, TABLE, ActionRule, recommended
from foretell.contract import RiskCategory, ValueTier
from foretell.personas import PROFILES

PERSONAS = tuple(profile.name for profile in PROFILES)
RISKS: tuple[RiskCategory, ...] = get_args(RiskCategory)
TIERS: tuple[ValueTier, ...] = get_args(ValueTier)


@pytest.mark.parametrize("persona", PERSONAS)
def test_whoever_is_known_in_full_is_recommended_one_to_three_different_actions(
    persona: str,
) -> None:
    for risk, tier in product(RISKS, TIERS):
        found = recommended(TABLE, persona, risk, tier)

        assert 1 <= len(found) <= AT_MOST == 3, (risk, tier)
        assert len(set(found)) == len(found), (risk, tier)


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_persona_alone_calls_for_at_least_two_actions_of_its_own(persona: str) -> None:
    found = recommended(TABLE, persona)

    assert 2 <= len(found) <= AT_MOST
    for other in PERSONAS:
        assert other == persona or not set(found) & set(recommended(TABLE, other))


def test_what_names_risks_or_tiers_waits_until_they_are_known() -> None:
    table = (
        ActionRule(action="of a risk", risks=("Low Risk",)),
        ActionRule(action="of a tier", tiers=("Top Value",)),
        ActionRule(action="of both", risks=("Low Risk",), tiers=("Top Value",)),
        ActionRule(action="of anybody"),
    )

    assert recommended(table, "Dormant") == ("of anybody",)
    assert recommended(table, "Dormant", risk="Low Risk") == ("of a risk", "of anybody")
    assert recommended(table, "Dormant", tier="Top Value") == ("of a tier", "of anybody")
    assert recommended(table, "Dormant", "Low Risk", "Top Value") == (
        "of a risk",
        "of a tier",
        "of both",
    )
    assert recommended(table, "Dormant", "High Risk", "Top Value") == ("of a tier", "of anybody")


def test_the_first_three_rows_that_apply_are_recommended_in_their_order() -> None:
    rows = [ActionRule(action=name) for name in "edcba"]
    rows.insert(1, ActionRule(action="another persona's", personas=("Dormant",)))

    assert recommended(rows, "At-Risk") == ("e", "d", "c")
    assert recommended(rows[::-1], "At-Risk") == ("a", "b", "c")
    assert recommended((), "At-Risk") == ()


def test_the_table_names_no_persona_that_there_is_not() -> None:
    assert {persona for row in TABLE for persona in row.personas} == set(PERSONAS)


def test_every_row_of_the_table_is_recommended_to_somebody() -> None:
    told = {
        action
        for persona, risk, tier in product(PERSONAS, RISKS, TIERS)
        for action in recommended(TABLE, persona, risk, tier)
    }

    assert len({row.action for row in TABLE}) == len(TABLE)
    assert told == {row.action for row in TABLE}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Loyal Regulars", "Low Risk", "Low Value"), ("Dormant", "Low Risk", "Low Value")),
        (("At-Risk", "Low Risk", "Top Value"), ("At-Risk", "Critical Risk", "Top Value")),
        (("At-Risk", "High Risk", "Low Value"), ("At-Risk", "High Risk", "Medium Value")),
        (("Dormant", "Critical Risk", "Low Value"), ("Dormant", "Critical Risk", "High Value")),
    ],
    ids=["the persona", "the risk", "the tier", "what is at stake"],
)
def test_another_first_action_follows_from(
    one: tuple[str, RiskCategory, ValueTier], other: tuple[str, RiskCategory, ValueTier]
) -> None:
    assert recommended(TABLE, *one)[0] != recommended(TABLE, *other)[0]


@pytest.mark.parametrize("persona", PERSONAS)
def test_for_every_persona_the_risk_and_the_tier_count(persona: str) -> None:
    by_risk = {recommended(TABLE, persona, risk, "Top Value") for risk in RISKS}
    by_tier = {recommended(TABLE, persona, "High Risk", tier) for tier in TIERS}

    assert len(by_risk) > 1
    assert len(by_tier) == len(TIERS)


def test_nobody_calls_a_customer_who_is_neither_leaving_nor_worth_much() -> None:
    calls = {row.action for row in TABLE if row.action.startswith("Call")}

    assert calls
    for persona, risk, tier in product(PERSONAS, RISKS, TIERS):
        at_stake = risk in {"High Risk", "Critical Risk"} and tier == "Top Value"
        assert bool(calls & set(recommended(TABLE, persona, risk, tier))) == at_stake
