"""Whom resources let in: functions, queues and topics that services of AWS come at."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource, listed, references
from tests.infra.stack.rules.iam import for_this_account
from tests.infra.stack.rules.routes import Route, routes

PERMISSION = "AWS::Lambda::Permission"
POLICIES = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy")
RULE = "AWS::Events::Rule"
UNCONDITIONAL = ("AWS::SNS::TopicPolicy", "events.amazonaws.com", "sns:Publish")
"""EventBridge's documentation: its topics' policies take no Condition blocks."""


def letting_anybody_invoke(deployment: Deployment) -> Iterator[str]:
    """A service may invoke a function only for something of this account."""
    yield from [
        url.finding("is an address without the API's authorizer: remove it")
        for url in deployment.of("AWS::Lambda::Url")
    ]
    for permission in deployment.of(PERMISSION):
        said = permission.properties
        if "amazonaws.com" not in said["Principal"]:
            yield permission.finding(f"lets {said['Principal']} in: only services may")
        account = said.get("SourceAccount") == "${AWS::AccountId}"
        source = said.get("SourceArn", "")
        if not account and not any(references(source)):
            yield permission.finding("holds for any account: set SourceArn")


def letting_anybody_send(deployment: Deployment) -> Iterator[str]:
    """Queues and topics take what this account's services send, and nothing else."""
    for policy, statement in _statements(deployment):
        if statement["Effect"] != "Allow":
            continue
        principal = statement["Principal"]
        if not isinstance(principal, dict) or set(principal) != {"Service"}:
            yield policy.finding(f"lets {principal} in: name a service of AWS")
        elif not for_this_account(statement) and _said(policy, statement) != UNCONDITIONAL:
            yield policy.finding("serves any account: set aws:SourceArn or aws:SourceAccount")
        resources = listed(statement.get("Resource"))
        if not resources or not all(any(references(each)) for each in resources):
            yield policy.finding(f"speaks of {resources}: name the queue or the topic")
        if any("*" in action for action in listed(statement["Action"])):
            yield policy.finding(f"allows {statement['Action']}: name the actions")


def not_let_in(deployment: Deployment) -> Iterator[str]:
    """API Gateway and EventBridge may invoke what they are told to."""
    for route in routes(deployment):
        uri = route.said.get("x-amazon-apigateway-integration", {}).get("uri", "")
        if not _may_answer(deployment, deployment.named_in(uri), route):
            yield route.finding("API Gateway may not invoke its function: AWS::Lambda::Permission")
    for rule in deployment.of(RULE):
        for target in rule.properties.get("Targets", []):
            invoked = deployment.named_in(target["Arn"])
            is_function = invoked is not None and invoked.type.startswith("AWS::Lambda::")
            if is_function and not _may_invoke(deployment, invoked, rule):
                yield rule.finding("may not invoke its target: AWS::Lambda::Permission")


def dead_ends_that_take_nothing(deployment: Deployment) -> Iterator[str]:
    """EventBridge drops what the dead-letter queue does not take, and says nothing."""
    for rule in deployment.of(RULE):
        for target in rule.properties.get("Targets", []):
            queue = deployment.named_in(target.get("DeadLetterConfig", {}).get("Arn", ""))
            if queue is not None and not _takes_from(deployment, queue, rule):
                yield (
                    queue.finding(
                        f"takes nothing from {rule.name}: allow it in an SQS::QueuePolicy"
                    )
                )


def topics_that_take_nothing(deployment: Deployment) -> Iterator[str]:
    """Alarms and rules may publish to the topics that they name."""
    named = [
        ("cloudwatch.amazonaws.com", alarm, action)
        for alarm in deployment.of("AWS::CloudWatch::Alarm")
        for action in alarm.properties.get("AlarmActions", [])
    ] + [
        ("events.amazonaws.com", rule, target["Arn"])
        for rule in deployment.of(RULE)
        for target in rule.properties.get("Targets", [])
    ]
    for service, source, arn in named:
        topic = deployment.named_in(arn)
        if topic is None or topic.type != "AWS::SNS::Topic":
            continue
        if not _lets_publish(deployment, topic, service):
            yield topic.finding(f"takes nothing from {source.name}: let {service} publish")


def queues_without_tls(deployment: Deployment) -> Iterator[str]:
    for queue in deployment.of("AWS::SQS::Queue"):
        if not any(
            queue.is_named_in(policy.properties.get("Queues", []))
            and _denies_plain(queue, statement)
            for policy, statement in _statements(deployment)
        ):
            yield queue.finding("takes messages without TLS: deny them in an SQS::QueuePolicy")


def unreachable_topics(deployment: Deployment) -> list[str]:
    """What CloudWatch publishes to a topic under AWS's own key is dropped."""
    return [
        topic.finding(
            "is encrypted with a key that CloudWatch may not use: a key of its own, or none"
        )
        for topic in deployment.of("AWS::SNS::Topic")
        if topic.properties.get("KmsMasterKeyId") == "alias/aws/sns"
    ]


def _statements(deployment: Deployment) -> list[tuple[Resource, dict[str, Any]]]:
    return [
        (policy, statement)
        for policy in deployment.of(*POLICIES)
        for statement in listed(policy.properties["PolicyDocument"]["Statement"])
    ]


def _said(policy: Resource, statement: dict[str, Any]) -> tuple[str, Any, Any]:
    return policy.type, statement["Principal"]["Service"], statement["Action"]


def _may_invoke(deployment: Deployment, invoked: Resource | None, source: Resource) -> bool:
    return invoked is not None and any(
        deployment.named_in(each.properties["FunctionName"]) == invoked
        and source.is_named_in(each.properties.get("SourceArn", ""))
        for each in deployment.of(PERMISSION)
    )


def _may_answer(deployment: Deployment, invoked: Resource | None, route: Route) -> bool:
    asked = f"${{{route.api.address}}}/$default/{route.key.replace(' ', '')}"
    return invoked is not None and any(
        deployment.named_in(each.properties["FunctionName"]) == invoked
        and fnmatch(asked, each.properties.get("SourceArn", "").rpartition(":")[2])
        for each in deployment.of(PERMISSION)
    )


def _takes_from(deployment: Deployment, queue: Resource, rule: Resource) -> bool:
    for policy, statement in _statements(deployment):
        principal = statement["Principal"]
        if (
            queue.is_named_in(policy.properties.get("Queues", []))
            and statement["Effect"] == "Allow"
            and isinstance(principal, dict)
            and "events.amazonaws.com" in listed(principal.get("Service"))
            and "sqs:SendMessage" in listed(statement["Action"])
            and _covers(statement, rule)
        ):
            return True
    return False


def _denies_plain(queue: Resource, statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and queue.is_named_in(statement.get("Resource", ""))
        and "sqs:SendMessage" in listed(statement.get("Action"))
        and str(condition.get("aws:SecureTransport")).lower() == "false"
    )


def _lets_publish(deployment: Deployment, topic: Resource, service: str) -> bool:
    return any(
        topic.is_named_in(policy.properties.get("Topics", []))
        and statement["Effect"] == "Allow"
        and service in listed(statement["Principal"]["Service"])
        and "sns:Publish" in listed(statement["Action"])
        for policy, statement in _statements(deployment)
        if policy.type == "AWS::SNS::TopicPolicy"
    )


def _covers(statement: dict[str, Any], rule: Resource) -> bool:
    """Whether the condition lets this rule in: by its ARN, or by the account."""
    keys = {key: each for of in statement.get("Condition", {}).values() for key, each in of.items()}
    sources = keys.get("aws:SourceArn")
    return sources is None or rule.is_named_in(sources) or ":rule/" in str(sources)


RULES = (
    letting_anybody_invoke,
    letting_anybody_send,
    not_let_in,
    dead_ends_that_take_nothing,
    topics_that_take_nothing,
    queues_without_tls,
    unreachable_topics,
)
