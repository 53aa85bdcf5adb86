"""The harness of the page's tests: platforms to look at, and a browser that misses nothing.

A test opens the page as somebody would, does what they do, and asks for what they see:

    pytestmark = pytest.mark.slow

    def test_the_portfolio_names_what_is_at_stake(platform, open_page, axe, screenshot):
        page = open_page(platform, "/#/portfolio", width=360, theme="dark")
        expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()   # waits for it
        axe(page)
        screenshot(page, "portfolio")   # all charts drawn: artefacts/page/portfolio-360-dark.png

    def test_an_api_without_a_model_is_told(platform, open_page, answers):
        page = open_page(platform, "about:blank")   # nothing is asked for yet
        answers(page).problem("**/model", 503, detail="Nothing is live: train.")
        page.goto(f"{platform.api}/#/models")

`platform` has the simulated shop's two runs; `unscored_platform` a model and no run;
`empty_platform` neither; `own_platform` is one to change or to stop (tests.shared.serving.stop).
`guarded_platform` is one as deployed: page and API apart, and an OpenID Connect server to sign in
at (`open_page(guarded_platform.page)`, then `sign_in(page)` where its form is shown);
`with guarded(platform, access_token_seconds=2, allowed=(PREDICT,))` makes others of them.

At the end of a test every console error, page error, failed request and violation of the content
security policy that it did not `page_watch.expect(r"pattern")` fails it; what `answers` makes the
browser complain of is expected already. Requests that the page cancels itself are no faults.
Never wait for a time: playwright's `expect` waits for what is to be seen, and
`answers(page).held(glob)` keeps an answer back until a test has seen what is shown meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.shared import browser as machine
from tests.shared import oidc_server
from tests.shared.guarded import Guarded, guarded
from tests.shared.page import accessibility, charts, homes, opening, screenshots
from tests.shared.page.answers import Answers
from tests.shared.page.opening import Reader
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, start, stop


@pytest.fixture(scope="session")
def trained_home(pytestconfig: pytest.Config) -> Path:
    """The simulated shop, trained on and scored; kept until what makes it changes."""
    return homes.trained(pytestconfig.cache.mkdir("trained"))


@pytest.fixture(scope="session")
def platform(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A platform with a portfolio. Leave it as it is: the other tests of this process use it."""
    yield from _running(homes.copy(trained_home, tmp_path_factory.mktemp("platform")))


@pytest.fixture(scope="session")
def unscored_platform(
    trained_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A model is live, and no file was ever dropped. Leave it as it is."""
    yield from _running(homes.without_runs(trained_home, tmp_path_factory.mktemp("unscored")))


@pytest.fixture(scope="session")
def empty_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Nothing was ever trained, and no file was ever dropped. Leave it as it is."""
    folder = homes.with_a_pointer_to_nothing(tmp_path_factory.mktemp("empty"))
    running = start(folder)
    try:
        homes.empty_registry(running)
        yield running
    finally:
        stop(running)


@pytest.fixture
def own_platform(trained_home: Path, tmp_path: Path) -> Iterator[Running]:
    """A platform with a portfolio for one test, which may change it and stop it."""
    yield from _running(homes.copy(trained_home, tmp_path / "own"))


@pytest.fixture
def guarded_platform(platform: Running) -> Iterator[Guarded]:
    """The platform as it is deployed, where everybody has to sign in."""
    if not oidc_server.installed():
        pytest.skip(oidc_server.WITHOUT)
    with guarded(platform) as found:
        yield found


# Not for the session: as long as Playwright runs, nothing else in this process may run a loop of
# asyncio, as the functions' handlers do in other tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """This machine's browser, without a window."""
    if machine.executable() is None:
        pytest.skip(machine.WITHOUT)
    with sync_playwright() as playwright, opening.launched(playwright) as launched:
        yield launched


@pytest.fixture
def page_watch() -> Iterator[PageWatch]:
    """Collects what goes wrong in the pages that a test opens; `expect` lets some of it pass."""
    watch = PageWatch()
    yield watch
    unexpected = watch.unexpected()
    assert not unexpected, "\n".join(unexpected)


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, page_watch: PageWatch) -> Iterator[OpenPage]:
    """Opens a page in a profile of its own: (where, route, config=…, width=…, and what Reader has).

    `where` is a platform or an origin; the route "about:blank" opens nothing yet; `config` is what
    config.json is to say instead.
    """
    contexts: list[BrowserContext] = []

    def opened(
        where: Running | str,
        route: str = "/#/portfolio",
        *,
        config: Mapping[str, Any] | None = None,
        **reader: Any,
    ) -> Page:
        context = opening.new_context(browser, Reader(**reader), page_watch)
        contexts.append(context)
        return opening.visit(context, where, route, config)

    yield opened
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()


@pytest.fixture
def answers(page_watch: PageWatch) -> Callable[[Page], Answers]:
    """Answers in the API's place, for a page."""
    return lambda page: Answers(page, page_watch)


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Asserts that nothing on a page keeps people from using it."""
    if not accessibility.SCRIPT.exists():
        pytest.skip("axe-core is not installed: `make setup` does")
    return accessibility.assert_accessible


@pytest.fixture
def screenshot() -> Callable[[Page, str], Path]:
    """Takes a picture of a page for people to look at: (page, view)."""
    return screenshots.screenshot


@pytest.fixture
def draw_charts() -> Callable[[Page], None]:
    """Goes to each chart of a page, which is drawn when it comes near, and back to the top."""
    return charts.draw_all


@pytest.fixture
def sign_in() -> Callable[..., None]:
    """Fills in the form of the server that `guarded_platform` sends to: (page, user)."""

    def filled_in(page: Page, user: str = "ada@example.com") -> None:
        page.get_by_label("User").fill(user)
        page.get_by_role("button", name="Sign in").click()

    return filled_in


def _running(folder: Path) -> Iterator[Running]:
    running = start(folder)
    yield running
    if running.process.poll() is None:
        stop(running)
