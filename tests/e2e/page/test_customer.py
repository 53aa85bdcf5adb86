"""One customer: what is typed is answered as the API answers it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.shared.page import customer
from tests.shared.serving import Running

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]


def test_the_form_has_every_field_of_the_contract_with_its_unit_meaning_and_bounds(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, "/#/customer")
    form = page.locator("form")
    schema = customer.CONTRACT["schemas"]["CustomerRecord"]

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
    example = customer.CONTRACT["examples"]["every_field"]
    page = open_page(platform, "/#/customer")
    expect(page.locator(".headline")).to_be_visible()

    page.get_by_label("Start from").select_option(label=example["summary"])

    customer.shows(
        page, customer.asked(platform, example["value"]), example["value"]["customer_id"]
    )


def test_with_nothing_given_the_customer_with_most_at_stake_is_shown(
    platform: Running, open_page: OpenPage
) -> None:
    summary = customer.latest_summary(platform)

    page = open_page(platform, "/#/customer")

    most = summary["top_customers"][0]
    customer.shows(page, most, most["customer_id"])
    offered = page.get_by_label("Start from").locator("optgroup").first.locator("option")
    expect(offered.nth(1)).to_contain_text(summary["top_customers"][1]["customer_id"])


def test_numbers_are_taken_and_told_in_the_notation_of_the_reader(
    platform: Running, open_page: OpenPage
) -> None:
    shop = {"api_url": "", "sign_in": None, "currency": "EUR"}
    page = open_page(platform, customer.link(customer.ADA), locale="de-DE", config=shop)
    spend = customer.field(page, "monetary")
    expect(page.locator("form label", has_text="Total spend")).to_have_text("Total spend €")
    expect(spend).to_have_value("3.742,65")

    spend.fill("1.240,50")
    spend.blur()

    expect(page).to_have_url(re.compile(r"monetary=1240\.5(&|$)"))
    expect(spend).to_have_value("1.240,5")
    answer = customer.asked(platform, customer.ADA | {"monetary": 1240.5})
    worth = round(answer["customer_lifetime_value"])
    expect(customer.told(page, "Lifetime value").locator(".figure")).to_have_text(f"{worth} €")
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
    page = open_page(platform, customer.link(customer.ADA), locale=locale)
    expect(page.locator(".headline")).to_be_visible()

    for typed, meant in meanings.items():
        customer.field(page, "monetary").fill(typed)

        expect(page).to_have_url(re.compile(rf"monetary={re.escape(f'{meant:g}')}(&|$)"))


def test_the_reasons_add_up_to_the_probability_as_they_are_displayed(
    platform: Running, open_page: OpenPage
) -> None:
    answer = customer.asked(platform, customer.ADA)

    page = open_page(platform, customer.link(customer.ADA))

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

    example = customer.CONTRACT["examples"]["every_field"]["value"]
    customer.shows(page, customer.asked(unscored_platform, example), example["customer_id"])
    expect(page.get_by_text("No file has been scored yet")).to_be_visible()
    expect(page.get_by_label("Start from").locator("optgroup")).to_have_count(1)


def test_the_link_reproduces_the_customer_and_what_was_supposed(
    platform: Running, open_page: OpenPage
) -> None:
    page = open_page(platform, customer.link(customer.ADA))
    customer.shows(page, customer.asked(platform, customer.ADA), "Ada")
    customer.field(page, "account_type").select_option("Premium")
    customer.field(page, "recency").fill("50")
    expect(page).to_have_url(re.compile("recency=50.*account_type=Premium|account_type=Premium.*"))
    customer.slider(page, "Last purchase").press("Home")
    now = {**customer.ADA, "account_type": "Premium", "recency": 0}
    customer.shows(page, customer.asked(platform, now), "Ada")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy link").click()

    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    other = open_page(platform, copied.removeprefix(platform.api))
    customer.shows(other, customer.asked(platform, now), "Ada")
    expect(customer.field(other, "recency")).to_have_value("50")
    expect(other.locator(".moves")).to_contain_text("→")


def test_everything_can_be_done_by_keyboard(platform: Running, open_page: OpenPage) -> None:
    page = open_page(platform, "/#/customer")
    expect(page.locator(".headline")).to_be_visible()

    _tab_to(page, page.get_by_label("Start from"))
    page.keyboard.press("ArrowDown")
    second = customer.latest_summary(platform)["top_customers"][0]
    customer.shows(page, second, second["customer_id"])
    _tab_to(page, customer.field(page, "tenure_days"))
    page.keyboard.type("556")
    _tab_to(page, customer.field(page, "recency"))
    page.keyboard.type("102")
    record = {**second["record"], "tenure_days": 556, "recency": 102}
    customer.shows(page, customer.asked(platform, record), second["customer_id"])
    _tab_to(page, customer.slider(page, "Last purchase"))
    page.keyboard.press("Home")
    customer.shows(page, customer.asked(platform, record | {"recency": 0}), second["customer_id"])
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Back to start")).to_be_focused()
    page.keyboard.press("Enter")

    customer.shows(page, customer.asked(platform, record), second["customer_id"])
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
    page = open_page(
        platform, f"{customer.link(customer.ADA)}&if.recency=10", width=width, theme=theme
    )
    expect(page.locator(".moves")).to_contain_text("→")
    if width == 360:
        page.get_by_role("button", name="Edit figures").click()
    customer.field(page, "monetary").fill("a lot")
    expect(page.locator(".status-line")).to_contain_text("Total spend")
    axe(page)
    customer.field(page, "monetary").fill("3742.65")
    expect(page.locator(".answers:not(.old):not(.waiting)")).to_be_visible()
    if width == 360:
        page.get_by_role("button", name="Hide figures").click()

    screenshot(page, "customer")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _in_words(description: str) -> re.Pattern[str]:
    """A description of the contract, in which the page may have put labels for names."""
    names = "|".join(customer.CONTRACT["schemas"]["CustomerRecord"]["properties"])
    return re.compile(re.sub(rf"\b({names})\b", "“.+”", re.escape(description)))


def _tenths(shown: str) -> int:
    """Of a percentage point: 474 of "47.4%", -28 of "-2.8 pts"."""
    return round(float(shown.removesuffix("%").removesuffix(" pts")) * 10)


def _tab_to(page: Page, control: Locator) -> None:
    """By the tabulator alone."""
    for _ in range(60):
        if control.evaluate("(found) => found === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("nobody gets there by the tabulator")
