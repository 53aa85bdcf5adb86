"""The routes about versions: how the live one came to be live, and the model card of any."""

from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foretell import problems, registry
from foretell.live import LiveModel
from foretell.problems import InvalidRequest
from foretell.registry import Registry
from foretell.versions import KnownVersions, card, card_of

_AS_A_FILE: Final = {
    # A card runs no script and loads nothing; a browser need not take our word for it.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def routes(
    live: LiveModel, connect: Callable[[], Registry] = registry.from_environment
) -> tuple[Route, ...]:
    """GET /model/history and GET /model/card.

    `connect` is asked for each request: connections are for one thread at a time, and grow stale.
    """
    known = KnownVersions()

    async def changes(_: Request) -> Response:
        from foretell import history  # noqa: PLC0415 - nobody who predicts should wait for it

        found = await run_in_threadpool(lambda: history.look_up(connect(), known))
        return Response(found.model_dump_json(), media_type="application/json")

    async def model_card(request: Request) -> Response:
        asked = _version(request)
        if asked is not None:
            return _file(asked, await run_in_threadpool(lambda: card(connect(), known, asked)))
        serving = live.current()
        content = await run_in_threadpool(
            lambda: card_of(connect(), serving.version, serving.manifest)
        )
        return _file(serving.version, content)

    return Route("/model/history", changes), Route("/model/card", model_card)


def _version(request: Request) -> str | None:
    """The version that is asked for; None for the one in service."""
    given = [name for name, _ in request.query_params.multi_items()]
    faults = [
        problems.fault((name,), "Unknown query parameter")
        for name in sorted(set(given) - {"version"})
    ]
    if given.count("version") > 1:
        faults.append(problems.fault(("version",), "Field given more than once"))
    if faults:
        raise InvalidRequest(faults)
    return request.query_params.get("version")


def _file(version: str, content: bytes) -> Response:
    name = f'attachment; filename="foretell-model-card-{version}.html"'
    return Response(
        content,
        media_type="text/html",
        headers={**_AS_A_FILE, "Content-Disposition": name},
    )
