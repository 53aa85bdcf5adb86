"""The round trip to a local Redis: the least that a cache in front of the predictions costs."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.benchmarks.servers import HOST, free_port, running
from tests.benchmarks.timing import Call

PROGRAM: Final = "redis-server"
_KEY: Final = b"customer:C-1042"


@contextmanager
def redis_get(value: bytes) -> Iterator[Call | None]:
    """Fetches the value from a Redis that runs as long as the block; None without redis-server."""
    program = shutil.which(PROGRAM)
    if program is None:
        yield None
        return
    port = free_port()
    in_memory_only = ["--save", "", "--appendonly", "no"]
    command = [program, "--bind", HOST, "--port", str(port), *in_memory_only]
    with running(command, port), socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _ask(connection, _command(b"SET", _KEY, value), len(b"+OK\r\n"))
        get = _command(b"GET", _KEY)
        expected = b"$%d\r\n%b\r\n" % (len(value), value)
        if _ask(connection, get, len(expected)) != expected:
            raise SystemExit("Redis gave back something else than it was given")
        yield lambda: _ask(connection, get, len(expected))


def _command(*words: bytes) -> bytes:
    """A command in RESP, spoken by hand: the floor, without the cost of a client library."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


def _ask(connection: socket.socket, command: bytes, answer_bytes: int) -> bytes:
    connection.sendall(command)
    answer = b""
    while len(answer) < answer_bytes:
        part = connection.recv(65_536)
        if not part:
            raise SystemExit(f"Redis hung up after {answer!r}")
        answer += part
    return answer
