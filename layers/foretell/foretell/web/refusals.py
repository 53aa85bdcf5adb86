"""What a caller is told when there is no answer: every error as a problem document, always JSON."""

import traceback
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from foretell import problems
from foretell.contract import Fault
from foretell.problems import InvalidRequest, MalformedBody, ProblemKind
from foretell.telemetry import count, fact, logger


def handlers() -> dict[int | type[Exception], Callable[..., Any]]:
    """The exception handlers of an app: what is known, and what the framework refuses."""
    return {HTTPException: _answer_http, **dict.fromkeys(problems.TABLE, _answer_known)}


class LastLine:
    """Answers an unforeseen error itself.

    Left to Starlette, such an error is raised again behind the answer, and the server prints its
    trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            await _answer_unexpected(error)(scope, receive, send)


async def _answer_known(_: Request, error: Exception) -> Response:
    kind = problems.TABLE[type(error)]
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        count("Unavailable")
        logger.error(kind.title, reason=str(error))
    return _problem(kind, str(error), _faults(error))


async def _answer_http(_: Request, error: HTTPException) -> Response:
    kind = problems.BY_STATUS.get(error.status_code, problems.INTERNAL)
    # Where nobody said more, Starlette repeats the name of the status.
    said = error.detail if error.detail != kind.status.phrase else "check the method and the path"
    answer = _problem(kind, said)
    answer.headers.update(error.headers or {})
    return answer


def _answer_unexpected(error: Exception) -> Response:
    count("Failed")
    # The message of an unforeseen error may hold customer data: where it arose is what is logged.
    origin = traceback.extract_tb(error.__traceback__)[-1]
    logger.error(
        "Unexpected error",
        error_type=type(error).__name__,
        origin=f"{origin.name}, line {origin.lineno} of {origin.filename}",
    )
    return _problem(problems.INTERNAL, "the failure was logged; the same request may work later")


def _faults(error: Exception) -> Sequence[Fault]:
    if isinstance(error, MalformedBody):
        return (problems.fault((), str(error)),)
    return error.faults if isinstance(error, InvalidRequest) else ()


def _problem(kind: ProblemKind, detail: str, faults: Sequence[Fault] = ()) -> Response:
    if faults:
        count("ValidationFailed")
    fact("problem", kind.slug)
    return Response(
        problems.document(kind, detail, faults).model_dump_json(exclude_none=True),
        status_code=kind.status,
        media_type=problems.MEDIA_TYPE,
    )
