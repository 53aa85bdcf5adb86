"""What needs what: CloudFormation creates no stack whose resources wait for each other."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource, listed
from tests.infra.stack.evaluation import EXPRESSION, NESTED, Stack

Named = tuple[Stack, str, str]
"""A stack, a name in it, and the attribute of it that is asked for, or nothing."""


def circular(deployment: Deployment) -> list[str]:
    """A direct S3 event on a function that may read the bucket is the classic."""
    needs = {each.address: set(_needs(each)) for each in deployment.resources}
    for each in deployment.of(NESTED):
        inside = f"{each.address}."
        needs[each.address] |= {name for name in needs if name.startswith(inside)}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        way = " needs ".join(reversed(error.args[1]))
        return [f"{way}: break the circle, with an EventBridge rule or a policy of its own"]
    return []


def naming_what_is_not_there(deployment: Deployment) -> Iterator[str]:
    """Also what a condition leaves out while something else still refers to it."""
    for stack in deployment.stacks:
        present = dict(stack.present())
        for name, value in _values(stack, present):
            for _, other, attribute in _named(stack, value):
                what = _missing(stack, present, other, attribute)
                if what:
                    yield f"{stack.file}: {name}: {what}"


def passing_what_nobody_takes(deployment: Deployment) -> Iterator[str]:
    """A nested stack gets its parameters, all it needs and nothing else."""
    for inner in (each for each in deployment.stacks if each.parent):
        declared = inner.template.get("Parameters", {})
        needed = {name for name, each in declared.items() if "Default" not in each}
        yield from [
            f"{inner.file}: the stack above gives {name}, which is no parameter here: remove it"
            for name in inner.given.keys() - declared.keys()
        ]
        yield from [
            f"{inner.file}: the stack above does not give {name}: pass it, or give it a Default"
            for name in needed - inner.given.keys()
        ]


def _values(stack: Stack, present: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the resources and the outputs of a stack are made of, as it is written."""
    for name, body in present.items():
        yield name, body.get("Properties", {})
    for name, output in stack.template.get("Outputs", {}).items():
        if stack.holds_for(output):
            yield f"output {name}", output["Value"]


def _needs(resource: Resource) -> Iterator[str]:
    for name in listed(resource.attributes.get("DependsOn")):
        yield f"{resource.stack.address}{name}"
    raw = resource.stack.template["Resources"][resource.name].get("Properties", {})
    yield from _addresses(resource.stack, raw)


def _addresses(stack: Stack, value: Any) -> Iterator[str]:
    """What a value needs, in this stack and, through its parameters, in those above."""
    for _, name, _ in _named(stack, value):
        if name in stack.template["Resources"]:
            yield f"{stack.address}{name}"
        elif stack.parent and name in stack.given:
            yield from _addresses(stack.parent, stack.given[name])


def _named(stack: Stack, value: Any) -> Iterator[Named]:
    """All that a value as it is written refers to; of an If, the branch that is taken."""
    if isinstance(value, list):
        for each in value:
            yield from _named(stack, each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _named_by(stack, key, each)


def _named_by(stack: Stack, key: str, value: Any) -> Iterator[Named]:
    match key:
        case "Ref":
            yield stack, value, ""
        case "Fn::GetAtt":
            path = value if isinstance(value, str) else ".".join(value)
            name, _, attribute = path.partition(".")
            yield stack, name, attribute
        case "Fn::Sub":
            yield from _named_in_text(stack, value)
        case "Fn::If":
            yield from _named(stack, value[1] if stack.holds(value[0]) else value[2])
        case _:
            yield from _named(stack, value)


def _named_in_text(stack: Stack, argument: Any) -> Iterator[Named]:
    text, own = (argument, {}) if isinstance(argument, str) else argument
    yield from _named(stack, own)
    for literal, expression in EXPRESSION.findall(text):
        name, _, attribute = expression.partition(".")
        if not literal and name not in own:
            yield stack, name, attribute


def _missing(stack: Stack, present: dict[str, Any], name: str, attribute: str) -> str:
    if name.startswith("AWS::") or name in stack.template.get("Parameters", {}):
        return ""
    if name not in present:
        left_out = name in stack.template["Resources"]
        return (
            f"refers to {name}, which its condition leaves out: put an Fn::If around it"
            if left_out
            else f"refers to {name}, which is nowhere"
        )
    if name in stack.nested and attribute.startswith("Outputs."):
        inner, output = stack.nested[name], attribute.removeprefix("Outputs.")
        declared = inner.template.get("Outputs", {}).get(output)
        if declared is None or not inner.holds_for(declared):
            return f"refers to {name}.{attribute}, but {inner.file} has no such output"
    return ""


RULES = (circular, naming_what_is_not_there, passing_what_nobody_takes)
