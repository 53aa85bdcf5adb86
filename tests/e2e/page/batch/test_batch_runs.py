"""Runs that are followed, opened by a link, and looked up."""

import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.shared.page.answers import Answers
from tests.shared.page.batch import (
    GOOD,
    card,
    choose,
    downloaded,
    expect_end,
    fetched,
    file_of,
    newest_run,
    requests_for,
)
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
AnswersOf = Callable[[Page], Answers]

S3: Final = "**/foretell-uploads"
FOUND: Final = "**/portfolio/runs?key=*"


def test_a_run_is_waited_for_and_failures_on_the_way_pass(
    batch: Page, answers: AnswersOf, axe: Any
) -> None:
    # Given a file that S3 has, and of whose run nothing is heard
    api = answers(batch)
    api.json(FOUND, {"runs": [], "next": None, "complete": True})
    choose(batch, file_of("patient.csv", GOOD))
    expect(card(batch, "patient.csv")).to_contain_text("S3 has it. Scoring starts within seconds")
    axe(batch)

    # When the API fails for a while
    api.problem(FOUND, 503, detail="S3 does not answer")
    expect(card(batch, "patient.csv")).to_contain_text("S3 does not answer")
    expect(card(batch, "patient.csv")).to_contain_text("Asked again by itself")
    api.real(FOUND)

    # Then the result comes all the same
    expect_end(card(batch, "patient.csv"), "Scored")


def test_a_run_tells_how_far_it_is(
    shop: Running, open_page: OpenPage, answers: AnswersOf, axe: Any, screenshot: Any
) -> None:
    # Given the run of a large file that is half done
    described = newest_run(shop, "customers as of 2025-12-31.csv")
    run_id = described["status"]["run_id"]
    half = described["status"] | {
        "state": "running",
        "progress": 0.5,
        "rows": 2_479,
        "rejected": 3,
        "rows_per_second": 39_802.4,
    }
    page = open_page(shop, "about:blank")
    api = answers(page)
    address = f"**/portfolio/runs/{run_id}"
    api.json(address, {"status": half, "summary": None, "links": None})

    page.goto(f"{shop.api}/#/batch?run={run_id}")

    expect(page.get_by_role("progressbar")).to_have_attribute("value", "0.5")
    expect(page.locator(".run")).to_contain_text(
        "50% done, 2,479 rows read at 39,802 rows per second, 3 rows refused so far"
    )
    axe(page)
    screenshot(page, "batch-running")
    # When it has ended
    api.real(address)
    expect(page.get_by_role("link", name="Open as portfolio")).to_be_visible()


def let_pass(page: Page, until: Callable[[], bool]) -> None:
    """Move the page's clock, in steps between which its requests can be answered."""
    for _ in range(60):
        page.clock.run_for(5_000)
        if until():
            return
    raise AssertionError("nothing happened in five minutes of the page's clock")


def test_nobody_asks_for_a_run_that_is_not_looked_at(
    shop: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    # Given a run that goes on, and a clock that only the test moves
    described = newest_run(shop, "customers as of 2025-12-31.csv")
    run_id = described["status"]["run_id"]
    page = open_page(shop, "about:blank")
    page.clock.install()
    going_on = described["status"] | {"state": "running", "progress": 0.5}
    answers(page).json(
        f"**/portfolio/runs/{run_id}", {"status": going_on, "summary": None, "links": None}
    )
    asked = requests_for(page, run_id)
    page.goto(f"{shop.api}/#/batch?run={run_id}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    let_pass(page, until=lambda: len(asked) > 1)
    before = len(asked)

    # When the tab is hidden, and when another view is shown, Then it is asked no more
    page.evaluate(_HIDE, "hidden")
    page.clock.run_for(60_000)
    assert len(asked) <= before + 1  # what was under way
    hidden = len(asked)
    page.evaluate(_HIDE, "visible")
    let_pass(page, until=lambda: len(asked) > hidden)
    page.get_by_role("link", name="Customer", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Customer"), level=1)).to_be_visible()
    left = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) <= left + 1  # the customer's view asks once, for what it compares with


def test_links_that_have_run_out_are_made_anew(shop: Running, open_page: OpenPage) -> None:
    # Given a page that was left open until its links lead nowhere
    described = newest_run(shop, "customers as of 2025-12-31.csv")
    run_id = described["status"]["run_id"]
    nowhere = dict.fromkeys(("predictions", "rejected", "summary"), "http://127.0.0.1:9/gone")
    old = described | {"links": nowhere | {"expires": "2020-01-01T00:00:00Z"}}
    page = open_page(shop, "about:blank")
    answered: list[Route] = []

    def first_old(route: Route) -> None:
        answered.append(route)
        if len(answered) == 1:
            route.fulfill(json=old)
        else:
            route.fallback()

    page.route(f"**/portfolio/runs/{run_id}", first_old)
    page.goto(f"{shop.api}/#/batch?run={run_id}")

    name, predictions = downloaded(page, "Download predictions")

    assert name == "customers as of 2025-12-31 predictions.csv"
    assert predictions == fetched(described["links"]["predictions"])


def test_a_link_to_a_run_that_is_not_there_is_told(
    shop: Running, open_page: OpenPage, page_watch: PageWatch
) -> None:
    page_watch.expect("status of 404")

    page = open_page(shop, "/#/batch?run=gone-csv-0123456789abcdef")

    expect(page.locator(".linked")).to_contain_text("There is nothing here")
    expect(page.get_by_text("Drop files of customers here")).to_be_visible()


def test_older_runs_come_a_page_at_a_time(shop: Running, open_page: OpenPage) -> None:
    # Given more runs than a page has
    _drop_and_wait(shop, 9)

    page = open_page(shop, "/#/batch")
    rows = page.locator(".history tbody tr")
    expect(rows).to_have_count(10)
    while page.get_by_role("button", name="Older runs").count():
        before = rows.count()
        page.get_by_role("button", name="Older runs").click()
        expect(rows).not_to_have_count(before)

    # Then all are there, newest first, and each opens
    _, told = ask(shop, "/portfolio/runs?limit=100")
    names = [run["key"].rpartition("/")[2] for run in told["runs"]]
    assert [row.get_by_role("link").inner_text() for row in rows.all()] == names
    page.get_by_role("link", name="customers as of 2025-12-01.csv").click()
    expect(page.get_by_role("link", name="Open as portfolio")).to_be_visible()
    assert page.url.endswith(told["runs"][-1]["run_id"])


def test_a_history_that_cannot_be_had_leaves_the_rest_in_work(
    shop: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    page = open_page(shop, "about:blank")
    api = answers(page)
    api.problem("**/portfolio/runs?limit=*", 503, detail="S3 does not answer")
    page.goto(f"{shop.api}/#/batch")
    expect(page.get_by_role("alert")).to_contain_text("S3 does not answer")

    choose(page, file_of("anyway.csv", GOOD))
    expect_end(card(page, "anyway.csv"), "Scored")

    api.real("**/portfolio/runs?limit=*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="anyway.csv").first).to_be_visible()


_HIDE: Final = """(state) => {
  Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def _drop_and_wait(shop: Running, number: int) -> None:
    """Drop small files as `curl -T` does, until the API tells of all of them."""
    for place in range(number):
        address = f"{shop.s3}/foretell-uploads/incoming/small-{place}.csv"
        request = urllib.request.Request(address, GOOD.encode(), method="PUT")  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    while True:
        _, page = ask(shop, "/portfolio/runs?limit=100")
        done = [
            run for run in page["runs"] if "/small-" in run["key"] and run["state"] != "running"
        ]
        if len(done) == number:
            return
        time.sleep(0.1)
