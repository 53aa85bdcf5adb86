"""The HTTP API on this machine: the functions' apps behind one address, as API Gateway has it.

Each request goes to the app that the deployed API would send it to, so what answers here is what
answers there. Only the documentation is of this place: deployed functions carry none.
"""

import importlib
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from foretell.contract import ModelName

_PORTFOLIO: Final = "portfolio"
_DOCUMENTATION: Final = ("/docs", "/openapi.json", "/static-offline-docs", "/redoc")


def function_apps() -> dict[str, Starlette]:
    """The apps of the functions that answer requests, by name; those with a model preload it."""
    names = (*ModelName, _PORTFOLIO)
    return {name: importlib.import_module(f"functions.{name}.app").app for name in names}


def gateway(apps: Mapping[str, Starlette]) -> ASGIApp:
    """One ASGI application in front of the functions' apps."""
    documentation = _documentation()

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        await _app_for(scope, apps, documentation)(scope, receive, send)

    return route


def _app_for(scope: Scope, apps: Mapping[str, Starlette], documentation: ASGIApp) -> ASGIApp:
    path: str = scope.get("path", "/")
    if scope["type"] != "http" or path == "/" or path.startswith(_DOCUMENTATION):
        return documentation
    if path.startswith(f"/{_PORTFOLIO}/"):
        return apps[_PORTFOLIO]
    named = path.removeprefix("/predict/").partition("/")[0]
    return next((app for name, app in apps.items() if name == named), apps[_GENERAL])


def _documentation() -> FastAPI:
    app = FastAPIOffline(title="Foretell")
    # Not before: it imports the runtime, which reads its environment once, when that is prepared.
    from infra.api.document import openapi  # noqa: PLC0415

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way

    @app.get("/", include_in_schema=False)
    async def start() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app


_GENERAL: Final = ModelName.COMPREHENSIVE
"""Answers /model, /health, and what nobody serves."""
