"""One HTTP connection, kept for as long as one look at the registry takes."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPMessage,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from socket import socket
from ssl import SSLContext, SSLEOFError, create_default_context
from typing import Final

PAUSE_SECONDS: Final = 0.25
"""Between two attempts."""

_KEPT_SECONDS: Final = 3.0
"""How long a connection may lie idle: S3 closes it after five or so, and a function may be frozen
in between, and not hear of it."""

_CHUNK_BYTES: Final = 256 * 1024
_FIRST_SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Patience:
    """How long S3 is waited for, in seconds, and how often it is asked."""

    connect: float
    read: float
    """For a whole answer, or, with boto3, for each part of one."""

    attempts: int


@dataclass(frozen=True)
class Answer:
    """A whole answer, whatever it says."""

    status: int
    headers: HTTPMessage
    body: bytes


class Connection:
    """Asks one host; for one thread at a time."""

    def __init__(self, scheme: str, host: str, patience: Patience) -> None:
        self._scheme = scheme
        self._host = host
        self._patience = patience
        self._kept: HTTPConnection | None = None
        self._kept_until = 0.0

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Ask, and once more over another connection where no usable answer comes.

        Raises:
            OSError, HTTPException: there was no whole answer to the last attempt.
            ValueError: host, path or headers cannot be sent; it may quote them.
        """
        for _ in range(self._patience.attempts - 1):
            with suppress(OSError, HTTPException):
                answer = self._attempt(path, headers)
                if answer.status < _FIRST_SERVER_ERROR:
                    return answer
            self._drop()
            time.sleep(PAUSE_SECONDS)
        return self._attempt(path, headers)

    def _attempt(self, path: str, headers: Mapping[str, str]) -> Answer:
        kept = self._take()
        if kept is not None:
            # S3 may have closed it: that says nothing about S3.
            with suppress(ConnectionError, SSLEOFError):
                return self._exchange(kept, path, headers)
        return self._exchange(self._new(), path, headers)

    def _exchange(
        self, connection: HTTPConnection, path: str, headers: Mapping[str, str]
    ) -> Answer:
        try:
            answer = _exchange(connection, path, headers, self._patience.read)
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return answer

    def _new(self) -> HTTPConnection:
        if self._scheme == "http":
            return HTTPConnection(self._host, timeout=self._patience.connect)
        trusted = _trusted(os.environ.get("AWS_CA_BUNDLE") or None)
        return HTTPSConnection(self._host, timeout=self._patience.connect, context=trusted)

    def _keep(self, connection: HTTPConnection) -> None:
        # Without a socket the answer was announced as the last one over it.
        self._kept = connection if connection.sock is not None else None
        self._kept_until = time.monotonic() + _KEPT_SECONDS

    def _take(self) -> HTTPConnection | None:
        if time.monotonic() >= self._kept_until:
            self._drop()
        kept, self._kept = self._kept, None
        return kept

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = None


@cache
def _trusted(bundle: str | None) -> SSLContext:
    # Once: the system's certificates take as long to read as S3 takes to answer.
    return create_default_context(cafile=bundle)


def _exchange(
    connection: HTTPConnection, path: str, headers: Mapping[str, str], seconds: float
) -> Answer:
    deadline = time.monotonic() + seconds
    connection.request("GET", path, headers=headers)
    # A response that is to be the last one takes it away from the connection.
    line: socket = connection.sock
    line.settimeout(_left(deadline))
    with connection.getresponse() as response:
        return Answer(response.status, response.headers, _body(response, line, deadline))


def _body(response: HTTPResponse, line: socket, deadline: float) -> bytes:
    # Each timeout of a socket is for the next bytes; one byte now and then would never end.
    chunks: list[bytes] = []
    while chunk := response.read1(_CHUNK_BYTES):
        chunks.append(chunk)
        # From Python 3.13 on the last bytes of a last answer close the socket, too.
        if not response.isclosed():
            line.settimeout(_left(deadline))
    if response.length:
        raise IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
