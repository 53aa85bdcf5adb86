"""A deployed stack: what it says of itself, and what stays of it when it is deleted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from infra.cloud.errors import StackNotReadable


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def output(self, name: str) -> str:
        """An output that every Foretell stack has.

        Raises:
            StackNotReadable: this one has not.
        """
        if not self.outputs.get(name):
            raise StackNotReadable(
                f"the stack {self.name} has no output {name}: is it one of Foretell's, and is its"
                " deployment complete? Deploy it anew"
            )
        return self.outputs[name]

    def optional(self, name: str) -> str | None:
        """An output that a stack may do without."""
        return self.outputs.get(name) or None

    def reserved(self, parameter: str) -> int:
        """A parameter that counts executions; 0 where it is not set."""
        said = self.parameters.get(parameter, "0")
        return int(said) if said.isdigit() else 0


@dataclass(frozen=True)
class Resource:
    """Something that belongs to a stack, or to one nested in it."""

    logical_id: str
    type: str
    physical_id: str
    retained: bool
    """Whether it outlives the stack."""


_DELETED_BY: Final[Mapping[str, str]] = {
    "AWS::S3::Bucket": ".venv/bin/python -m infra.cloud delete-bucket {id}",
    "AWS::Logs::LogGroup": "aws logs delete-log-group --log-group-name {id}",
    "AWS::Cognito::UserPool": "aws cognito-idp delete-user-pool --user-pool-id {id}",
    "AWS::ECR::Repository": "aws ecr delete-repository --force --repository-name {id}",
    "AWS::KMS::Key": "aws kms schedule-key-deletion --key-id {id}",
}
_LAYER: Final = "AWS::Lambda::LayerVersion"
_GONE_WITH_ITS_FUNCTION: Final = "AWS::Lambda::Version"


def kept(resources: Iterable[Resource]) -> list[Resource]:
    """What stays after the stack is deleted, and can be found there."""
    return [
        resource
        for resource in resources
        # A version is marked as retained, but goes with its function.
        if resource.retained and resource.type != _GONE_WITH_ITS_FUNCTION
    ]


def how_to_delete(resource: Resource) -> str | None:
    """The command that deletes what stayed; None where it takes more than one."""
    if resource.type == _LAYER:
        name, _, version = resource.physical_id.rpartition(":")
        return f"aws lambda delete-layer-version --layer-name {name} --version-number {version}"
    command = _DELETED_BY.get(resource.type)
    return command.format(id=resource.physical_id) if command else None


def by_type(resources: Iterable[Resource]) -> dict[str, int]:
    """How many resources of each type, in the order of their names."""
    return dict(sorted(Counter(resource.type for resource in resources).items()))
