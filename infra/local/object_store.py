"""The object store of `foretell serve`: moto's S3 over HTTP, with buckets that survive restarts.

moto answers every request from memory. Around it stands one WSGI application that lets requests in
one at a time (which makes If-Match and If-None-Match atomic) and, before a client hears of success,
has every object that the request touched on the disk.

Kept across restarts: buckets with their region; objects with their bytes, ETag, time, content type,
other system headers and user metadata. Not kept: versions (buckets are unversioned here: only an
object's newest version is saved), unfinished multipart uploads, tags, ACLs, checksums and bucket
settings. Address buckets in the path (boto3 does so by itself for the endpoint given here) or, for
names without a dot, in the host (`bucket.localhost`).
"""

import logging
import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO
from urllib.parse import quote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import (
    BackendRequest,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import make_server
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from infra.local import persistence
from infra.local.errors import LocalPlatformError, PortTaken
from infra.local.mirror import InvalidBucketName, Mirror, ObjectChange

__all__ = ["ObjectChange", "ObjectStore", "object_store"]

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_READING = {"GET", "HEAD", "OPTIONS"}
_IN_MEMORY = 8 << 20  # bytes of a request body before it goes to a temporary file
_POLL = 0.05  # seconds until the server notices that it is to stop
# moto keeps its buckets in module variables, so a process has room for one store.
_only_store = threading.Lock()


@dataclass(frozen=True)
class ObjectStore:
    """A running object store."""

    endpoint_url: str


@contextmanager
def object_store(
    folder: Path, port: int, on_change: Callable[[ObjectChange], None] | None = None
) -> Iterator[ObjectStore]:
    """Serve the buckets kept in `folder` on 127.0.0.1 until the block is left.

    Args:
        folder: Where the buckets live; made where missing, locked while in use.
        port: TCP port; 0 picks a free one.
        on_change: Called for each changed object once the change is on the disk, in the thread of
            the request and before its answer. It may use the store itself. Changes of concurrent
            requests may be told in either order; what it raises is logged and otherwise ignored.

    Raises:
        PortTaken: The port cannot be had.
        LocalPlatformError: The folder, or this process, already runs a store.
    """
    with _one_per_process(), persistence.locked(folder), _listening(port) as listener:
        mirror = Mirror(folder)
        mirror.restore()
        application = _DurableApplication(mirror, on_change or _ignore)
        try:
            with _serving(application, listener) as endpoint_url:
                yield ObjectStore(endpoint_url)
        finally:
            application.close()
            mirror.clear()


@contextmanager
def _one_per_process() -> Iterator[None]:
    if not _only_store.acquire(blocking=False):
        raise LocalPlatformError("This process already runs an object store: stop that one first.")
    try:
        yield
    finally:
        _only_store.release()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # werkzeug, left to bind the port itself, would end the process where it is taken.
    try:
        listener = socket.create_server((_HOST, port), backlog=128)
    except OSError as error:
        raise PortTaken(
            f"Port {port} for S3 cannot be had ({error.strerror}): choose another with --s3-port."
        ) from error
    with listener:
        yield listener


@contextmanager
def _serving(application: WSGIApplication, listener: socket.socket) -> Iterator[str]:
    port = listener.getsockname()[1]
    server = make_server(
        _HOST, port, application, threaded=True, request_handler=_Handler, fd=listener.fileno()
    )
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="object-store")
    thread.daemon = True
    thread.start()
    try:
        yield f"http://{_HOST}:{port}"
    finally:
        server.shutdown()
        thread.join()


class _Handler(MotoRequestHandler):
    def parse_request(self) -> bool:
        understood = super().parse_request()
        if understood:
            # Python has made // at the start one slash, but it may open a key: bucket.localhost//a
            self.path = self.requestline.split()[1]
        return understood

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002, ARG002 - inherited
        logger.debug(message, *args)


class _Request(BackendRequest):
    @property
    def want_form_data_parsed(self) -> bool:
        # Only a posted form is one; moto would lose an object whose content type says "form".
        return self.method == "POST" and self.mimetype == "multipart/form-data"


def _ignore(_: ObjectChange) -> None:
    pass


class _DurableApplication:
    """moto's S3 as a WSGI application whose changes are on the disk before they are answered."""

    def __init__(self, mirror: Mirror, on_change: Callable[[ObjectChange], None]) -> None:
        self._mirror = mirror
        self._on_change = on_change
        self._moto = create_backend_app("s3")
        self._moto.request_class = _Request
        self._moto.url_map.merge_slashes = False  # a//b is a key of its own
        self._one_at_a_time = threading.Lock()
        self._closed = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _from_this_machine(environ):
            response = _error(403, "AccessDenied", "Only this machine may use the local store.")
            return response(environ, start_response)
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            try:
                # Read before the lock is taken: a slow client holds up nobody but itself.
                shutil.copyfileobj(get_input_stream(environ), body)
            except ClientDisconnected as gone:
                return gone(environ, start_response)
            body.seek(0)
            response, changes = self._perform(environ, body)
        for change in changes:
            self._tell(change)
        _let_pages_read(response, environ)
        return response(environ, start_response)

    def close(self) -> None:
        """Wait for the request in hand and refuse those that come after it."""
        with self._one_at_a_time:
            self._closed = True

    def _perform(
        self, environ: WSGIEnvironment, body: IO[bytes]
    ) -> tuple[Response, list[ObjectChange]]:
        with self._one_at_a_time:
            if self._closed:
                return _error(503, "ServiceUnavailable", "The local store is stopping."), []
            response = self._ask_moto(environ, body)
            if environ["REQUEST_METHOD"] in _READING:
                return response, []
            try:
                return response, self._mirror.save_changes()
            except InvalidBucketName as error:
                return _error(400, "InvalidBucketName", str(error)), []
            except OSError as error:
                logger.error("A change could not be saved: %s", error)  # noqa: TRY400 - disk full
                return _error(500, "InternalError", f"Not saved: {error.strerror}"), []

    def _ask_moto(self, environ: WSGIEnvironment, body: IO[bytes]) -> Response:
        # moto takes bucket and key from the raw address; this one only chooses the handler, and
        # quoted it also does so for keys with line breaks in them.
        routed = {"wsgi.input": body, "PATH_INFO": quote(environ["PATH_INFO"])}
        try:
            return Response.from_app(self._moto, environ | routed, buffered=True)
        except Exception:
            logger.exception("moto failed on %s %s", environ["REQUEST_METHOD"], routed["PATH_INFO"])
            return _error(500, "InternalError", "The local store failed on this request.")

    def _tell(self, change: ObjectChange) -> None:
        try:
            self._on_change(change)
        except Exception:
            logger.exception("What follows a change of %s/%s failed", change.bucket, change.key)


def _from_this_machine(environ: WSGIEnvironment) -> bool:
    # moto checks no signatures: without this, any web page open in a browser could read the
    # buckets through it, by a cross-origin request or a host name that leads back to 127.0.0.1.
    addresses = [f"//{environ.get('HTTP_HOST', _HOST)}", environ.get("HTTP_ORIGIN", f"//{_HOST}")]
    try:
        hosts = [urlsplit(address).hostname or "" for address in addresses]
    except ValueError:
        return False
    return all(f".{host}".endswith((".localhost", f".{_HOST}", ".::1")) for host in hosts)


def _let_pages_read(response: Response, environ: WSGIEnvironment) -> None:
    """As infra/buckets.yaml has it, and failures, too: nobody else's page comes so far."""
    if "HTTP_ORIGIN" in environ:
        response.headers["Access-Control-Allow-Origin"] = environ["HTTP_ORIGIN"]
        response.headers["Access-Control-Expose-Headers"] = "Content-Disposition, Content-Length"
        response.vary.add("Origin")


def _error(status: int, code: str, message: str) -> Response:
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(text, status, content_type="application/xml")
