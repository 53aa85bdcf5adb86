"""`foretell containers` around a command, on the real local S3; the engine is one in words only.

tests/e2e/test_start_api.py does the same with the SAM CLI and containers.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.local import home
from infra.local.delivery import UPLOADS
from infra.local.home import Platform
from infra.local.object_store import object_store
from tests.shared.saying_engine import PODMAN_NETWORKS, information, saying

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FORETELL = str(Path(sys.executable).with_name("foretell"))
PATIENCE = 60  # seconds for what takes two

# What `sam local` and a function in a container make of what they are told.
SAM = """
import json, os, signal, sys, time, urllib.parse, urllib.request
told = dict(word.split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
variables = json.load(open(told["--env-vars"]))["Parameters"]
s3 = urllib.parse.urlsplit(variables["AWS_ENDPOINT_URL_S3"])
address = f"http://127.0.0.1:{s3.port}/{variables['FORETELL_UPLOADS']}/incoming/a"
put = urllib.request.Request(address, b"of a container", {"Host": s3.netloc}, method="PUT")
urllib.request.urlopen(put, timeout=30).close()
signals = []
signal.signal(signal.SIGTERM, lambda *_: signals.append("SIGTERM"))
signal.signal(signal.SIGINT, lambda *_: signals.append("SIGINT"))
print(json.dumps({
    "words": sys.argv[1:], "variables": variables, "DOCKER_HOST": os.environ["DOCKER_HOST"],
    "PATH": os.environ["PATH"],
}), flush=True)
while "--wait" in sys.argv and not signals:
    time.sleep(0.01)
time.sleep(0.3)
print(signals, flush=True)
if "--die" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(3 if "--fail" in sys.argv else 0)
"""


@dataclass(frozen=True)
class Place:
    """A folder in which a platform runs, beside an engine."""

    folder: Path
    docker_host: str
    s3: "S3Client"

    @property
    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"], "DOCKER_HOST": self.docker_host, "COLUMNS": "80"}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`foretell containers`, in a session of its own as in a terminal of its own."""
        return subprocess.Popen(
            [FORETELL, "containers", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def sam(self, *options: str) -> list[str]:
        """Arguments that run the command above."""
        program = self.folder / "sam.py"
        program.write_text(SAM)
        return ["--port", "0", "--", sys.executable, str(program), "local", "start-api", *options]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """With the real local S3 in it."""
    monkeypatch.chdir(tmp_path)
    home.HOME.mkdir()
    with (
        saying(tmp_path, information(), PODMAN_NETWORKS) as docker_host,
        object_store(home.BUCKETS, 0) as store,
        home.announced(Platform("http://127.0.0.1:1", store.endpoint_url, "s3://models/shop")),
    ):
        s3 = boto3.client("s3", endpoint_url=store.endpoint_url)
        s3.create_bucket(Bucket=UPLOADS)
        yield Place(tmp_path, docker_host, s3)


def told(line: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(line)
    return said


def closed(url: str) -> bool:
    port = int(url.rpartition(":")[2])
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_a_command_is_told_all_it_needs_and_reaches_the_local_s3(place: Place) -> None:
    code, out, _ = place.run(*place.sam("--port", "3000"))

    said = told(out.splitlines()[0])
    assert code == 0
    stored = place.s3.get_object(Bucket=UPLOADS, Key="incoming/a")["Body"].read()
    assert stored == b"of a container"
    assert said["words"] == [
        *("local", "start-api", "--port", "3000"),
        "--env-vars=.foretell/containers.json",
        "--add-host=localhost.localhost:10.88.0.1",
    ]
    endpoint = said["variables"].pop("AWS_ENDPOINT_URL_S3")
    assert said["variables"] == {
        "FORETELL_REGISTRY": "s3://models/shop",
        "FORETELL_UPLOADS": "foretell-uploads",
        "FORETELL_RESULTS": "foretell-results",
        "FORETELL_STATE_MACHINE": "",
    }
    assert endpoint.startswith("http://localhost.localhost:")
    assert said["DOCKER_HOST"] == place.docker_host
    # `make cloud` puts sam there.
    assert said["PATH"].split(os.pathsep)[0] == str(Path(sys.prefix) / "cloud/bin")


def test_when_the_command_ends_so_does_the_way_in(place: Place) -> None:
    _, out, _ = place.run(*place.sam())

    assert closed(told(out.splitlines()[0])["variables"]["AWS_ENDPOINT_URL_S3"])
    assert not (place.folder / ".foretell/containers.json").exists()


@pytest.mark.parametrize(("option", "code"), [("--fail", 3), ("--die", 128 + signal.SIGKILL)])
def test_the_exit_code_is_the_commands(place: Place, option: str, code: int) -> None:
    assert place.run(*place.sam(option))[0] == code


@pytest.mark.parametrize(
    ("how", "end"),
    [
        # Ctrl-C is heard by all that runs in a terminal; a container may take seconds to stop.
        pytest.param(signal.SIGINT, os.killpg, id="Ctrl-C"),
        # `kill` is heard by whom it is sent to. Only an interrupt makes SAM remove its containers
        # at any time.
        pytest.param(signal.SIGTERM, os.kill, id="SIGTERM"),
    ],
)
def test_a_command_that_is_interrupted_ends_in_its_own_time(
    place: Place, how: signal.Signals, end: Any
) -> None:
    process = place.start(*place.sam("--wait"))
    assert process.stdout is not None
    endpoint = told(process.stdout.readline())["variables"]["AWS_ENDPOINT_URL_S3"]

    end(process.pid, how)
    out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out.strip()) == (0, "['SIGINT']")  # once, and waited for
    assert "Traceback" not in err
    assert closed(endpoint)


def test_without_a_command_it_says_what_to_run(place: Place) -> None:
    process = place.start("--port", "0")
    assert process.stdout is not None
    shown = ""
    while "sam local" not in shown:
        shown += process.stdout.readline()
    variables = json.loads((place.folder / ".foretell/containers.json").read_text())["Parameters"]
    endpoint = variables["AWS_ENDPOINT_URL_S3"]

    assert endpoint in shown
    assert (
        f"DOCKER_HOST={place.docker_host} sam local start-api"
        " --env-vars=.foretell/containers.json --add-host=localhost.localhost:10.88.0.1"
    ) in shown
    assert not closed(endpoint)

    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert closed(endpoint)


def test_without_a_platform_it_says_what_to_do(place: Place) -> None:
    (place.folder / ".foretell/platform.json").unlink()

    code, _, err = place.run(*place.sam())

    assert code == 1
    assert err.splitlines() == ["Error: no platform runs in this folder: start it with `make run`"]


def test_without_an_engine_it_says_what_to_do(place: Place) -> None:
    nowhere = replace(place, docker_host=f"unix://{place.folder}/nothing.sock")

    code, _, err = nowhere.run(*nowhere.sam())

    assert code == 1
    (line,) = err.splitlines()
    assert "start Docker, or Podman" in line


def test_a_taken_port_is_told_in_one_line(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        code, _, err = place.run("--port", port)

    assert code == 1
    (line,) = err.splitlines()
    assert port in line
    assert "--port" in line


def test_without_sam_it_says_how_to_install_it(place: Place) -> None:
    code, _, err = place.run("--port", "0", "--", "no-such-sam", "local", "start-api")

    assert code == 1
    (line,) = err.splitlines()
    assert "no-such-sam" in line
    assert "make cloud" in line


def test_another_command_than_sam_local_is_refused(place: Place) -> None:
    code, _, err = place.run("ls", "-l")

    assert code == 2
    assert "sam local" in err
