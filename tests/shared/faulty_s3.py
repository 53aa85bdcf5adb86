"""S3 on a bad day: a proxy in front of the tests' S3 server that misbehaves when told to."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit


class Fault(Enum):
    """What is wrong with S3."""

    NONE = auto()
    REFUSED = auto()  # nobody listens at the port
    STALLED = auto()  # accepts, and says nothing until it is told to behave otherwise
    TRUNCATED = auto()  # half of the body that was announced, then the end
    RESET = auto()  # half of the body, then a connection reset
    DRIED_UP = auto()  # half of the body, then nothing more
    ACCESS_DENIED = auto()
    SLOW_DOWN = auto()
    INTERNAL_ERROR = auto()
    GARBAGE = auto()  # 200, and neither XML nor JSON
    ERROR_PAGE = auto()  # 502, and HTML as a proxy writes it


_ANSWERS = {
    Fault.ACCESS_DENIED: (403, "<Error><Code>AccessDenied</Code><Message>No</Message></Error>"),
    Fault.SLOW_DOWN: (503, "<Error><Code>SlowDown</Code><Message>Slow</Message></Error>"),
    Fault.INTERNAL_ERROR: (500, "<Error><Code>InternalError</Code><Message>?</Message></Error>"),
    Fault.GARBAGE: (200, "\x00 no document"),
    Fault.ERROR_PAGE: (502, "<html><body><p>Bad gateway<br></body></html>"),
}
_HALVED = {Fault.TRUNCATED, Fault.RESET, Fault.DRIED_UP}


class FaultyS3:
    """Passes reads on to S3, until it is told to misbehave.

    Every answer closes its connection: no fault is hidden by one that was open before.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = str(urlsplit(upstream).netloc)
        self.asked: list[str] = []
        """Paths of the requests that arrived, in order."""
        self._fault = Fault.NONE
        self._only = ""
        self._told = Event()
        self._server = self._listen(0)
        self._port = self._server.server_port

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL_S3 should say."""
        return f"http://127.0.0.1:{self._port}"

    def behave(self, fault: Fault, only: str = "") -> None:
        """Misbehave so for paths that end so; requests that stalled are now answered."""
        if self._fault is Fault.REFUSED:
            self._server = self._listen(self._port)
        self._told.set()
        self._fault, self._only, self._told = fault, only, Event()
        if fault is Fault.REFUSED:
            self._hang_up()

    def close(self) -> None:
        """Release whoever still waits, and stop."""
        self.behave(Fault.REFUSED)

    def fault_for(self, path: str) -> Fault:
        """What is wrong with that request."""
        return self._fault if path.endswith(self._only) else Fault.NONE

    def wait_until_told(self) -> None:
        """Stall."""
        self._told.wait()

    def _listen(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Request,), {"s3": self})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def _hang_up(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_s3(upstream: str) -> Iterator[FaultyS3]:
    """A proxy in front of the S3 server at that address."""
    s3 = FaultyS3(upstream)
    try:
        yield s3
    finally:
        s3.close()


class _Request(BaseHTTPRequestHandler):
    s3: FaultyS3

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.s3.asked.append(path)
        # Whoever was kept waiting may have left.
        with suppress(ConnectionError):
            self._answer(self.s3.fault_for(path))

    def _answer(self, fault: Fault) -> None:
        if fault is Fault.STALLED:
            self.s3.wait_until_told()
        if fault in _ANSWERS:
            self._say(*_ANSWERS[fault])
            return
        answer, body = self._ask_upstream()
        self._pass_on(answer)
        if fault in _HALVED and body:
            self._break_off(fault, body)
        else:
            self.wfile.write(body)

    def _ask_upstream(self) -> tuple[HTTPResponse, bytes]:
        upstream = HTTPConnection(self.s3.upstream)
        upstream.request("GET", self.path, headers=dict(self.headers))
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        return answer, body

    def _pass_on(self, answer: HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() != "connection":
                self.send_header(name, value)
        self.end_headers()

    def _break_off(self, fault: Fault, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])
        if fault is Fault.DRIED_UP:
            self.s3.wait_until_told()
        if fault is Fault.RESET:
            # Closed without lingering, a socket tells the other side that it was cut off.
            no_lingering = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
            self.rfile.close()
            self.connection.close()

    def _say(self, status: int, text: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing: the tests read what the functions write."""
