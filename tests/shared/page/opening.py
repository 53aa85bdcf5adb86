"""How a page is opened: in a browser profile of its own, as somebody would see it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.shared import browser as machine
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running

Theme = Literal["light", "dark"]

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser of tests speaks to nobody by itself."""

BLANK: Final = "about:blank"

_HEIGHT: Final = 900


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """This machine's Chromium without a window."""
    browser = playwright.chromium.launch(
        executable_path=machine.executable(), headless=True, args=list(FLAGS)
    )
    try:
        yield browser
    finally:
        browser.close()


@dataclass(frozen=True)
class Reader:
    """Who looks at the page, and through what."""

    width: int = 1280
    height: int = _HEIGHT
    theme: Theme = "light"
    reduced_motion: bool = True
    locale: str = "en-GB"
    touch: bool = False
    forced_colors: bool = False


def new_context(browser: Browser, reader: Reader, watch: PageWatch) -> BrowserContext:
    """A profile without a past; in UTC, so that times are the same everywhere."""
    context = browser.new_context(
        viewport={"width": reader.width, "height": reader.height},
        color_scheme=reader.theme,
        reduced_motion="reduce" if reader.reduced_motion else "no-preference",
        forced_colors="active" if reader.forced_colors else "none",
        locale=reader.locale,
        timezone_id="UTC",
        has_touch=reader.touch,
        accept_downloads=True,
    )
    watch.attach(context)
    return context


def visit(
    context: BrowserContext, where: Running | str, route: str, config: Mapping[str, Any] | None
) -> Page:
    """Go to a route of the page that is served there.

    Args:
        context: a profile.
        where: a platform, or an origin such as http://127.0.0.1:8000.
        route: path and fragment; BLANK for nothing yet.
        config: what config.json says instead; None for what it says.
    """
    origin = where if isinstance(where, str) else where.api
    if config is not None:
        context.route("**/config.json", lambda found: found.fulfill(json=dict(config)))
    page = context.new_page()
    page.goto(route if route == BLANK else f"{origin}{route}")
    return page
