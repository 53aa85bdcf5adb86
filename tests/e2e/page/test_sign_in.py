"""Signing in at a real OpenID Connect server, with the page, the API and the issuer apart."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.shared import oidc_server
from tests.shared.guarded import PREDICT, Guarded, guarded
from tests.shared.page.answers import Answers
from tests.shared.page.signing_in import (
    USER,
    OpenPage,
    SignIn,
    enter,
    expect_files,
    newest_run,
    requests_of,
    sign_in_button,
    signed_in,
)
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running

pytestmark = pytest.mark.slow


@pytest.fixture
def without_upload(platform: Running) -> Iterator[Guarded]:
    """As `guarded_platform`, with users who may not upload."""
    if not oidc_server.installed():
        pytest.skip(oidc_server.WITHOUT)
    with guarded(platform, allowed=(PREDICT,)) as found:
        yield found


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
