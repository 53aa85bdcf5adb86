"""Templates as CloudFormation hands them out: JSON from SAM, YAML from a person."""

from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads past CloudFormation's own tags, such as !Ref: what they stand for is not asked here."""


_Loader.add_multi_constructor("!", lambda *_: None)


def deletion_policies(template: str | Mapping[str, Any]) -> dict[str, str]:
    """What becomes of each resource that says so when its stack is deleted, by logical id."""
    document = yaml.load(template, _Loader) if isinstance(template, str) else template  # noqa: S506
    return {
        logical: said["DeletionPolicy"]
        for logical, said in document["Resources"].items()
        if "DeletionPolicy" in said
    }
