"""`foretell containers`: the functions in Lambda's containers, on the S3 of `foretell serve`.

That S3 listens on 127.0.0.1, which containers cannot reach, and answers only to names of this
machine. So a door is opened for the containers, under a name that leads to it from both sides: an
upload form that a function signs in its container is good for curl and browsers out here.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from foretell import environment
from infra.local import home
from infra.local.container_engine import ContainerEngine
from infra.local.delivery import RESULTS, UPLOADS
from infra.local.door import Guests, door
from infra.local.errors import LocalPlatformError
from infra.local.home import Platform
from training import terminal

# Out here curl and browsers take what ends in .localhost for this machine (RFC 6761), as the local
# S3 does; in a container --add-host says where it is. moto looks for a bucket in the first part of
# a host name, unless that begins with localhost.
NAME: Final = "localhost.localhost"
"""What this machine is called, in containers and out here."""

ENVIRONMENT: Final = home.HOME / "containers.json"
"""Values of the functions' variables, as `sam local --env-vars` takes them."""

_SAM: Final = Path(sys.prefix) / "cloud/bin"  # where `make cloud` installs it


@dataclass(frozen=True)
class Way:
    """How containers get to the local S3."""

    engine: ContainerEngine
    s3_url: str

    def options(self) -> list[str]:
        """What `sam local` has to be told."""
        return [f"--env-vars={ENVIRONMENT}", f"--add-host={NAME}:{self.engine.this_machine}"]

    def environment(self) -> Mapping[str, str]:
        """What leads `sam local` to the engine."""
        return {
            "DOCKER_HOST": self.engine.docker_host,
            "PATH": os.pathsep.join([str(_SAM), os.environ.get("PATH", os.defpath)]),
        }


def containers(port: int, command: Sequence[str]) -> int:
    """Open the door while `command` runs, or until interrupted where there is none.

    Args:
        port: Of the door; 0 is any free one.
        command: One of `sam local`, without the options that this adds.

    Returns:
        The exit code of the command.

    Raises:
        LocalPlatformError: no platform or no engine runs, the port is taken, or there is no such
            command.

    """
    platform = home.running()
    if platform is None:
        raise LocalPlatformError("no platform runs in this folder: start it with `make run`")
    with _open(platform, ContainerEngine.find(), port) as way:
        if command:
            return _run([*command, *way.options()], way.environment())
        try:
            _tell(way)
            threading.Event().wait()
        except KeyboardInterrupt:
            terminal.console.print("Closed.")
    return 0


@contextmanager
def _open(platform: Platform, engine: ContainerEngine, port: int) -> Iterator[Way]:
    s3 = urlsplit(platform.s3_url)
    target = (s3.hostname or "", s3.port or 80)
    with door(port, target, Guests(engine.networks), _Refusals().tell) as listening:
        way = Way(engine, f"http://{NAME}:{listening}")
        _write(platform, way)
        try:
            yield way
        finally:
            ENVIRONMENT.unlink(missing_ok=True)


def _write(platform: Platform, way: Way) -> None:
    variables = {
        environment.REGISTRY: platform.registry,
        environment.UPLOADS: UPLOADS,
        environment.RESULTS: RESULTS,
        environment.STATE_MACHINE: "",
        "AWS_ENDPOINT_URL_S3": way.s3_url,
    }
    # `sam local` gives what it finds under this name to every function.
    ENVIRONMENT.write_text(json.dumps({"Parameters": variables}, indent=2), encoding="utf-8")


def _tell(way: Way) -> None:
    terminal.console.print(
        f"\n[bold]Containers reach the local S3 at {way.s3_url}.[/] Stop it with Ctrl-C.\n"
        f"  DOCKER_HOST={way.engine.docker_host} sam local start-api"
        f" {' '.join(way.options())}\n",
        soft_wrap=True,  # a command that is broken in two cannot be copied
    )


class _Refusals:
    """Tells of each stranger once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, address: str) -> None:
        if address not in self._told:
            self._told.add(address)
            terminal.error(f"{address} wanted to reach the local S3: it is no container's, refused")


def _run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """The exit code of a command that hears Ctrl-C itself, and of a SIGTERM as if it were that."""
    process: subprocess.Popen[bytes] | None = None

    def pass_on(_: int, __: FrameType | None) -> None:
        if process is not None:
            # While it starts, SAM removes its containers upon this alone.
            process.send_signal(signal.SIGINT)

    # Handlers, unlike SIG_IGN, are not inherited by what is started.
    signal.signal(signal.SIGINT, lambda _, __: None)
    signal.signal(signal.SIGTERM, pass_on)
    try:
        process = subprocess.Popen(command, env=os.environ | variables)  # noqa: S603 - the user's
    except OSError as error:
        raise LocalPlatformError(
            f"{command[0]} cannot be started ({error.strerror}): `make cloud` installs sam"
        ) from error
    code = process.wait()
    return code if code >= 0 else 128 - code
