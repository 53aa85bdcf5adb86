"""What tests of sign-in do over and over, and what they look at."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Locator, Page, Request, Response, expect

from tests.shared.guarded import Guarded
from tests.shared.serving import Running, ask

OpenPage = Callable[..., Page]
SignIn = Callable[..., None]

USER: Final = "ada@example.com"
RUNS: Final = "/portfolio/runs"
TOKEN: Final = "/token"  # noqa: S105 - where tokens come from
REVOCATION: Final = "/token/revocation"


def sign_in_button(page: Page) -> Locator:
    return page.locator("main").get_by_role("button", name="Sign in")


def signed_in(open_page: OpenPage, sign_in: SignIn, where: Guarded, route: str) -> Page:
    """Open a route, and come in by the issuer's form."""
    page = open_page(where.page, route)
    enter(page, sign_in)
    return page


def enter(page: Page, sign_in: SignIn) -> None:
    sign_in_button(page).click()
    sign_in(page, USER)
    expect(page.locator(".person-name")).to_have_text(USER)


def requests_of(page: Page, address: str) -> list[Request]:
    """Filled with the requests under an address, but those that ask whether they may be made."""
    found: list[Request] = []

    def keep(request: Request) -> None:
        if request.url.startswith(address) and request.method != "OPTIONS":
            found.append(request)

    page.on("request", keep)
    return found


def token_answers(page: Page) -> list[Response]:
    """Filled with what the issuer's token endpoint answers."""
    found: list[Response] = []
    page.on("response", lambda each: found.append(each) if each.url.endswith(TOKEN) else None)
    return found


def refreshes(answers_of_the_issuer: list[Response]) -> int:
    bodies = [answer.request.post_data or "" for answer in answers_of_the_issuer]
    return sum("grant_type=refresh_token" in body for body in bodies)


def post_to_issuer(where: Guarded, path: str, **form: str) -> int:
    """The status of a form that is posted to the issuer, as the page's client."""
    body = urllib.parse.urlencode({"client_id": where.sign_in.client_id, **form}).encode()
    try:
        with urllib.request.urlopen(where.sign_in.issuer + path, body, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def newest_run(platform: Running) -> str:
    _, listed = ask(platform, f"{RUNS}?limit=1")
    return str(listed["runs"][0]["run_id"])


def expect_files(page: Page) -> None:
    expect(page.get_by_role("link", name="customers as of")).to_have_count(2)
