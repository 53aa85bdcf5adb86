"""The local endpoint of Step Functions, spoken to as the batch function does: boto3 over HTTP."""

import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import function
from infra.local.state_machine import NotUnderstood
from infra.local.step_functions import StepFunctions, step_functions

ROOT = Path(__file__).parents[3]
DEPLOYED = json.loads((ROOT / "infra/batch.asl.json").read_text(encoding="utf-8"))
PATIENCE = 10  # seconds for what takes milliseconds


class Plan:
    """As much of S3 as is asked: a plan of three ranges."""

    def get_object(self, **_: str) -> dict[str, Any]:
        items = [{"run_id": "r", "range": number} for number in range(3)]
        return {"Body": io.BytesIO(json.dumps(items).encode())}


class Batch:
    """The function: what it was asked, and what it is to do before it answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.before: Callable[[dict[str, Any]], object] = lambda _: None

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(payload)
        self.before(payload)
        return {
            "run_id": payload.get("run_id"),
            "ranges": 3,
            "plan": {"bucket": "b", "key": "k"},
        }

    def has_done(self, task: str, run_id: str) -> bool:
        return any((asked["task"], asked.get("run_id")) == (task, run_id) for asked in self.asked)


@pytest.fixture
def batch() -> Batch:
    return Batch()


@pytest.fixture
def machine(batch: Batch) -> Iterator[StepFunctions]:
    with step_functions("foretell-batch", DEPLOYED, batch, Plan()) as running:
        yield running


@pytest.fixture
def client(machine: StepFunctions, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As the function makes it: everything but the service is in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", machine.endpoint_url)
    return boto3.client("stepfunctions")


def start(client: Any, machine: StepFunctions, name: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.start_execution(
        stateMachineArn=machine.state_machine_arn,
        name=name,
        input=json.dumps({"run_id": name} | given),
    )
    return answer


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def test_an_execution_that_is_started_does_every_task(
    client: Any, machine: StepFunctions, batch: Batch
) -> None:
    answer = start(client, machine, "customers-csv-0123456789abcdef")

    assert answer["executionArn"] == (
        "arn:aws:states:us-east-1:123456789012:execution:"
        "foretell-batch:customers-csv-0123456789abcdef"
    )
    assert abs(answer["startDate"].timestamp() - time.time()) < 60
    wait_until(lambda: batch.has_done("assemble", "customers-csv-0123456789abcdef"))
    assert [asked["task"] for asked in batch.asked] == [
        *("plan", "score", "score", "score", "assemble")
    ]


def test_the_same_start_twice_is_one_execution(
    client: Any, machine: StepFunctions, batch: Batch
) -> None:
    may_go_on = threading.Event()
    batch.before = lambda _: may_go_on.wait(PATIENCE)

    first = start(client, machine, "a")
    again = start(client, machine, "a")
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(client, machine, "a", other=1)
    may_go_on.set()

    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    wait_until(lambda: batch.has_done("assemble", "a"))
    start(client, machine, "b")
    wait_until(lambda: batch.has_done("assemble", "b"))
    assert len([asked for asked in batch.asked if asked["task"] == "plan"]) == 2


def test_a_name_is_not_used_again_after_its_execution_has_ended(
    client: Any, machine: StepFunctions, batch: Batch
) -> None:
    start(client, machine, "a")
    start(client, machine, "b")
    wait_until(lambda: batch.has_done("plan", "b"))  # one runs after the other, so a has ended

    # As Step Functions does, for ninety days.
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        start(client, machine, "a")


def test_executions_run_one_after_the_other(
    client: Any, machine: StepFunctions, batch: Batch
) -> None:
    for name in "abc":
        start(client, machine, name)
    wait_until(lambda: batch.has_done("assemble", "c"))

    runs = [asked["run_id"] for asked in batch.asked if asked["task"] in {"plan", "assemble"}]
    assert runs == list("aabbcc")


def test_a_failed_execution_is_told_in_one_line_without_its_cause(
    client: Any, machine: StepFunctions, batch: Batch, capfd: pytest.CaptureFixture[str]
) -> None:
    class UnscorableFile(Exception):
        pass

    def fail(payload: dict[str, Any]) -> None:
        if payload["task"] == "plan" and payload["run_id"] == "a":
            raise UnscorableFile("no table: Jane Doe")

    batch.before = fail
    start(client, machine, "a")
    start(client, machine, "b")
    wait_until(lambda: batch.has_done("assemble", "b"))

    (said,) = capfd.readouterr().err.splitlines()
    assert "run a failed" in said
    assert "UnscorableFile" in said
    assert "Jane" not in said
    assert batch.has_done("fail", "a")


def test_an_execution_that_is_stopped_has_not_failed(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    begun, stopped, ended = threading.Event(), threading.Event(), threading.Event()

    def lose_the_store(payload: dict[str, Any]) -> None:
        if payload["task"] == "score":
            begun.set()
            stopped.wait(PATIENCE)
            ended.set()
            raise ConnectionError("the store is gone")

    batch.before = lose_the_store
    with step_functions("m", DEPLOYED, batch, Plan()) as machine:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", machine.endpoint_url)
        start(boto3.client("stepfunctions"), machine, "a")
        start(boto3.client("stepfunctions"), machine, "waiting")
        begun.wait(PATIENCE)
    stopped.set()
    ended.wait(PATIENCE)
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("execution")])

    assert [asked["task"] for asked in batch.asked] == ["plan", "score"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("StateMachineDoesNotExist", {"stateMachineArn": "arn:aws:states:x:1:stateMachine:other"}),
        ("InvalidName", {"name": "a b"}),
        ("InvalidName", {"name": "x" * 81}),
        ("InvalidExecutionInput", {"input": "{"}),
    ],
)
def test_a_wrong_request_is_refused_as_step_functions_does(
    client: Any, machine: StepFunctions, batch: Batch, code: str, asked: dict[str, str]
) -> None:
    request = {"stateMachineArn": machine.state_machine_arn, "name": "a", "input": "{}"} | asked

    with pytest.raises(ClientError) as refused:
        client.start_execution(**request)

    assert refused.value.response["Error"]["Code"] == code
    assert batch.asked == []


def test_other_operations_are_not_known(client: Any) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_state_machines()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Host": "attacker.example"}, None),
        ({"Origin": "https://attacker.example"}, None),
        ({"Origin": "null"}, None),
        ({"Host": "["}, None),
        ({}, b"[]"),
        ({}, b"\xff"),
        ({"Content-Length": str(1 << 30)}, b"{}"),
    ],
)
def test_what_no_client_of_this_machine_sends_starts_nothing(
    machine: StepFunctions, batch: Batch, headers: dict[str, str], body: bytes | None
) -> None:
    address = urlsplit(machine.endpoint_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    given = {"stateMachineArn": machine.state_machine_arn, "name": "a", "input": "{}"}
    target = {"X-Amz-Target": "AWSStepFunctions.StartExecution"}

    connection.request("POST", "/", body or json.dumps(given).encode(), target | headers)

    answer = connection.getresponse()
    assert answer.status == 400
    assert "__type" in json.loads(answer.read())
    connection.close()
    assert batch.asked == []


def test_a_definition_that_cannot_be_executed_is_refused_at_once(batch: Batch) -> None:
    wrong = {**DEPLOYED, "QueryLanguage": "JSONata"}

    with (
        pytest.raises(NotUnderstood, match="QueryLanguage"),
        step_functions("m", wrong, batch, Plan()),
    ):
        pytest.fail("it was started")


def test_the_batch_function_is_given_one_event_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "handler_of_the_tests.py").write_text(
        "import time\n"
        "inside = []\n"
        "def handler(event, context):\n"
        "    inside.append(1)\n"
        "    most = len(inside)\n"
        "    time.sleep(0.005)\n"
        "    inside.pop()\n"
        "    return [event, most, context.get_remaining_time_in_millis(), context.aws_request_id]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(function, "_HANDLER_IN", "handler_of_the_tests")
    invoke = function.batch_function()
    answers: list[Any] = []

    threads = [
        threading.Thread(target=lambda n=n: answers.append(invoke({"n": n}))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(answer[0]["n"] for answer in answers) == [0, 1, 2, 3]
    assert [answer[1:3] for answer in answers] == [[1, 900_000]] * 4
    assert len({answer[3] for answer in answers}) == 4
