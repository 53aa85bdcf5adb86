"""The app of one function, and the app as a Lambda handler.

The app is Starlette, which FastAPI stands on: importing FastAPI would make a cold start half as
long again, and a function has no use for what it adds. It declares and documents the same routes in
infra.api.
"""

from collections.abc import Sequence
from itertools import chain

from mangum import Mangum
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from foretell import problems
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.telemetry import Handler, observed
from foretell.web import description, predictions, refusals, versions


def create_app(model: ModelName, live: LiveModel) -> Starlette:
    """The function that serves one model; without documentation routes."""
    routes = (predictions.routes(model, live), description.routes(live), versions.routes(live))
    return assembled(model, [*chain.from_iterable(routes)])


def assembled(name: str, routes: Sequence[Route]) -> Starlette:
    """An app of these routes; `name` is that of its function in telemetry."""
    app = Starlette(
        routes=routes,
        exception_handlers=refusals.handlers(),
        middleware=[Middleware(refusals.LastLine)],
    )
    app.state.name = name
    return app


def lambda_handler(app: Starlette) -> Handler:
    """An app as the handler of a Lambda function behind an HTTP API."""
    # What is not named here would be sent as base64.
    as_text = ["application/json", problems.MEDIA_TYPE, "text/html"]
    asgi = Mangum(app, lifespan="off", text_mime_types=as_text)
    return observed(asgi, app.state.name)
