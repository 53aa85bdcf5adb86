"""What CloudFormation makes of a stack: its parameters, conditions and references, put in.

References to resources stay references, as text: "${Buckets.Models.Arn}" is the attribute Arn of
the resource Models in the nested stack Buckets. What only AWS knows stays, too: "${AWS::Region}".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Template = dict[str, Any]

NESTED = "AWS::CloudFormation::Stack"
NOTHING = object()
# Templates cut the id out of the stack's, which has hyphens elsewhere, too.
_PSEUDO = {
    "AWS::NoValue": NOTHING,
    "AWS::StackId": (
        "arn:aws:cloudformation:eu-central-1:111122223333:stack/a-shop"
        "/1c2fa620-982a-11e3-aff7-50e2416294e0"
    ),
}
EXPRESSION = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass
class Stack:
    """One template with values for its parameters; the root's address is empty."""

    file: str
    template: Template
    given: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    parent: "Stack | None" = None
    nested: dict[str, "Stack"] = field(default_factory=dict)
    _asking: set[str] = field(default_factory=set)

    def value(self, of: Any) -> Any:
        """A value of the template with everything in it that is known put in."""
        if isinstance(of, list):
            return [found for each in of if (found := self.value(each)) is not NOTHING]
        if not isinstance(of, dict):
            return of
        if len(of) == 1:
            (name, argument), *_ = of.items()
            evaluate = _FUNCTIONS.get(name)
            if evaluate is not None and isinstance(argument, (str, list)):
                return evaluate(self, argument)
        found = {key: self.value(each) for key, each in of.items()}
        return {key: each for key, each in found.items() if each is not NOTHING}

    def ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.template.get("Parameters", {}):
            return self._once(f"parameter {name}", lambda: self._parameter(name))
        return f"${{{name}}}" if name.startswith("AWS::") else f"${{{self.address}{name}}}"

    def attribute(self, name: str, attribute: str) -> Any:
        if name in self.nested and attribute.startswith("Outputs."):
            output = attribute.removeprefix("Outputs.")
            return self.nested[name].output(output)
        return f"${{{self.address}{name}.{attribute}}}"

    def output(self, name: str) -> Any:
        if name not in self.template.get("Outputs", {}):
            return f"${{{self.address}Outputs.{name}}}"
        value = self.template["Outputs"][name]["Value"]
        return self._once(f"output {name}", lambda: self.value(value))

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by its name or as it is written, is true."""
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        ((name, argument),) = condition.items()
        match name:
            case "Condition":
                return self.holds(argument)
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(map(self.holds, argument))
            case "Fn::Or":
                return any(map(self.holds, argument))
            case "Fn::Equals":
                one, other = (_text(self.value(each)) for each in argument)
                return one == other
        raise AssertionError(f"{self.file}: {name} is no condition")

    def present(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The resources whose conditions hold."""
        for name, body in self.template["Resources"].items():
            if self.holds_for(body):
                yield name, body

    def holds_for(self, body: Mapping[str, Any]) -> bool:
        """Whether a resource or an output is there at all."""
        return "Condition" not in body or self.holds(body["Condition"])

    def _parameter(self, name: str) -> Any:
        declared = self.template["Parameters"][name]
        if name in self.given:
            given = self.given[name]
            value = self.parent.value(given) if self.parent else given
        elif "Default" in declared:
            value = declared["Default"]
        else:
            return f"${{{self.address}{name}}}"
        if declared["Type"] == "CommaDelimitedList" and isinstance(value, str):
            return value.split(",")
        return value

    def _once(self, name: str, evaluate: Any) -> Any:
        """Stacks may feed each other, where somebody made a mistake."""
        if name in self._asking:
            return f"${{{self.address}circular {name}}}"
        self._asking.add(name)
        try:
            return evaluate()
        finally:
            self._asking.discard(name)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attribute(stack: Stack, argument: Any) -> Any:
    name, _, attribute = (
        argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
    )
    return stack.attribute(name, str(stack.value(attribute)))


def _substituted(stack: Stack, argument: Any) -> str:
    text, own = (argument, {}) if isinstance(argument, str) else argument

    def put_in(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        if name in own:
            return _text(stack.value(own[name]))
        return _text(_attribute(stack, name) if "." in name else stack.ref(name))

    return EXPRESSION.sub(put_in, text)


def _chosen(stack: Stack, argument: Any) -> Any:
    condition, then, otherwise = argument
    return stack.value(then if stack.holds(condition) else otherwise)


def _selected(stack: Stack, argument: Any) -> Any:
    index, among = (stack.value(each) for each in argument)
    known = isinstance(among, list) and len(among) > int(index)
    return among[int(index)] if known else f"${{AWS::Select {index} of {_text(among)[2:-1]}}}"


def _split(stack: Stack, argument: Any) -> Any:
    separator, text = argument
    return _text(stack.value(text)).split(separator)


def _mapped(stack: Stack, argument: Any) -> Any:
    name, first, second = (stack.value(each) for each in argument[:3])
    return stack.value(stack.template["Mappings"][name][first][second])


_FUNCTIONS = {
    "Ref": lambda stack, name: stack.ref(name),
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _substituted,
    "Fn::Join": lambda stack, of: of[0].join(map(_text, stack.value(of[1]))),
    "Fn::If": _chosen,
    "Fn::Select": _selected,
    "Fn::Split": _split,
    "Fn::FindInMap": _mapped,
    "Fn::GetAZs": lambda _stack, _of: ["${AWS::Zone 1}", "${AWS::Zone 2}", "${AWS::Zone 3}"],
    "Fn::Cidr": lambda _stack, of: [f"${{AWS::Block {number}}}" for number in range(int(of[1]))],
}
