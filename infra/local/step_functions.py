"""Step Functions on this machine: one state machine, of which executions can be started.

An endpoint for boto3 (AWS_ENDPOINT_URL_SFN) that knows StartExecution and nothing else, so that the
function that starts an execution is the one that is deployed. Executions run one after the other
in this process, and are forgotten with it.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from infra.local.function import Event, Invoke
from infra.local.state_machine import ExecutionFailed, run
from infra.local.states.definition import parse
from training import terminal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HOST: Final = "127.0.0.1"
_ACCOUNT: Final = "arn:aws:states:us-east-1:123456789012"
_START: Final = "AWSStepFunctions.StartExecution"
_MEDIA_TYPE: Final = "application/x-amz-json-1.0"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LONGEST: Final = 1 << 20  # bytes of a request; an input has 256 KiB at most
_POLL: Final = 0.05  # seconds until the server notices that it is to stop


@dataclass(frozen=True)
class StepFunctions:
    """A running endpoint."""

    endpoint_url: str
    state_machine_arn: str


class Refused(Exception):
    """A request that Step Functions would refuse, with the code it would give."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Stopping(Exception):
    """The platform stops: what is not finished is begun anew when it starts again."""


@contextmanager
def step_functions(
    name: str, definition: Mapping[str, object], invoke: Invoke, s3: "S3Client"
) -> Iterator[StepFunctions]:
    """Serve one state machine on 127.0.0.1, on any free port, until the block is left.

    An execution that is then under way ends with its task, and is not told to have failed.

    Raises:
        NotUnderstood: the definition has something that is not executed here.
    """
    parse(definition)
    executions = _Executions(name, _performing(definition, invoke, s3))
    handler = type("Handler", (_Handler,), {"executions": executions})
    server = ThreadingHTTPServer((_HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
    thread.start()
    try:
        yield StepFunctions(f"http://{_HOST}:{server.server_port}", executions.state_machine_arn)
    finally:
        server.shutdown()
        server.server_close()
        executions.stop()


Perform = Callable[[Any, threading.Event], object]
"""Runs an execution with an input, until that event is set."""


def _performing(definition: Mapping[str, object], invoke: Invoke, s3: "S3Client") -> Perform:
    def perform(given: Any, stopping: threading.Event) -> object:  # noqa: ANN401 - any JSON
        def invoke_unless_stopping(payload: Event) -> object:
            _pause(0, stopping)
            return invoke(payload)

        return run(
            definition,
            given,
            invoke_unless_stopping,
            s3,
            sleep=lambda seconds: _pause(seconds, stopping),
            at_once=1,  # the function itself uses all cores
        )

    return perform


def _pause(seconds: float, stopping: threading.Event) -> None:
    if stopping.wait(seconds):
        raise _Stopping


@dataclass(frozen=True)
class _Execution:
    """One that was started; `started` is in seconds since 1970."""

    arn: str
    given: Any
    started: float
    work: Future[None]


class _Executions:
    """The executions of a state machine, by their names."""

    def __init__(self, name: str, perform: Perform) -> None:
        self.state_machine_arn = f"{_ACCOUNT}:stateMachine:{name}"
        self._arn = f"{_ACCOUNT}:execution:{name}"
        self._perform = perform
        self._one_after_the_other = ThreadPoolExecutor(1, thread_name_prefix="execution")
        self._known: dict[str, _Execution] = {}
        self._starting = threading.Lock()
        self._stopping = threading.Event()

    def start(self, name: str, given: Any) -> _Execution:  # noqa: ANN401 - any JSON
        """Start an execution, or find the one that runs under that name with the same input.

        Raises:
            Refused: one of that name has ended, or has another input.
        """
        with self._starting:
            known = self._known.get(name)
            if known is None:
                work = self._one_after_the_other.submit(self._work, name, given)
                self._known[name] = known = _Execution(
                    f"{self._arn}:{name}", given, time.time(), work
                )
            elif known.work.done() or known.given != given:
                raise Refused("ExecutionAlreadyExists", f"There is an execution {name} already")
            return known

    def stop(self) -> None:
        """Let the task that runs be the last one."""
        self._stopping.set()
        self._one_after_the_other.shutdown(wait=False, cancel_futures=True)

    def _work(self, name: str, given: Any) -> None:  # noqa: ANN401 - any JSON
        try:
            self._perform(given, self._stopping)
        except _Stopping:
            return
        except ExecutionFailed as failed:
            # The cause may hold more than a terminal should; the status of the run is for that.
            terminal.error(f"run {name} failed ({failed.error}): its status.json says why")


class _Handler(BaseHTTPRequestHandler):
    executions: _Executions

    def do_POST(self) -> None:
        try:
            status, told = 200, _answer(self, self.executions)
        except Refused as refused:
            status, told = 400, {"__type": refused.code, "message": str(refused)}
        body = json.dumps(told).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", _MEDIA_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is for what concerns the user."""


def _answer(request: BaseHTTPRequestHandler, executions: _Executions) -> dict[str, object]:
    if not _from_this_machine(dict(request.headers)):
        raise Refused("AccessDeniedException", "Only this machine may start executions.")
    if request.headers.get("X-Amz-Target") != _START:
        raise Refused("UnknownOperationException", "Only StartExecution is known here.")
    asked = _body(request)
    if asked.get("stateMachineArn") != executions.state_machine_arn:
        raise Refused("StateMachineDoesNotExist", f"Only {executions.state_machine_arn} is here.")
    name = asked.get("name", str(uuid4()))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("InvalidName", "A name is up to 80 letters, digits, hyphens, underscores.")
    execution = executions.start(name, _input(asked.get("input", "{}")))
    return {"executionArn": execution.arn, "startDate": execution.started}


def _body(request: BaseHTTPRequestHandler) -> dict[str, Any]:
    length = int(request.headers.get("Content-Length") or 0)
    if length > _LONGEST:
        raise Refused("ValidationException", "The request is too large.")
    try:
        asked = json.loads(request.rfile.read(length))
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refused("SerializationException", "The request is no JSON object.")
    return asked


def _input(text: object) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text if isinstance(text, str) else "")
    except ValueError:
        raise Refused("InvalidExecutionInput", "The input is not JSON.") from None


def _from_this_machine(headers: Mapping[str, str]) -> bool:
    # As for the object store: a web page open in a browser must not be able to start anything.
    addresses = [f"//{headers.get('Host', _HOST)}", headers.get("Origin", f"//{_HOST}")]
    try:
        hosts = [urlsplit(address).hostname for address in addresses]
    except ValueError:
        return False
    return all(host in {_HOST, "localhost", "::1"} for host in hosts)
