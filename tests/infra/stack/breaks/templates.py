"""A copy of the templates, to be broken: the resources as they are deployed, by file and name."""

import functools
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.infra.stack.deployment import CHOICES, Deployment, Templates, deploy, translated

Rule = Callable[[Deployment], Iterable[str]]


@dataclass(frozen=True)
class Breakable:
    templates: Templates

    def __call__(self, name: str, file: str = "template.yaml") -> dict[str, Any]:
        """The properties of a resource."""
        found: dict[str, Any] = self.body(name, file).setdefault("Properties", {})
        return found

    def body(self, name: str, file: str = "template.yaml") -> dict[str, Any]:
        """All of a resource."""
        found: dict[str, Any] = self.templates.deployed[file]["Resources"][name]
        return found

    def add(self, name: str, kind: str, file: str = "template.yaml", **properties: Any) -> None:
        resources = self.templates.deployed[file]["Resources"]
        resources[name] = {"Type": kind, "Properties": properties}

    def source(self, file: str = "template.yaml") -> dict[str, Any]:
        """A template as it is written."""
        return self.templates.sources[file]

    def buckets(self, name: str) -> dict[str, Any]:
        return self(name, "infra/buckets.yaml")

    def site(self, name: str) -> dict[str, Any]:
        return self(name, "infra/site.yaml")

    def sign_in(self, name: str) -> dict[str, Any]:
        return self(name, "infra/sign_in.yaml")

    def monitoring(self, name: str) -> dict[str, Any]:
        return self(name, "infra/monitoring.yaml")

    def training(self, name: str) -> dict[str, Any]:
        return self(name, "infra/training.yaml")

    def route(self, method: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self("Api")["Body"]["paths"][path][method]
        return found

    def statements(
        self, role: str, policy: int, file: str = "template.yaml"
    ) -> list[dict[str, Any]]:
        document = self(role, file)["Policies"][policy]["PolicyDocument"]
        found: list[dict[str, Any]] = document["Statement"]
        return found


Change = Callable[[Breakable], object]
Break = tuple[Rule, Change]


def broken(change: Change) -> Iterator[Deployment]:
    """What would be deployed after a change, with each choice of parameters."""
    for choice, stored in _stored().items():
        changed = Breakable(pickle.loads(stored))  # noqa: S301 - a quicker deepcopy
        change(changed)
        yield deploy(changed.templates, CHOICES[choice])


@functools.cache
def _stored() -> dict[str, bytes]:
    return {choice: pickle.dumps(templates) for choice, templates in translated().items()}
