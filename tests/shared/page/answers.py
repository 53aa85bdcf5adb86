"""What the page hears instead of the API's answers: refusals, silence, nobody there.

Requests are told by a glob over their whole address, such as "**/predict/**". What the browser says
of such an answer in its console is expected, and nothing else.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page, Route

from tests.shared.page.watch import PageWatch

TITLES: Final = {
    401: "Unauthorized",
    413: "Too many records",
    422: "Invalid record",
    500: "Internal error",
    503: "No model",
}
_CORS: Final = {"Access-Control-Allow-Origin": "*"}


class Answers:
    """Answers in the API's place; `watch` is that of the page."""

    def __init__(self, page: Page, watch: PageWatch) -> None:
        self._page = page
        self._watch = watch

    def json(self, glob: str, body: Any, status: int = 200) -> None:
        """A body of JSON."""
        self._answer(glob, status, "application/json", body)

    def problem(self, glob: str, status: int, **members: Any) -> None:
        """A problem document (RFC 9457): `title` and `detail`, and what else is given."""
        told = {
            "type": "about:blank",
            "title": TITLES.get(status, "Problem"),
            "status": status,
            "detail": "told by a test",
        }
        self._answer(glob, status, "application/problem+json", told | members)

    def down(self, glob: str) -> None:
        """Nobody listens there."""
        self._watch.expect("ERR_CONNECTION_REFUSED")
        self._page.route(glob, lambda route: route.abort("connectionrefused"))

    def offline(self, *, offline: bool = True) -> None:
        """The machine has no network, or has it again."""
        self._watch.expect("ERR_INTERNET_DISCONNECTED")
        self._page.context.set_offline(offline)

    def held(self, glob: str) -> Callable[[], None]:
        """Requests wait until what is returned is called; from then on they are answered."""
        waiting: list[Route] = []
        gone = False

        def wait(route: Route) -> None:
            if gone:
                route.fallback()
            else:
                waiting.append(route)

        def let_go() -> None:
            nonlocal gone
            gone = True
            for route in waiting:
                route.fallback()

        self._page.route(glob, wait)
        return let_go

    def real(self, glob: str) -> None:
        """From now on the API answers again."""
        self._page.unroute(glob)

    def _answer(self, glob: str, status: int, content_type: str, body: Any) -> None:
        if status >= 400:
            self._watch.expect(re.escape(f"status of {status}"))
        text = json.dumps(body)
        self._page.route(
            glob,
            lambda route: route.fulfill(
                status=status, headers=_CORS, content_type=content_type, body=text
            ),
        )
