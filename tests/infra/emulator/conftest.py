"""The built functions, what to run them with, and an S3 with a live version for them."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from foretell import environment
from foretell.registry import Registry, RegistryAddress, connect
from tests.infra.artefacts.built import (
    Built,
    BuiltFunction,
    cloud_tools_or_skip,
    made_once,
    sam_build,
)
from tests.infra.emulator import python313
from tests.infra.emulator.emulator import Emulated, Runtime, Start, provide, started
from tests.shared.batch_files import Buckets
from training.publish import promote, publish


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Python 3.13 and what Lambda adds to it; nothing of this project's virtual environment."""
    cloud_tools_or_skip()
    python = python313.found(tmp_path_factory)
    if python is None:
        pytest.skip(python313.NONE)
    packages = made_once(tmp_path_factory, "runtime", lambda into: provide(into, python))
    return Runtime(python, packages)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Built:
    """What is deployed."""
    return Built(made_once(tmp_path_factory, "built", lambda into: sam_build(into, runtime.python)))


@pytest.fixture(scope="module")
def live(s3_endpoint: str, trained: Any) -> Registry:
    """A registry in which the trained version is live."""
    found = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}"))
    found.s3.create_bucket(Bucket=found.address.bucket)
    publish(found, trained.manifest, trained.files)
    promote(found, trained.version, None)
    return found


@pytest.fixture(scope="module")
def buckets(live: Registry) -> Buckets:
    """Where files are dropped, and where results appear."""
    found = Buckets(live.s3, f"uploads-{uuid.uuid4().hex}", f"results-{uuid.uuid4().hex}")
    found.create()
    return found


@pytest.fixture(scope="module")
def variables(live: Registry, buckets: Buckets) -> dict[str, str]:
    """What only AWS knows when it deploys the template."""
    return {
        "POWERTOOLS_SERVICE_NAME": "foretell",
        environment.REGISTRY: str(live.address),
        environment.UPLOADS: buckets.uploads,
        environment.RESULTS: buckets.results,
        environment.STATE_MACHINE: "",
    }


@pytest.fixture(scope="module")
def in_process(variables: dict[str, str]) -> Iterator[None]:
    """The same environment for functions in the tests' own process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def start(
    built: Built,
    runtime: Runtime,
    variables: dict[str, str],
    s3_endpoint: str,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[Start]:
    """Starts a function with what the template gives it, up to the end of the module.

    `timeout` takes the place of the template's, other words that of variables.
    """
    notes = pytestconfig.cache.mkdir("emulator") / "starts.txt"

    with ExitStack() as running:

        def start(name: str, timeout: int | None = None, **changed: str) -> Emulated:
            function = built.functions[name]
            function = replace(function, timeout=timeout or function.timeout)
            given = {"AWS_ENDPOINT_URL_S3": s3_endpoint, **_environment(function, variables)}
            folder = tmp_path_factory.mktemp(name) / "logs"
            emulated = running.enter_context(started(function, runtime, given | changed, folder))
            running.callback(_note, notes, name, emulated)
            return emulated

        yield start


def _environment(function: BuiltFunction, known: dict[str, str]) -> dict[str, str]:
    """Nothing that the template does not set."""
    return {
        name: value if isinstance(value, str) else known[name]
        for name, value in function.variables.items()
    }


def _note(notes: Path, name: str, emulated: Emulated) -> None:
    """What a start took is written down, and never asserted: it is the machine's speed."""
    inits = ", ".join(f"{milliseconds:.0f}" for milliseconds in emulated.inits)
    with notes.open("a", encoding="utf-8") as file:
        file.write(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} {name}: init {inits} ms,"
            f" peak memory {emulated.peak_mb():.0f} MB\n"
        )
