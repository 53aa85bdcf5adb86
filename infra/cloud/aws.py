"""What is asked of AWS beside S3: one narrow function each, and no decision in any of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from infra.cloud.errors import NotReady
from infra.cloud.preflight import Concurrency
from infra.cloud.stack import Resource, Stack
from infra.cloud.template import deletion_policies

_NESTED: Final = "AWS::CloudFormation::Stack"
_STAYS: Final = frozenset({"Retain", "RetainExceptOnCreate"})


@dataclass(frozen=True)
class Aws:
    """AWS as one identity sees it, in one region.

    Its methods raise botocore's ClientError or BotoCoreError where AWS refuses or does not answer.
    """

    cloudformation: Any
    cloudfront: Any
    functions: Any
    identity: Any

    @classmethod
    def connect(cls, region: str) -> Self:
        """With the credentials that boto3 finds."""
        session = boto3.Session(region_name=region)
        try:
            return cls(
                cloudformation=session.client("cloudformation"),
                cloudfront=session.client("cloudfront"),
                functions=session.client("lambda"),
                identity=session.client("sts"),
            )
        except BotoCoreError as error:
            raise NotReady(f"AWS cannot be spoken to: {error}") from error

    def account(self) -> str:
        """The number of the account whose credentials these are.

        Raises:
            NotReady: there are no credentials, or AWS does not take them or cannot be reached.
        """
        try:
            return str(self.identity.get_caller_identity()["Account"])
        except (HTTPClientError, NotConnected) as error:
            raise NotReady(f"AWS cannot be reached from here: {error}") from error
        except (BotoCoreError, ClientError) as error:
            raise NotReady(
                f"AWS does not accept the credentials of this terminal ({error}): run"
                " `aws configure` or `aws sso login`, or set AWS_PROFILE"
            ) from error

    def concurrency(self) -> Concurrency:
        """How many executions at once the account may have."""
        limit = self.functions.get_account_settings()["AccountLimit"]
        return Concurrency(
            quota=int(limit["ConcurrentExecutions"]),
            unreserved=int(limit["UnreservedConcurrentExecutions"]),
        )

    def stack(self, name: str) -> Stack | None:
        """A stack by its name or ARN; None where there is none."""
        try:
            found = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return Stack(
            name=found["StackName"],
            outputs=_pairs(found.get("Outputs", ()), "Output"),
            parameters=_pairs(found.get("Parameters", ()), "Parameter"),
        )

    def resources(self, name: str) -> Iterator[Resource]:
        """What belongs to a stack and to those nested in it."""
        policies = self._deletion_policies(name)
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        for page in pages:
            for found in page["StackResourceSummaries"]:
                physical = found.get("PhysicalResourceId")
                if not physical or found["ResourceStatus"] == "DELETE_COMPLETE":
                    continue
                if found["ResourceType"] == _NESTED:
                    yield from self.resources(physical)
                    continue
                logical = found["LogicalResourceId"]
                yield Resource(
                    logical_id=logical,
                    type=found["ResourceType"],
                    physical_id=physical,
                    retained=policies.get(logical) in _STAYS,
                )

    def invalidate(self, distribution: str, reference: str) -> None:
        """Let CloudFront forget all it holds; the same reference again asks for nothing more."""
        self.cloudfront.create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "Paths": {"Quantity": 1, "Items": ["/*"]},
                "CallerReference": reference,
            },
        )

    def _deletion_policies(self, name: str) -> dict[str, str]:
        # As CloudFormation runs it: SAM's resources are written out, with their policies.
        template = self.cloudformation.get_template(StackName=name, TemplateStage="Processed")
        return deletion_policies(template["TemplateBody"])


def _pairs(found: Any, kind: str) -> dict[str, str]:  # noqa: ANN401 - as boto3 gives it
    return {each[f"{kind}Key"]: each.get(f"{kind}Value", "") for each in found}
