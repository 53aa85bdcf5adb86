"""The deployed stack: what no test on this machine would show is read from its templates.

Every template goes through the SAM translator, as it does when it is deployed; the rules are tried
on what comes of it with each choice of parameters, and on templates that were broken on purpose.
"""

import functools

import pytest

from tests.infra.stack.breaks import BREAKS
from tests.infra.stack.breaks.templates import Change, broken
from tests.infra.stack.deployment import CHOICES, Deployment, deploy, translated
from tests.infra.stack.rules import RULES, Rule


@functools.cache
def deployments() -> tuple[Deployment, ...]:
    return tuple(deploy(templates, CHOICES[choice]) for choice, templates in translated().items())


@functools.cache
def findings(rule: Rule) -> frozenset[str]:
    return frozenset(found for deployment in deployments() for found in rule(deployment))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_deployed_stack_keeps_the_rule(rule: Rule) -> None:
    assert findings(rule) == frozenset()


@pytest.mark.parametrize(
    ("rule", "change"), BREAKS, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(BREAKS)]
)
def test_a_stack_that_breaks_the_rule_is_found(rule: Rule, change: Change) -> None:
    assert any(set(rule(deployment)) - findings(rule) for deployment in broken(change))


def test_every_rule_is_tried() -> None:
    assert {rule for rule, _ in BREAKS} == set(RULES)


def test_every_condition_is_tried_both_ways() -> None:
    tried: dict[str, set[bool]] = {}
    for deployment in deployments():
        for stack in deployment.stacks:
            for name in stack.template.get("Conditions", {}):
                tried.setdefault(f"{stack.file}: {name}", set()).add(stack.holds(name))

    assert [name for name, held in tried.items() if held != {True, False}] == []


def test_what_is_chosen_are_parameters() -> None:
    declared = deployments()[0].stacks[0].template["Parameters"]

    assert {name for choice in CHOICES.values() for name in choice} <= declared.keys()
