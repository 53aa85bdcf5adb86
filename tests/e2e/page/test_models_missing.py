"""The Models view where something is missing, slow or broken: each part says so in its place."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.shared.page.answers import Answers
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
AnswersOf = Callable[[Page], Answers]

MODEL: Final = "**/model"
HISTORY: Final = "**/model/history"
CARD: Final = "**/model/card?*"
RUNS: Final = "**/portfolio/runs?*"
THOSE_IT_KNOWS: Final = "Are today\N{RIGHT SINGLE QUOTATION MARK}s customers those it knows?"


def section(page: Page, heading: str) -> Locator:
    """A section by its heading."""
    found = page.get_by_role("heading", name=heading, exact=True)
    return page.locator("section, article").filter(has=found).last


def test_without_a_model_it_says_how_to_train_one(
    empty_platform: Running, open_page: OpenPage, page_watch: PageWatch, axe: Callable[[Page], None]
) -> None:
    page_watch.expect("status of 503")

    page = open_page(empty_platform, "/#/models", width=360)

    expect(page.get_by_role("heading", name="No model is in service")).to_be_visible()
    expect(page.get_by_text("foretell train --transactions")).to_be_visible()
    expect(page.get_by_role("button", name="Look again")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_while_it_loads_there_are_shapes_and_no_figures(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    page = open_page(platform, "about:blank")
    let_go = answers(page).held(MODEL)

    page.goto(f"{platform.api}/#/models")

    expect(page.get_by_text("The model is loading")).to_be_attached()
    expect(page.locator(".figure")).to_have_count(0)
    let_go()
    expect(page.locator(".figure").first).to_be_visible()


def test_an_api_that_is_down_is_told_and_can_be_tried_again(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    page = open_page(platform, "about:blank")
    answers(page).down(MODEL)
    page.goto(f"{platform.api}/#/models")
    expect(page.get_by_role("alert")).to_contain_text("Foretell does not answer")

    answers(page).real(MODEL)
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()


@pytest.mark.parametrize(
    ("glob", "heading"),
    [(HISTORY, "What was before it"), (RUNS, THOSE_IT_KNOWS)],
    ids=["history", "runs"],
)
def test_a_part_that_fails_is_told_in_its_place_and_asked_again(
    platform: Running, open_page: OpenPage, answers: AnswersOf, glob: str, heading: str
) -> None:
    page = open_page(platform, "about:blank")
    answers(page).problem(glob, 500)
    page.goto(f"{platform.api}/#/models")

    part = section(page, heading)
    expect(part.get_by_role("alert")).to_contain_text("Something went wrong")
    expect(page.locator(".headline").first).to_be_visible()

    answers(page).real(glob)
    part.get_by_role("button", name="Try again").click()
    expect(part.locator(".changes, .lead")).to_be_visible()


def test_without_a_run_it_says_how_to_compare_customers(
    unscored_platform: Running, open_page: OpenPage
) -> None:
    page = open_page(unscored_platform, "/#/models")

    note = section(page, THOSE_IT_KNOWS)
    expect(note).to_contain_text("No file was scored yet")
    expect(note.get_by_role("link", name="Score a file of customers")).to_have_attribute(
        "href", "#/batch"
    )


def test_a_version_without_the_newer_figures_shows_what_it_has(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    model: Any = ask(platform, "/model")[1]
    older = {name: told for name, told in model.items() if name not in {"evaluation", "gates"}}
    page = open_page(platform, "about:blank")
    answers(page).json(MODEL, older | {"importances": {}})

    page.goto(f"{platform.api}/#/models")

    expect(section(page, "Told, and what then happened")).to_contain_text("Train again")
    expect(section(page, "What it looks at")).to_contain_text("Train again")
    expect(page.get_by_text("Not recorded")).to_be_visible()
    expect(page.locator(".headline").first).to_be_visible()


def test_a_card_that_cannot_be_had_is_told_beside_its_button(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    models = open_page(platform, "/#/models")
    answers(models).problem(CARD, 404, detail="This version has no card.")

    models.get_by_role("button", name="Download the model card").click()

    expect(models.locator(".card-offer").get_by_role("alert")).to_contain_text("has no card")


def test_a_version_that_nobody_can_read_is_explained(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    history = ask(platform, "/model/history")[1]
    unreadable = dict.fromkeys(history["changes"][0], None) | {
        "version": "2020-01-01-0123456789ab",
        "action": "promote",
        "at": "2020-01-02T03:04:05Z",
        "live": False,
        "problem": "Its manifest is no longer in the registry.",
    }
    page = open_page(platform, "about:blank")
    answers(page).json(HISTORY, history | {"changes": [*history["changes"], unreadable]})

    page.goto(f"{platform.api}/#/models")

    entry = page.locator("[data-version='2020-01-01-0123456789ab']")
    expect(entry).to_contain_text("Its manifest is no longer in the registry.")
    expect(page.locator(".changes li").first).to_contain_text("nothing to compare with")


def test_looking_again_finds_the_model_that_was_trained_meanwhile(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    page = open_page(platform, "about:blank")
    answers(page).problem(MODEL, 503, detail="Nothing is live: train.")
    page.goto(f"{platform.api}/#/models")
    expect(page.get_by_text("Nothing is live: train.")).to_be_visible()

    answers(page).real(MODEL)
    page.get_by_role("button", name="Look again").click()

    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
