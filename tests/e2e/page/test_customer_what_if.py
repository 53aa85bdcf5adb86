"""What if: a figure is dragged, the answer follows, and all is taken back."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.shared.page import customer
from tests.shared.page.answers import Answers
from tests.shared.serving import Running

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
Place = Callable[[Page], Answers]


def test_a_figure_that_is_dragged_moves_the_answer_and_goes_back(
    platform: Running, open_page: OpenPage
) -> None:
    before = customer.asked(platform, customer.ADA)
    after = customer.asked(platform, customer.ADA | {"recency": 0})
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, before, "Ada")
    points = round(100 * after["churn_probability"]) - round(100 * before["churn_probability"])

    customer.slider(page, "Last purchase").press("Home")

    customer.shows(page, after, "Ada")
    expect(customer.told(page, "Chance of leaving")).to_contain_text(f"{points} pts")
    expect(page.locator(".moves")).to_contain_text(
        f"{before['churn_probability']:.0%} → {after['churn_probability']:.0%} ({points} pts)"
    )
    expect(customer.field(page, "recency")).to_have_value("102")  # the form says what is

    page.get_by_role("button", name="Back to start").click()

    customer.shows(page, before, "Ada")
    expect(page.locator(".moves")).to_contain_text("Nothing is moved")
    expect(page).to_have_url(re.compile(r"recency=102(?!.*if\.)"))


def test_what_is_not_known_can_be_supposed_and_what_is_known_forgotten(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    tickets = page.locator(".slider[data-field=support_tickets]")
    mails = page.locator(".slider[data-field=email_open_rate]")
    expect(tickets.get_by_role("checkbox")).to_be_checked()

    tickets.get_by_role("checkbox").uncheck()
    customer.slider(page, "Support tickets").press("ArrowRight")
    mails.get_by_role("checkbox").check()

    supposed = {name: value for name, value in customer.ADA.items() if name != "email_open_rate"}
    customer.shows(page, customer.asked(platform, supposed | {"support_tickets": 1}), "Ada")
    expect(customer.slider(page, "Support tickets")).to_have_attribute(
        "aria-valuetext", re.compile("^1 in three months")
    )
    expect(customer.slider(page, "Emails opened")).to_have_attribute("aria-valuetext", "Not known")


def test_what_was_supposed_ends_with_the_figures_it_was_supposed_of(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, f"{customer.link(customer.ADA)}&if.recency=0")
    customer.shows(page, customer.asked(platform, customer.ADA | {"recency": 0}), "Ada")

    customer.field(page, "age").fill("30")

    customer.shows(page, customer.asked(platform, customer.ADA | {"age": 30}), "Ada")
    expect(page.locator(".moves")).to_contain_text("Nothing is moved")


def test_of_quick_drags_only_the_last_is_shown_and_those_before_are_cancelled(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    let_go = answers(page).held(customer.PREDICTIONS)
    slider = customer.slider(page, "Last purchase")

    with page.expect_request(customer.PREDICTIONS):
        slider.press("Home")
    soon = 10_000  # long before the page itself would give the request up
    with (
        page.expect_event("requestfailed", timeout=soon) as cancelled,
        page.expect_request(customer.PREDICTIONS) as last,
    ):
        slider.press("ArrowRight")
    expect(page.locator(".answers")).to_have_attribute("aria-busy", "true")
    customer.shows(
        page, customer.asked(platform, customer.ADA), "Ada"
    )  # the last answer stays, greyed
    let_go()

    assert _asked_for(cancelled.value)["recency"] == 0
    assert _asked_for(last.value)["recency"] == 1
    customer.shows(page, customer.asked(platform, customer.ADA | {"recency": 1}), "Ada")
    expect(page.locator(".answers")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("width", [1280, 2560])
def test_nothing_moves_on_the_page_while_a_figure_is_dragged(
    platform: Running, open_page: OpenPage, width: int
) -> None:
    page = open_page(platform, customer.link(customer.ADA), width=width)
    page.locator(".among").scroll_into_view_if_needed()
    expect(page.locator(".among .canvas svg").first).to_be_attached()
    places = "[...document.querySelectorAll('.answers > *')].map((part) => part.offsetTop)"
    before = page.evaluate(places)

    customer.slider(page, "Last purchase").press("Home")
    expect(page.locator(".moves")).to_contain_text("→")

    assert page.evaluate(places) == before


def test_what_is_dragged_stays_under_the_finger(platform: Running, open_page: OpenPage) -> None:
    page = open_page(platform, customer.link(customer.ADA), width=360, touch=True)
    slider = customer.slider(page, "Last purchase")
    slider.evaluate("(found) => found.scrollIntoView({block: 'center'})")
    before = slider.bounding_box()

    slider.press("Home")
    expect(page.locator(".moves")).to_contain_text("→")

    assert slider.bounding_box() == before
    expect(page.locator(".summary-bar")).to_be_visible()
    expect(page.locator(".summary-bar")).to_be_in_viewport()


def _asked_for(request: Request) -> dict[str, Any]:
    return dict(json.loads(request.post_data or "{}"))
