"""The state machine of large files, run in this process from the file that is deployed."""

import copy
import io
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.problems import StorageUnreachable, UnscorableFile
from infra.local.state_machine import ExecutionFailed, NotUnderstood, run
from infra.local.states.paths import find, put

ROOT = Path(__file__).parents[3]
DEPLOYED = json.loads((ROOT / "infra/batch.asl.json").read_text(encoding="utf-8"))
PLAN = {"bucket": "results", "key": "runs/r/work/plan.json"}
Change = Callable[[dict[str, Any]], object]


class Busy(Exception):
    """Lambda has no room; its name is that of Lambda's error."""


Busy.__name__ = "Lambda.TooManyRequestsException"


@dataclass
class Objects:
    """As much of S3 as is asked."""

    items: object
    reads: int = 0
    unreachable_for: int = 0

    def get_object(self, **where: str) -> dict[str, Any]:
        self.reads += 1
        assert where == {"Bucket": PLAN["bucket"], "Key": PLAN["key"]}
        if self.reads <= self.unreachable_for:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(self.items).encode())}


@dataclass
class Function:
    """Does what is asked, unless it is told to fail: a list of errors for each task and range."""

    ranges: int
    errors: dict[object, list[Exception]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, payload: dict[str, Any]) -> object:
        with self._lock:
            self.asked.append(payload)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self._do(payload)
        finally:
            with self._lock:
                self._now -= 1

    def _do(self, payload: dict[str, Any]) -> object:
        task = payload["item"]["range"] if payload["task"] == "score" else payload["task"]
        if self.errors.get(task):
            raise self.errors[task].pop(0)
        if task == "plan":
            return {"run_id": payload["run_id"], "ranges": self.ranges, "plan": PLAN}
        return {"rows": 10}

    def tasks(self, name: str) -> list[dict[str, Any]]:
        return [payload for payload in self.asked if payload["task"] == name]


@dataclass
class Ran:
    """What became of an execution."""

    function: Function
    output: Any = None
    failed: ExecutionFailed | None = None
    pauses: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What the failed status was written from, where it was first."""
        return self.function.tasks("fail")[0]


def execute(
    function: Function, objects: Objects | None = None, at_once: int = 1, **changed: Any
) -> Ran:
    items = [{"run_id": "r", "range": number} for number in range(function.ranges)]
    ran = Ran(function)
    try:
        ran.output = run(
            {**DEPLOYED, **changed},
            {"run_id": "r"},
            function,
            objects or Objects(items),
            sleep=ran.pauses.append,
            at_once=at_once,
        )
    except ExecutionFailed as failed:
        ran.failed = failed
    return ran


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("ranges", [0, 1, 7, 64])
def test_a_file_is_planned_scored_range_by_range_and_assembled(ranges: int, at_once: int) -> None:
    ran = execute(Function(ranges), at_once=at_once)

    assert ran.failed is None
    assert ran.output == {"run_id": "r", "ranges": ranges, "plan": PLAN}
    first, *scored, last = ran.function.asked
    assert first == {"task": "plan", "run_id": "r"}
    assert last == {"task": "assemble", "run_id": "r"}
    assert sorted(payload["item"]["range"] for payload in scored) == list(range(ranges))
    assert all(payload["item"]["run_id"] == "r" for payload in scored)


class Slow(Function):
    """Takes its time."""

    def _do(self, payload: dict[str, Any]) -> object:
        time.sleep(0.002)
        return super()._do(payload)


def test_no_more_ranges_are_scored_at_once_than_allowed() -> None:
    assert execute(Slow(20), at_once=3).function.most_at_once == 3
    definition = copy.deepcopy(DEPLOYED)
    definition["States"]["Score"]["MaxConcurrency"] = 2
    assert execute(Slow(20), at_once=3, **definition).function.most_at_once == 2


def test_a_range_that_fails_for_good_is_named_and_fails_the_run() -> None:
    ran = execute(Function(9, {4: [UnscorableFile("the file ends within a row")]}))

    assert ran.failed is not None
    assert ran.failed.error == "States.ExceedToleratedFailureThreshold"
    told = ran.told()
    assert (told["run_id"], told["range"]) == ("r", 4)
    assert told["error"]["Error"] == "UnscorableFile"
    assert json.loads(told["error"]["Cause"]) == {
        "errorMessage": "the file ends within a row",
        "errorType": "UnscorableFile",
    }
    assert ran.function.tasks("assemble") == []


def test_after_a_failed_range_few_others_are_begun() -> None:
    ran = execute(Slow(300, {2: [UnscorableFile("no")]}))

    # Some may be begun before the failure is noticed.
    assert 3 <= len(ran.function.tasks("score")) < 100


def test_what_cannot_be_scored_is_not_tried_again() -> None:
    ran = execute(Function(1, {"plan": [UnscorableFile("no table")] * 9}))

    assert len(ran.function.tasks("plan")) == 1
    assert ran.pauses == []
    assert ran.told()["error"]["Error"] == "UnscorableFile"
    assert "range" not in ran.told()
    assert ran.failed is not None
    assert ran.failed.error == "UnscorableFile"


@pytest.mark.parametrize("task", ["plan", 0, "assemble"])
def test_a_busy_lambda_is_waited_for(task: object) -> None:
    ran = execute(Function(1, {task: [Busy()] * 10}))

    assert ran.failed is None
    assert ran.pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


@pytest.mark.parametrize("task", ["plan", 0, "assemble"])
def test_a_fault_is_retried_three_times_and_then_told(task: object) -> None:
    ran = execute(Function(1, {task: [StorageUnreachable("S3 is away")] * 4}))

    assert ran.pauses == [5, 10, 20]
    assert ran.told()["error"]["Error"] == "StorageUnreachable"
    assert ran.failed is not None


def test_each_kind_of_error_has_its_own_retries() -> None:
    errors = [StorageUnreachable("away"), Busy(), StorageUnreachable("away"), Busy()]

    ran = execute(Function(1, {0: list(errors)}))

    assert ran.failed is None
    assert ran.pauses == [5, 2, 10, 4]


def test_an_execution_ends_with_its_own_error_even_where_that_cannot_be_told() -> None:
    ran = execute(Function(1, {"plan": [UnscorableFile("no table")], "fail": [Busy()] * 99}))

    assert ran.failed is not None
    assert ran.failed.error == "UnscorableFile"
    assert len(ran.function.tasks("fail")) == 9


def test_a_plan_that_is_out_of_reach_is_read_again() -> None:
    items = [{"run_id": "r", "range": 0}]

    assert execute(Function(1), Objects(items, unreachable_for=3)).failed is None

    ran = execute(Function(1), Objects(items, unreachable_for=4))
    assert ran.failed is not None
    assert ran.failed.error == ran.told()["error"]["Error"] == "States.ItemReaderFailed"


def test_a_plan_that_is_no_list_fails_the_run() -> None:
    assert execute(Function(1), Objects({"range": 0})).told()["error"]["Error"] == (
        "States.ItemReaderFailed"
    )


class Answering(Function):
    """Answers every task with what it is made with."""

    answer: object = None

    def _do(self, payload: dict[str, Any]) -> object:
        return self.answer


def test_more_than_may_pass_between_states_ends_the_execution_uncaught() -> None:
    function = Answering(0)
    function.answer = {"run_id": "r", "ranges": 1, "plan": "x" * (256 << 10)}

    ran = execute(function)

    assert ran.failed is not None
    assert ran.failed.error == "States.DataLimitExceeded"
    assert function.tasks("fail") == []


def test_a_missing_field_ends_the_execution_uncaught() -> None:
    function = Answering(0)
    function.answer = {"run_id": "r"}

    ran = execute(function)

    assert ran.failed is not None
    assert ran.failed.error == "States.Runtime"
    assert "$.Payload.ranges" in ran.failed.cause
    assert function.tasks("fail") == []


def test_an_answer_that_is_no_json_is_an_error_of_the_function() -> None:
    function = Answering(0)
    function.answer = {"run_id": object()}

    ran = execute(function)

    assert ran.told()["error"]["Error"] == "Runtime.MarshalError"


def test_what_is_raised_while_waiting_ends_the_execution() -> None:
    class Interrupted(Exception):
        pass

    def stop(_: float) -> None:
        raise Interrupted

    function = Function(3, {0: [Busy()]})
    with pytest.raises(Interrupted):
        run(
            DEPLOYED,
            {"run_id": "r"},
            function,
            Objects([{"run_id": "r", "range": 0}]),
            sleep=stop,
        )
    assert function.tasks("fail") == []


def scoring(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definition["States"]["Score"]
    return found


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("ItemBatcher", lambda d: scoring(d).update(ItemBatcher={"MaxItemsPerBatch": 2})),
        ("ResultWriter", lambda d: scoring(d).update(ResultWriter={})),
        ("ToleratedFailureCount", lambda d: scoring(d).update(ToleratedFailureCount=1)),
        ("InputType", lambda d: scoring(d)["ItemReader"].update(ReaderConfig={"InputType": "CSV"})),
        ("Mode", lambda d: scoring(d)["ItemProcessor"]["ProcessorConfig"].update(Mode="INLINE")),
        ("JSONPath", lambda d: d.update(QueryLanguage="JSONata")),
        ("Version", lambda d: d.update(Version="1.0")),
        ("Parallel", lambda d: d["States"]["Plan"].update(Type="Parallel")),
        ("Resource", lambda d: d["States"]["Plan"].update(Resource="arn:aws:states:::sqs:send")),
        ("InputPath", lambda d: d["States"]["Plan"].update(InputPath="$.a")),
        ("HeartbeatSeconds", lambda d: d["States"]["Plan"].update(HeartbeatSeconds=5)),
        ("ResultPath", lambda d: d["States"]["Plan"].update(ResultPath="$.a[0]")),
        ("OutputPath", lambda d: d["States"]["Plan"].update(OutputPath="$..a")),
        (
            "States.Format",
            lambda d: d["States"]["Plan"]["Parameters"]["Payload"].update(
                {"a.$": "States.Format()"}
            ),
        ),
        (
            r"\$\$.Execution.Id",
            lambda d: d["States"]["Plan"]["Parameters"]["Payload"].update(
                {"a.$": "$$.Execution.Id"}
            ),
        ),
        ("States.ALL", lambda d: d["States"]["Plan"]["Retry"].reverse()),
        ("Next or End", lambda d: d["States"]["Plan"].update(End=True)),
        ("Next or End", lambda d: d["States"]["Assemble"].pop("End")),
        ("Nowhere", lambda d: d["States"]["Plan"].update(Next="Nowhere")),
        ("Gone", lambda d: d["States"]["Plan"]["Catch"][0].update(Next="Gone")),
        ("Start", lambda d: scoring(d)["ItemProcessor"].update(StartAt="Start")),
    ],
)
def test_what_is_not_executed_here_is_refused_by_name(named: str, change: Change) -> None:
    definition = copy.deepcopy(DEPLOYED)
    change(definition)
    function = Function(1)

    with pytest.raises(NotUnderstood, match=named):
        execute(function, **definition)

    assert function.asked == []


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def run_alone(definition: dict[str, Any], value: Any, **options: Any) -> Any:
    function = options.pop("function", Function(0))
    return run(definition, value, function, Objects(options.pop("items", [])), **options)


def test_pass_and_succeed_hand_on_what_they_are_given() -> None:
    definition = machine(
        First={"Type": "Pass", "Result": [1], "ResultPath": "$.a", "Next": "Second"},
        Second={"Type": "Pass", "Next": "Last"},
        Last={"Type": "Succeed"},
    )

    assert run_alone(definition, {"b": 2}) == {"a": [1], "b": 2}


def test_fail_ends_with_the_error_it_names() -> None:
    with pytest.raises(ExecutionFailed) as failed:
        run_alone(machine(Only={"Type": "Fail", "Error": "Bad", "Cause": "luck"}), {})

    assert (failed.value.error, failed.value.cause) == ("Bad", "luck")


def mapping(**fields: Any) -> dict[str, Any]:
    """A Map whose items succeed where they are below 3."""
    task = DEPLOYED["States"]["Assemble"] | {"OutputPath": "$.out", "ResultPath": "$"}
    del task["Retry"], task["Catch"]
    task["ResultSelector"] = {"out.$": "$.Payload"}
    task["Parameters"] = {"FunctionName": "f", "Payload": {"given.$": "$"}}
    processor = machine(Inner=task) | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": PLAN["bucket"], "Key": PLAN["key"]},
    }
    return machine(
        Outer={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True}
        | fields
    )


class Echo(Function):
    def _do(self, payload: dict[str, Any]) -> object:
        if payload["given"] == "bad":
            raise UnscorableFile("bad")
        return payload["given"]


def test_the_items_of_a_map_are_made_by_its_selector_and_answered_in_order() -> None:
    selector = {
        "place.$": "$$.Map.Item.Index",
        "name.$": "$$.Map.Item.Value.name",
        "whose.$": "$.run_id",
        "fixed": [1, {"same.$": "$.run_id"}],
    }

    output = run_alone(
        mapping(ItemSelector=selector, ResultPath="$.results"),
        {"run_id": "r"},
        function=Echo(0),
        items=[{"name": "a"}, {"name": "b"}],
        at_once=2,
    )

    fixed = [1, {"same": "r"}]
    assert output == {
        "run_id": "r",
        "results": [
            {"place": 0, "name": "a", "whose": "r", "fixed": fixed},
            {"place": 1, "name": "b", "whose": "r", "fixed": fixed},
        ],
    }


def test_an_output_path_of_null_hands_on_nothing() -> None:
    definition = mapping(ResultPath="$.results")
    definition["States"]["Outer"]["ItemProcessor"]["States"]["Inner"]["OutputPath"] = None

    output = run_alone(definition, {}, function=Echo(0), items=["x" * 100_000] * 4)

    # Four such answers would be more than may pass between states.
    assert output == {"results": [{}] * 4}


def test_a_map_tolerates_the_share_of_failures_it_names() -> None:
    definition = mapping(ToleratedFailurePercentage=20)

    for bad in (0, 1, 2):
        items = ["bad"] * bad + ["good"] * (10 - bad)
        assert run_alone(definition, {}, function=Echo(0), items=items) == ["good"] * (10 - bad)
    with pytest.raises(ExecutionFailed, match="ExceedToleratedFailureThreshold"):
        run_alone(definition, {}, function=Echo(0), items=["bad"] * 3 + ["good"] * 7)


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("States.TaskFailed", UnscorableFile("x"), 1),
        ("UnscorableFile", UnscorableFile("x"), 1),
        ("Unscorable", UnscorableFile("x"), 0),
        ("States.Timeout", StorageUnreachable("x"), 0),
    ],
)
def test_an_error_is_caught_by_its_name_or_as_a_failed_task(
    name: str, error: Exception, told: int
) -> None:
    definition = copy.deepcopy(DEPLOYED)
    definition["States"]["Plan"]["Retry"] = []
    definition["States"]["Plan"]["Catch"][0]["ErrorEquals"] = [name]

    ran = execute(Function(0, {"plan": [error]}), **definition)

    assert len(ran.function.tasks("fail")) == told


objects = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), objects)
def test_what_is_put_at_a_path_is_found_there_and_nothing_else_changes(
    steps: list[str], whole: dict[str, Any]
) -> None:
    path = "".join(["$", *(f".{step}" for step in steps)])
    before = copy.deepcopy(whole)

    try:
        changed = put(path, whole, "result")
    except ExecutionFailed:  # the path leads through a number
        changed = None

    assert whole == before
    if changed is not None:
        assert find(path, changed) == "result"
        others = before.keys() - {steps[0]}
        assert {name: changed[name] for name in others} == {name: before[name] for name in others}


def test_nothing_can_be_put_into_a_number() -> None:
    with pytest.raises(ExecutionFailed, match="ResultPathMatchFailure"):
        put("$.a.b", {"a": 1}, "result")
