"""What a page's modules import of each other: a browser that is told at once need not find it out.

Without that it asks for a module, reads it, asks for those that it imports, and so on: a way to the
server and back for each step.
"""

import posixpath
import re
from collections.abc import Container, Iterator, Mapping
from typing import Final

from infra.site.errors import SiteRefused

_MODULE: Final = re.compile(r'<script type="module" src="/([^"]*)"')
_PRELOADED: Final = re.compile(r'<link rel="modulepreload" href="/([^"]*)"')
_IMPORTED: Final = re.compile(
    r"""^(?:import\b[^;"'()]*|export\b[^;"'()=]*\bfrom\s*)["'](\.[^"']+)["']""", re.MULTILINE
)
_LATER: Final = re.compile(r"""\bimport\(\s*["'](\.[^"']+)["']\s*\)""")


def with_preloads(page: str, scripts: Mapping[str, bytes]) -> str:
    """A page that names, in its head, all that its modules import as they start.

    So are the imports of modules that it names itself, because they are wanted soon.

    Args:
        page: HTML that refers to scripts as /KEY.
        scripts: Modules by their keys.

    All that they import has to be there: `check_imports` sees to it.
    """
    named = (*_MODULE.findall(page), *_PRELOADED.findall(page))
    entries = [key for key in named if key in scripts]
    needed = _reached(entries, scripts)
    links = "".join(
        f'  <link rel="modulepreload" href="/{key}">\n  ' for key in needed if key not in entries
    )
    return page.replace("</head>", f"{links}</head>", 1)


def check_imports(key: str, body: bytes, there: Container[str]) -> None:
    """That every module is there which a module imports, as it starts or later.

    Raises:
        SiteRefused: one is not.
    """
    for imported in _imports(key, body, _IMPORTED, _LATER):
        if imported not in there:
            raise SiteRefused(f"{key} imports {imported}, which is not there")


def _reached(entries: list[str], scripts: Mapping[str, bytes]) -> list[str]:
    reached = list(entries)
    for key in reached:  # it grows while it is walked
        found = _imports(key, scripts[key], _IMPORTED)
        reached.extend(sorted({each for each in found if each not in reached}))
    return reached


def _imports(key: str, body: bytes, *kinds: re.Pattern[str]) -> Iterator[str]:
    text = body.decode()
    for kind in kinds:
        for name in kind.findall(text):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(key), name))
