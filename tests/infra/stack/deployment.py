"""The whole deployment: the root template and all nested in it, as one set of resources."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.stack.evaluation import NESTED, Stack, Template

ROOT = Path(__file__).parents[3]
CLOUD_PYTHON = Path(sys.prefix) / "cloud/bin/python"
FILES = ("template.yaml", *sorted(f"infra/{path.name}" for path in (ROOT / "infra").glob("*.yaml")))
CHOICES: Mapping[str, Mapping[str, Any]] = {
    "as_it_is": {},
    "with_all_there_is": {
        "AlarmEmail": "somebody@example.com",
        "AllowedOrigins": "https://one.example.com,https://two.example.com",
        "Architecture": "arm64",
        "Currency": "EUR",
        "MonthlyBudget": 50,
        "SiteCertificate": "arn:aws:acm:us-east-1:111122223333:certificate/0",
        "SiteDomain": "customers.example.com",
        "TrainingOptions": "--horizon-days=90",
        "TrainingSchedule": "rate(7 days)",
        "TrainingTables": "transactions+customers+engagement",
    },
    "with_an_issuer_of_ones_own": {
        "BatchConcurrency": 0,
        "OidcAudience": "one,two",
        "OidcIssuer": "https://login.example.com/tenant",
        "PredictScope": "predict",
        "SnapStart": "None",
        "TrainingSchedule": "cron(0 3 ? * MON *)",
        "TrainingSubnets": "subnet-1,subnet-2",
        "TrainingVpc": "vpc-1",
        "UploadScope": "upload",
    },
}
"""What can be chosen when deploying, as far as it changes what is deployed."""
_REFERENCE = re.compile(r"\$\{(?!AWS::)([^}]+)\}")


@dataclass(frozen=True)
class Resource:
    """One resource, with everything put in that is known before it is deployed."""

    stack: Stack
    name: str
    type: str
    properties: dict[str, Any]
    attributes: dict[str, Any]
    """What stands beside its properties: DeletionPolicy, DependsOn, Metadata."""

    @property
    def address(self) -> str:
        return f"{self.stack.address}{self.name}"

    def finding(self, what: str) -> str:
        return f"{self.stack.file}: {self.name} ({self.type}): {what}"

    def is_named_in(self, value: Any) -> bool:
        return self.address in set(references(value))


@dataclass(frozen=True)
class Deployment:
    """What is deployed with one choice of parameters."""

    stacks: tuple[Stack, ...]
    resources: tuple[Resource, ...]
    sources: Mapping[str, Template]
    """The templates as they are written, by file."""

    @property
    def root(self) -> str:
        return self.stacks[0].file

    def of(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type in types)

    def at(self, address: str) -> Resource | None:
        return next((each for each in self.resources if each.address == address), None)

    def named_in(self, value: Any) -> Resource | None:
        """The first resource that a value refers to."""
        return next((found for name in references(value) if (found := self.at(name))), None)

    def role_of(self, resource: Resource, key: str = "Role") -> Resource | None:
        return self.named_in(resource.properties.get(key, ""))


def references(value: Any) -> Iterator[str]:
    """Addresses of the resources that an evaluated value names."""
    for text in texts(value):
        for name in _REFERENCE.findall(text):
            # ${Buckets.Models.Arn} names the resource Buckets.Models; ${Api} one in the root.
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from texts(each)


def listed(value: Any) -> list[Any]:
    """Many properties take one value or a list of them."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Templates:
    """All templates by file: as they are written, and as the SAM translator deploys them."""

    sources: dict[str, Template]
    deployed: dict[str, Template]

    @classmethod
    def of(cls, told: Mapping[str, dict[str, Template]]) -> "Templates":
        """From what `translate` told of each file."""
        return cls(
            {file: each["source"] for file, each in told.items()},
            {file: each["deployed"] for file, each in told.items()},
        )


def deploy(
    templates: Templates,
    parameters: Mapping[str, Any] | None = None,
    root: str = "template.yaml",
) -> Deployment:
    """What the templates deploy, the nested ones from where the root refers to them."""
    stacks = tuple(
        _stacks(Stack(root, templates.deployed[root], parameters or {}), templates.deployed)
    )
    resources = tuple(found for stack in stacks for found in _resources(stack))
    return Deployment(stacks, resources, templates.sources)


def _stacks(stack: Stack, templates: Mapping[str, Template]) -> Iterator[Stack]:
    yield stack
    for name, body in stack.present():
        if body["Type"] == NESTED:
            file = body["Properties"]["TemplateURL"].removeprefix("./")
            given = body["Properties"].get("Parameters", {})
            inner = Stack(file, templates[file], given, f"{stack.address}{name}.", stack)
            stack.nested[name] = inner
            yield from _stacks(inner, templates)


def _resources(stack: Stack) -> Iterator[Resource]:
    for name, body in stack.present():
        attributes = {key: each for key, each in body.items() if key not in {"Type", "Properties"}}
        properties = stack.value(body.get("Properties", {}))
        yield Resource(stack, name, body["Type"], properties, attributes)


@cache
def translated() -> Mapping[str, Templates]:
    """All templates of the repository, for each choice of parameters."""
    asked = [
        {"template": str(ROOT / file), "parameters": parameters}
        for parameters in CHOICES.values()
        for file in FILES
    ]
    told = iter(translate(asked))
    return {choice: Templates.of({file: next(told) for file in FILES}) for choice in CHOICES}


def translate(asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Template]]:
    """Templates through the SAM translator of `make cloud`; see translate.py."""
    assert CLOUD_PYTHON.exists(), f"{CLOUD_PYTHON} is missing: run `make cloud`"
    told = subprocess.run(
        [str(CLOUD_PYTHON), str(Path(__file__).with_name("translate.py"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    found: list[dict[str, Template]] = json.loads(told.stdout)
    return found
