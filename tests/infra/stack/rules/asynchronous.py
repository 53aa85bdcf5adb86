"""What happens later, and what becomes of it when it fails: retried, kept, and told to somebody."""

from collections.abc import Iterator
from typing import Any

from foretell.batch.runs import INCOMING
from tests.infra.stack.deployment import Deployment, Resource, listed
from tests.infra.stack.rules.metrics import Metric, alarmed

RULE = "AWS::Events::Rule"
SCHEDULE = "AWS::Scheduler::Schedule"
QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"
FUNCTION = "AWS::Lambda::Function"
ALIAS = "AWS::Lambda::Alias"
LONGEST_KEPT = 1_209_600  # seconds
FAILED_EXECUTIONS = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


def without_retries(deployment: Deployment) -> Iterator[str]:
    """A delivery that fails is tried again, as often as the template says."""
    for source, target in _deliveries(deployment):
        if int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 0)) < 1:
            yield source.finding("gives up at once, or nobody knows when: set RetryPolicy")
    for function, config in _invoked_later(deployment):
        if config is None or "MaximumRetryAttempts" not in config.properties:
            yield function.finding("is invoked asynchronously: set MaximumRetryAttempts")


def without_dead_end(deployment: Deployment) -> Iterator[str]:
    """What was given up is in a queue."""
    for source, target in _deliveries(deployment):
        if _queue(deployment, target.get("DeadLetterConfig", {}).get("Arn")) is None:
            yield source.finding("loses what it cannot deliver: set DeadLetterConfig")
    for function, config in _invoked_later(deployment):
        destinations = config.properties.get("DestinationConfig", {}) if config else {}
        if _queue(deployment, destinations.get("OnFailure", {}).get("Destination")) is None:
            yield function.finding("loses the events it failed on: set OnFailure")


def unheard_dead_ends(deployment: Deployment) -> Iterator[str]:
    """Somebody is told of what lies in a dead end, and has the time to look at it."""
    for queue in dead_ends(deployment):
        seen = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible")
        if not any(metric == seen and queue.is_named_in(of) for metric, of in alarmed(deployment)):
            yield queue.finding("fills without a word: an alarm on messages visible")
        if int(queue.properties.get("MessageRetentionPeriod", 0)) < LONGEST_KEPT:
            yield queue.finding(f"forgets: set MessageRetentionPeriod: {LONGEST_KEPT}")


def unheard_executions(deployment: Deployment) -> Iterator[str]:
    """A state machine that ends badly, or is ended, is alarmed about."""
    for machine in deployment.of("AWS::StepFunctions::StateMachine"):
        heard = {
            metric.name
            for metric, of in alarmed(deployment)
            if metric.namespace == "AWS/States" and machine.is_named_in(of)
        }
        yield from [
            machine.finding(f"may end without a word: an alarm on {name}")
            for name in FAILED_EXECUTIONS
            if name not in heard
        ]


def unheard_tasks(deployment: Deployment) -> list[str]:
    """A container that stops with an error is a message on a topic."""
    heard = any(
        "aws.ecs" in listed(rule.properties.get("EventPattern", {}).get("source"))
        and any(_is_topic(deployment, target) for target in rule.properties["Targets"])
        for rule in deployment.of(RULE)
    )
    return [
        task.finding("may fail without a word: an EventBridge rule on stopped tasks, to the topic")
        for task in deployment.of("AWS::ECS::TaskDefinition")
        if not heard
    ]


def unencrypted_queues(deployment: Deployment) -> list[str]:
    return [
        queue.finding("is not encrypted: set SqsManagedSseEnabled: true")
        for queue in deployment.of(QUEUE)
        if str(queue.properties.get("SqsManagedSseEnabled")).lower() != "true"
        and "KmsMasterKeyId" not in queue.properties
    ]


def unheard_files(deployment: Deployment) -> Iterator[str]:
    """What is dropped comes to the function that scores it."""
    for bucket in deployment.of("AWS::S3::Bucket"):
        if "EventBridgeConfiguration" not in bucket.properties.get("NotificationConfiguration", {}):
            continue
        if not _delivered(deployment, "aws.s3", bucket):
            yield bucket.finding("tells of files, and nobody listens: a rule to BatchFunction")


def unmarked_runs(deployment: Deployment) -> Iterator[str]:
    """A run that is ended from outside is marked as failed: its file would wait for ever."""
    for machine in deployment.of("AWS::StepFunctions::StateMachine"):
        heard = {
            status
            for rule in _delivered(deployment, "aws.states", machine)
            for status in rule.properties["EventPattern"]["detail"].get("status", [])
        }
        for status in sorted({"FAILED", "TIMED_OUT", "ABORTED"} - heard):
            yield machine.finding(
                f"ends as {status}, and no run is marked: a rule to BatchFunction"
            )


def deaf_rules(deployment: Deployment) -> Iterator[str]:
    """A rule on S3's events hears of all files, of a bucket that tells EventBridge of them."""
    for rule in deployment.of(RULE):
        pattern = rule.properties.get("EventPattern", {})
        if "aws.s3" not in listed(pattern.get("source")):
            continue
        bucket = deployment.named_in(pattern.get("detail", {}).get("bucket", {}))
        told = bucket.properties.get("NotificationConfiguration", {}) if bucket else {}
        tells = told.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled")
        if str(tells).lower() != "true":
            yield rule.finding("hears of no file: name a bucket with EventBridgeEnabled")
        if listed(pattern.get("detail-type")) != ["Object Created"]:
            yield rule.finding("hears of no file, or of too much: detail-type Object Created")
        if pattern.get("detail", {}).get("object", {}).get("key") != [{"prefix": INCOMING}]:
            yield rule.finding(f"hears of other files than those under {INCOMING}")


def _delivered(deployment: Deployment, source: str, of: Resource) -> list[Resource]:
    """The rules that deliver what a source tells of a resource to the batch function."""
    return [
        rule
        for rule in deployment.of(RULE)
        if listed(rule.properties.get("EventPattern", {}).get("source")) == [source]
        and of.is_named_in(rule.properties["EventPattern"].get("detail", {}))
        and any(
            target["Arn"] == "${BatchFunction.Arn}" for target in rule.properties.get("Targets", [])
        )
    ]


def dead_ends(deployment: Deployment) -> list[Resource]:
    """The queues that take what was given up."""
    named = [
        target.get("DeadLetterConfig", {}).get("Arn") for _, target in _deliveries(deployment)
    ] + [
        each.properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for each in deployment.of("AWS::Lambda::EventInvokeConfig")
    ]
    found = {queue.address: queue for arn in named if (queue := _queue(deployment, arn))}
    return list(found.values())


def _deliveries(deployment: Deployment) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Who delivers to what; a topic is where things end that are told to somebody."""
    for rule in deployment.of(RULE):
        for target in rule.properties.get("Targets", []):
            if not _is_topic(deployment, target):
                yield rule, target
    for schedule in deployment.of(SCHEDULE):
        yield schedule, schedule.properties["Target"]


def _is_topic(deployment: Deployment, target: dict[str, Any]) -> bool:
    named = deployment.named_in(target["Arn"])
    return named is not None and named.type == TOPIC


def _invoked_later(deployment: Deployment) -> Iterator[tuple[Resource, Resource | None]]:
    """Functions that are invoked asynchronously, and what is configured for that way to them."""
    for _, target in _deliveries(deployment):
        invoked = deployment.named_in(target["Arn"])
        if invoked is None or invoked.type not in {FUNCTION, ALIAS}:
            continue
        alias = invoked.properties["Name"] if invoked.type == ALIAS else "$LATEST"
        function = invoked
        if invoked.type == ALIAS:
            function = deployment.named_in(invoked.properties["FunctionName"]) or invoked
        configs = [
            each
            for each in deployment.of("AWS::Lambda::EventInvokeConfig")
            if function.is_named_in(each.properties["FunctionName"])
            and each.properties["Qualifier"] == alias
        ]
        yield function, configs[0] if configs else None


def _queue(deployment: Deployment, arn: Any) -> Resource | None:
    found = deployment.named_in(arn or "")
    return found if found is not None and found.type == QUEUE else None


RULES = (
    without_retries,
    without_dead_end,
    unheard_dead_ends,
    unheard_executions,
    unheard_tasks,
    unencrypted_queues,
    unheard_files,
    unmarked_runs,
    deaf_rules,
)
