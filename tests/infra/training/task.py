"""infra/training.yaml as CloudFormation reads it, with everything put in that is known before."""

from pathlib import Path
from typing import Any

import yaml

from tests.infra.stack.evaluation import Stack, Template

FILE = Path(__file__).parents[3] / "infra/training.yaml"
PARAMETERS = {
    "Name": "shop",
    "ModelsBucket": "models",
    "TablesBucket": "tables",
    "Schedule": "cron(0 3 ? * MON *)",
    "ImageTag": "1",
    "Topic": "arn:of:the:topic",
    "VpcId": "",
    "Subnets": "",
}

Resources = dict[str, dict[str, Any]]


class _Reader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(reader: _Reader, name: str, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            argument = reader.construct_scalar(node)
        case yaml.SequenceNode():
            argument = reader.construct_sequence(node, deep=True)
        case _:
            argument = reader.construct_mapping(node, deep=True)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": argument}


_Reader.add_multi_constructor("!", _short_form)


def template() -> Template:
    """The template, read anew."""
    # It is a safe loader, with names of functions beside.
    read: Template = yaml.load(FILE.read_text(encoding="utf-8"), Loader=_Reader)  # noqa: S506
    return read


def stack(of: Template | None = None, **parameters: str) -> Stack:
    """The stack that a choice of parameters makes."""
    return Stack("infra/training.yaml", of or template(), PARAMETERS | parameters)


def resources(of: Stack) -> Resources:
    """Its resources by name: `Type` and evaluated `Properties`."""
    return {
        name: {"Type": body["Type"], "Properties": of.value(body.get("Properties", {}))}
        for name, body in of.present()
    }


def container(of: Stack) -> dict[str, Any]:
    """The one container of its task."""
    (found,) = resources(of)["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    return dict(found)
