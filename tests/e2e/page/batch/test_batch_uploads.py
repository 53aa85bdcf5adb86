"""How files get from a desk to S3, and what can come between."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import FileChooser, Page, Route, expect

from tests.shared.page.answers import Answers
from tests.shared.page.batch import GOOD, card, choose, expect_end, file_of, requests_for
from tests.shared.page.watch import PageWatch

pytestmark = pytest.mark.slow

AnswersOf = Callable[[Page], Answers]

LEAVE: Final = "**/portfolio/uploads"
S3: Final = "**/foretell-uploads"


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
    batch: Page, answers: AnswersOf, page_watch: PageWatch, axe: Any
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

    # When it is back, though not for the very first request
    failures = iter(["connectionrefused"])
    page_watch.expect("ERR_CONNECTION_REFUSED")
    batch.route(LEAVE, lambda route: _failing(route, next(failures, None)))
    network.offline(offline=False)

    # Then the file is sent and scored, without anything being pressed
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


def _failing(route: Route, how: str | None) -> None:
    if how is None:
        route.fallback()
    else:
        route.abort(how)
