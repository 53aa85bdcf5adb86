"""Every view in both themes, at three widths: nothing sticks out, nobody is kept out.

The pictures are written to artefacts/page, for people to look at.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

WIDTHS = (360, 1280, 2560)
THEMES = ("light", "dark")
# What is there when a view is complete.
COMPLETE = {
    "portfolio": ".leaving li",
    "customer": "output, [data-drawn], svg",
    "batch": "table, ol, ul",
    "models": "figure, table",
}


def open_view(platform: Running, open_page: object, view: str) -> Page:
    route = f"/#/{view}"
    if view == "customer":
        newest = ask(platform, "/portfolio/runs?limit=1")[1]["runs"][0]["run_id"]
        customer = ask(platform, f"/portfolio/runs/{newest}")[1]["summary"]["top_customers"][1]
        known = {name: value for name, value in customer["record"].items() if value is not None}
        route += "?" + "&".join(f"{name}={value}" for name, value in known.items())
    page: Page = open_page(platform, route, reduced_motion=True)  # type: ignore[operator]
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(f"main :is({COMPLETE[view]})").first).to_be_attached()
    return page


@pytest.mark.parametrize("view", COMPLETE)
def test_a_view_fits_and_is_accessible_at_every_width_in_both_themes(
    platform, open_page, axe, screenshot, view
):
    page = open_view(platform, open_page, view)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            screenshot(page, view)

            wide = page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= width, f"{view} is {wide} pixels wide in a window of {width}"
            axe(page)


@pytest.mark.parametrize("where", ["/docs/", "/nothing-here.html"])
def test_the_other_pages_do_so_too(platform, open_page, page_watch, axe, screenshot, where):
    if where != "/docs/":
        page_watch.expect("status of 404")
    page = open_page(platform, where)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            screenshot(page, where.strip("/").removesuffix(".html"))
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= width, f"{where} is {wide} pixels wide in a window of {width}"
            axe(page)
