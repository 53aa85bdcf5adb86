"""Whatever happens on the way, a file ends with one complete result, or with a status saying why.

Every delivery of a file's event is compared with one that nothing disturbed: the same bytes.
"""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Barrier
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
from foretell.s3 import connection
from foretell.s3.connection import Answer
from infra.local.object_store import object_store
from tests.shared.interference import (
    Call,
    Interference,
    Misbehaviour,
    breaks_off,
    denies,
    fails,
    loses_its_answer,
)
from training.publish import promote, publish

THOROUGH = "FORETELL_EXAMPLES" in os.environ
"""Whether there is time for everything."""
PATIENCE = 30  # seconds for what takes milliseconds

UPLOADS = "uploads"
PREDICTIONS = "predictions.csv"
OUTPUTS = {PREDICTIONS, REJECTED, SUMMARY}
HEADER = "customer_id,tenure_days,recency,frequency,monetary,note\n"
NOTE = "has bought from us for as long as anyone here remembers and a little longer"
IMPOSSIBLE = "X,10,20,1,5,bought before the first purchase\n"

SMALL_ROWS = 10
LARGE_ROWS = 12_000
"""More than are read at once."""

SMALL = PartSizes(least=1 << 10, sent=1 << 10)
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
    found = dropped.objects
    status = Status.model_validate_json(found.pop(STATUS))
    assert (status.state, status.failure) == ("succeeded", None)
    assert found.pop(RUN)
    assert found == outputs


def assert_failed(dropped: Dropped, outputs: dict[str, bytes], reason: str) -> None:
    found = dropped.objects
    status = Status.model_validate_json(found.pop(STATUS))
    assert status.state == "failed"
    assert status.failure is not None
    assert re.search(reason, status.failure.detail)
    found.pop(RUN, None)
    assert found.items() <= outputs.items()


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
            env={
                **os.environ,
                "FORETELL_RESULTS": found[name].results,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            stdout=subprocess.DEVNULL,
        )
        for name, moment in MOMENTS.items()
    ]
    assert [child.wait(60) for child in children] == [-signal.SIGKILL] * len(children)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_function_leaves_is_never_half_written_and_a_replay_completes_it(
    moment: str, killed: dict[str, Dropped], outputs_of_large: dict[str, bytes], world: World
) -> None:
    dropped = killed[moment]
    assert MOMENTS[moment].leaves(dropped)
    assert dropped.status.state == "running"
    assert dropped.outputs.items() <= outputs_of_large.items()

    assert perform(world.function(), dropped) == "succeeded"

    assert_complete(dropped, outputs_of_large)


# S3 that fails


@pytest.mark.slow
def test_whichever_request_fails_the_run_is_right_or_failed_and_a_replay_completes_it(
    world: World, small: Dropped, outputs: dict[str, bytes], subtests: Any
) -> None:
    for place, call in enumerate(requested(world, small)):
        dropped, tasks = small.again(), world.function()
        interference = Interference(tasks._s3)
        kinds = [denies, fails] if THOROUGH else [(denies, fails)[place % 2]]
        for misbehave in (*kinds, *[breaks_off] * (call.operation == "GetObject")):
            with subtests.test(call=str(call), s3=misbehave.__name__):
                interference.start(misbehave, call.is_this)
                try:
                    assert perform(tasks, dropped) == "succeeded"
                except StorageUnreachable:
                    assert_failed(dropped, outputs, "s3://")
                else:
                    assert_complete(dropped, outputs)
                    dropped = small.again()
                assert interference.harmed == {call}
                assert not dropped.unfinished
        with subtests.test(call=str(call), s3="works again"):
            interference.start()
            assert perform(tasks, dropped) == "succeeded"
            assert_complete(dropped, outputs)


def test_from_whichever_request_on_s3_is_gone_nothing_is_half_written_and_a_replay_completes_it(
    world: World, small: Dropped, outputs: dict[str, bytes], subtests: Any
) -> None:
    for call in requested(world, small)[:: 1 if THOROUGH else 4]:
        dropped, tasks = small.again(), world.function()
        interference = Interference(tasks._s3)
        with subtests.test(call=str(call)):
            interference.start(fails, partial(interference.has_seen, call))
            with pytest.raises(StorageUnreachable):
                perform(tasks, dropped)
            assert dropped.outputs.items() <= outputs.items()
            interference.start()
            assert perform(tasks, dropped) == "succeeded"
            assert_complete(dropped, outputs)


@pytest.mark.parametrize("misbehave", [fails, loses_its_answer, breaks_off])
def test_requests_that_succeed_at_the_second_attempt_disturb_nobody(
    world: World, small: Dropped, outputs: dict[str, bytes], misbehave: Misbehaviour
) -> None:
    dropped, tasks = small.again(), world.function()
    interference = Interference(tasks._s3)
    first = set()

    def is_first(call: Call) -> bool:
        alike = replace(call, number=0) if misbehave is breaks_off else call
        concerned = misbehave is not breaks_off or call.operation == "GetObject"
        is_first = alike not in first and concerned
        first.add(alike)
        return is_first

    interference.start(misbehave, is_first)

    assert perform(tasks, dropped) == "succeeded"

    assert len(interference.harmed) == (2 if misbehave is breaks_off else len(first))
    assert_complete(dropped, outputs)


def requested(world: World, small: Dropped) -> list[Call]:
    """What a run that nothing disturbs asks of S3."""
    tasks = world.function()
    interference = Interference(tasks._s3)
    assert perform(tasks, small.again()) == "succeeded"
    found = list(interference.seen)
    assert len(found) == len(set(found)) > 12
    return found


@pytest.fixture
def registry_requests(monkeypatch: pytest.MonkeyPatch) -> "Requests":
    """Those of the registry, some of which fail."""
    found = Requests(connection._exchange)
    monkeypatch.setattr(connection, "_exchange", found)
    return found


class Requests:
    """What is asked of S3 without boto3."""

    def __init__(self, ask: Callable[..., Answer]) -> None:
        self._ask = ask
        self.paths: list[str] = []
        self.failing: str | None = None

    def __call__(self, line: Any, path: str, *others: Any) -> Answer:
        self.paths.append(path)
        if path == self.failing:
            raise ConnectionResetError
        return self._ask(line, path, *others)


def test_without_the_registry_the_status_says_so_and_a_replay_completes_the_run(
    small: Dropped, outputs: dict[str, bytes], registry_requests: Requests, world: World
) -> None:
    dropped, tasks = small.again(), Tasks()
    assert perform(Tasks(), small.again()) == "succeeded"
    asked = list(dict.fromkeys(registry_requests.paths))
    assert len(asked) > 4

    for path in asked:
        registry_requests.failing = path
        with pytest.raises(RegistryUnreachable) as raised:
            perform(tasks, dropped)
        assert_failed(dropped, {}, re.escape(str(raised.value)))
    registry_requests.failing = None

    assert perform(tasks, dropped) == "succeeded"
    assert_complete(dropped, outputs)


# Events that come twice, or too late


@pytest.mark.parametrize(
    "step", ["GetObject status.json 1", "PutObject run.json 1", "PutObject summary.json 1"]
)
def test_an_event_that_is_delivered_twice_at_once_has_one_result(
    small: Dropped, outputs: dict[str, bytes], world: World, step: str
) -> None:
    dropped, barrier = small.again(), Barrier(2)
    functions = [world.function(), world.function()]
    for tasks in functions:
        Interference(tasks._s3).start(meets(barrier), lambda call: str(call) == step)

    with results_in(dropped), ThreadPoolExecutor(2) as pool:
        states = pool.map(lambda tasks: tasks.perform(dropped.event, lambda: 900.0), functions)

    assert [each["state"] for each in states] == ["succeeded", "succeeded"]
    assert_complete(dropped, outputs)


def meets(barrier: Barrier) -> Misbehaviour:
    """S3 answers neither of two before it can answer both."""

    def wait(*_: Any) -> None:
        barrier.wait(PATIENCE)

    return wait


def test_of_two_deliveries_the_one_that_fails_takes_nothing_from_the_one_that_succeeded(
    small: Dropped, outputs: dict[str, bytes], world: World
) -> None:
    dropped, tasks = small.again(), world.function()

    def denies_after_the_other(request: Any, client: Any) -> AWSResponse:
        assert perform(world.function(), dropped) == "succeeded"
        return denies(request, client)

    interference = Interference(tasks._s3)
    interference.start(denies_after_the_other, lambda call: str(call) == "PutObject summary.json 1")

    with pytest.raises(StorageUnreachable):
        perform(tasks, dropped)

    assert_complete(dropped, outputs)


def test_an_event_that_is_delivered_again_later_writes_nothing(
    small: Dropped, outputs: dict[str, bytes], world: World
) -> None:
    dropped, tasks = small.again(), world.function()
    perform(tasks, dropped)
    before = dropped.objects

    interference = Interference(tasks._s3)

    assert perform(tasks, dropped) == "succeeded"
    assert [str(call) for call in interference.seen] == ["GetObject status.json 1"]
    assert dropped.objects == before


def test_a_file_that_was_replaced_fails_and_the_newer_one_has_a_run_of_its_own(
    world: World,
) -> None:
    older = world.drop("incoming/a.csv", table(3))
    newer = world.drop("incoming/a.csv", table(4))

    assert perform(world.function(), older) == "failed"
    assert perform(world.function(), newer) == "succeeded"

    assert_failed(older, {}, "was replaced while it was being read")
    assert newer.status.rows == 5


def test_a_file_that_was_replaced_is_scored_where_its_bucket_keeps_versions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETELL_UPLOADS", "versioned")
    world.s3.create_bucket(Bucket="versioned")
    world.s3.put_bucket_versioning(
        Bucket="versioned", VersioningConfiguration={"Status": "Enabled"}
    )
    older = world.drop("incoming/a.csv", table(3), "versioned")
    newer = world.drop("incoming/a.csv", table(4), "versioned")

    assert [perform(world.function(), each) for each in (older, newer)] == ["succeeded"] * 2

    assert [each.status.rows for each in (older, newer)] == [4, 5]


def test_a_run_whose_time_is_up_says_so_and_can_be_tried_again(
    small: Dropped, outputs: dict[str, bytes], world: World
) -> None:
    dropped = small.again()

    assert perform(world.function(), dropped, seconds_left=5) == "failed"

    assert_failed(dropped, {}, "in the time that one function has")
    assert not dropped.unfinished

    assert perform(world.function(), dropped) == "succeeded"
    assert_complete(dropped, outputs)
