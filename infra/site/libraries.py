"""The scripts of others that the page runs, from the npm packages that `make setup` installs.

npm compares what it downloads with the digests of package-lock.json; here it is only asked whether
what is installed is what package.json wants now.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.site.errors import LibraryMissing

NODE_MODULES: Final = Path(sys.prefix) / "page/node_modules"
"""Beside the Python packages of the same environment."""

FOLDER: Final = "assets/libraries/"

_WANTED: Final = Path(__file__).with_name("package.json")
_SOURCE_MAP: Final = re.compile(rb"\s*(?://|/\*)# sourceMappingURL=\S+\s*\Z")


@dataclass(frozen=True)
class Library:
    """A script of an npm package."""

    name: str
    """What it is published as."""
    package: str
    script: str


LIBRARIES: Final = (
    Library("plotly", "plotly.js-basic-dist-min", "plotly-basic.min.js"),
    Library("oidc-client", "oidc-client-ts", "dist/browser/oidc-client-ts.min.js"),
)


def library_files(node_modules: Path = NODE_MODULES) -> Iterator[tuple[str, bytes]]:
    """The scripts, each with its licence, by the keys they are published under.

    Raises:
        LibraryMissing: one is not installed, or in another version than package.json names.
    """
    wanted = json.loads(_WANTED.read_text(encoding="utf-8"))["dependencies"]
    for library in LIBRARIES:
        yield from _published(library, node_modules / library.package, wanted)


def without_source_map(code: bytes) -> bytes:
    """A script or style sheet that names no map: browsers would ask for it, and it is not there."""
    return _SOURCE_MAP.sub(b"\n", code)


def _published(
    library: Library, package: Path, wanted: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    try:
        installed = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        script = (package / library.script).read_bytes()
        licence = (package / "LICENSE").read_bytes()
    except FileNotFoundError as error:
        raise LibraryMissing(
            f"the page needs {library.package}, which is not in {package.parent}: run `make setup`"
        ) from error
    version = wanted[library.package]
    if installed != version:
        raise LibraryMissing(
            f"the page needs {library.package} {version}, and {installed} is installed in"
            f" {package.parent}: run `make setup`"
        )
    yield f"{FOLDER}{library.name}.js", without_source_map(script)
    yield f"{FOLDER}{library.name}.LICENSE.txt", licence
