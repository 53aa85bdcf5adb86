"""The image that trains: built, and run as its task definition says, on tables in S3."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from foretell.manifest import Manifest
from foretell.registry import PointerRead, Registry, RegistryAddress, connect
from tests.infra.training import image as images
from tests.infra.training.account import Account, Call, opened
from tests.infra.training.task import resources, stack
from tests.shared.engine import Engine, engine_or_skip
from training.publish import live_or_none

pytestmark = pytest.mark.slow

TABLES = "transactions+customers+engagement"
LARGEST = 650  # MiB; what is installed, without Python and Debian

Train = Callable[[str, str], CompletedProcess[str]]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_or_skip()


@pytest.fixture(scope="module")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    return images.build(engine, tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Iterator[Account]:
    """An account with the tables of a small shop."""
    with opened(tmp_path_factory.mktemp("account")) as found:
        for table in TABLES.split("+"):
            found.s3.upload_file(str(shop / f"{table}.csv"), "tables", f"raw/{table}/2025.csv")
        yield found


@pytest.fixture(scope="module")
def registry(account: Account) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", account.endpoint)
        yield connect(RegistryAddress("models"))


@pytest.fixture(scope="module")
def train(engine: Engine, image: str, account: Account) -> Train:
    """Runs the task on tables under a prefix."""

    def run(prefix: str, tables: str) -> CompletedProcess[str]:
        task = stack(Tables=tables, TablesPrefix=prefix)
        words = images.run_words(task, image, account.environment())
        return engine.run("run", "--rm", *words, timeout=900)

    return run


class Trained(NamedTuple):
    """One run, what is live after it, and what it asked of S3."""

    said: CompletedProcess[str]
    live: PointerRead | None
    calls: list[Call]


@pytest.fixture(scope="module")
def first(train: Train, registry: Registry, account: Account) -> Trained:
    with account.watched() as calls:
        said = train("raw/", TABLES)
    return Trained(said, live_or_none(registry), calls)


def live_version(trained: Trained) -> str:
    assert trained.live is not None, trained.said.stdout + trained.said.stderr
    return trained.live.pointer.version


class TestATraining:
    """From tables in S3 to a version that is live."""

    def test_ends_well_with_a_version_that_is_live(
        self, first: Trained, registry: Registry
    ) -> None:
        manifest: Manifest = registry.manifest(live_version(first))

        assert first.said.returncode == 0
        assert manifest.data.customers > 2_000
        assert all(registry.file(live_version(first), name, manifest) for name in manifest.files)

    def test_its_log_is_lines_without_control_characters(self, first: Trained) -> None:
        lines = first.said.stdout.splitlines()

        assert lines[0].startswith("✓ Looking at the registry")
        assert lines[-1].startswith(f"Live: {live_version(first)} in s3://models")
        assert not {"\r", "\x1b"} & set(first.said.stdout + first.said.stderr)
        assert first.said.stderr == ""

    def test_has_the_credentials_of_its_role_and_needs_no_more_than_that_allows(
        self, first: Trained, account: Account
    ) -> None:
        policies = resources(stack(TablesPrefix="raw/"))["TaskRole"]["Properties"]["Policies"]
        allowed = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]

        refused = [call for call in first.calls if not call.is_allowed(allowed)]

        assert account.handed_out
        assert {call.action for call in first.calls} == {
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
        }
        assert refused == []

    def test_on_the_same_tables_changes_nothing(
        self, train: Train, registry: Registry, first: Trained
    ) -> None:
        again = train("raw/", TABLES)

        assert again.returncode == 0
        assert live_or_none(registry) == first.live
        assert registry.versions() == (live_version(first),)


class TestWhatCannotBeTrainedOn:
    """Exit code 1, one line that names the file, and the live version as it was."""

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (b"customer;day\n1;2025-01-01\n", "s3://tables/{prefix}transactions/orders.csv"),
            (b"", "s3://tables/{prefix}transactions/orders.csv: the file is empty"),
            (None, "s3://tables/{prefix}transactions/: no readable object"),
        ],
        ids=["without an amount", "empty", "not there"],
    )
    def test_is_named(
        self,
        content: bytes | None,
        named: str,
        train: Train,
        registry: Registry,
        account: Account,
        first: Trained,
    ) -> None:
        prefix = f"bad-{uuid.uuid4().hex}/"
        if content is not None:
            account.s3.put_object(
                Bucket="tables", Key=f"{prefix}transactions/orders.csv", Body=content
            )

        said = train(prefix, "transactions")

        assert said.returncode == 1
        assert named.format(prefix=prefix) in said.stderr
        assert said.stderr.startswith("Error: ")
        assert live_or_none(registry) == first.live

    def test_a_table_that_should_be_there_is_not_taken_for_none(
        self, train: Train, registry: Registry, account: Account, first: Trained
    ) -> None:
        prefix = f"incomplete-{uuid.uuid4().hex}/"
        source = {"Bucket": "tables", "Key": "raw/transactions/2025.csv"}
        account.s3.copy_object(
            Bucket="tables", Key=f"{prefix}transactions/2025.csv", CopySource=source
        )

        said = train(prefix, "transactions+customers")

        assert said.returncode == 1
        assert f"s3://tables/{prefix}customers/: no readable object" in said.stderr
        assert live_or_none(registry) == first.live


class TestATrainingThatIsStopped:
    """ECS sends SIGTERM: it ends, and nobody sees what it had begun."""

    @pytest.fixture
    def running(self, engine: Engine, image: str, account: Account) -> Iterator[str]:
        """A training into a registry of its own, stopped while it fits."""
        name = f"stopped-{uuid.uuid4().hex}"
        account.s3.create_bucket(Bucket=name)
        task = stack(Tables=TABLES, TablesPrefix="raw/", ModelsBucket=name)
        words = images.run_words(task, image, account.environment())
        started = engine.run("run", "--detach", "--name", name, *words)
        assert started.returncode == 0, started.stderr
        yield name
        engine.run("rm", "--force", "--volumes", name)

    def test_says_so_and_leaves_the_registry_as_it_was(
        self, engine: Engine, account: Account, running: str
    ) -> None:
        _wait_until(lambda: "Computing the features" in engine.run("logs", running).stdout)

        engine.run("stop", "-t", "120", running)

        code = engine.run("inspect", "--format", "{{.State.ExitCode}}", running).stdout.strip()
        assert code == "130"
        assert "interrupted; the live version is as it was" in engine.run("logs", running).stderr
        assert account.s3.list_objects_v2(Bucket=running)["KeyCount"] == 0


class TestTheLocks:
    """What is in the image is what the tests run with."""

    @pytest.mark.parametrize("lock", ["training/requirements.txt", "training/backend.txt"])
    def test_pin_what_the_tests_pin_with_the_same_hashes(self, lock: str) -> None:
        tested = _pinned((images.ROOT / "tests/requirements.txt").read_text(encoding="utf-8"))

        pinned = _pinned((images.ROOT / lock).read_text(encoding="utf-8"))

        assert pinned
        assert [name for name in pinned if pinned[name] != tested.get(name)] == []


class TestTheImage:
    """Small, and nothing in it but what training needs."""

    @pytest.fixture
    def sh(self, engine: Engine, image: str) -> Callable[..., str]:
        def run(command: str, *options: str) -> str:
            return engine.run(
                "run", "--rm", *options, "--entrypoint", "sh", image, "-c", command
            ).stdout

        return run

    def test_runs_as_nobody_who_could_write_to_it(self, sh: Callable[..., str]) -> None:
        told = sh("id -u; touch /opt/foretell/bin/x /etc/x 2>&1; touch /tmp/x && echo written")

        assert told.splitlines()[0] == "10001"
        assert told.count("Permission denied") == 2
        assert told.splitlines()[-1] == "written"

    def test_can_be_read_only_but_for_tmp(self, sh: Callable[..., str]) -> None:
        told = sh("touch /x 2>&1; touch /tmp/x && echo written", "--read-only", "--user", "0:0")

        assert "Read-only file system" in told
        assert told.splitlines()[-1] == "written"

    def test_says_what_it_can_do(self, engine: Engine, image: str) -> None:
        told = engine.run("run", "--rm", "--read-only", image)

        assert told.returncode == 0
        assert "Usage: foretell train" in told.stdout

    def test_holds_no_tools_tests_or_locks(self, sh: Callable[..., str]) -> None:
        installed = sh("ls /opt/foretell/lib/python3.13/site-packages").split()

        assert {"foretell", "training", "infra", "xgboost"} <= set(installed)
        assert not {"pip", "uv", "hatchling", "pytest", "moto", "flask"} & set(installed)
        assert sh("ls -d /source /locks /wheel /opt/backend 2>/dev/null") == ""

    def test_keeps_nothing_of_how_packages_were_obtained(
        self, engine: Engine, image: str, sh: Callable[..., str]
    ) -> None:
        history = engine.run("history", "--no-trunc", image).stdout
        settings = images.pip_settings()
        addresses = {settings.get("index-url"), settings.get("proxy")} - {None}

        assert sh("ls /run/secrets /etc/pip.conf 2>/dev/null").strip() in {"", "/run/secrets:"}
        assert not any(address in history for address in addresses if address)

    def test_is_no_larger_than_it_was(self, sh: Callable[..., str]) -> None:
        assert int(sh("du -sm /opt/foretell").split()[0]) <= LARGEST


def _pinned(lock: str) -> dict[str, set[str]]:
    """The hashes of each name==version of a lock."""
    pins = re.findall(r"^([\w.-]+==[^ ;]+)[^\n]*\\\n((?: +--hash=.*\n)+)", lock, re.MULTILINE)
    return {name: set(re.findall(r"sha256:\w+", hashes)) for name, hashes in pins}


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)
