"""Servers in processes of their own, so that they take no time from the one that measures."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0  # seconds; a server on this machine takes one or two


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an empty S3 (moto's)."""
    port = free_port()
    with running([sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)], port):
        yield f"http://{HOST}:{port}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """A server from when it listens to the end of the block."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device, not a path
        server = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    try:
        _wait_until_it_listens(server, port)
        yield
    finally:
        server.terminate()
        server.wait()


def _wait_until_it_listens(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{server.args!r} did not start")
