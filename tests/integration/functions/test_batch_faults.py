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
from foretell.batch.runs import REJECTED, STATUS, SUMMARY, Status
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
IMPOSSIBLE = "X,10,20,1,5,bought before the first purchase\n"

SIZES = PartSizes(least=1 << 10, sent=2 << 10, copied=4 << 10)
"""S3's own, thousands of times smaller: a result of some rows goes up in parts."""

LARGE = 1 << 20
"""Bytes of the parts of a result that takes its time."""

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

KILLED_BEFORE = {
    "it has read anything": ["GetObject /incoming"],
    "it tells of rows once more": ["PutObject", *["/status.json"] * 4],
    "a third part of the predictions goes up": ["UploadPart"] * 3,
    "the predictions appear": ["CompleteMultipartUpload"],
    "the refused rows appear": ["/rejected.csv"],
    "it tells of its success": ["/summary.json", "/status.json"],
}
"""Of what it asks S3, in order, what it does not live to ask."""


@dataclass(frozen=True)
class Dropped:
    """A file under incoming/, and where its results appear."""

    s3: Any
    results: str
    event: dict[str, Any]

    @property
    def names(self) -> set[str]:
        """Of all objects that anyone can see."""
        found = self.s3.list_objects_v2(Bucket=self.results).get("Contents", ())
        return {item["Key"].split("/", 2)[2] for item in found}

    @property
    def outputs(self) -> dict[str, bytes]:
        return {name: self.body(name) for name in self.names & OUTPUTS}

    @property
    def status(self) -> Status:
        return Status.model_validate_json(self.body(STATUS))

    @property
    def unfinished(self) -> list[Any]:
        """Uploads that were begun, and neither completed nor given up."""
        found: list[Any] = self.s3.list_multipart_uploads(Bucket=self.results).get("Uploads", [])
        return found

    def body(self, name: str) -> bytes:
        (run,) = {item["Key"].split("/")[1] for item in self._listed()}
        stored = self.s3.get_object(Bucket=self.results, Key=f"runs/{run}/{name}")
        return bytes(stored["Body"].read())

    def _listed(self) -> list[Any]:
        found: list[Any] = self.s3.list_objects_v2(Bucket=self.results)["Contents"]
        return found


@dataclass(frozen=True)
class World:
    """S3 with a registry and a bucket of files."""

    s3: Any
    version: Version

    def drop(self, key: str, body: bytes, bucket: str = UPLOADS) -> Dropped:
        stored = self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        found = {"key": key, "size": len(body), "etag": stored["ETag"].strip('"')}
        if "VersionId" in stored:
            found["version-id"] = stored["VersionId"]
        event = {"detail": {"bucket": {"name": bucket}, "object": found}}
        return self.again(Dropped(self.s3, "", event))

    def again(self, dropped: Dropped) -> Dropped:
        """The same file, as if nobody had seen it yet."""
        results = f"results-{uuid.uuid4().hex}"
        self.s3.create_bucket(Bucket=results)
        return replace(dropped, results=results)

    def function(self) -> Tasks:
        """A function that has the version at hand, as most have."""
        tasks = self.cold_function()
        tasks._loaded = self.version
        return tasks

    def cold_function(self) -> Tasks:
        return Tasks()


def perform(tasks: Tasks, dropped: Dropped, seconds_left: float = 900.0) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETELL_RESULTS", dropped.results)
        return str(tasks.perform(dropped.event, lambda: seconds_left)["state"])


@pytest.fixture(scope="module")
def world(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its S3 takes one request at a time: conditional writes are atomic, as S3's are."""
    with (
        pytest.MonkeyPatch.context() as patch,
        object_store(tmp_path_factory.mktemp("s3"), 0) as store,
    ):
        patch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", SIZES.least)
        patch.setattr("foretell.batch.function.S3Results", partial(S3Results, sizes=SIZES))
        patch.setattr("foretell.batch.function.StatusFile", partial(StatusFile, every_seconds=0))
        patch.setenv("AWS_ENDPOINT_URL_S3", store.endpoint_url)
        patch.setenv("FORETELL_REGISTRY", "s3://registry/shop")
        patch.setenv("FORETELL_UPLOADS", UPLOADS)
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
    """Whatever is tried again, is tried at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("foretell.batch.storage.fetching.PAUSES_SECONDS", [0, 0])
    monkeypatch.setattr("foretell.s3.connection.PAUSE_SECONDS", 0)


@pytest.fixture(scope="module")
def small(world: World) -> Dropped:
    return world.drop("incoming/May 2026.csv", table(30))


@pytest.fixture(scope="module")
def undisturbed(world: World, small: Dropped) -> dict[str, bytes]:
    """What comes of the small file."""
    return scored(world, small)


def table(rows: int) -> bytes:
    """A file with as many customers, and one that is none."""
    customers = (
        f"C-{row},{200 + row % 900},{row % 180},{0.1 + row % 7},{20 + row % 5_000}.5,\n"
        for row in range(rows)
    )
    return f"{HEADER}{IMPOSSIBLE}{''.join(customers)}".encode()


def scored(world: World, dropped: Dropped) -> dict[str, bytes]:
    """What comes of a file, if nothing comes in between."""
    elsewhere = world.again(dropped)
    assert perform(world.function(), elsewhere) == "succeeded"
    assert elsewhere.outputs.keys() == OUTPUTS
    return elsewhere.outputs


def assert_complete(dropped: Dropped, outputs: dict[str, bytes]) -> None:
    assert dropped.status.state == "succeeded"
    assert dropped.status.failure is None
    assert dropped.outputs == outputs
    assert dropped.names == {*OUTPUTS, STATUS, "run.json"}


def assert_nothing_half_written(dropped: Dropped, outputs: dict[str, bytes]) -> None:
    assert dropped.outputs.items() <= outputs.items()


# What a killed function leaves behind


@pytest.fixture(scope="module")
def large(world: World) -> Dropped:
    return world.drop("incoming/everyone.csv", table(60_000))


@pytest.fixture(scope="module")
def outputs_of_large(world: World, large: Dropped) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "foretell.batch.function.S3Results", partial(S3Results, sizes=PartSizes(sent=LARGE))
        )
        return scored(world, large)


@pytest.fixture(scope="module")
def killed(world: World, large: Dropped) -> dict[str, Dropped]:
    """The large file after functions that were killed, each at another moment."""
    found = {moment: world.again(large) for moment in KILLED_BEFORE}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps([large.event, awaited, LARGE])],
            env={**os.environ, "FORETELL_RESULTS": found[moment].results, "PYTHONPATH": "."},
            stdout=subprocess.DEVNULL,
        )
        for moment, awaited in KILLED_BEFORE.items()
    ]
    assert [child.wait(60) for child in children] == [-signal.SIGKILL] * len(children)
    return found


@pytest.mark.parametrize("moment", KILLED_BEFORE)
def test_a_function_that_is_killed_leaves_nothing_half_written_and_a_replay_completes_it(
    moment: str, killed: dict[str, Dropped], outputs_of_large: dict[str, bytes], world: World
) -> None:
    dropped = killed[moment]
    assert dropped.status.state == "running"
    assert_nothing_half_written(dropped, outputs_of_large)
    if moment == "it tells of rows once more":
        assert 0 < dropped.status.rows < 60_001
    if moment == "a third part of the predictions goes up":
        assert dropped.unfinished

    perform(world.function(), dropped)

    assert_complete(dropped, outputs_of_large)
