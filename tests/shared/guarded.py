"""A platform as it is deployed: the page at one address, the API at another, behind an authorizer.

The page is the built site, under its content security policy. The API is `foretell serve`'s, which
a request reaches only with a token that its route takes, as template.yaml has it.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from infra.site import policy
from infra.site.build import DASHBOARD, SiteFile, build
from infra.site.config import PageConfig, SignIn
from tests.shared.oidc_server import OidcServer, oidc_server
from tests.shared.serving import Running
from tests.shared.small_server import Answer, SmallServer
from tests.shared.tokens import Authorizer, Forbidden, Unauthorized

PREDICT: Final = "foretell/predict"
UPLOAD: Final = "foretell/upload"

_OPEN: Final = "/health"
_UPLOADS: Final = "/portfolio/uploads"
_PASSED_ON: Final = ("content-type", "accept", "if-none-match")
_HANDED_BACK: Final = ("content-type", "retry-after", "etag", "cache-control")


@dataclass(frozen=True)
class Guarded:
    """Where everything is."""

    page: str
    api: str
    sign_in: OidcServer


@contextmanager
def guarded(
    running: Running,
    *,
    dashboard: Path = DASHBOARD,
    access_token_seconds: int = 3_600,
    allowed: tuple[str, ...] = (PREDICT, UPLOAD),
) -> Iterator[Guarded]:
    """A page and an API in front of a running platform, and a server to sign in at.

    Args:
        running: The platform, which asks for no token itself.
        dashboard: The page's files.
        access_token_seconds: How long an access token is good for.
        allowed: The scopes that users are given; the page asks for both.
    """
    with ExitStack() as stack:
        page, api = SmallServer(), SmallServer()
        for door in (page, api):
            stack.enter_context(door.open())
        server = stack.enter_context(oidc_server(page.origin, allowed, access_token_seconds))
        config = PageConfig(
            api_url=api.origin,
            sign_in=SignIn(
                issuer=server.issuer,
                client_id=server.client_id,
                scopes=("openid", "email", PREDICT, UPLOAD),
                url=None,
            ),
            currency="EUR",
        )
        connects = f"{running.s3} {api.origin}"
        page.answer = _Site(
            {f"/{file.key}": file for file in build(config, dashboard)},
            policy.on_this_machine(connects, server.issuer),
        )
        authorizer = Authorizer(server.issuer, server.client_id)
        api.answer = _Api(running.api, authorizer, page.origin)
        yield Guarded(page.origin, api.origin, server)


class _Site:
    """What CloudFront does with the bucket of the site."""

    def __init__(self, files: Mapping[str, SiteFile], content_policy: str) -> None:
        self._files = files
        self._headers = {**policy.HEADERS, "Content-Security-Policy": content_policy}

    def __call__(self, method: str, path: str, _: Mapping[str, str], __: bytes) -> Answer:
        address = path.partition("?")[0]
        last = address.rpartition("/")[2]
        if last and "." not in last:
            return Answer(HTTPStatus.PERMANENT_REDIRECT, {"Location": f"{address}/"})
        key = address if last else f"{address}index.html"
        found = self._files.get(key)
        file = found or self._files["/404.html"]
        told = {"Content-Type": file.content_type, "Cache-Control": file.cache_control}
        status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
        return Answer(status, self._headers | told, file.body)


class _Api:
    """What API Gateway does in front of the functions."""

    def __init__(self, api: str, authorizer: Authorizer, page: str) -> None:
        self._api = api
        self._authorizer = authorizer
        self._cors = {
            "Access-Control-Allow-Origin": page,
            "Access-Control-Expose-Headers": "apigw-requestid,retry-after",
            "Vary": "Origin",
        }

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if method == "OPTIONS":
            preflight = {
                "Access-Control-Allow-Methods": "GET,POST",
                "Access-Control-Allow-Headers": "authorization,content-type",
                "Access-Control-Max-Age": "86400",
            }
            return Answer(HTTPStatus.NO_CONTENT, self._cors | preflight)
        answer = self._refusal(path, headers) or self._passed_on(method, path, headers, body)
        return replace(answer, headers={**answer.headers, **self._cors})

    def _refusal(self, path: str, headers: Mapping[str, str]) -> Answer | None:
        address = path.partition("?")[0]
        if address == _OPEN:
            return None
        scope = UPLOAD if address == _UPLOADS else PREDICT
        try:
            self._authorizer.check(headers.get("authorization"), scope)
        except Unauthorized:
            return _refused(HTTPStatus.UNAUTHORIZED, "Unauthorized", 'Bearer error="invalid_token"')
        except Forbidden:
            needed = f'Bearer scope="{scope}" error="insufficient_scope"'
            return _refused(HTTPStatus.FORBIDDEN, "Forbidden", needed)
        return None

    def _passed_on(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kept = {name: headers[name] for name in _PASSED_ON if name in headers}
        request = urllib.request.Request(  # noqa: S310
            f"{self._api}{path}", body or None, kept, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return Answer(answer.status, _handed_back(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _handed_back(error.headers), error.read())
        except OSError:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")


def _handed_back(headers: Any) -> dict[str, str]:
    return {name: headers[name] for name in _HANDED_BACK if headers[name] is not None}


def _refused(status: HTTPStatus, message: str, challenge: str | None = None) -> Answer:
    headers = {"content-type": "application/json"}
    if challenge:
        headers["www-authenticate"] = challenge
    return Answer(status, headers, json.dumps({"message": message}).encode())
