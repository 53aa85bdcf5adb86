"""What is around every view: addresses, colours, keyboard, what is there before all else."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_each_view_has_an_address_a_title_and_a_mark(platform, open_page):
    page = open_page(platform, "/")
    views = page.get_by_role("navigation", name="Views")
    for name in ("Customer", "Batch", "Models", "Portfolio"):
        views.get_by_role("link", name=name).click()

        expect(page).to_have_title(f"{name} · Foretell")
        expect(page).to_have_url(re.compile(f"#/{name.lower()}"))
        expect(views.locator("[aria-current=page]")).to_have_text(name)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.locator("main")).to_be_focused()


def test_an_address_that_no_view_has_is_said_to_be_none(platform, open_page):
    page = open_page(platform, "/#/nonsense")

    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_the_views_are_reached_by_keyboard_alone(platform, open_page):
    page = open_page(platform, "/#/portfolio")
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Customer", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Customer · Foretell")


def test_the_chosen_colours_hold_and_are_there_before_the_first_paint(platform, open_page):
    page = open_page(platform, "/#/models", theme="light")

    page.get_by_label("Colours").select_option("dark")
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.reload()

    expect(page.get_by_label("Colours")).to_have_value("dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == dark
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.get_by_label("Colours").select_option("system")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != dark


def test_nothing_of_plotly_is_asked_for_before_a_chart_is_near(platform, open_page):
    # Given a window in which the first chart is far below
    page = open_page(platform, "about:blank", width=360)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{platform.api}/#/portfolio")
    expect(page.locator(".customers tbody tr")).to_have_count(10)
    assert not [url for url in asked if "libraries/plotly" in url]

    page.locator("figure.chart").first.scroll_into_view_if_needed()
    expect(page.locator("figure[data-drawn]").first).to_be_visible()
    assert [url for url in asked if "libraries/plotly" in url]


def test_a_chart_whose_script_cannot_be_had_is_told_in_figures(platform, open_page, answers):
    page = open_page(platform, "about:blank")
    answers(page).down("**/libraries/plotly.js")
    page.goto(f"{platform.api}/#/portfolio")

    figure = page.locator("figure.chart").first
    figure.scroll_into_view_if_needed()

    expect(figure.get_by_text("The chart could not be loaded")).to_be_visible()
    figure.get_by_text("Show the figures").click()
    expect(figure.locator("tbody tr").first).to_be_visible()


def test_a_model_that_cannot_be_had_leaves_the_foot_silent(empty_platform, open_page, page_watch):
    page_watch.expect("status of 503")
    page = open_page(empty_platform, "/#/portfolio")

    expect(page.get_by_role("heading", name="No customers yet")).to_be_visible()
    expect(page.locator("footer")).to_have_text("")


def test_the_page_stands_still_while_it_is_filled(platform, open_page):
    # Given somebody who measures how far things move (the sum of layout shifts of Web Vitals)
    page = open_page(platform, "about:blank")
    page.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver((list) => {"
        "  for (const entry of list.getEntries()) { window.moved += entry.value; }"
        "}).observe({ type: 'layout-shift', buffered: true });"
    )

    page.goto(f"{platform.api}/#/portfolio")
    expect(page.locator(".leaving li").first).to_contain_text("Last purchase")

    assert page.evaluate("() => window.moved") < 0.1
