"""Who is told what: alarms, the topic, logs that end."""

from collections.abc import Iterator

from tests.infra.stack.deployment import Deployment
from tests.infra.stack.rules.metrics import ALARM, alarmed

TOPIC = "AWS::SNS::Topic"
FUNCTION = "AWS::Lambda::Function"
SUBSCRIPTION = "AWS::SNS::Subscription"
WATCHED = {
    ("AWS/ApiGateway", "5xx"),
    ("AWS/ApiGateway", "Latency"),
    ("Foretell", "ModelAge"),
    ("Foretell", "ModelRefreshFailed"),
    ("Foretell", "Drift"),
}
"""What somebody has to do something about, beside the functions' own errors and dead ends."""


def without_action(deployment: Deployment) -> Iterator[str]:
    """An alarm is sent to a topic of the stack, as it goes off."""
    for alarm in deployment.of(ALARM):
        named = [deployment.named_in(action) for action in alarm.properties.get("AlarmActions", [])]
        if not named or not all(each is not None and each.type == TOPIC for each in named):
            yield alarm.finding("tells nobody: set AlarmActions to the topic")
        if str(alarm.properties.get("ActionsEnabled", True)).lower() != "true":
            yield alarm.finding("is muted: remove ActionsEnabled")


def ambiguous_alarms(deployment: Deployment) -> list[str]:
    """It says what is to be done, and what no data mean."""
    return [
        alarm.finding(f"leaves open what {meaning}: set {name}")
        for alarm in deployment.of(ALARM)
        for name, meaning in (
            ("TreatMissingData", "no data mean"),
            ("AlarmDescription", "is to be done"),
        )
        if not alarm.properties.get(name)
    ]


def unwatched(deployment: Deployment) -> Iterator[str]:
    """Each function's errors are alarmed about, throttles of the API's, and what stands above."""
    about = list(alarmed(deployment))
    seen = {(metric.namespace, metric.name) for metric, _ in about}
    yield from [
        f"infra/monitoring.yaml: nobody is alarmed about {name} of {namespace}: add an alarm"
        for namespace, name in sorted(WATCHED - seen)
    ]
    for function in deployment.of(FUNCTION):
        # Events wait where the batch function is throttled, and its dead end is alarmed about.
        wanted = {"Errors"} if function.name == "BatchFunction" else {"Errors", "Throttles"}
        heard = {metric.name for metric, of in about if function.is_named_in(of)}
        yield from [
            function.finding(f"nobody is alarmed about its {name}: add an alarm")
            for name in sorted(wanted - heard)
        ]


def unheard_topics(deployment: Deployment) -> list[str]:
    """Where an address is given, it is subscribed to what alarms are sent to."""
    if not deployment.stacks[0].value({"Ref": "AlarmEmail"}):
        return []
    return [
        topic.finding("nobody is subscribed to it")
        for topic in deployment.of(TOPIC)
        if not any(
            topic.is_named_in(each.properties.get("TopicArn"))
            for each in deployment.of(SUBSCRIPTION)
        )
    ]


def endless_logs(deployment: Deployment) -> list[str]:
    return [
        logs.finding("is kept for ever: set RetentionInDays")
        for logs in deployment.of("AWS::Logs::LogGroup")
        if not logs.properties.get("RetentionInDays")
    ]


RULES = (without_action, ambiguous_alarms, unwatched, unheard_topics, endless_logs)
