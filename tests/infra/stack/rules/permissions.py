"""What each role may do, written down a second time: whoever changes one has to say so twice."""

import re
from collections.abc import Iterator, Mapping

from tests.infra.stack.deployment import Deployment, Resource, listed
from tests.infra.stack.rules.iam import ROLE, statements

Permissions = Mapping[str, set[str]]
"""Actions by resource."""

TELLS: Permissions = {
    "${Logs.Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "*": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
}
READS_MODELS: Permissions = {
    "${Buckets.Models.Arn}/models/*": {"s3:GetObject"},
    "${Buckets.Models.Arn}": {"s3:ListBucket"},
}
_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
_MACHINE = f"{_STATES}:stateMachine:${{AWS::StackName}}-batch"
_EXECUTION = f"{_STATES}:execution:${{AWS::StackName}}-batch"

EXPECTED: Mapping[str, Permissions] = {
    "PredictionRole": {**READS_MODELS, **TELLS},
    "PortfolioRole": {
        "${Buckets.Uploads.Arn}/incoming/*": {"s3:PutObject"},
        "${Buckets.Results.Arn}/runs/*": {"s3:GetObject"},
        "${Buckets.Results.Arn}": {"s3:ListBucket"},
        **TELLS,
    },
    "BatchRole": {
        **READS_MODELS,
        "${Buckets.Uploads.Arn}/incoming/*": {"s3:GetObject", "s3:GetObjectVersion"},
        "${Buckets.Uploads.Arn}": {"s3:ListBucket"},
        "${Buckets.Results.Arn}/runs/*": {
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
        },
        "${Buckets.Results.Arn}": {"s3:ListBucket"},
        _MACHINE: {"states:StartExecution"},
        "${Failures.Arn}": {"sqs:SendMessage"},
        **TELLS,
    },
    "BatchStateMachineRole": {
        "${BatchFunction.Arn}": {"lambda:InvokeFunction"},
        "${Buckets.Results.Arn}/runs/*": {"s3:GetObject"},
        _MACHINE: {"states:StartExecution"},
        f"{_EXECUTION}:*": {"states:DescribeExecution", "states:StopExecution"},
        f"{_EXECUTION}/*": {"states:DescribeExecution", "states:StopExecution"},
    },
    "Training.TaskRole": {
        "${Buckets.Uploads.Arn}/tables/*": {"s3:GetObject"},
        "${Buckets.Uploads.Arn}": {"s3:ListBucket"},
        "${Buckets.Models.Arn}/models/*": {"s3:GetObject", "s3:PutObject"},
        "${Buckets.Models.Arn}": {"s3:ListBucket"},
    },
    "Training.ExecutionRole": {
        "${Training.Repository.Arn}": {
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        },
        "*": {"ecr:GetAuthorizationToken"},
        "${Training.Logs.Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "Training.SchedulerRole": {
        "${Training.TaskDefinition}": {"ecs:RunTask"},
        "${Training.TaskRole.Arn}": {"iam:PassRole"},
        "${Training.ExecutionRole.Arn}": {"iam:PassRole"},
        "${Training.Undelivered.Arn}": {"sqs:SendMessage"},
    },
}
"""By the role's address: a role that is not here is a finding."""

USED_BY: Mapping[str, str] = {
    "ClvFunction": "PredictionRole",
    "ChurnFunction": "PredictionRole",
    "SegmentFunction": "PredictionRole",
    "ComprehensiveFunction": "PredictionRole",
    "PortfolioFunction": "PortfolioRole",
    "BatchFunction": "BatchRole",
    "BatchStateMachine": "BatchStateMachineRole",
    "Training.TaskDefinition": "Training.TaskRole",
}


_RUNS_AS = {
    "AWS::Lambda::Function": "Role",
    "AWS::StepFunctions::StateMachine": "RoleArn",
    "AWS::ECS::TaskDefinition": "TaskRoleArn",
}


def other_than_expected(deployment: Deployment) -> Iterator[str]:
    for role in deployment.of(ROLE):
        expected = EXPECTED.get(role.address)
        if expected is None:
            yield role.finding("is new: say in rules/permissions.py what it may do")
            continue
        wanted, allowed = _pairs(expected), _pairs(permissions(deployment, role))
        yield from [
            role.finding(f"may {each}, nobody expects that") for each in sorted(allowed - wanted)
        ]
        yield from [
            role.finding(f"may not {each}, but needs to") for each in sorted(wanted - allowed)
        ]


def of_nobody(deployment: Deployment) -> list[str]:
    """The list above has no roles that are gone."""
    if "Training" not in {each.name for each in deployment.resources}:
        return []
    there = {role.address for role in deployment.of(ROLE)}
    return [
        f"rules/permissions.py: {name} is no role: remove it"
        for name in EXPECTED
        if name not in there
    ]


def in_another_role(deployment: Deployment) -> Iterator[str]:
    """What runs has the role that is meant for it."""
    for each in deployment.of(*_RUNS_AS):
        named = each.properties.get(_RUNS_AS[each.type])
        role = deployment.named_in(named)
        if role is None or role.address != USED_BY.get(each.address):
            yield each.finding(f"runs as {named}, not as {USED_BY.get(each.address)}")


def permissions(deployment: Deployment, role: Resource) -> dict[str, set[str]]:
    """All that is allowed to a role, by policies in it and beside it."""
    found: dict[str, set[str]] = {}
    for owner, statement in statements(deployment):
        attached = owner is role or role.is_named_in(owner.properties.get("Roles", []))
        if attached and statement["Effect"] == "Allow":
            for resource in listed(statement.get("Resource")):
                found.setdefault(_one_way(resource), set()).update(listed(statement.get("Action")))
    return found


def _one_way(resource: str) -> str:
    """The ARN of a bucket can be written in two ways."""
    return re.sub(r"arn:\$\{AWS::Partition\}:s3:::\$\{([^}]+)\}", r"${\1.Arn}", resource)


def _pairs(of: Permissions) -> set[str]:
    return {f"{action} on {resource}" for resource, actions in of.items() for action in actions}


RULES = (other_than_expected, of_nobody, in_another_role)
