"""The documentation of the API and the page of nothing: like the rest, and for everybody."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]

ISSUER: Final = "https://issuer.example"


def documentation(open_page: OpenPage, platform: Running, **reader: Any) -> Page:
    """The page, once all of it stands there."""
    page = open_page(platform, "/docs/", **reader)
    expect(page.locator(".opblock").first).to_be_visible()
    expect(page.locator("#call")).to_contain_text("curl")
    return page


def test_it_has_every_operation_and_the_way_back(platform: Running, open_page: OpenPage) -> None:
    document = ask(platform, "/openapi.json")[1]
    operations = sum(len(methods) for methods in document["paths"].values())

    page = documentation(open_page, platform)

    expect(page.locator(".opblock")).to_have_count(operations)
    expect(page.get_by_role("link", name="API", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()


def test_the_first_call_is_answered_as_it_stands_there(
    platform: Running, open_page: OpenPage
) -> None:
    call = documentation(open_page, platform).locator("#call").inner_text()

    address, record = re.search(r"curl (\S+).*-d '(.*)'", call, re.DOTALL).groups()  # type: ignore[union-attr]
    assert address.startswith(platform.api)
    status, answer = ask(platform, address.removeprefix(platform.api), json.loads(record))
    assert status == 200, answer
    assert "Authorization" not in call


def test_an_operation_can_be_tried_on_the_page(platform: Running, open_page: OpenPage) -> None:
    page = documentation(open_page, platform)
    operation = page.locator("#operations-Model-health, [id*='health']").first

    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    answer = operation.locator(".live-responses-table tbody .response-col_status").first
    expect(answer).to_contain_text("200")


def test_where_people_sign_in_it_says_which_token_is_wanted(
    platform: Running, open_page: OpenPage
) -> None:
    config = {
        "api_url": "https://api.example",
        "sign_in": {"issuer": ISSUER, "client_id": "page", "scopes": ["openid"], "url": ISSUER},
        "currency": None,
    }

    page = documentation(open_page, platform, config=config)

    expect(page.locator("#access")).to_contain_text(ISSUER)
    expect(page.locator("#call")).to_contain_text("curl https://api.example/predict/")
    expect(page.locator("#call")).to_contain_text("Authorization: Bearer $TOKEN")


def test_light_and_dark_are_the_reader_s_choice(platform: Running, open_page: OpenPage) -> None:
    page = documentation(open_page, platform, theme="light")
    ground = "getComputedStyle(document.querySelector('.opblock')).backgroundColor"
    light = page.evaluate(ground)

    page.get_by_label("Colours").select_option("Dark")

    assert page.evaluate(ground) != light
    page.reload()
    expect(page.locator("html.dark-mode")).to_be_attached()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_read_it(
    platform: Running, open_page: OpenPage, axe: Callable[[Page], None], width: int, theme: str
) -> None:
    page = documentation(open_page, platform, width=width, theme=theme)
    for operation in (0, 9):
        page.locator(".opblock-summary-control").nth(operation).click()
    expect(page.locator(".opblock-body pre").first).to_be_visible()

    axe(page)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_where_there_is_nothing_it_says_what_there_is(
    platform: Running,
    open_page: OpenPage,
    page_watch: PageWatch,
    axe: Callable[[Page], None],
    width: int,
    theme: str,
) -> None:
    page_watch.expect("status of 404")

    page = open_page(platform, "/some/where/else.html", width=width, theme=theme)

    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Whom to call today").click()
    expect(page).to_have_url(f"{platform.api}/#/portfolio")


def test_the_page_of_nothing_needs_no_script(platform: Running, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()

        answer = page.goto(f"{platform.api}/some/where/else.html")

        assert answer is not None
        assert answer.status == 404
        link = page.get_by_role("link", name="Whom to call today")
        expect(link).to_have_css("background-color", "rgb(11, 92, 143)")  # its style sheets came
