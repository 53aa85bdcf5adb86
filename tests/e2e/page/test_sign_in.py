"""Signing in at a real OpenID Connect server, with the page, the API and the issuer apart."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Response, Route, expect

from tests.shared import oidc_server
from tests.shared.guarded import PREDICT, Guarded, guarded
from tests.shared.page.answers import Answers
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
SignIn = Callable[..., None]

USER = "ada@example.com"
RUNS = "/portfolio/runs"
REVOCATION = "/token/revocation"
TOKEN = "/token"  # noqa: S105 - where tokens come from


@pytest.fixture
def soon_expired(platform: Running) -> Iterator[Guarded]:
    """As `guarded_platform`, with tokens that are too short-lived to be used twice."""
    if not oidc_server.installed():
        pytest.skip(oidc_server.WITHOUT)
    with guarded(platform, access_token_seconds=8) as found:
        yield found


@pytest.fixture
def without_upload(platform: Running) -> Iterator[Guarded]:
    """As `guarded_platform`, with users who may not upload."""
    if not oidc_server.installed():
        pytest.skip(oidc_server.WITHOUT)
    with guarded(platform, allowed=(PREDICT,)) as found:
        yield found


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_whoever_is_signed_out_is_asked_to_sign_in_and_nothing_is_asked_of_the_api(
    guarded_platform: Guarded, open_page: OpenPage, axe: Any, screenshot: Any, theme: str
) -> None:
    page = open_page(guarded_platform.page, "about:blank", theme=theme)
    asked = requests_of(page, guarded_platform.api)

    page.goto(f"{guarded_platform.page}/#/batch")

    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    expect(sign_in_button(page)).to_be_visible()
    assert not asked
    axe(page)
    screenshot(page, "signed-out")


def test_signing_in_leads_back_to_the_link_that_was_opened(
    guarded_platform: Guarded, platform: Running, open_page: OpenPage, sign_in: SignIn
) -> None:
    # Given the link of a run
    link = f"{guarded_platform.page}/#/batch?run={newest_run(platform)}"

    # When somebody opens it and signs in
    page = open_page(guarded_platform.page, "about:blank")
    asked = requests_of(page, guarded_platform.api)
    page.goto(link)
    enter(page, sign_in)

    # Then it shows that run, and neither code nor state are in the address
    expect(page.get_by_role("link", name="Open as portfolio")).to_be_visible()
    assert page.url == link
    # and every request carried a token
    assert asked
    assert all(each.headers.get("authorization", "").startswith("Bearer ey") for each in asked)


def test_tokens_are_in_memory_alone(
    guarded_platform: Guarded, open_page: OpenPage, sign_in: SignIn
) -> None:
    page = open_page(guarded_platform.page, "about:blank")
    issued = token_answers(page)
    page.goto(f"{guarded_platform.page}/#/batch")
    enter(page, sign_in)
    expect_files(page)

    (answer,) = issued
    tokens = [answer.json()[f"{kind}_token"] for kind in ("access", "id", "refresh")]
    kept = json.dumps(
        [
            page.evaluate("({ ...localStorage })"),
            page.evaluate("({ ...sessionStorage })"),
            page.evaluate("indexedDB.databases()"),
            page.evaluate("caches.keys()"),
            page.evaluate("document.cookie"),
            page.context.storage_state(),
            page.url,
        ]
    )
    assert not [token for token in tokens if token in kept]
    # What was needed on the way to the issuer and back is gone, too.
    assert "oidc." not in kept
    assert "verifier" not in kept


def test_a_token_is_renewed_before_its_end(
    soon_expired: Guarded, open_page: OpenPage, sign_in: SignIn
) -> None:
    page = open_page(soon_expired.page, "about:blank")
    issued = token_answers(page)
    asked = requests_of(page, soon_expired.api)

    page.goto(f"{soon_expired.page}/#/batch")
    enter(page, sign_in)

    expect_files(page)
    expect(page.locator("#bottom")).to_contain_text("Answers come from model")
    assert refreshes(issued) == 1
    first, renewed = (answer.json()["access_token"] for answer in issued)
    used = {each.headers["authorization"] for each in asked}
    assert used == {f"Bearer {renewed}"}
    assert first != renewed


def test_requests_that_are_refused_together_share_a_renewal_and_are_made_again(
    guarded_platform: Guarded,
    platform: Running,
    open_page: OpenPage,
    sign_in: SignIn,
    page_watch: PageWatch,
) -> None:
    # Given an API that refuses the token of the first two requests, both at once
    page_watch.expect("status of 401")
    page = open_page(guarded_platform.page, "about:blank")
    issued = token_answers(page)
    refused: list[Route] = []

    def refuse_the_first_two(route: Route) -> None:
        if len(refused) == 2:
            route.fallback()
            return
        refused.append(route)
        if len(refused) == 2:
            for each in refused:
                headers = {"Access-Control-Allow-Origin": "*"}
                each.fulfill(status=401, headers=headers, json={"message": "Unauthorized"})

    page.route(f"{guarded_platform.api}{RUNS}**", refuse_the_first_two)

    # When a link is opened for which two requests are made
    page.goto(f"{guarded_platform.page}/#/batch?run={newest_run(platform)}")
    enter(page, sign_in)

    # Then both are answered, by one new token
    expect(page.get_by_role("link", name="Open as portfolio")).to_be_visible()
    expect_files(page)
    assert refreshes(issued) == 1


def test_a_session_that_the_issuer_ended_is_told_and_begun_again_in_place(
    guarded_platform: Guarded,
    open_page: OpenPage,
    sign_in: SignIn,
    answers: Callable[[Page], Answers],
    page_watch: PageWatch,
    axe: Any,
) -> None:
    # Given somebody whose refresh token was revoked
    page = open_page(guarded_platform.page, "about:blank")
    issued = token_answers(page)
    page.goto(f"{guarded_platform.page}/#/batch")
    enter(page, sign_in)
    expect_files(page)
    status = post_to_issuer(guarded_platform, REVOCATION, token=issued[0].json()["refresh_token"])
    assert status == 200

    # When the API takes the token no more
    page_watch.expect("status of 400")  # the issuer's answer to the revoked token
    refused = answers(page)
    refused.problem(f"{guarded_platform.api}/**", 401)
    page.get_by_role("link", name="Models").click()

    # Then the page says so, and knows nobody any more
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    expect(page.locator(".person-name")).to_have_count(0)
    axe(page)

    # and signing in again leads to where that was
    refused.real(f"{guarded_platform.api}/**")
    sign_in_button(page).click()
    expect(page.locator(".person-name")).to_have_text(USER)
    expect(page).to_have_url(re.compile("#/models$"))


def test_a_reload_asks_the_issuer_who_still_knows_who_it_is(
    guarded_platform: Guarded, open_page: OpenPage, sign_in: SignIn
) -> None:
    page = signed_in(open_page, sign_in, guarded_platform, "/#/batch")

    page.reload()

    expect(page.locator(".person-name")).to_have_text(USER)
    expect_files(page)
    assert page.url == f"{guarded_platform.page}/#/batch"


def test_signing_out_ends_it_here_and_at_the_issuer(
    guarded_platform: Guarded, open_page: OpenPage, sign_in: SignIn
) -> None:
    # Given somebody who is signed in
    page = open_page(guarded_platform.page, "about:blank")
    issued = token_answers(page)
    page.goto(f"{guarded_platform.page}/#/batch")
    enter(page, sign_in)
    expect_files(page)
    refresh_token = issued[0].json()["refresh_token"]
    revoked = requests_of(page, f"{guarded_platform.sign_in.issuer}{REVOCATION}")

    # When they sign out, which the issuer has them confirm
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{guarded_platform.sign_in.issuer}/**")
    page.get_by_role("button", name="Sign out").click()

    # Then they are back, signed out, and stay so
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    # and the refresh token was revoked, and is taken no more
    assert [f"token={refresh_token}" in (each.post_data or "") for each in revoked] == [True]
    assert (
        post_to_issuer(
            guarded_platform, TOKEN, grant_type="refresh_token", refresh_token=refresh_token
        )
        == 400
    )
    # and asks for a name again
    sign_in_button(page).click()
    expect(page.get_by_label("User")).to_be_visible()


def test_signing_out_of_a_user_pool_goes_to_the_page_it_has_for_that(
    guarded_platform: Guarded, open_page: OpenPage, sign_in: SignIn
) -> None:
    # Given a configuration with the sign-in pages of a Cognito user pool
    with urllib.request.urlopen(f"{guarded_platform.page}/config.json", timeout=10) as answer:  # noqa: S310
        config = json.load(answer)
    pool = "http://127.0.0.1:9"
    config["sign_in"]["url"] = pool
    page = open_page(guarded_platform.page, "/#/batch", config=config)
    page.route(f"{pool}/**", lambda route: route.fulfill(body="Signed out"))
    enter(page, sign_in)

    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url(f"{pool}/logout?*")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert query == {
        "client_id": [guarded_platform.sign_in.client_id],
        "logout_uri": [f"{guarded_platform.page}/"],
    }


def test_a_sign_in_that_is_cancelled_is_told_and_can_be_begun_again(
    guarded_platform: Guarded, open_page: OpenPage, sign_in: SignIn, axe: Any, screenshot: Any
) -> None:
    page = open_page(guarded_platform.page, "/#/batch")
    sign_in_button(page).click()

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("heading", name="Signing in did not work")).to_be_visible()
    expect(page.locator("main")).to_contain_text("the user did not want to")
    assert page.url == f"{guarded_platform.page}/#/batch"
    axe(page)
    screenshot(page, "sign-in-cancelled")
    enter(page, sign_in)
    expect_files(page)


def test_an_answer_of_another_sign_in_is_not_taken(
    guarded_platform: Guarded, open_page: OpenPage
) -> None:
    page = open_page(guarded_platform.page, "/?code=stolen&state=unknown#/batch")

    expect(page.locator("main")).to_contain_text("used before, or begun in another tab")
    assert page.url == f"{guarded_platform.page}/#/batch"


def test_an_issuer_that_does_not_answer_is_told(
    guarded_platform: Guarded,
    open_page: OpenPage,
    answers: Callable[[Page], Answers],
    sign_in: SignIn,
) -> None:
    # Given an issuer that is down
    page = open_page(guarded_platform.page, "about:blank")
    issuer = answers(page)
    issuer.down("**/.well-known/**")
    page.goto(f"{guarded_platform.page}/#/batch")

    # When somebody wants to sign in, Then they are told, and the page is as it was
    sign_in_button(page).click()
    expect(page.locator("main")).to_contain_text("cannot be reached")

    # and it works as soon as it answers
    issuer.real("**/.well-known/**")
    enter(page, sign_in)


def test_a_slow_issuer_is_waited_for(
    guarded_platform: Guarded,
    open_page: OpenPage,
    answers: Callable[[Page], Answers],
    sign_in: SignIn,
) -> None:
    page = open_page(guarded_platform.page, "about:blank")
    let_go = answers(page).held("**/.well-known/**")
    page.goto(f"{guarded_platform.page}/#/batch")

    sign_in_button(page).click()
    expect(page.get_by_text("On the way to the sign-in service")).to_be_visible()

    let_go()
    sign_in(page, USER)
    expect_files(page)


def test_an_issuer_that_was_not_told_of_the_page_is_explained(
    platform: Running, open_page: OpenPage, axe: Any
) -> None:
    settings: dict[str, Any] = {
        "issuer": "https://id.example.com",
        "client_id": None,
        "scopes": [],
        "url": None,
    }
    config = {"api_url": "", "sign_in": settings, "currency": None}

    page = open_page(platform, "/#/portfolio", config=config)

    told = page.locator("main")
    expect(told).to_contain_text("https://id.example.com does not know this page yet")
    expect(told).to_contain_text(f"{platform.api}/")
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    axe(page)


def test_who_may_not_upload_is_told_who_can_change_that(
    without_upload: Guarded,
    open_page: OpenPage,
    sign_in: SignIn,
    page_watch: PageWatch,
    tmp_path: Path,
) -> None:
    page_watch.expect("status of 403")
    page = signed_in(open_page, sign_in, without_upload, "/#/batch")
    expect_files(page)
    file = tmp_path / "customers.csv"
    file.write_text("tenure_days,recency,frequency,monetary\n412,21,0.95,1240.5\n")

    page.get_by_label("Choose files").set_input_files(file)

    card = page.get_by_role("listitem").filter(has_text="customers.csv")
    expect(card).to_contain_text("You may not upload files")
    expect(card).to_contain_text("foretell/upload")
