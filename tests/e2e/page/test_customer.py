"""One customer: what is typed is answered as the API answers, and nothing else is ever shown."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.shared.page.answers import Answers
from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
Place = Callable[[Page], Answers]

CONTRACT: Final = json.loads(
    (Path(__file__).parents[3] / "infra/api/openapi.json").read_text(encoding="utf-8")
)["components"]
ADA: Final[dict[str, Any]] = {
    "customer_id": "Ada",
    "tenure_days": 556,
    "recency": 102,
    "frequency": 0.70143884,
    "monetary": 3742.65,
    "email_open_rate": 6.25,
}
PREDICTIONS: Final = "**/predict/**"


# --- what is typed ---


def test_the_form_has_every_field_of_the_contract_with_its_unit_meaning_and_bounds(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, "/#/customer")
    form = page.locator("form")
    schema = CONTRACT["schemas"]["CustomerRecord"]

    expect(form.locator("input, select")).to_have_count(len(schema["properties"]))
    for name, declared in schema["properties"].items():
        values = declared.get("anyOf", [declared])[0]
        control = form.locator(f"[name={name}]")
        label = form.locator("label", has_text=re.compile(f"^{declared['title']}\\b"))
        expect(label).to_have_attribute("for", str(control.get_attribute("id")))
        if declared.get("x-unit", "currency") != "currency":  # the platform here has none
            expect(label).to_contain_text(declared["x-unit"])
        expect(control).to_have_accessible_description(_in_words(declared["description"]))
        if "maximum" in values:
            expect(control).to_have_attribute("data-minimum", f"{values['minimum']:g}")
            assert float(str(control.get_attribute("data-maximum"))) == values["maximum"]
        for option in values.get("enum", ()):
            expect(control.locator("option", has_text=option)).to_have_count(1)
        required = control.get_attribute("required") is not None
        assert required == (name in schema["required"])


def test_an_example_is_answered_as_the_api_answers_it(
    platform: Running, open_page: OpenPage
) -> None:
    example = CONTRACT["examples"]["every_field"]
    page = open_page(platform, "/#/customer")
    expect(page.locator(".headline")).to_be_visible()

    page.get_by_label("Start from").select_option(label=example["summary"])

    _shows(page, _asked(platform, example["value"]), example["value"]["customer_id"])


def test_with_nothing_given_the_customer_with_most_at_stake_is_shown(
    platform: Running, open_page: OpenPage
) -> None:
    summary = _latest_summary(platform)

    page = open_page(platform, "/#/customer")

    most = summary["top_customers"][0]
    _shows(page, most, most["customer_id"])
    offered = page.get_by_label("Start from").locator("optgroup").first.locator("option")
    expect(offered.nth(1)).to_contain_text(summary["top_customers"][1]["customer_id"])


def test_numbers_are_taken_and_told_in_the_notation_of_the_reader(
    platform: Running, open_page: OpenPage
) -> None:
    shop = {"api_url": "", "sign_in": None, "currency": "EUR"}
    page = open_page(platform, _link(ADA), locale="de-DE", config=shop)
    spend = _field(page, "monetary")
    expect(page.locator("form label", has_text="Total spend")).to_have_text("Total spend €")
    expect(spend).to_have_value("3.742,65")

    spend.fill("1.240,50")
    spend.blur()

    expect(page).to_have_url(re.compile(r"monetary=1240\.5(&|$)"))
    expect(spend).to_have_value("1.240,5")
    answer = _asked(platform, ADA | {"monetary": 1240.5})
    worth = round(answer["customer_lifetime_value"])
    expect(_told(page, "Lifetime value").locator(".figure")).to_have_text(f"{worth} €")
    base = f"{100 * answer['base_rate']:.1f}".replace(".", ",")
    expect(page.locator(".ledger-figure").first).to_have_text(f"{base} %")


@pytest.mark.parametrize(
    ("locale", "meanings"),
    [
        # With spaces and a sign of currency, and with a comma that can only be decimal.
        pytest.param("en-GB", {"1,240.50": 1240.5, "£1 241.50": 1241.5, "12,5": 12.5}, id="en"),
        # With a point between thousands, and with one that can only be decimal.
        pytest.param("de-DE", {"1.240,50": 1240.5, "1.241": 1241, "12.5": 12.5}, id="de"),
        pytest.param("fr-FR", {"1\u202f240,50": 1240.5}, id="fr"),
        pytest.param("ar-EG", {"\u0661\u066c\u0662\u0664\u0660\u066b\u0665": 1240.5}, id="ar"),
    ],
)
def test_notations_are_understood(
    platform: Running, open_page: OpenPage, locale: str, meanings: dict[str, float]
) -> None:
    page = open_page(platform, _link(ADA), locale=locale)
    expect(page.locator(".headline")).to_be_visible()

    for typed, meant in meanings.items():
        _field(page, "monetary").fill(typed)

        expect(page).to_have_url(re.compile(rf"monetary={re.escape(f'{meant:g}')}(&|$)"))


# --- what is answered ---


def test_the_reasons_add_up_to_the_probability_as_they_are_displayed(
    platform: Running, open_page: OpenPage
) -> None:
    answer = _asked(platform, ADA)

    page = open_page(platform, _link(ADA))

    figures = page.get_by_label("Reasons for the chance of leaving").locator(".ledger-figure")
    expect(figures.last).to_have_text(f"{answer['churn_probability']:.1%}")
    expect(figures.first).to_have_text(f"{answer['base_rate']:.1%}")
    tenths = [_tenths(text) for text in figures.all_inner_texts()]
    assert sum(tenths[:-1]) == tenths[-1]
    assert len(tenths) > 5
    strongest = answer["reasons"][0]
    assert abs(tenths[1] - 1000 * strongest["contribution"]) <= 0.5
    expect(page.locator(".ledger").first.locator("li").nth(1)).to_contain_text(
        strongest["sentence"]
    )


def test_an_answer_stands_alone_where_no_file_was_ever_scored(
    unscored_platform: Running, open_page: OpenPage
) -> None:
    page = open_page(unscored_platform, "/#/customer")

    example = CONTRACT["examples"]["every_field"]["value"]
    _shows(page, _asked(unscored_platform, example), example["customer_id"])
    expect(page.get_by_text("No file has been scored yet")).to_be_visible()
    expect(page.get_by_label("Start from").locator("optgroup")).to_have_count(1)


# --- what if ---


def test_a_figure_that_is_dragged_moves_the_answer_and_goes_back(
    platform: Running, open_page: OpenPage
) -> None:
    before = _asked(platform, ADA)
    after = _asked(platform, ADA | {"recency": 0})
    page = open_page(platform, _link(ADA))
    _shows(page, before, "Ada")
    points = round(100 * after["churn_probability"]) - round(100 * before["churn_probability"])

    _slider(page, "Last purchase").press("Home")

    _shows(page, after, "Ada")
    expect(_told(page, "Chance of leaving")).to_contain_text(f"{points} pts")
    expect(page.locator(".moves")).to_contain_text(
        f"{before['churn_probability']:.0%} → {after['churn_probability']:.0%} ({points} pts)"
    )
    expect(_field(page, "recency")).to_have_value("102")  # the form says what is

    page.get_by_role("button", name="Back to start").click()

    _shows(page, before, "Ada")
    expect(page.locator(".moves")).to_contain_text("Nothing is moved")
    expect(page).to_have_url(re.compile(r"recency=102(?!.*if\.)"))


def test_what_is_not_known_can_be_supposed_and_what_is_known_forgotten(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, _link(ADA))
    tickets = page.locator(".slider[data-field=support_tickets]")
    mails = page.locator(".slider[data-field=email_open_rate]")
    expect(tickets.get_by_role("checkbox")).to_be_checked()

    tickets.get_by_role("checkbox").uncheck()
    _slider(page, "Support tickets").press("ArrowRight")
    mails.get_by_role("checkbox").check()

    supposed = {name: value for name, value in ADA.items() if name != "email_open_rate"}
    _shows(page, _asked(platform, supposed | {"support_tickets": 1}), "Ada")
    expect(_slider(page, "Support tickets")).to_have_attribute(
        "aria-valuetext", re.compile("^1 in three months")
    )
    expect(_slider(page, "Emails opened")).to_have_attribute("aria-valuetext", "Not known")


def test_what_was_supposed_ends_with_the_figures_it_was_supposed_of(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, f"{_link(ADA)}&if.recency=0")
    _shows(page, _asked(platform, ADA | {"recency": 0}), "Ada")

    _field(page, "age").fill("30")

    _shows(page, _asked(platform, ADA | {"age": 30}), "Ada")
    expect(page.locator(".moves")).to_contain_text("Nothing is moved")


def test_of_quick_drags_only_the_last_is_shown_and_those_before_are_cancelled(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    let_go = answers(page).held(PREDICTIONS)
    slider = _slider(page, "Last purchase")

    with page.expect_request(PREDICTIONS):
        slider.press("Home")
    soon = 10_000  # long before the page itself would give the request up
    with (
        page.expect_event("requestfailed", timeout=soon) as cancelled,
        page.expect_request(PREDICTIONS) as last,
    ):
        slider.press("ArrowRight")
    expect(page.locator(".answers")).to_have_attribute("aria-busy", "true")
    _shows(page, _asked(platform, ADA), "Ada")  # the last answer stays, greyed
    let_go()

    assert _asked_for(cancelled.value)["recency"] == 0
    assert _asked_for(last.value)["recency"] == 1
    _shows(page, _asked(platform, ADA | {"recency": 1}), "Ada")
    expect(page.locator(".answers")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("width", [1280, 2560])
def test_nothing_moves_on_the_page_while_a_figure_is_dragged(
    platform: Running, open_page: OpenPage, width: int
) -> None:
    page = open_page(platform, _link(ADA), width=width)
    page.locator(".among").scroll_into_view_if_needed()
    expect(page.locator(".among .canvas svg").first).to_be_attached()
    places = "[...document.querySelectorAll('.answers > *')].map((part) => part.offsetTop)"
    before = page.evaluate(places)

    _slider(page, "Last purchase").press("Home")
    expect(page.locator(".moves")).to_contain_text("→")

    assert page.evaluate(places) == before


def test_what_is_dragged_stays_under_the_finger(platform: Running, open_page: OpenPage) -> None:
    page = open_page(platform, _link(ADA), width=360, touch=True)
    slider = _slider(page, "Last purchase")
    slider.evaluate("(found) => found.scrollIntoView({block: 'center'})")
    before = slider.bounding_box()

    slider.press("Home")
    expect(page.locator(".moves")).to_contain_text("→")

    assert slider.bounding_box() == before
    expect(page.locator(".summary-bar")).to_be_visible()
    expect(page.locator(".summary-bar")).to_be_in_viewport()


# --- the link ---


def test_the_link_reproduces_the_customer_and_what_was_supposed(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    _field(page, "account_type").select_option("Premium")
    _field(page, "recency").fill("50")
    expect(page).to_have_url(re.compile("recency=50.*account_type=Premium|account_type=Premium.*"))
    _slider(page, "Last purchase").press("Home")
    now = {**ADA, "account_type": "Premium", "recency": 0}
    _shows(page, _asked(platform, now), "Ada")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy link").click()

    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    other = open_page(platform, copied.removeprefix(platform.api))
    _shows(other, _asked(platform, now), "Ada")
    expect(_field(other, "recency")).to_have_value("50")
    expect(other.locator(".moves")).to_contain_text("→")


# --- what cannot be answered ---


def test_a_last_purchase_before_the_first_is_told_at_the_field_and_not_asked(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    recency = _field(page, "recency")

    recency.fill("600")

    expect(recency).to_have_attribute("aria-invalid", "true")
    expect(recency).to_have_accessible_description(re.compile("At most 556.*First purchase"))
    expect(page.locator(".status-line")).to_contain_text("Last purchase")
    _is_marked_as_old(page)
    assert not [url for url in asked if "predict" in url]

    recency.fill("60")

    expect(recency).to_have_attribute("aria-invalid", "false")
    _shows(page, _asked(platform, ADA | {"recency": 60}), "Ada")


def test_a_figure_out_of_the_contracts_bounds_is_told_at_the_field(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, _link(ADA))
    expect(page.locator(".headline")).to_be_visible()
    spend = _field(page, "monetary")
    told = {
        "a lot": "A number",
        "-1": "At least 0",
        "2,000,000,000": "At most 1,000,000,000",
        "": "needed",
    }

    for typed, reason in told.items():
        spend.fill(typed)
        spend.blur()

        expect(spend).to_have_accessible_description(re.compile(reason))
        expect(spend).to_have_attribute("aria-invalid", "true")
        _is_marked_as_old(page)


def test_a_link_without_enough_figures_asks_for_them(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, "/#/customer?recency=3", width=360)

    expect(page.get_by_role("heading", name="Nothing to answer yet")).to_be_visible()
    expect(_field(page, "tenure_days")).to_have_attribute("aria-invalid", "true")


def test_what_the_api_refuses_is_told_at_its_field(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    refused = {"field": "age", "reason": "Input should be less than avg_purchase_amount"}
    answers(page).problem(PREDICTIONS, 422, errors=[refused])
    age = _field(page, "age")

    age.fill("30")

    expect(age).to_have_attribute("aria-invalid", "true")
    expect(age).to_have_accessible_description(re.compile("less than “Average purchase”"))
    _is_marked_as_old(page)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(503, "cannot answer right now", id="no model"),
        pytest.param(504, "takes too long", id="slow"),
        pytest.param(401, "sign in", id="signed out"),
        pytest.param(500, "went wrong", id="a failure"),
    ],
)
def test_the_last_answer_stays_while_the_api_fails_and_the_question_can_be_asked_again(
    platform: Running, open_page: OpenPage, answers: Place, status: int, told: str
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    place = answers(page)
    place.problem(PREDICTIONS, status)

    _field(page, "age").fill("30")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(told)
    _is_marked_as_old(page)
    _shows(page, _asked(platform, ADA), "Ada")

    place.real(PREDICTIONS)
    alert.get_by_role("button", name="Try again").click()

    expect(alert).to_have_count(0)
    _shows(page, _asked(platform, ADA | {"age": 30}), "Ada")


def test_offline_is_told_and_mended_by_itself(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, _link(ADA))
    _shows(page, _asked(platform, ADA), "Ada")
    answers(page).offline()

    _field(page, "age").fill("30")

    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    _is_marked_as_old(page)

    answers(page).offline(offline=False)

    _shows(page, _asked(platform, ADA | {"age": 30}), "Ada")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_a_model_there_is_no_form_but_what_to_do(
    platform: Running, open_page: OpenPage, answers: Place
) -> None:
    page = open_page(platform, "about:blank")
    place = answers(page)
    place.problem("**/model", 503, detail="Nothing is live: train.")

    page.goto(f"{platform.api}{_link(ADA)}")

    expect(page.get_by_role("heading", name="Customer")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is live: train.")
    expect(page.locator("form")).to_have_count(0)

    place.real("**/model")
    page.get_by_role("button", name="Try again").click()

    _shows(page, _asked(platform, ADA), "Ada")


# --- how it is used ---


def test_everything_can_be_done_by_keyboard(platform: Running, open_page: OpenPage) -> None:
    page = open_page(platform, "/#/customer")
    expect(page.locator(".headline")).to_be_visible()

    _tab_to(page, page.get_by_label("Start from"))
    page.keyboard.press("ArrowDown")
    second = _latest_summary(platform)["top_customers"][0]
    _shows(page, second, second["customer_id"])
    _tab_to(page, _field(page, "tenure_days"))
    page.keyboard.type("556")
    _tab_to(page, _field(page, "recency"))
    page.keyboard.type("102")
    record = {**second["record"], "tenure_days": 556, "recency": 102}
    _shows(page, _asked(platform, record), second["customer_id"])
    _tab_to(page, _slider(page, "Last purchase"))
    page.keyboard.press("Home")
    _shows(page, _asked(platform, record | {"recency": 0}), second["customer_id"])
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Back to start")).to_be_focused()
    page.keyboard.press("Enter")

    _shows(page, _asked(platform, record), second["customer_id"])
    expect(page.get_by_role("button", name="Back to start")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_nothing_keeps_people_from_using_it(
    platform: Running,
    open_page: OpenPage,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    width: int,
    theme: str,
) -> None:
    page = open_page(platform, f"{_link(ADA)}&if.recency=10", width=width, theme=theme)
    expect(page.locator(".moves")).to_contain_text("→")
    if width == 360:
        page.get_by_role("button", name="Edit figures").click()
    _field(page, "monetary").fill("a lot")
    expect(page.locator(".status-line")).to_contain_text("Total spend")
    axe(page)
    _field(page, "monetary").fill("3742.65")
    expect(page.locator(".answers:not(.old):not(.waiting)")).to_be_visible()
    if width == 360:
        page.get_by_role("button", name="Hide figures").click()

    screenshot(page, "customer")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- words of this file ---


def _link(record: dict[str, Any]) -> str:
    return f"/#/customer?{urlencode(record)}"


def _in_words(description: str) -> re.Pattern[str]:
    """A description of the contract, in which the page may have put labels for names."""
    names = "|".join(CONTRACT["schemas"]["CustomerRecord"]["properties"])
    return re.compile(re.sub(rf"\b({names})\b", "“.+”", re.escape(description)))


def _asked(platform: Running, record: dict[str, Any]) -> dict[str, Any]:
    """What the API answers to whoever asks it directly."""
    return _answer(platform, "/predict/comprehensive", record)


def _asked_for(request: Request) -> dict[str, Any]:
    return dict(json.loads(request.post_data or "{}"))


def _latest_summary(platform: Running) -> dict[str, Any]:
    latest = _answer(platform, "/portfolio/runs?limit=1")["runs"][0]["run_id"]
    return dict(_answer(platform, f"/portfolio/runs/{latest}")["summary"])


def _answer(platform: Running, path: str, body: object = None) -> dict[str, Any]:
    status, found = ask(platform, path, body)
    assert status == 200, found
    return dict(found)


def _shows(page: Page, answer: dict[str, Any], customer: str) -> None:
    """The headline is that of an answer."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(f"Customer {customer}")
    for name, shown in (
        ("Value at risk", _money(answer["value_at_risk"])),
        ("Chance of leaving", f"{answer['churn_probability']:.0%}"),
        ("Lifetime value", _money(answer["customer_lifetime_value"])),
        ("Persona", answer["segment_name"]),
    ):
        expect(_told(page, name).locator(".figure")).to_have_text(shown, use_inner_text=True)
    expect(_told(page, "Chance of leaving")).to_contain_text(answer["risk_category"])
    expect(page.locator(".to-do li")).to_have_text(answer["recommended_actions"])


def _told(page: Page, name: str) -> Locator:
    return page.locator(".told", has=page.get_by_role("heading", name=name, exact=True))


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if abs(amount) < 100 else f"{amount:,.0f}"


def _field(page: Page, name: str) -> Locator:
    return page.locator(f"form [name={name}]")


def _slider(page: Page, label: str) -> Locator:
    return page.get_by_role("slider", name=label)


def _tenths(shown: str) -> int:
    """Of a percentage point: 474 of "47.4%", -28 of "-2.8 pts"."""
    return round(float(shown.removesuffix("%").removesuffix(" pts")) * 10)


def _is_marked_as_old(page: Page) -> None:
    expect(page.locator(".answers")).to_have_class(re.compile(r"\bold\b"))
    expect(page.locator(".status-line")).to_contain_text("of the figures before")


def _tab_to(page: Page, control: Locator) -> None:
    """By the tabulator alone."""
    for _ in range(60):
        if control.evaluate("(found) => found === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("nobody gets there by the tabulator")
