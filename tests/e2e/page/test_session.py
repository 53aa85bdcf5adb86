"""From signing in to signing out: where tokens are, how they are renewed, and how it ends."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.shared import oidc_server
from tests.shared.guarded import Guarded, guarded
from tests.shared.page.answers import Answers
from tests.shared.page.signing_in import (
    REVOCATION,
    RUNS,
    TOKEN,
    USER,
    OpenPage,
    SignIn,
    enter,
    expect_files,
    newest_run,
    post_to_issuer,
    refreshes,
    requests_of,
    sign_in_button,
    signed_in,
    token_answers,
)
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running

pytestmark = pytest.mark.slow


@pytest.fixture
def soon_expired(platform: Running) -> Iterator[Guarded]:
    """As `guarded_platform`, with tokens that are too short-lived to be used twice."""
    if not oidc_server.installed():
        pytest.skip(oidc_server.WITHOUT)
    with guarded(platform, access_token_seconds=8) as found:
        yield found


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
