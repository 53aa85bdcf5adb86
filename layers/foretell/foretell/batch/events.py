"""What an event asks of the batch function: EventBridge's, and the tasks of the state machine."""

import json
from collections.abc import Mapping
from typing import Any, Final

from foretell.batch.failures import UNFORESEEN
from foretell.batch.runs import INCOMING, Failure, SourceFile
from foretell.batch.storage.s3_source import version_of
from foretell.problems import TABLE

Event = Mapping[str, Any]

_FORESEEN: Final = {kind.__name__ for kind in TABLE}
_ENDS: Final = {
    "ABORTED": "the execution of the state machine was stopped by hand",
    "TIMED_OUT": "the execution of the state machine took longer than it may",
}
"""What Step Functions says nothing more of."""


def read(event: Event, uploads: str) -> SourceFile | Event | None:
    """The file to be run, or the task to be done; None where there is nothing to do.

    Args:
        event: of S3, of Step Functions, or a task of the state machine.
        uploads: name of the bucket in which files are dropped.
    """
    if "task" in event:
        return event
    if event.get("source") == "aws.states":
        return _stopped(event["detail"])
    return _dropped(event, uploads)


def given_up(task: Event) -> Failure:
    """What the state machine has caught, or Step Functions tells of it."""
    where = f"part {task['range']} of the file: " if "range" in task else ""
    reason = _reason(task.get("error", {}))
    return Failure(title="The file could not be scored in parts", detail=f"{where}{reason}")


def _dropped(event: Event, uploads: str) -> SourceFile | None:
    """The file that an event of S3's is about; its key stands there as it is, not encoded."""
    detail = event.get("detail") or {}
    bucket = detail.get("bucket", {}).get("name")
    found = detail.get("object", {})
    key = found.get("key", "")
    if bucket != uploads or not key.startswith(INCOMING) or key.endswith("/"):
        return None
    version = version_of(found.get("version-id"), found["etag"])
    return SourceFile(bucket=bucket, key=key, version=version, size=found["size"])


def _stopped(detail: Event) -> Event | None:
    """An execution that ended without a result, which none of its own states may have told."""
    try:
        run_id = json.loads(detail.get("input") or "")["run_id"]
    except (ValueError, KeyError, TypeError):
        # Somebody started it by hand, with something else.
        return None
    name = detail.get("error") or f"States.{detail['status']}"
    cause = detail.get("cause") or _ENDS.get(detail["status"], "")
    return {"task": "fail", "run_id": run_id, "error": {"Error": name, "Cause": cause}}


def _reason(error: Mapping[str, object]) -> str:
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    # Those with a dot are Lambda's own or the state machine's, such as States.Timeout.
    if name not in _FORESEEN and "." not in name:
        return UNFORESEEN
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause or "no reason was given"
