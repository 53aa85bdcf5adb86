"""What the batch function makes of an event."""

import json
from typing import Any

import pytest

from foretell.batch import events
from foretell.batch.failures import UNFORESEEN
from foretell.batch.runs import SourceFile

UPLOADS = "shop-uploads"


def of_s3(key: str, bucket: str = UPLOADS, **of_object: Any) -> dict[str, Any]:
    described = {"key": key, "size": 12, "etag": "ab", "version-id": "v1", **of_object}
    return {"source": "aws.s3", "detail": {"bucket": {"name": bucket}, "object": described}}


def of_step_functions(status: str, given: str | None = None, **more: Any) -> dict[str, Any]:
    """As in "Events detail reference" of the AWS Step Functions Developer Guide."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:123456789012:execution:shop-batch:r-1",
            "status": status,
            "input": '{"run_id": "r-1"}' if given is None else given,
            "error": None,
            "cause": None,
            **more,
        },
    }


class TestDropped:
    def test_a_file_under_incoming_is_to_be_run(self) -> None:
        asked = events.read(of_s3("incoming/a b+c.csv"), UPLOADS)

        assert asked == SourceFile(bucket=UPLOADS, key="incoming/a b+c.csv", version="v1", size=12)

    @pytest.mark.parametrize(
        "event",
        [
            of_s3("tables/transactions.csv"),
            of_s3("incoming/folder/"),
            of_s3("incoming/a.csv", bucket="another"),
            {"source": "aws.s3"},
        ],
        ids=["elsewhere", "folder marker", "another bucket", "no detail"],
    )
    def test_nothing_else_is(self, event: dict[str, Any]) -> None:
        assert events.read(event, UPLOADS) is None


class TestStopped:
    @pytest.mark.parametrize(
        ("status", "said"), [("ABORTED", "stopped by hand"), ("TIMED_OUT", "longer than it may")]
    )
    def test_an_end_that_no_state_can_catch_is_to_be_told_of_the_run(
        self, status: str, said: str
    ) -> None:
        task = events.read(of_step_functions(status), UPLOADS)

        assert isinstance(task, dict)
        assert (task["task"], task["run_id"]) == ("fail", "r-1")
        assert said in events.given_up(task).detail

    def test_what_step_functions_knows_of_it_is_passed_on(self) -> None:
        cause = "The role may not start executions"
        event = of_step_functions("FAILED", error="States.Permissions", cause=cause)

        task = events.read(event, UPLOADS)

        assert isinstance(task, dict)
        assert events.given_up(task).detail == cause

    def test_what_a_function_raised_unforeseen_is_not_quoted(self) -> None:
        event = of_step_functions("FAILED", error="ValueError", cause="not a float: 'Jane Doe'")

        task = events.read(event, UPLOADS)

        assert isinstance(task, dict)
        assert events.given_up(task).detail == UNFORESEEN

    @pytest.mark.parametrize(
        "given",
        ["", "no json", "[]", "{}", json.dumps("r-1")],
        ids=["none", "text", "list", "empty", "string"],
    )
    def test_an_execution_that_somebody_started_by_hand_is_left_alone(self, given: str) -> None:
        assert events.read(of_step_functions("ABORTED", given), UPLOADS) is None


def test_a_task_of_the_state_machine_is_done_as_it_stands() -> None:
    task = {"task": "plan", "run_id": "r-1"}

    assert events.read(task, UPLOADS) == task
