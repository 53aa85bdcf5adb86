"""The real parts that tests share: an S3 server, a simulated shop, a version trained on it."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no failure, and CI tries the same examples each time.
settings.register_profile("foretell", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("foretell")

# Set before any function is imported: what the template and the Lambda runtime would give it.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
if "PYTEST_XDIST_WORKER" in os.environ:
    # There are as many workers as cores: threads of their own would only be in each other's way.
    os.environ |= {"OMP_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}
for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "FORETELL_REGISTRY"):
    os.environ.pop(variable, None)

from foretell.manifest import Manifest  # noqa: E402
from foretell.registry import Registry, RegistryAddress, connect  # noqa: E402


@dataclass(frozen=True)
class Trained:
    """A version as it was trained, to be published wherever a test wants it."""

    version: str
    manifest: Manifest
    files: dict[str, bytes]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A moto server of its own process, which every boto3 client of the tests speaks to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_until_it_listens(port)
    os.environ["AWS_ENDPOINT_URL_S3"] = endpoint = f"http://127.0.0.1:{port}"
    yield endpoint
    del os.environ["AWS_ENDPOINT_URL_S3"]
    server.terminate()
    server.wait()


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the S3 server did not start")


@pytest.fixture
def registry(s3_endpoint: str) -> Registry:
    """An empty registry in a bucket of its own."""
    found = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}", "shop"))
    found.s3.create_bucket(Bucket=found.address.bucket)
    return found


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of 3,000 simulated customers."""
    from training import simulate  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("shop")
    simulate.write(simulate.simulate(3_000, seed=11), folder)
    return folder


@pytest.fixture(scope="session")
def cdnow() -> Path:
    """The folder in which the package `lifetimes` carries the CDNOW log."""
    # Only its files are wanted: the package itself is unmaintained and need not be importable.
    package = importlib.util.find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    return Path(package.submodule_search_locations[0]) / "datasets"


@pytest.fixture(scope="session")
def remembered() -> Any:
    """What was fitted before: `remembered.use(monkeypatch)` lets trainings look there first."""
    from tests.shared.remembered import Remembered  # noqa: PLC0415

    return Remembered()


@pytest.fixture(scope="session")
def trained(s3_endpoint: str, shop: Path, remembered: Any) -> Trained:
    """One real training run on the simulated shop."""
    from foretell.tables import Sources  # noqa: PLC0415
    from training.request import TrainingRequest  # noqa: PLC0415
    from training.run import train  # noqa: PLC0415

    source = connect(RegistryAddress("trained"))
    source.s3.create_bucket(Bucket="trained")
    tables = {
        name: str(shop / f"{name}.csv") for name in ("transactions", "customers", "engagement")
    }
    with pytest.MonkeyPatch.context() as patch:
        remembered.use(patch)  # nothing is known yet: later trainings need not fit the same again
        result = train(TrainingRequest(Sources(**tables)), source, lambda _: nullcontext())
    files = {
        name: source.file(result.version, name, result.manifest) for name in result.manifest.files
    }
    return Trained(result.version, result.manifest, files)


@pytest.fixture
def live_registry(registry: Registry, trained: Trained) -> Registry:
    """A registry in which the trained version is live."""
    from training.publish import promote, publish  # noqa: PLC0415

    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)
    return registry


@pytest.fixture
def record() -> dict[str, Any]:
    """A customer record with every field."""
    return {
        "customer_id": "C-1042",
        "tenure_days": 412,
        "recency": 21,
        "frequency": 0.95,
        "monetary": 1240.5,
        "age": 44,
        "account_type": "Premium",
        "avg_purchase_amount": 95.4,
        "email_open_rate": 38,
        "website_visits_per_month": 4.5,
        "support_tickets": 1,
    }
