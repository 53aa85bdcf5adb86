"""The page draws a chart when it comes near; who wants to see them all has to go there."""

from typing import Final

from playwright.sync_api import Page, expect

_DRAWABLE: Final = "figure.chart:not(:has(.canvas-failure))"


def draw_all(page: Page) -> None:
    """Go to each chart that can be seen, wait until it is drawn, and go back to the top."""
    for chart in page.locator(_DRAWABLE).filter(visible=True).all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "yes")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
