"""The app of one function, and the app as a Lambda handler."""

from fastapi import FastAPI
from mangum import Mangum
from starlette.middleware import Middleware

from foretell import problems
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.telemetry import Handler, observed
from foretell.web import description, predictions, refusals


def create_app(model: ModelName, live: LiveModel) -> FastAPI:
    """The function that serves one model; without documentation routes."""
    app = FastAPI(
        title=model.value,
        openapi_url=None,
        exception_handlers=refusals.handlers(),
        middleware=[Middleware(refusals.LastLine)],
    )
    predictions.add(app, model, live)
    description.add(app, live)
    return app


def lambda_handler(app: FastAPI) -> Handler:
    """An app as the handler of a Lambda function behind an HTTP API."""
    # What is not named here would be sent as base64.
    asgi = Mangum(app, lifespan="off", text_mime_types=["application/json", problems.MEDIA_TYPE])
    return observed(asgi, app.title)
