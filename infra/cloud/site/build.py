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

from infra.cloud.errors import SiteRefused
from infra.cloud.page_config import NAME as CONFIG
from infra.cloud.page_config import PageConfig

DASHBOARD: Final = Path(__file__).parents[2] / "dashboard"
"""The page for people; as long as there is none, the site is the documentation."""

_PAGES: Final = Path(__file__).with_name("pages")
_OPENAPI: Final = Path(__file__).parents[2] / "api" / "openapi.json"
_SWAGGER: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
_ASSETS: Final = "assets/"
_REFERENCE: Final = re.compile(rf'"/({_ASSETS}[^"]*)"')
_OPEN: Final = ("/health",)

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


def build(config: PageConfig, dashboard: Path = DASHBOARD) -> tuple[SiteFile, ...]:
    """The whole site, in the order in which it is to be published.

    First what pages refer to, then the pages, then config.json: whatever is missing at the end, a
    page that is there finds all that it needs.

    Raises:
        SiteRefused: two files have one name, or a page refers to a file that is not there.
    """
    files = _collected(dashboard)
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


def _collected(dashboard: Path) -> dict[str, bytes]:
    files = dict(_files_of(_PAGES)) | dict(_swagger())
    for key, body in _files_of(dashboard):
        if key in files or key in {CONFIG, "openapi.json"}:
            raise SiteRefused(
                f"{dashboard / key} has the name of another file of the site: rename it"
            )
        files[key] = body
    files.setdefault("index.html", files["docs/index.html"])
    return files


def _files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in key.split("/")):
            yield key, path.read_bytes()


def _swagger() -> Iterator[tuple[str, bytes]]:
    # The files that `make run` serves, too; the package is installed for both.
    static = resources.files("fastapi_offline") / "static"
    for name in _SWAGGER:
        yield f"{_ASSETS}{name}", (static / name).read_bytes()


def _digest(assets: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for key, body in sorted(assets.items()):
        whole.update(f"{key}\0{len(body)}\0".encode() + body)
    return whole.hexdigest()[:16]


def _pointed(key: str, body: bytes, assets: Mapping[str, bytes], folder: str) -> bytes:
    """A page whose references to assets lead to where they are published."""
    text = body.decode()
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
    document: dict[str, Any] = json.loads(_OPENAPI.read_text(encoding="utf-8"))
    document["servers"] = [{"url": config.api_url}]
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of {config.sign_in.issuer}",
        }
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["security"] = [] if path in _OPEN else [{"token": []}]
    return json.dumps(document, ensure_ascii=False).encode()
