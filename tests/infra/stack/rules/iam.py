"""What the roles may do: named actions on named resources."""

from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource, listed, references

ROLE = "AWS::IAM::Role"
ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
WITHOUT_RESOURCES = {
    # AWS's Service Authorization Reference lists no resource type for these: only "*" is possible.
    "ecr:GetAuthorizationToken",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
DEPUTIES = {"scheduler.amazonaws.com", "states.amazonaws.com", "ecs-tasks.amazonaws.com"}
"""Services that act for whoever names the role: the role says on whose behalf they may."""

Statement = dict[str, Any]


def wildcard_actions(deployment: Deployment) -> Iterator[str]:
    for owner, statement in statements(deployment):
        if "NotAction" in statement:
            yield owner.finding("NotAction allows all but a few: name the actions")
        for action in listed(statement.get("Action")):
            if "*" in action and statement["Effect"] == "Allow":
                yield owner.finding(f"may do {action}: name the actions")


def wildcard_resources(deployment: Deployment) -> Iterator[str]:
    """A wildcard stands only behind what the stack owns, or where AWS knows no resources."""
    for owner, statement in statements(deployment):
        if "NotResource" in statement:
            yield owner.finding("NotResource allows all but a few: name the resources")
        for resource in listed(statement.get("Resource")):
            actions = set(listed(statement.get("Action")))
            if _is_wild(resource) and not actions <= WITHOUT_RESOURCES:
                over = ", ".join(sorted(actions - WITHOUT_RESOURCES))
                yield owner.finding(f"may do {over} on {resource}: name the resource")


def managed_policies(deployment: Deployment) -> list[str]:
    """Those of AWS hold wildcards: even the basic one for functions writes to any log."""
    return [
        role.finding(f"has {policy}: write down what is needed")
        for role in deployment.of(ROLE)
        for policy in listed(role.properties.get("ManagedPolicyArns"))
        if not list(references(policy))
    ]


def passing_any_role(deployment: Deployment) -> Iterator[str]:
    """Whoever may pass any role to a service may do all that any role may."""
    for owner, statement in statements(deployment):
        if "iam:PassRole" not in listed(statement.get("Action")):
            continue
        for resource in listed(statement["Resource"]):
            role = deployment.named_in(resource)
            if role is None or role.type != ROLE or "*" in resource:
                yield owner.finding(f"may pass {resource}: name a role of the stack")
        if "iam:PassedToService" not in str(statement.get("Condition")):
            yield owner.finding("may pass a role to any service: iam:PassedToService")


def trusting(deployment: Deployment) -> Iterator[str]:
    """Roles are for services of AWS, and those that act for others act only for this account."""
    for role in deployment.of(ROLE):
        trusted = listed(role.properties["AssumeRolePolicyDocument"]["Statement"])
        said = [(each.get("Effect"), each.get("Action")) for each in trusted]
        if said != [("Allow", "sts:AssumeRole")]:
            yield role.finding(f"says {said} of whom it trusts: let one service assume it")
        for statement in trusted:
            principal = statement.get("Principal")
            if not isinstance(principal, dict) or set(principal) != {"Service"}:
                yield role.finding(f"can be assumed by {principal}: trust one service")
                continue
            deputies = DEPUTIES & set(listed(principal["Service"]))
            if deputies and not for_this_account(statement):
                yield (
                    role.finding(
                        f"{', '.join(deputies)} may use it for any account: set aws:SourceAccount"
                    )
                )


def statements(deployment: Deployment) -> Iterator[tuple[Resource, Statement]]:
    """All that is allowed or denied to roles, with the resource that says so."""
    for role in deployment.of(ROLE):
        for policy in role.properties.get("Policies", []):
            for statement in listed(policy["PolicyDocument"]["Statement"]):
                yield role, statement
    for policy in deployment.of(*ATTACHED):
        for statement in listed(policy.properties["PolicyDocument"]["Statement"]):
            yield policy, statement


def for_this_account(statement: Statement) -> bool:
    """Whether a service may only do it on behalf of this account."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            if operator in {"StringEquals", "ArnEquals", "ArnLike", "StringLike"}:
                if key.lower() == "aws:sourceaccount":
                    return listed(value) == ["${AWS::AccountId}"]
                if key.lower() == "aws:sourcearn":
                    return all(_of_this_account(each) for each in listed(value))
    return False


def _of_this_account(arn: str) -> bool:
    return "${AWS::AccountId}" in arn or (bool(list(references(arn))) and not arn.startswith("*"))


def _is_wild(resource: str) -> bool:
    """Whether a wildcard stands where nothing before it names something of the stack's own."""
    before = resource.partition("*")[0]
    owned = "${AWS::StackName}" in before or any(references(before))
    return "*" in resource and not owned


RULES = (wildcard_actions, wildcard_resources, managed_policies, passing_any_role, trusting)
