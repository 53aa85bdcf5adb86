"""The files of the site, by the keys they are published under.

A page refers to its files as /assets/NAME. They are published under /assets/DIGEST/NAME, the digest
being that of all of them together, and the pages are changed to say so: what a browser or
CloudFront once has under such an address never changes, and a page that is being replaced finds its
old files until the new ones are all there.
"""

import hashlib
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from infra.site.config import NAME as CONFIG
from infra.site.config import PageConfig
from infra.site.errors import SiteRefused
from infra.site.libraries import NODE_MODULES, library_files, without_source_map
from infra.site.modules import check_imports, with_preloads

DASHBOARD: Final = Path(__file__).parents[1] / "dashboard"
"""The page, its documentation of the API, and what to say where there is nothing."""

OPENAPI: Final = Path(__file__).parents[1] / "api" / "openapi.json"
"""What the API answers to."""

_SWAGGER: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
_ASSETS: Final = "assets/"
_REFERENCE: Final = re.compile(rf'"/({_ASSETS}[^"]*)"')
_OPEN: Final = ("/health",)
_NEEDED: Final = ("index.html", "404.html")

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"

_TYPES: Final[Mapping[str, str]] = {
    # What a system makes of these differs, and a browser runs no module of the wrong type.
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class SiteFile:
    """One file, as it is to be served."""

    key: str
    body: bytes
    content_type: str
    immutable: bool

    @property
    def cache_control(self) -> str:
        """For browsers and CloudFront alike."""
        return _FOR_EVER if self.immutable else _ASK_EACH_TIME


def build(
    config: PageConfig, dashboard: Path = DASHBOARD, node_modules: Path = NODE_MODULES
) -> tuple[SiteFile, ...]:
    """The whole site, in the order in which it is to be published.

    First what pages refer to, then the pages, then config.json: whatever is missing at the end, a
    page that is there finds all that it needs.

    Raises:
        SiteRefused: two files have one name, or one that a page or module needs is not there.
        LibraryMissing: a library of the page is not installed.
    """
    files = _collected(dashboard, node_modules)
    assets = {key: body for key, body in files.items() if key.startswith(_ASSETS)}
    rest = {key: body for key, body in files.items() if key not in assets}
    folder = f"{_ASSETS}{_digest(assets)}/"
    published = [
        _file(key.replace(_ASSETS, folder, 1), body, immutable=True) for key, body in assets.items()
    ]
    published.append(_file("openapi.json", _openapi(config), immutable=False))
    for key, body in rest.items():
        told = _pointed(key, body, assets, folder) if key.endswith(".html") else body
        published.append(_file(key, told, immutable=False))
    published.append(_file(CONFIG, config.to_bytes(), immutable=False))
    return tuple(published)


def _collected(dashboard: Path, node_modules: Path) -> dict[str, bytes]:
    files = dict(_swagger()) | dict(library_files(node_modules))
    own = dict(_files_of(dashboard))
    for key, body in own.items():
        if key in files or key in {CONFIG, "openapi.json"}:
            raise SiteRefused(
                f"{dashboard / key} has the name of another file of the site: rename it"
            )
        files[key] = body
    for key, body in own.items():
        if key.endswith(".js"):
            check_imports(key, body, files)
    for key in _NEEDED:
        if key not in files:
            raise SiteRefused(f"{dashboard} has no {key}, which CloudFront answers with: add it")
    return files


def _files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in key.split("/")):
            yield key, path.read_bytes()


def _swagger() -> Iterator[tuple[str, bytes]]:
    # What shows the API's document; the package carries it for places without a CDN.
    static = resources.files("fastapi_offline") / "static"
    for name in _SWAGGER:
        yield f"{_ASSETS}{name}", without_source_map((static / name).read_bytes())


def _digest(assets: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for key, body in sorted(assets.items()):
        whole.update(f"{key}\0{len(body)}\0".encode() + body)
    return whole.hexdigest()[:16]


def _pointed(key: str, body: bytes, assets: Mapping[str, bytes], folder: str) -> bytes:
    """A page whose references to assets lead to where they are published."""
    text = with_preloads(body.decode(), assets)
    for name in _REFERENCE.findall(text):
        if name not in assets:
            raise SiteRefused(f"{key} refers to /{name}, which is not there")
    return text.replace(f'"/{_ASSETS}', f'"/{folder}').encode()


def _file(key: str, body: bytes, *, immutable: bool) -> SiteFile:
    suffix = Path(key).suffix
    guessed = mimetypes.guess_type(key)[0] or "application/octet-stream"
    return SiteFile(key, body, _TYPES.get(suffix, guessed), immutable)


def _openapi(config: PageConfig) -> bytes:
    """The committed document, with this API's address and the token it wants."""
    document: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    if config.api_url:
        document["servers"] = [{"url": config.api_url}]
    if config.sign_in:
        _want_token(document, config.sign_in.issuer)
    return json.dumps(document, ensure_ascii=False).encode()


def _want_token(document: dict[str, Any], issuer: str) -> None:
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of {issuer}",
        }
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["security"] = [] if path in _OPEN else [{"token": []}]
