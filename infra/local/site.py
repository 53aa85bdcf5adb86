"""The site on this machine: from memory, and with the headers that CloudFront sends.

A page that was changed in the checkout is there when it is loaded again.
"""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from infra.site.build import DASHBOARD, SiteFile, build
from infra.site.config import PageConfig
from infra.site.errors import SiteError, SiteRefused
from infra.site.policy import HEADERS

METHODS: Final = frozenset({"GET", "HEAD"})
"""What can be asked of a site."""

_INDEX: Final = "index.html"
_NOT_FOUND: Final = "404.html"
_COMPRESSIBLE: Final = ("text/", "application/json", "application/manifest", "image/svg")
_WORTH_IT: Final = 1_000
"""Bytes; CloudFront compresses nothing smaller, either."""


class LocalSite:
    """An ASGI application that answers GET and HEAD with the files of the site."""

    def __init__(self, config: PageConfig, policy: str, dashboard: Path = DASHBOARD) -> None:
        """Read the files.

        Args:
            config: What the page is told.
            policy: The content security policy it is under.
            dashboard: Where the page is.

        Raises:
            LibraryMissing: a library of the page is not installed.
        """
        self._config = config
        self._dashboard = dashboard
        self._headers = {**HEADERS, "Content-Security-Policy": policy}
        self._files: dict[str, SiteFile] = {}
        self._seen: tuple[object, ...] = ()
        with suppress(SiteRefused):  # somebody is at work on the page, and is told in its place
            self._read_again_if_changed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await run_in_threadpool(self._answer, scope["path"], Headers(scope=scope))
        response.headers.update(self._headers)
        if scope["method"] == "HEAD":
            response.body = b""  # its length is said all the same
        await response(scope, receive, send)

    def _answer(self, path: str, asked: Headers) -> Response:
        last = path.rpartition("/")[2]
        if last and "." not in last:
            # One slash at the start: two would be the address of another host.
            return RedirectResponse(f"/{path.lstrip('/')}/", HTTPStatus.PERMANENT_REDIRECT)
        key = path.removeprefix("/") + ("" if last else _INDEX)
        file = self._files.get(key)
        if file is None or not file.immutable:
            try:
                self._read_again_if_changed()
            except (OSError, SiteError) as error:
                return PlainTextResponse(f"{error}\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        if key in self._files:
            return _response(self._files[key], asked)
        return _response(self._files[_NOT_FOUND], asked, HTTPStatus.NOT_FOUND)

    def _read_again_if_changed(self) -> None:
        seen = tuple(_signs_of_change(self._dashboard))
        if seen == self._seen:
            return
        # An open page still has the addresses of what it began with.
        kept = {key: file for key, file in self._files.items() if file.immutable}
        self._files = kept | {file.key: file for file in build(self._config, self._dashboard)}
        self._seen = seen


def _signs_of_change(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):  # an editor's, which comes and goes
            found = path.stat()
            yield str(path), found.st_mtime_ns, found.st_size


def _response(file: SiteFile, asked: Headers, status: HTTPStatus = HTTPStatus.OK) -> Response:
    etag = _etag(file.body)
    headers = {
        "Cache-Control": file.cache_control,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if status == HTTPStatus.OK and _is_known(etag, asked.get("if-none-match", "")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = file.body
    if _worth_compressing(file) and _takes_gzip(asked.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        body = _gzipped(body)
    return Response(body, status, headers, media_type=file.content_type)


def _is_known(etag: str, if_none_match: str) -> bool:
    return any(each.strip() in {etag, "*"} for each in if_none_match.split(","))


def _worth_compressing(file: SiteFile) -> bool:
    return len(file.body) >= _WORTH_IT and file.content_type.startswith(_COMPRESSIBLE)


def _takes_gzip(accept_encoding: str) -> bool:
    for offer in accept_encoding.lower().split(","):
        coding, _, weight = offer.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return not weight or weight.strip("0.") != ""
    return False


@lru_cache(maxsize=512)
def _etag(body: bytes) -> str:
    # A weak one: it is the same for the file as it is and compressed.
    return f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'


@lru_cache(maxsize=512)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
