"""Folders that a platform starts from in a moment, because the training is already done in them."""

import fcntl
import hashlib
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3

from foretell.manifest import Pointer
from foretell.registry import RegistryAddress
from infra.local import home
from tests.shared.serving import PATIENCE, Running, ask, start, stop

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RUNS: Final = 2
"""The customers of the shop as they are, and as they were a month before."""

_ROOT: Final = Path(__file__).parents[3]
_MAKES_IT: Final = (
    "training/**/*",
    "layers/foretell/foretell/**/*",
    "functions/**/*",
    "infra/local/**/*",
    "tests/requirements.txt",
)
_REGISTRY: Final = RegistryAddress("foretell-models")
_NOWHERE: Final = "2020-01-01-000000000000"


def trained(kept: Path) -> Path:
    """The simulated shop with its portfolio, as `make run` has it once all is scored.

    It is made once for all of pytest's processes, and again when what makes it has changed: whoever
    works on the page does not wait for a training each time.

    Args:
        kept: where it is kept from one run of the tests to the next.
    """
    folder = kept / _digest_of_what_makes_it()
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            _forget_old_ones(kept)
            _train(unfinished)
            unfinished.rename(folder)
    return folder


def _forget_old_ones(kept: Path) -> None:
    yesterday = time.time() - 86_400
    for old in kept.iterdir():
        if old.is_dir() and old.stat().st_mtime < yesterday:
            shutil.rmtree(old)


def _digest_of_what_makes_it() -> str:
    whole = hashlib.sha256(sys.version.encode())
    for path in sorted(path for place in _MAKES_IT for path in _ROOT.glob(place)):
        if path.is_file() and path.suffix != ".pyc":
            whole.update(f"\0{path.relative_to(_ROOT)}\0".encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def _train(folder: Path) -> None:
    folder.mkdir()
    running = start(folder, portfolio=True)
    try:
        wait_until_scored(running, RUNS)
    finally:
        stop(running)


def copy(trained: Path, folder: Path) -> Path:
    """All of it."""
    shutil.copytree(trained / home.BUCKETS, folder / home.BUCKETS)
    return folder


def without_runs(trained: Path, folder: Path) -> Path:
    """A model that is live, and nobody has ever dropped a file."""
    registry = home.BUCKETS / _REGISTRY.bucket
    shutil.copytree(trained / registry, folder / registry)
    return folder


def with_a_pointer_to_nothing(folder: Path) -> Path:
    """A registry whose pointer names a version that is not there, so that nothing is trained."""
    # Brings moto along, which is not to be waited for where no page is tested.
    from infra.local.object_store import object_store  # noqa: PLC0415

    pointer = Pointer(version=_NOWHERE, history=()).model_dump_json()
    (folder / home.HOME).mkdir(parents=True)
    with object_store(folder / home.BUCKETS, 0) as store:
        s3 = _client(store.endpoint_url)
        s3.create_bucket(Bucket=_REGISTRY.bucket)
        s3.put_object(Bucket=_REGISTRY.bucket, Key=_REGISTRY.pointer, Body=pointer.encode())
    return folder


def empty_registry(running: Running) -> None:
    """Take the pointer away from a platform, and wait until its functions say so.

    Functions that have loaded a model keep it; this is for one that has found none to load.
    """
    _client(running.s3).delete_object(Bucket=_REGISTRY.bucket, Key=_REGISTRY.pointer)
    deadline = time.monotonic() + PATIENCE
    while _NOWHERE in (told := str(ask(running, "/model"))):
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def wait_until_scored(running: Running, runs: int) -> None:
    """Until so many runs are there, and all have ended well."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = ask(running, "/portfolio/runs")[1]["runs"]
        states = [run["state"] for run in found]
        assert "failed" not in states, found
        if states == ["succeeded"] * runs:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def _client(endpoint_url: str) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local S3 takes any
    )
