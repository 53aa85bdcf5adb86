"""What answers at one address on this machine: the functions' apps, and the site beside them.

Each request goes to the app that the deployed API would send it to, so what answers here is what
answers there. Only that page and API share an address is of this place.
"""

import importlib
import json
from collections.abc import Mapping
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from foretell.contract import ModelName
from infra.local.site import METHODS
from infra.site.build import OPENAPI

App = TypeVar("App")

_PORTFOLIO: Final = "portfolio"


def function_apps() -> dict[str, Starlette]:
    """The apps of the functions that answer requests, by name; those with a model preload it."""
    names = (*ModelName, _PORTFOLIO)
    return {name: importlib.import_module(f"functions.{name}.app").app for name in names}


def gateway(apps: Mapping[str, Starlette], site: ASGIApp) -> ASGIApp:
    """One ASGI application in front of the functions' apps and of the site."""
    api = _api_folders()

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        of_the_api = path.removeprefix("/").partition("/")[0] in api
        to_the_site = scope.get("method") in METHODS and not of_the_api
        await (site if to_the_site else app_for(path, apps))(scope, receive, send)

    return route


def app_for(path: str, apps: Mapping[str, App]) -> App:
    """Which of the apps answers on a path of the API, and on one that nobody serves."""
    if path.startswith(f"/{_PORTFOLIO}/"):
        return apps[_PORTFOLIO]
    named = path.removeprefix("/predict/").partition("/")[0]
    return next((app for name, app in apps.items() if name == named), apps[_GENERAL])


def _api_folders() -> frozenset[str]:
    """What the paths of the API begin with."""
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    return frozenset(path.split("/")[1] for path in paths)


_GENERAL: Final = ModelName.COMPREHENSIVE
"""Answers /model, /health, and what nobody serves."""
