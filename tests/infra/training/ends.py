"""What ECS tells EventBridge when a task has ended, and which rules hear it."""

from typing import Any

ABSENT = object()


def stopped(code: int | None, stop_code: str = "EssentialContainerExited") -> dict[str, Any]:
    """What ECS tells EventBridge when a task has ended; without a code where it never started."""
    exit_code = {} if code is None else {"exitCode": code}
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "clusterArn": "${Cluster.Arn}",
            "taskArn": "arn:of:the:task",
            "lastStatus": "STOPPED",
            "stopCode": stop_code,
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "training", "lastStatus": "STOPPED"} | exit_code],
        },
    }


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether EventBridge delivers it: each key of the pattern, in any element of an array."""
    for key, wanted in pattern.items():
        if key == "$or":
            found = any(matches(each, event) for each in wanted)
        elif isinstance(wanted, dict):
            found = any(matches(wanted, each) for each in listed(event.get(key, [])))
        else:
            found = any(holds(each, event.get(key, ABSENT)) for each in wanted)
        if not found:
            return False
    return True


def holds(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    ((operator, operand),) = wanted.items()
    match operator:
        case "exists":
            return (value is not ABSENT) == operand
        case "anything-but":
            return value is not ABSENT and value not in listed(operand)
    raise AssertionError(f"{operator} is not known here")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
