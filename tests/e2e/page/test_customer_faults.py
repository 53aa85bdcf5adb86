"""What cannot be answered is told where it can be mended, beside the last answer."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.shared.page import customer
from tests.shared.page.answers import Answers
from tests.shared.serving import Running

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
Place = Callable[[Page], Answers]


def test_a_last_purchase_before_the_first_is_told_at_the_field_and_not_asked(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    recency = customer.field(page, "recency")

    recency.fill("600")

    expect(recency).to_have_attribute("aria-invalid", "true")
    expect(recency).to_have_accessible_description(re.compile("At most 556.*First purchase"))
    expect(page.locator(".status-line")).to_contain_text("Last purchase")
    customer.is_marked_as_old(page)
    assert not [url for url in asked if "predict" in url]

    recency.fill("60")

    expect(recency).to_have_attribute("aria-invalid", "false")
    customer.shows(page, customer.asked(platform, customer.ADA | {"recency": 60}), "Ada")


def test_a_figure_out_of_the_contracts_bounds_is_told_at_the_field(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    expect(page.locator(".headline")).to_be_visible()
    spend = customer.field(page, "monetary")
    told = {
        "a lot": "A number",
        "-1": "At least 0",
        "2,000,000,000": "At most 1,000,000,000",
        "": "needed",
    }

    for typed, reason in told.items():
        spend.fill(typed)
        spend.blur()

        expect(spend).to_have_accessible_description(re.compile(reason))
        expect(spend).to_have_attribute("aria-invalid", "true")
        customer.is_marked_as_old(page)


def test_a_link_without_enough_figures_asks_for_them(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, "/#/customer?recency=3", width=360)

    expect(page.get_by_role("heading", name="Nothing to answer yet")).to_be_visible()
    expect(customer.field(page, "tenure_days")).to_have_attribute("aria-invalid", "true")


def test_what_the_api_refuses_is_told_at_its_field(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    refused = {"field": "age", "reason": "Input should be less than avg_purchase_amount"}
    answers(page).problem(customer.PREDICTIONS, 422, errors=[refused])
    age = customer.field(page, "age")

    age.fill("30")

    expect(age).to_have_attribute("aria-invalid", "true")
    expect(age).to_have_accessible_description(re.compile("less than “Average purchase”"))
    customer.is_marked_as_old(page)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(503, "cannot answer right now", id="no model"),
        pytest.param(504, "takes too long", id="slow"),
        pytest.param(401, "sign in", id="signed out"),
        pytest.param(500, "went wrong", id="a failure"),
    ],
)
def test_the_last_answer_stays_while_the_api_fails_and_the_question_can_be_asked_again(
    platform: Running, open_page: OpenPage, answers: Place, status: int, told: str
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    place = answers(page)
    place.problem(customer.PREDICTIONS, status)

    customer.field(page, "age").fill("30")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(told)
    customer.is_marked_as_old(page)
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")

    place.real(customer.PREDICTIONS)
    alert.get_by_role("button", name="Try again").click()

    expect(alert).to_have_count(0)
    customer.shows(page, customer.asked(platform, customer.ADA | {"age": 30}), "Ada")


def test_offline_is_told_and_mended_by_itself(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    answers(page).offline()

    customer.field(page, "age").fill("30")

    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    customer.is_marked_as_old(page)

    answers(page).offline(offline=False)

    customer.shows(page, customer.asked(platform, customer.ADA | {"age": 30}), "Ada")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_a_model_there_is_no_form_but_what_to_do(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, "about:blank")
    place = answers(page)
    place.problem("**/model", 503, detail="Nothing is live: train.")

    page.goto(f"{platform.api}{customer.link(customer.ADA)}")

    expect(page.get_by_role("heading", name="Customer")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is live: train.")
    expect(page.locator("form")).to_have_count(0)

    place.real("**/model")
    page.get_by_role("button", name="Try again").click()

    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
