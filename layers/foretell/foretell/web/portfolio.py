"""The routes of the portfolio: leave to upload a file, the runs, and one of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foretell import body, problems
from foretell.portfolio import buckets, listing, runs, uploads
from foretell.portfolio.buckets import Buckets
from foretell.portfolio.documents import RunsQuery, UploadRequest
from foretell.problems import InvalidRequest, UnsupportedMediaType
from foretell.telemetry import count
from foretell.web.app import assembled

NAME: Final = "portfolio"
"""Of the function, in telemetry and in addresses."""

MAX_BYTES: Final = 64 * 1024
"""As of one customer record: what describes a file, not the file."""

# A summary is 200 kB, and an eighth of that compressed; API Gateway's HTTP APIs compress nothing.
_COMPRESSED: Final = Middleware(GZipMiddleware, minimum_size=4_096, compresslevel=6)

Asked = TypeVar("Asked", bound=BaseModel)


def portfolio_app(connect: Callable[[], Buckets] = buckets.from_environment) -> Starlette:
    """The function that takes files and tells of runs; `connect` is asked until it succeeds."""
    connected = cache(connect)

    async def upload(request: Request) -> Response:
        asked = _upload_request(await _json(request))
        answer = await run_in_threadpool(lambda: uploads.allow(connected(), asked, _now()))
        count("UploadsAllowed")
        return _ok(answer)

    # Those without async are run in threads: boto3 waits for S3.
    def page(request: Request) -> Response:
        asked = _query(request)
        return _ok(listing.page(connected(), asked))

    def one(request: Request) -> Response:
        return _ok(runs.describe(connected(), request.path_params["run_id"], _now()))

    return assembled(
        NAME,
        [
            Route("/portfolio/uploads", upload, methods=["POST"]),
            Route("/portfolio/runs", page),
            Route("/portfolio/runs/{run_id}", one, middleware=[_COMPRESSED]),
        ],
    )


async def _json(request: Request) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        body.require_json(request.headers.get("content-type", ""))
    except UnsupportedMediaType:
        raise UnsupportedMediaType(
            "describe the file as JSON with the header Content-Type: application/json; the file"
            " itself goes to the address in the answer"
        ) from None
    return body.parse(await body.read(request.receive, MAX_BYTES))


def _upload_request(value: object) -> UploadRequest:
    if not isinstance(value, dict):
        raise InvalidRequest(
            [problems.fault((), 'Input should be a JSON object: {"file_name": "customers.csv"}')]
        )
    return _checked(UploadRequest, value, value.twice if isinstance(value, body.Ambiguous) else ())


def _query(request: Request) -> RunsQuery:
    given = request.query_params.multi_items()
    times = Counter(name for name, _ in given)
    return _checked(RunsQuery, dict(given), [name for name, often in times.items() if often > 1])


def _checked(kind: type[Asked], given: Mapping[str, object], twice: Sequence[str]) -> Asked:
    repeated = [problems.fault((name,), "Field given more than once") for name in twice]
    try:
        asked = kind.model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(
            (*repeated, *problems.faults(error.errors(include_url=False)))
        ) from None
    if repeated:
        raise InvalidRequest(repeated)
    return asked


def _now() -> datetime:
    return datetime.now(UTC)


def _ok(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
