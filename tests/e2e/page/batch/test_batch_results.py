"""What came of a file: all of it, a part, or nothing, and why."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.shared.page.batch import (
    HEADER,
    card,
    choose,
    downloaded,
    expect_end,
    fetched,
    file_of,
    newest_run,
)
from tests.shared.serving import Running

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]

FAULTY: Final = (
    HEADER
    + "A-1,412,21,0.95,1240.5,44\n"  # row 2: the first is the header
    + "A-2,soon,21,0.95,1240.5,44\n"
    + "A-3,10,21,0.95,1240.5,44\n"
    + "A-4,412,21,0.95,99,400\n"
    + "A-5,412,21,0.95,99,401\n"
)


def test_a_file_is_scored_and_its_files_are_those_that_the_run_wrote(
    shop: Running, batch: Page, axe: Any
) -> None:
    # Given a file of customers
    rows = [{"customer_id": f"C-{n}", **_customer(n)} for n in range(1, 61)]

    # When it is handed in
    choose(batch, file_of("customers march.csv", _csv(rows)))

    # Then all are scored, and a screen reader hears of it
    scored = card(batch, "customers march.csv")
    expect_end(scored, "Scored")
    expect(scored).to_contain_text("Customers scored60of 60 rows")
    expect(scored).to_contain_text("Rows refused0nothing to mend")
    expect(batch.locator("#announcements")).to_have_text(
        "customers march.csv is scored: 60 customers predicted, 0 rows refused"
    )
    axe(batch)
    # and what is downloaded is what the run wrote
    run = newest_run(shop, "customers march.csv")
    name, predictions = downloaded(batch, "Download predictions")
    assert name == "customers march predictions.csv"
    assert predictions == fetched(run["links"]["predictions"])
    assert len(predictions.splitlines()) == 61
    name, summary = downloaded(batch, "Summary as JSON")
    assert (name, json.loads(summary)["predicted"]) == ("customers march summary.json", 60)
    # and the link shows the same to whoever gets it
    batch.reload()
    expect(batch.get_by_role("heading", name="customers march.csv")).to_be_visible()
    # and leads to its portfolio
    batch.get_by_role("link", name="Open as portfolio").click()
    expect(batch).to_have_url(f"{shop.api}/#/portfolio?run={run['status']['run_id']}")


def test_rows_that_are_refused_are_explained_with_one_to_look_at(
    shop: Running, batch: Page
) -> None:
    choose(batch, file_of("faulty.csv", FAULTY))

    partly = card(batch, "faulty.csv")
    expect_end(partly, "Scored in part")
    expect(partly).to_contain_text("Rows refused480.0% of the file")
    told = [row.inner_text().split("\t") for row in partly.locator("tbody tr").all()]
    assert told == [
        ["age has to be at most 120", "2", "row 5"],
        [
            "recency has to be at most tenure_days: the last purchase cannot come before the first",
            "1",
            "row 4",
        ],
        ["tenure_days has to be a number", "1", "row 3"],
    ]
    name, refused = downloaded(batch, "Download refused rows")
    assert name == "faulty rejected.csv"
    assert [line["row"] for line in csv.DictReader(io.StringIO(refused.decode()))] == list("3456")
    assert refused == fetched(newest_run(shop, "faulty.csv")["links"]["rejected"])


def test_a_file_without_a_single_good_row_is_no_success(batch: Page) -> None:
    choose(batch, file_of("hopeless.csv", HEADER + "A-1,x,x,x,x,x\n"))

    hopeless = card(batch, "hopeless.csv")
    expect_end(hopeless, "Nothing scored")
    expect(hopeless).to_contain_text("mend the file, and drop it again")
    expect(hopeless.get_by_role("link", name="Open as portfolio")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_file_that_is_no_table_is_told_with_what_to_do(
    shop: Running, open_page: OpenPage, axe: Any, screenshot: Any, theme: str
) -> None:
    page = open_page(shop, "/#/batch", theme=theme, width=360)

    choose(page, file_of("report.csv", b"%PDF-1.7 \x00\x01"))

    failed = card(page, "report.csv")
    expect_end(failed, "Not scored")
    expect(failed.get_by_role("alert")).to_contain_text(
        "This is a PDF document: export the customers as CSV."
    )
    axe(page)
    screenshot(page, "batch-failed")


def test_a_log_of_purchases_is_told_as_purchases(batch: Page) -> None:
    days = "".join(f"B-{n},2025-11-{n:02},{n}.50\n" for n in range(1, 21))
    log = f"customer_id,timestamp,amount\n{days},2025-11-01,5\nB-1,never,5\n"

    choose(batch, file_of("orders.csv", log))

    orders = card(batch, "orders.csv")
    expect_end(orders, "Scored in part")
    expect(orders).to_contain_text("Customers found and scored20from 20 purchases")
    # The summary is of customers; why purchases were left out stands in rejected.csv.
    expect(orders.locator("tbody tr")).to_have_count(2)
    expect(orders.locator("tbody")).to_contain_text("customer_id: no customer")
    expect(orders.locator("tbody")).to_contain_text("row 22")


def test_whoever_never_handed_anything_in_finds_an_example_that_works(
    unscored_platform: Running, shop: Running, open_page: OpenPage, axe: Any
) -> None:
    # Given a platform without any run
    page = open_page(unscored_platform, "/#/batch")
    expect(page.get_by_role("heading", name="No file was scored yet")).to_be_visible()
    page.get_by_text("All columns of a customer").click()
    axe(page)

    # When somebody downloads the example, and hands it in elsewhere
    with page.expect_download() as download:
        page.get_by_role("button", name="Download an example").click()
    example = download.value.path().read_bytes()
    there = open_page(shop, "/#/batch")
    choose(there, file_of("foretell-example.csv", example))

    # Then all its rows are scored
    scored = card(there, "foretell-example.csv")
    expect_end(scored, "Scored")
    expect(scored).to_contain_text("Rows refused0")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_the_view_is_usable_at_any_width_and_in_both_themes(
    shop: Running, open_page: OpenPage, axe: Any, screenshot: Any, width: int, theme: str
) -> None:
    page = open_page(shop, "/#/batch", width=width, theme=theme)
    choose(page, file_of("faulty.csv", FAULTY), file_of("book.xlsx", "PK"))

    expect_end(card(page, "faulty.csv"), "Scored in part")
    expect(page.locator(".history tbody tr").first).to_contain_text("faulty.csv")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
    screenshot(page, "batch")


def _customer(number: int) -> dict[str, float]:
    return {
        "tenure_days": 100 + number,
        "recency": number,
        "frequency": 1.5,
        "monetary": 20.5 * number,
    }


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
