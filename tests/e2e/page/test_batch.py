"""Files of customers: handed in, followed, and what came of them."""

import csv
import io
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import FileChooser, FilePayload, Locator, Page, Request, Route, expect

from tests.shared.page import homes
from tests.shared.page.answers import Answers
from tests.shared.page.watch import PageWatch
from tests.shared.serving import PATIENCE, Running, ask, start, stop

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
AnswersOf = Callable[[Page], Answers]

LEAVE: Final = "**/portfolio/uploads"
S3: Final = "**/foretell-uploads"
FOUND: Final = "**/portfolio/runs?key=*"
HEADER: Final = "customer_id,tenure_days,recency,frequency,monetary,age\n"
GOOD: Final = HEADER + "A-1,412,21,0.95,1240.5,44\nA-2,300,12,1.5,99,\n"
FAULTY: Final = (
    HEADER
    + "A-1,412,21,0.95,1240.5,44\n"  # row 2: the first is the header
    + "A-2,soon,21,0.95,1240.5,44\n"
    + "A-3,10,21,0.95,1240.5,44\n"
    + "A-4,412,21,0.95,99,400\n"
    + "A-5,412,21,0.95,99,401\n"
)


@pytest.fixture(scope="module")
def shop(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A platform that files are handed in to."""
    running = start(homes.copy(trained_home, tmp_path_factory.mktemp("shop")))
    yield running
    stop(running)


@pytest.fixture
def batch(shop: Running, open_page: OpenPage) -> Page:
    """The view, as somebody finds it."""
    page = open_page(shop, "/#/batch")
    expect(page.get_by_text("Drop files of customers here")).to_be_visible()
    return page


def file_of(name: str, content: str | bytes) -> FilePayload:
    """A file to be chosen."""
    body = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "", "buffer": body}


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_label("Choose files").set_input_files(list(files))


def card(page: Page, name: str) -> Locator:
    """What is said of a file of this visit."""
    return page.get_by_role("list", name="Files of this visit").locator("> li", has_text=name)


def expect_end(of_file: Locator, verdict: str) -> None:
    """The run of a file ends with this verdict, however busy the machine is."""
    expect(of_file.get_by_text(verdict, exact=True)).to_be_visible(timeout=1_000 * PATIENCE)


def newest_run(shop: Running, name: str) -> dict[str, Any]:
    """What the API says of the run of the file with that name that ended last."""
    _, page = ask(shop, "/portfolio/runs?limit=100")
    run = next(each for each in page["runs"] if each["key"].endswith(f"/{name}"))
    _, described = ask(shop, f"/portfolio/runs/{run['run_id']}")
    return dict(described)


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    """Name and content of what a link has the browser save."""
    with page.expect_download() as download:
        page.get_by_role("link", name=button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        return bytes(answer.read())


def requests_for(page: Page, part: str) -> list[Request]:
    """Filled with the requests whose address has a part."""
    found: list[Request] = []
    page.on("request", lambda each: found.append(each) if part in each.url else None)
    return found


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


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param("book.xlsx", "PK", "save the sheet with the customers as CSV", id="workbook"),
        pytest.param("photo.png", "PNG", "has to end in .csv, .csv.gz", id="no-table"),
        pytest.param("empty.csv", "", "The file is empty", id="empty"),
    ],
)
def test_what_cannot_be_scored_is_not_even_sent(
    batch: Page, name: str, content: str, told: str
) -> None:
    asked = requests_for(batch, "/portfolio/uploads")

    choose(batch, file_of(name, content))

    expect(card(batch, name)).to_contain_text(told)
    batch.get_by_role("button", name=f"Remove {name}").click()
    expect(card(batch, name)).to_have_count(0)
    assert not asked


def test_files_can_be_dropped_anywhere_on_the_page(batch: Page) -> None:
    # Given a file that is dragged over the page
    transfer = batch.evaluate_handle(
        """(content) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], "dropped.csv"));
          return transfer;
        }""",
        GOOD,
    )
    batch.dispatch_event("footer", "dragover", {"dataTransfer": transfer})
    expect(batch.get_by_text("Let go to send them")).to_be_visible()

    batch.dispatch_event("footer", "drop", {"dataTransfer": transfer})

    expect(batch.get_by_text("Drop files of customers here")).to_be_visible()
    expect_end(card(batch, "dropped.csv"), "Scored")


def test_files_can_be_chosen_by_keyboard(batch: Page) -> None:
    # Given somebody who walks through the page by keyboard until they are where files are chosen
    choosers: list[FileChooser] = []
    batch.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 - playwright marks it
    for _ in range(20):
        batch.keyboard.press("Tab")
        if batch.evaluate("document.activeElement.type") == "file":
            break
    expect(batch.get_by_label("Choose files")).to_be_focused()

    # When they press a key and choose one
    with batch.expect_file_chooser():
        batch.keyboard.press("Enter")
    (chooser,) = choosers
    assert chooser.is_multiple()
    chooser.set_files(file_of("typed.csv", GOOD))

    expect_end(card(batch, "typed.csv"), "Scored")


def test_several_files_go_one_after_the_other(batch: Page, answers: AnswersOf) -> None:
    # Given two files, of which the first is held up
    let_go = answers(batch).held(S3)
    choose(batch, file_of("one.csv", GOOD), file_of("two.csv", GOOD))

    expect(card(batch, "one.csv").get_by_role("progressbar")).to_be_visible()
    expect(card(batch, "two.csv")).to_contain_text("Waits for its turn")

    # When it goes on, also while another view is looked at
    batch.get_by_role("link", name="Customer", exact=True).click()
    let_go()
    batch.get_by_role("link", name="Batch").click()

    # Then both are scored
    for name in ("one.csv", "two.csv"):
        expect_end(card(batch, name), "Scored")


def test_an_upload_can_be_cancelled_and_begun_again(batch: Page, answers: AnswersOf) -> None:
    let_go = answers(batch).held(S3)
    choose(batch, file_of("late.csv", GOOD))
    expect(card(batch, "late.csv")).to_contain_text("sent")

    batch.get_by_role("button", name="Cancel late.csv").press("Enter")
    expect(card(batch, "late.csv")).to_contain_text("Cancelled. Nothing of it was kept.")

    # The button that was pressed is gone; whoever works by keyboard is on the next one.
    again = batch.get_by_role("button", name="Try again late.csv")
    expect(again).to_be_focused()
    let_go()
    again.press("Enter")
    expect_end(card(batch, "late.csv"), "Scored")


def test_an_upload_goes_on_by_itself_when_the_connection_is_back(
    batch: Page, answers: AnswersOf, axe: Any
) -> None:
    # Given a connection that breaks off in the middle of an upload
    network = answers(batch)
    let_go = network.held(S3)
    choose(batch, file_of("train.csv", GOOD))
    expect(card(batch, "train.csv").get_by_role("progressbar")).to_be_visible()
    network.offline()
    let_go()

    expect(card(batch, "train.csv")).to_contain_text("You are offline")
    axe(batch)

    network.offline(offline=False)
    expect_end(card(batch, "train.csv"), "Scored")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(401, "Your session has run out", id="401"),
        pytest.param(403, "not given the right to upload", id="403"),
        pytest.param(422, "told by a test", id="422"),
        pytest.param(503, "told by a test", id="503"),
        pytest.param(504, "takes too long to answer", id="504"),
    ],
)
def test_leave_that_is_not_given_is_explained(
    batch: Page, answers: AnswersOf, status: int, told: str
) -> None:
    answers(batch).problem(LEAVE, status)

    choose(batch, file_of("good.csv", GOOD))

    expect(card(batch, "good.csv")).to_contain_text(told)
    expect(batch.locator("#announcements")).to_contain_text("good.csv: ")


def test_an_api_that_is_down_is_told_and_tried_again(batch: Page, answers: AnswersOf) -> None:
    api = answers(batch)
    api.down(LEAVE)
    choose(batch, file_of("good.csv", GOOD))
    expect(card(batch, "good.csv")).to_contain_text("Foretell does not answer")

    api.real(LEAVE)
    batch.get_by_role("button", name="Try again good.csv").click()

    expect_end(card(batch, "good.csv"), "Scored")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("AccessDenied", "trying again gets a new one", id="known"),
        pytest.param("MadeUp", "S3 refused the file (MadeUp): it is Monday", id="unknown"),
    ],
)
def test_what_s3_refuses_is_explained(
    batch: Page, page_watch: PageWatch, code: str, told: str
) -> None:
    page_watch.expect("status of 403")
    body = f"<Error><Code>{code}</Code><Message>it is Monday</Message></Error>"
    batch.route(
        S3,
        lambda route: route.fulfill(
            status=403, headers={"Access-Control-Allow-Origin": "*"}, body=body
        ),
    )

    choose(batch, file_of("good.csv", GOOD))

    expect(card(batch, "good.csv")).to_contain_text(told)


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
    page.clock.run_for(60_000)
    before = len(asked)
    assert before > 1

    # When the tab is hidden, and when another view is shown, Then it is asked no more
    page.evaluate(_HIDE, "hidden")
    page.clock.run_for(60_000)
    assert len(asked) <= before + 1  # what was under way
    hidden = len(asked)
    page.evaluate(_HIDE, "visible")
    page.clock.run_for(10_000)
    assert len(asked) > hidden
    page.get_by_role("link", name="Customer", exact=True).click()
    expect(page.get_by_role("heading", name="Customer", exact=True, level=1)).to_be_visible()
    left = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == left


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


_HIDE: Final = """(state) => {
  Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


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
