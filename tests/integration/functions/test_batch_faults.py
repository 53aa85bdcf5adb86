"""Whatever happens on the way, a file ends with one complete result, or with a status saying why.

Every delivery of a file's event is compared with one that nothing disturbed: the same bytes.
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from io import BytesIO
from threading import Barrier, Lock, local
from types import SimpleNamespace
from typing import Any

import moto.s3.models
import pytest
from botocore.awsrequest import AWSResponse

from foretell.batch import flow
from foretell.batch.flow import Version
from foretell.batch.function import Tasks
from foretell.batch.runs import REJECTED, RUN, STATUS, SUMMARY, Status
from foretell.batch.storage import S3Results, StatusFile, connect
from foretell.batch.storage.multipart import PartSizes
from foretell.problems import RegistryUnreachable, StorageUnreachable
from foretell.registry import Registry, RegistryAddress
from foretell.registry import connect as connect_registry
from foretell.s3.connection import Answer
from infra.local.object_store import object_store
from training.publish import promote, publish

UPLOADS = "uploads"
PREDICTIONS = "predictions.csv"
OUTPUTS = {PREDICTIONS, REJECTED, SUMMARY}
HEADER = "customer_id,tenure_days,recency,frequency,monetary,note\n"
NOTE = "has bought from us for as long as anyone here remembers and a little longer"
IMPOSSIBLE = "X,10,20,1,5,bought before the first purchase\n"

SMALL_ROWS = 20
LARGE_ROWS = 12_000
"""More than are read at once."""

SMALL = PartSizes(least=1 << 10, sent=2 << 10, copied=4 << 10)
"""S3's own, thousands of times smaller: the results of a few rows go up in parts, too."""
LARGE = PartSizes(sent=1 << 19)

CHILD = """
import json, os, signal, sys
from functools import partial
from foretell.batch import function
from foretell.batch.storage import S3Results, StatusFile, connect
from foretell.batch.storage.multipart import PartSizes
from functions.batch.app import handler
from tests.shared.lambda_events import Context

event, awaited, size = json.loads(sys.argv[1])

def die_in_time(model, params, **_):
    if awaited[0] in f"{model.name} {params['url_path']}":
        awaited.pop(0)
    if not awaited:
        os.kill(os.getpid(), signal.SIGKILL)

def connected():
    client = connect()
    client.meta.events.register("before-call.s3", die_in_time)
    return client

class OneMinute(Context):
    def get_remaining_time_in_millis(self):
        return 60_000

function.connect = connected
function.S3Results = partial(S3Results, sizes=PartSizes(sent=size))
function.StatusFile = partial(StatusFile, every_seconds=0)
handler(event, OneMinute())
"""

@dataclass(frozen=True)
class Dropped:
    """A file under incoming/, and the bucket in which its results appear."""

    s3: Any
    event: dict[str, Any]
    results: str
    sizes: PartSizes

    def again(self) -> "Dropped":
        """The same file, as if nobody had seen it yet."""
        results = f"results-{uuid.uuid4().hex}"
        self.s3.create_bucket(Bucket=results)
        return replace(self, results=results)

    @property
    def objects(self) -> dict[str, bytes]:
        """All that anyone can see."""
        listed = self.s3.list_objects_v2(Bucket=self.results).get("Contents", ())
        return {item["Key"].split("/", 2)[2]: self._body(item["Key"]) for item in listed}

    @property
    def outputs(self) -> dict[str, bytes]:
        return {name: body for name, body in self.objects.items() if name in OUTPUTS}

    @property
    def status(self) -> Status:
        return Status.model_validate_json(self.objects[STATUS])

    @property
    def unfinished(self) -> list[Any]:
        """Uploads that were begun, and neither completed nor given up."""
        found: list[Any] = self.s3.list_multipart_uploads(Bucket=self.results).get("Uploads", [])
        return found

    def _body(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.results, Key=key)["Body"].read()
        return body


@dataclass(frozen=True)
class World:
    """S3 with a registry and a bucket of files."""

    s3: Any
    version: Version

    def drop(
        self, key: str, body: bytes, bucket: str = UPLOADS, sizes: PartSizes = SMALL
    ) -> Dropped:
        stored = self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        found = {"key": key, "size": len(body), "etag": stored["ETag"].strip('"')}
        if "VersionId" in stored:
            found["version-id"] = stored["VersionId"]
        event = {"detail": {"bucket": {"name": bucket}, "object": found}}
        return Dropped(self.s3, event, "", sizes).again()

    def function(self) -> Tasks:
        """A function that has the version at hand, as most have."""
        tasks = Tasks()
        tasks._loaded = self.version
        return tasks

    def undisturbed(self, dropped: Dropped) -> dict[str, bytes]:
        """What comes of a file, if nothing comes in between."""
        elsewhere = dropped.again()
        assert perform(self.function(), elsewhere) == "succeeded"
        assert elsewhere.outputs.keys() == OUTPUTS
        return elsewhere.outputs


@contextmanager
def results_in(dropped: Dropped) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETELL_RESULTS", dropped.results)
        patch.setattr("foretell.batch.function.S3Results", partial(S3Results, sizes=dropped.sizes))
        yield


def perform(tasks: Tasks, dropped: Dropped, seconds_left: float = 900.0) -> str:
    with results_in(dropped):
        return str(tasks.perform(dropped.event, lambda: seconds_left)["state"])


def assert_complete(dropped: Dropped, outputs: dict[str, bytes]) -> None:
    assert dropped.status.state == "succeeded"
    assert dropped.status.failure is None
    assert dropped.outputs == outputs
    assert dropped.objects.keys() == {*OUTPUTS, STATUS, RUN}


def assert_nothing_half_written(dropped: Dropped, outputs: dict[str, bytes]) -> None:
    assert dropped.outputs.items() <= outputs.items()


def table(rows: int) -> bytes:
    """A file with as many customers, and one that is none."""
    customers = (
        f"C-{row},{200 + row % 900},{row % 180},{0.1 + row % 7},{20 + row % 5_000}.5,{NOTE}\n"
        for row in range(rows)
    )
    return f"{HEADER}{IMPOSSIBLE}{''.join(customers)}".encode()


@pytest.fixture(scope="module")
def world(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its S3 takes one request at a time: conditional writes are atomic, as S3's are."""
    with (
        pytest.MonkeyPatch.context() as patch,
        object_store(tmp_path_factory.mktemp("s3"), 0) as store,
    ):
        patch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", SMALL.least)
        patch.setattr("foretell.batch.function.StatusFile", partial(StatusFile, every_seconds=0))
        patch.setenv("AWS_ENDPOINT_URL_S3", store.endpoint_url)
        patch.setenv("FORETELL_REGISTRY", "s3://registry/shop")
        patch.setenv("FORETELL_UPLOADS", UPLOADS)
        patch.delenv("FORETELL_STATE_MACHINE", raising=False)
        s3 = connect()
        s3.create_bucket(Bucket=UPLOADS)
        yield World(s3, flow.load(published(trained), trained.version))


def published(trained: Any) -> Registry:
    registry = connect_registry(RegistryAddress("registry", "shop"))
    registry.s3.create_bucket(Bucket="registry")
    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)
    return registry


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again, is tried at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("foretell.batch.storage.fetching.PAUSES_SECONDS", [0, 0, 0])
    monkeypatch.setattr("foretell.s3.connection.PAUSE_SECONDS", 0)


@pytest.fixture(scope="module")
def small(world: World) -> Dropped:
    return world.drop("incoming/May 2026.csv", table(SMALL_ROWS))


@pytest.fixture(scope="module")
def outputs(world: World, small: Dropped) -> dict[str, bytes]:
    """What comes of the small file."""
    return world.undisturbed(small)


@pytest.fixture(scope="module")
def large(world: World) -> Dropped:
    return world.drop("incoming/everyone.csv", table(LARGE_ROWS), sizes=LARGE)


@pytest.fixture(scope="module")
def outputs_of_large(world: World, large: Dropped) -> dict[str, bytes]:
    return world.undisturbed(large)


# A function that is killed


@dataclass(frozen=True)
class Moment:
    """When a function is killed, and what there is then."""

    awaited: list[str]
    """What it asks S3, in this order; the last of it, it does not live to ask."""
    leaves: Callable[[Dropped], object]


MOMENTS = {
    "reads": Moment(
        ["GetObject /incoming"],
        lambda dropped: not dropped.outputs and not dropped.status.rows,
    ),
    "tells of rows once more": Moment(
        ["/run.json", *["/status.json"] * 4],
        lambda dropped: 0 < dropped.status.rows < LARGE_ROWS,
    ),
    "sends a third part of the predictions": Moment(
        ["UploadPart"] * 3,
        lambda dropped: not dropped.outputs and dropped.unfinished,
    ),
    "lets the predictions appear": Moment(
        ["CompleteMultipartUpload"],
        lambda dropped: not dropped.outputs and dropped.unfinished,
    ),
    "lets the refused rows appear": Moment(
        ["/rejected.csv"],
        lambda dropped: dropped.outputs.keys() == {PREDICTIONS},
    ),
    "tells of its success": Moment(
        ["/summary.json", "/status.json"],
        lambda dropped: dropped.outputs.keys() == OUTPUTS,
    ),
}
"""Before it does this."""


@pytest.fixture(scope="module")
def killed(large: Dropped) -> dict[str, Dropped]:
    """The large file after functions that were killed, each at another moment."""
    found = {name: large.again() for name in MOMENTS}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps([large.event, moment.awaited, LARGE.sent])],
            env={**os.environ, "FORETELL_RESULTS": found[name].results, "PYTHONPATH": "."},
            stdout=subprocess.DEVNULL,
        )
        for name, moment in MOMENTS.items()
    ]
    assert [child.wait(60) for child in children] == [-signal.SIGKILL] * len(children)
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_function_leaves_is_never_half_written_and_a_replay_completes_it(
    moment: str, killed: dict[str, Dropped], outputs_of_large: dict[str, bytes], world: World
) -> None:
    dropped = killed[moment]
    assert MOMENTS[moment].leaves(dropped)
    assert dropped.status.state == "running"
    assert_nothing_half_written(dropped, outputs_of_large)

    assert perform(world.function(), dropped) == "succeeded"

    assert_complete(dropped, outputs_of_large)


# S3 that fails


@dataclass(frozen=True, order=True)
class Call:
    """One thing that is asked of S3 in a run."""

    operation: str
    object: str
    number: int
    """Of those alike, from 1."""

    def __str__(self) -> str:
        return f"{self.operation} {self.object} {self.number}"


Misbehaviour = Callable[[Any, Any], AWSResponse | None]
"""What S3 answers to a request instead of doing what it is asked; None where it does that."""


def denies(request: Any, _: Any) -> AWSResponse:
    return refusal(request, 403, "AccessDenied")


def fails(request: Any, _: Any) -> AWSResponse:
    return refusal(request, 500, "InternalError")


def loses_its_answer(request: Any, client: Any) -> AWSResponse:
    """S3 does what it is asked, and nobody hears of it."""
    client._endpoint.http_session.send(request)
    return refusal(request, 500, "InternalError")


def breaks_off(request: Any, _: Any) -> AWSResponse:
    """Of what was announced, half arrives."""
    return AWSResponse(request.url, 206, {"content-length": "10", "etag": '"e"'}, _Body(b"hello"))


def refusal(request: Any, status: int, code: str) -> AWSResponse:
    text = f"<Error><Code>{code}</Code><Message>No</Message></Error>"
    return AWSResponse(request.url, status, {}, _Body(text.encode()))


class _Body(BytesIO):
    """As much of urllib3's response as botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Interference:
    """Takes note of what a function asks S3, and lets some of it fail."""

    def __init__(self, tasks: Tasks) -> None:
        self.seen: list[Call] = []
        self._client = tasks._s3
        self._misbehave: Misbehaviour | None = None
        self._concerned: Callable[[Call], bool] = bool
        self._alike: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()
        self._here = local()
        self._client.meta.events.register("before-call.s3", self._begin)
        self._client.meta.events.register("before-send.s3", self._send)

    def start(
        self, misbehave: Misbehaviour | None = None, concerned: Callable[[Call], bool] = bool
    ) -> None:
        """From now on, and counting from 1 again."""
        self._misbehave, self._concerned = misbehave, concerned
        self._alike.clear()
        self.seen.clear()

    def _begin(self, model: Any, params: Any, **_: Any) -> None:
        name = params["url_path"].rsplit("/", 1)[1]
        # Parts go up in any order.
        alike = (model.name, f"{name} {params['query_string'].get('partNumber', '')}".rstrip())
        with self._lock:
            self._alike[alike] += 1
            self._here.call = Call(*alike, self._alike[alike])
            self._here.attempts = 0
            self.seen.append(self._here.call)

    def _send(self, request: Any, **_: Any) -> AWSResponse | None:
        self._here.attempts += 1
        if self._misbehave is None or not self._concerned(self._here.call):
            return None
        return self._misbehave(request, self._client)


def requested(world: World, small: Dropped) -> list[Call]:
    """What a run that nothing disturbs asks of S3."""
    tasks = world.function()
    interference = Interference(tasks)
    assert perform(tasks, small.again()) == "succeeded"
    return interference.seen


def test_whichever_call_to_s3_fails_the_run_is_right_or_failed_and_a_replay_completes_it(
    world: World, small: Dropped, outputs: dict[str, bytes], subtests: Any
) -> None:
    calls = requested(world, small)
    assert len(calls) > 12
    for call in calls:
        dropped, tasks = small.again(), world.function()
        interference = Interference(tasks)
        for misbehave in (denies, fails, *[breaks_off] * (call.operation == "GetObject")):
            with subtests.test(call=str(call), s3=misbehave.__name__):
                interference.start(misbehave, partial(Call.__eq__, call))
                assert_right_or_failed(tasks, dropped, outputs)
                assert not dropped.unfinished
        with subtests.test(call=str(call), s3="works again"):
            interference.start()
            assert perform(tasks, dropped) == "succeeded"
            assert_complete(dropped, outputs)


def assert_right_or_failed(tasks: Tasks, dropped: Dropped, outputs: dict[str, bytes]) -> None:
    try:
        state = perform(tasks, dropped)
    except StorageUnreachable as error:
        assert dropped.status.state == "failed"
        assert dropped.status.failure is not None
        assert dropped.status.failure.detail == str(error)
        assert_nothing_half_written(dropped, outputs)
    else:
        assert state == "succeeded"
        assert_complete(dropped, outputs)
