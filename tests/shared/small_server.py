"""An HTTP server in threads of this process, for tests; what it answers is a function."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """What comes back; its length is told by itself."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


Answering = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""From method, path, headers (names in lower case) and body to an answer."""


class SmallServer:
    """An address, and who answers there, which need not be known when it opens."""

    origin: str
    answer: Answering

    @contextmanager
    def open(self) -> Iterator[None]:
        """Listen on a free port of this machine until the block is left."""
        server = _Server(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.origin = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Browsers hang up when they have changed their mind; what is a fault is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*_)


def _handler(small: SmallServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = small.answer(self.command, self.path, headers, body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_OPTIONS = _respond  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    return Handler
