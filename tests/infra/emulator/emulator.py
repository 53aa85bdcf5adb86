"""Lambda's own runtime interface emulator, and a function under it.

The SAM CLI carries the emulator. It starts the function as Lambda does, with the same runtime
interface client, and takes one event at a time: given two, it crashes.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock
from typing import Any

from tests.infra.artefacts.built import ARCHITECTURE, CLOUD, ROOT, BuiltFunction

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds; a start takes one or two, more on a busy machine."""

_INVOCATIONS = "/2015-03-31/functions/function/invocations"
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_INVOKE = re.compile(r"INVOKE RTDONE\(status: success, .*duration: ([\d.]+)ms\)")
_OF_LAMBDA = re.compile(r"(START|END|REPORT) RequestId: ")
_PLATFORM = {"x86_64": "x86_64-manylinux_2_34", "arm64": "aarch64-manylinux_2_34"}[ARCHITECTURE]


@dataclass(frozen=True)
class Runtime:
    """What Lambda provides: Python, and a folder with its runtime interface client and boto3."""

    python: Path
    packages: Path


@dataclass(frozen=True)
class Emulated:
    """A function under the emulator."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path
    """With what it wrote (function.log) and what the emulator says (emulator.log)."""

    _one_at_a_time: Lock = field(default_factory=Lock)

    def invoke(self, event: object) -> Any:
        """What the function returns; if it raises, a document with errorType and errorMessage."""
        return json.loads(self.post(json.dumps(event)))

    def post(self, event: str) -> str:
        """The same as texts; of a function that was stopped, the emulator answers no JSON."""
        with self._one_at_a_time:
            connection = HTTPConnection(HOST, self.port, timeout=PATIENCE)
            connection.request("POST", _INVOCATIONS, event.encode())
            answer = connection.getresponse().read().decode()
            connection.close()
            return answer

    @property
    def inits(self) -> list[float]:
        """Milliseconds that each start took, up to where the function could take an event."""
        return self._milliseconds(_INIT)

    @property
    def invocations(self) -> list[float]:
        """Milliseconds from each event to its answer, without what a start took."""
        return self._milliseconds(_INVOKE)

    def _milliseconds(self, told: re.Pattern[str]) -> list[float]:
        said = (self.folder / "emulator.log").read_text(encoding="utf-8")
        return [float(milliseconds) for milliseconds in told.findall(said)]

    def log(self) -> list[str]:
        """The lines that the function wrote, and those of the runtime interface client."""
        lines = (self.folder / "function.log").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not _OF_LAMBDA.match(line)]

    def peak_mb(self) -> float:
        """The most memory that the function's process held, in MB; 0 where none runs now."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        children = "".join((task / "children").read_text() for task in tasks.iterdir()).split()
        return max((_peak_mb(child) for child in children), default=0)


Start = Callable[..., Emulated]
"""Starts a function of the template by its logical id: the fixture `start`."""


@contextmanager
def started(
    function: BuiltFunction, runtime: Runtime, variables: Mapping[str, str], folder: Path
) -> Iterator[Emulated]:
    """A function from when it takes events to the end of the block.

    Args:
        function: what to start.
        runtime: what to start it with; nothing else of this project can be imported.
        variables: its environment beside what Lambda sets.
        folder: for logs; it is made.
    """
    folder.mkdir(parents=True)
    ports = _free_port(), _free_port()
    with (folder / "function.log").open("w") as log, (folder / "emulator.log").open("w") as said:
        process = subprocess.Popen(
            [
                emulator(),
                *("--log-level", "info"),
                *("--runtime-interface-emulator-address", f"{HOST}:{ports[0]}"),
                *("--runtime-api-address", f"{HOST}:{ports[1]}"),
                *(runtime.python, "-m", "awslambdaric", function.handler),
            ],
            cwd=function.code,
            env=_environment(function, runtime) | variables,
            stdout=log,
            stderr=said,
        )
    try:
        _wait_until_it_listens(process, ports[0], folder)
        yield Emulated(process, ports[0], folder)
    finally:
        process.terminate()  # it ends the function, too
        process.wait()


def emulator() -> Path:
    """The emulator for this machine."""
    found = next(CLOUD.glob(f"lib/python*/site-packages/samcli/local/rapid/*-rie-{ARCHITECTURE}"))
    return Path(found)


def install(
    folder: Path, lock: str, *packages: str, python: str = "3.13", platform: str = _PLATFORM
) -> None:
    """Packages with all that they need, in the locked versions, for a Python that may be absent."""
    subprocess.run(
        [
            *(shutil.which("uv", path=str(CLOUD.parent / "bin")) or "uv", "pip", "install"),
            *("--quiet", "--no-python-downloads", "--only-binary", ":all:"),
            *("--python-version", python, "--python-platform", platform),
            *("--constraint", ROOT / lock, "--target", folder, *packages),
        ],
        check=True,
    )


def provide(folder: Path, python: Path) -> None:
    """What Lambda's Python runtime has besides Python, compiled as there."""
    install(folder, "infra/requirements.txt", "awslambdaric", "boto3")
    compile_all(python, folder)


def compile_all(python: Path, *folders: Path) -> None:
    """As the layers' makefiles do it. What is no Python but is called so is left."""
    options = ("-q", "--invalidation-mode", "unchecked-hash")
    subprocess.run(
        [python, "-m", "compileall", *options, *folders], capture_output=True, check=False
    )


def _environment(function: BuiltFunction, runtime: Runtime) -> dict[str, str]:
    """What Lambda sets. Packages are found in its order: code, layers, what the runtime has."""
    path = (function.code, *(layer / "python" for layer in function.layers), runtime.packages)
    return {
        "_HANDLER": function.handler,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "LAMBDA_TASK_ROOT": str(function.code),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "PYTHONPATH": ":".join(map(str, path)),
        # Nobody can write into /opt.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "TZ": ":UTC",
    }


def _peak_mb(process: str) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    # A process that has ended, and waits for its parent to take note, holds nothing.
    kib = next((line.split()[1] for line in status.splitlines() if line[:5] == "VmHWM"), "0")
    return int(kib) * 1_024 / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError((folder / "emulator.log").read_text(encoding="utf-8"))
