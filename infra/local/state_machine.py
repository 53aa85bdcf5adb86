"""Runs a state machine of Step Functions in this process, from the file that is deployed.

What is executed: Task (lambda:invoke), Map (distributed, over a JSON array in S3), Pass, Succeed
and Fail, with Retry and Catch. What has no effect here is listed in `states.definition`; whatever
else a definition asks for is refused before anything is started.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.function import Invoke
from infra.local.states import definition as asl
from infra.local.states.errors import ExecutionFailed, NotUnderstood
from infra.local.states.paths import Json, fill, find, put, through_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["ExecutionFailed", "NotUnderstood", "run"]

_TERMINAL: Final = {"States.Runtime", "States.DataLimitExceeded"}
"""Matched by no wildcard: trying the same once more would not help."""


@dataclass(frozen=True)
class _World:
    """What an execution touches outside of itself."""

    invoke: Invoke
    s3: "S3Client"
    sleep: Callable[[float], None]
    at_once: int


def run(
    definition: Mapping[str, object],
    given: Mapping[str, object],
    invoke: Invoke,
    s3_client: "S3Client",
    *,
    sleep: Callable[[float], None] = time.sleep,
    at_once: int = 2,
) -> Json:
    """Run an execution to its end, and answer its output.

    Args:
        definition: In the Amazon States Language.
        given: The input.
        invoke: Gets the payload of each task, from several threads. What it raises is the error of
            the task, named by its class, as Lambda reports it.
        s3_client: Reads the items of a Map.
        sleep: Waits so many seconds before a retry; what it raises ends the execution.
        at_once: Items of a Map that are worked on side by side, however many it would allow.

    Raises:
        NotUnderstood: the definition asks for something else; nothing was started.
        ExecutionFailed: the execution ended with an error.
    """
    machine = asl.parse(definition)
    return _walk(machine, through_json(given), _World(invoke, s3_client, sleep, at_once))


def _walk(part: asl.Machine | asl.Processor, given: Json, world: _World) -> Json:
    name: str | None = part.start_at
    while name is not None:
        name, given = _enter(part.states[name], given, world)
    return given


def _enter(state: asl.AnyState, given: Json, world: _World) -> tuple[str | None, Json]:
    """The next state, None at the end, and its input."""
    match state:
        case asl.Fail():
            raise ExecutionFailed(
                find(state.error_path, given) if state.error_path else state.error,
                find(state.cause_path, given) if state.cause_path else state.cause,
            )
        case asl.Succeed():
            return None, given
        case asl.Pass():
            result = state.result if "result" in state.model_fields_set else given
            return state.next, put(state.result_path, given, result)
        case _:
            return _try(state, given, world)


def _try(state: asl.Task | asl.Map, given: Json, world: _World) -> tuple[str | None, Json]:
    retries = [0] * len(state.retry)
    while True:
        try:
            return state.next, _output(state, given, world)
        except ExecutionFailed as failed:
            place = _matching([retrier.error_equals for retrier in state.retry], failed)
            if place is None or retries[place] >= state.retry[place].max_attempts:
                return _catch(state, given, failed)
        world.sleep(state.retry[place].pause(retries[place]))
        retries[place] += 1


def _catch(
    state: asl.Task | asl.Map, given: Json, failed: ExecutionFailed
) -> tuple[str | None, Json]:
    place = _matching([catcher.error_equals for catcher in state.catch], failed)
    if place is None:
        raise failed
    catcher = state.catch[place]
    told = {"Error": failed.error, "Cause": failed.cause}
    return catcher.next, put(catcher.result_path, given, told)


def _matching(handlers: Sequence[Sequence[str]], failed: ExecutionFailed) -> int | None:
    """Place of the first handler that names the error."""
    for place, names in enumerate(handlers):
        if any(_matches(name, failed.error) for name in names):
            return place
    return None


def _matches(name: str, error: str) -> bool:
    if name == "States.TaskFailed":
        return error not in _TERMINAL | {"States.Timeout"}
    return name == error or (name == asl.ALL and error not in _TERMINAL)


def _output(state: asl.Task | asl.Map, given: Json, world: _World) -> Json:
    if isinstance(state, asl.Task):
        result = _invoke(state, given, world)
    else:
        result = _map(state, given, world)
    whole = put(state.result_path, given, through_json(result))
    return through_json({} if state.output_path is None else find(state.output_path, whole))


def _invoke(task: asl.Task, given: Json, world: _World) -> Json:
    payload = through_json(fill(task.parameters.payload, given))
    try:
        answer = world.invoke(payload)
    except Exception as error:
        raise _reported(type(error).__name__, error) from error
    try:
        returned = through_json(answer)
    except (TypeError, ValueError) as error:
        raise _reported("Runtime.MarshalError", error) from error
    result = {"ExecutedVersion": "$LATEST", "Payload": returned, "StatusCode": 200}
    return result if task.result_selector is None else fill(task.result_selector, result)


def _reported(name: str, error: Exception) -> ExecutionFailed:
    return ExecutionFailed(name, json.dumps({"errorMessage": str(error), "errorType": name}))


def _map(state: asl.Map, given: Json, world: _World) -> list[Json]:
    """The outputs of the items that did not fail, in order."""
    inputs = [
        _item_input(state, given, place, item)
        for place, item in enumerate(_items(state.item_reader, given, world))
    ]
    workers = min(world.at_once, state.max_concurrency or world.at_once)
    with ThreadPoolExecutor(workers, thread_name_prefix="map") as pool:
        children = [pool.submit(_walk, state.item_processor, item, world) for item in inputs]
        try:
            _await(children, state.tolerated_failure_percentage)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [child.result() for child in children if child.exception() is None]


def _items(reader: asl.ItemReader, given: Json, world: _World) -> list[Json]:
    where = fill(reader.parameters, given)
    try:
        items = json.loads(world.s3.get_object(**where)["Body"].read())
    except (BotoCoreError, ClientError, ValueError) as error:
        raise ExecutionFailed("States.ItemReaderFailed", str(error)) from error
    if not isinstance(items, list):
        raise ExecutionFailed("States.ItemReaderFailed", "The items are no JSON array")
    return items


def _item_input(state: asl.Map, given: Json, place: int, item: Json) -> Json:
    if state.item_selector is None:
        return item
    return fill(state.item_selector, given, {"Map": {"Item": {"Index": place, "Value": item}}})


def _await(children: Sequence[Future[Json]], tolerated: float) -> None:
    failures = 0
    for child in as_completed(children):
        error = child.exception()
        if error is not None and not isinstance(error, ExecutionFailed):
            raise error
        failures += error is not None
        if failures * 100 > tolerated * len(children):
            # Which item failed, and why, is not told: nor does Step Functions.
            raise ExecutionFailed(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
