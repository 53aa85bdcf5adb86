"""The portfolio view: what a run's summary says, and whom to call."""

import csv
import io
import re
import time
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.shared.serving import Running, ask

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scored(platform: Running) -> list[dict[str, Any]]:
    """The platform's runs as the API describes them, newest first."""
    runs = ask(platform, "/portfolio/runs")[1]["runs"]
    return [ask(platform, f"/portfolio/runs/{run['run_id']}")[1] for run in runs]


def rows(page: Page) -> Any:
    return page.get_by_role("table", name="Customers with most value at risk").locator("tbody tr")


def names(page: Page) -> list[str]:
    links = rows(page).get_by_role("link")
    return [text.removesuffix(": open") for text in links.all_text_contents()]


def at_risk(customers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in customers if each["risk_category"] in {"High Risk", "Critical Risk"}]


def test_the_figures_are_those_of_the_newest_run_and_tell_the_change(platform, open_page, scored):
    # Given two runs, of which the newer is shown first
    newest, before = scored[0]["summary"]["totals"], scored[1]["summary"]["totals"]

    page = open_page(platform, "/#/portfolio")

    figures = page.locator(".key-figures")
    expect(figures).to_contain_text(f"{newest['expected_churners']:,.0f}")
    grown = newest["expected_churners"] - before["expected_churners"]
    expect(figures).to_contain_text(f"{grown:+,.0f}")
    risk = newest["value_at_risk"] / before["value_at_risk"] - 1
    expect(figures).to_contain_text(f"{risk:+.1%}")
    expect(page.locator(".heading")).to_contain_text(f"{newest['customers']:,} customers")


def test_ten_customers_to_call_stand_there_with_why_and_what_to_do(platform, open_page, scored):
    # Given more than ten customers at high or critical risk among the listed
    listed = at_risk(scored[0]["summary"]["top_customers"])
    assert len(listed) > 10

    page = open_page(platform, "/#/portfolio")

    # Then they are the ten with most at stake, each with a reason to leave and an action
    expect(rows(page)).to_have_count(10)
    assert names(page) == [each["customer_id"] for each in listed[:10]]
    for row, customer in zip(rows(page).all(), listed[:10], strict=True):
        expect(row).to_contain_text(customer["recommended_actions"][0])
        raising = [each for each in customer["reasons"] if each["contribution"] > 0]
        if raising:
            expect(row.locator(".why")).to_contain_text(raising[0]["sentence"])


def test_the_list_is_filtered_sorted_and_exported(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")
    everybody = scored[0]["summary"]["top_customers"]

    # When everybody of a persona is asked for, by lifetime value
    page.get_by_label("At high or critical risk").uncheck()
    page.get_by_label("Persona", exact=True).select_option("New Prospects")
    page.get_by_role("button", name="Lifetime value").click()
    wanted = sorted(
        (each for each in everybody if each["segment_name"] == "New Prospects"),
        key=lambda each: -each["customer_lifetime_value"],
    )
    assert names(page) == [each["customer_id"] for each in wanted[:10]]
    heading = page.get_by_role("columnheader", name="Lifetime value")
    expect(heading).to_have_attribute("aria-sort", "descending")

    # Then the export holds all of them, in that order, with the figures as they are
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Export")).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    exported = list(csv.DictReader(io.StringIO(text)))
    assert [row["customer_id"] for row in exported] == [each["customer_id"] for each in wanted]
    assert [float(row["churn_probability"]) for row in exported] == [
        each["churn_probability"] for each in wanted
    ]
    reasons = [
        f"{each['sentence']} ({100 * each['contribution']:+.1f} pts)"
        for each in wanted[0]["reasons"]
    ]
    assert exported[0]["reasons"] == "; ".join(reasons)

    # And the address reproduces the choice
    reader = open_page(platform, page.evaluate("() => location.pathname + location.hash"))
    expect(rows(reader)).to_have_count(10)
    assert names(reader) == names(page)


def test_the_risk_and_value_filters_search_and_growing_show_what_fits(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")
    everybody = scored[0]["summary"]["top_customers"]
    page.get_by_label("At high or critical risk").uncheck()

    page.get_by_label("Risk", exact=True).select_option("Low Risk")
    page.get_by_label("Value", exact=True).select_option("Top Value")
    fit = [
        each["customer_id"]
        for each in everybody
        if each["risk_category"] == "Low Risk" and each["value_tier"] == "Top Value"
    ]
    page.get_by_role("button", name=re.compile("^Show .* more")).click()
    assert names(page) == fit[:50]

    page.get_by_label("Customer", exact=True).fill(fit[3].lower())
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Customer", exact=True).fill("nobody of that name")
    expect(page.get_by_text("No listed customer fits these filters.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    assert names(page) == [each["customer_id"] for each in everybody[:10]]


def test_a_row_leads_to_its_customer(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")
    first = at_risk(scored[0]["summary"]["top_customers"])[0]

    rows(page).first.click()

    expect(page).to_have_url(re.compile(r"#/customer\?"))
    query = dict(
        pair.split("=") for pair in page.url.partition("?")[2].replace("%20", " ").split("&")
    )
    known = {name: value for name, value in first["record"].items() if value is not None}
    assert query.pop("customer_id") == first["customer_id"]
    assert {name: _number(value) for name, value in query.items()} == known


def test_the_density_marks_whom_to_save_first(platform, open_page, scored):
    # Given how many customers of high or critical risk are of high or top value
    cells = [
        cell
        for cell in at_risk(scored[0]["summary"]["risk_by_tier"])
        if cell["value_tier"] in {"High Value", "Top Value"}
    ]
    customers = sum(cell["customers"] for cell in cells)

    page = open_page(platform, "/#/portfolio")
    panel = page.locator("section.panel", has_text="Who is worth saving?")
    panel.scroll_into_view_if_needed()

    expect(panel.locator("figure[data-drawn]")).to_be_visible()
    expect(panel.locator(".annotation")).to_contain_text(f"Save these first: {customers:,}")
    drawn = panel.locator(".bars path").count()
    filled = sum(n > 0 for row in scored[0]["summary"]["density"]["customers"] for n in row)
    assert drawn == filled

    # And the same figures can be read, row by row, most likely to leave included
    panel.get_by_text("Show the figures").click()
    told = panel.locator("tbody tr").last
    expect(told).to_contain_text(f"{sum(scored[0]['summary']['density']['customers'][-1]):,}")


def test_personas_say_what_they_bring_and_lead_to_their_customers(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")
    personas = [each for each in scored[0]["summary"]["personas"] if each["customers"]]
    cards = page.locator("article.persona-card")
    expect(cards).to_have_count(len(personas))
    for card, persona in zip(cards.all(), personas, strict=True):
        expect(card.get_by_role("heading", level=3)).to_contain_text(persona["name"])
        expect(card).to_contain_text(f"{persona['customers']:,}")
        expect(card).to_contain_text(persona["recommended_actions"][0])

    cards.nth(3).get_by_role("button").click()

    expect(page.get_by_label("Persona", exact=True)).to_have_value(personas[3]["name"])
    expect(page.get_by_role("heading", name="Whom to save first")).to_be_focused()


def test_why_customers_leave_is_told_by_the_names_of_the_contract(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")
    fields = scored[0]["summary"]["reasons"]["fields"]
    strongest = max(fields, key=lambda field: field["mean_contribution"])
    assert strongest["name"] == "recency"

    first = page.locator(".leaving li").first
    expect(first).to_contain_text("Last purchase")
    expect(first).to_contain_text(f"{100 * strongest['mean_contribution']:+.1f} pts")


def test_another_run_is_shown_and_compared_with_nothing(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio")

    page.get_by_label("Run", exact=True).select_option(scored[1]["status"]["run_id"])

    expect(page.locator(".heading")).to_contain_text(f"{scored[1]['summary']['predicted']:,}")
    expect(page.locator(".change")).to_have_count(0)

    page.get_by_label("Changes since").select_option(scored[0]["status"]["run_id"])
    expect(page.locator(".change")).to_have_count(4)


def test_figures_are_in_the_readers_locale_and_the_shops_currency(platform, open_page, scored):
    currency = {"api_url": "", "sign_in": None, "currency": "EUR"}

    page = open_page(platform, "/#/portfolio", locale="de-DE", config=currency)

    at_stake = at_risk(scored[0]["summary"]["top_customers"])[0]["value_at_risk"]
    expect(rows(page).first.locator("td").first).to_have_text(f"{at_stake:.0f}\u00a0€")
    churners = scored[0]["summary"]["totals"]["expected_churners"]
    german = f"{churners:,.0f}".replace(",", ".")
    expect(page.locator(".key-figures")).to_contain_text(german)


def test_a_few_rows_that_somebody_tried_do_not_take_the_place_of_the_shop(own_platform, open_page):
    # Given a file of two customers that was scored after that of the whole shop
    body = b"tenure_days,recency,frequency,monetary\n412,21,0.95,1240.5\n90,80,1,300\n"
    newest = ask(own_platform, "/portfolio/runs?limit=1")[1]["runs"][0]["predicted"]
    tried = scored_file(own_platform, "tried.csv", body)

    page = open_page(own_platform, "/#/portfolio")

    expect(page.locator(".heading")).to_contain_text(f"{newest:,} customers")
    page.get_by_label("Run", exact=True).select_option(tried)
    expect(page.locator(".heading")).to_contain_text("2 customers")
    expect(page.locator(".change")).to_have_count(0)


def test_going_back_leads_to_where_one_was(platform, open_page):
    page = open_page(platform, "/#/portfolio")
    link = rows(page).nth(8).get_by_role("link")
    link.scroll_into_view_if_needed()
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    before = page.evaluate("() => scrollY")
    assert before > 300

    link.click()
    expect(page).to_have_title("Customer · Foretell")
    page.go_back()

    expect(rows(page)).to_have_count(10)
    expect(rows(page).nth(8)).to_be_in_viewport()


def test_a_run_that_is_gone_is_said_to_be(platform, open_page, page_watch):
    page_watch.expect("status of 404")
    page = open_page(platform, "/#/portfolio?run=nonsense-0000000000000000")

    expect(page.get_by_role("heading", name="This run is not there any more")).to_be_visible()
    page.get_by_role("link", name="Show the newest").click()
    expect(rows(page)).to_have_count(10)


def test_a_german_spreadsheet_gets_its_commas_and_semicolons(platform, open_page, scored):
    page = open_page(platform, "/#/portfolio", locale="de-DE")

    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Export")).click()

    text = download.value.path().read_text(encoding="utf-8-sig")
    first = next(csv.DictReader(io.StringIO(text), delimiter=";"))
    customer = at_risk(scored[0]["summary"]["top_customers"])[0]
    assert first["customer_id"] == customer["customer_id"]
    assert float(first["value_at_risk"].replace(",", ".")) == customer["value_at_risk"]


def test_refused_rows_drift_and_an_older_model_are_said_first(platform, open_page, answers, scored):
    run = scored[0]
    drifted = [{**field, "verdict": "drifted"} for field in run["summary"]["drift"]["fields"][:2]]
    summary = {
        **run["summary"],
        "rejected": 3,
        "model_version": "2025-01-01-000000000000",
        "drift": {"verdict": "drifted", "fields": drifted},
    }
    page = open_page(platform, "about:blank")
    answers(page).json(f"**/portfolio/runs/{run['status']['run_id']}", {**run, "summary": summary})

    page.goto(f"{platform.api}/#/portfolio")

    # (The shop ends in 2025: that is said, too.)
    notes = page.locator(".warnings li")
    expect(notes).to_have_count(4)
    expect(notes.nth(0)).to_contain_text("2 fields have drifted")
    expect(notes.nth(1)).to_contain_text("3 rows were refused")
    expect(notes.nth(2)).to_contain_text("knows nothing after 31 Dec 2025")
    expect(notes.nth(3)).to_contain_text("2025-01-01-000000000000")


def test_text_from_a_file_stays_text(platform, open_page, answers, scored):
    # Given a customer whose id would be markup
    run = scored[0]
    evil = {**run["summary"]["top_customers"][0], "risk_category": "Critical Risk"}
    evil["customer_id"] = "<img src=x onerror=alert(1)>"
    summary = {**run["summary"], "top_customers": [evil]}
    page = open_page(platform, "about:blank")
    answers(page).json(f"**/portfolio/runs/{run['status']['run_id']}", {**run, "summary": summary})

    page.goto(f"{platform.api}/#/portfolio")

    expect(rows(page).first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img").count() == 0


def test_without_a_run_the_page_says_how_to_get_one(unscored_platform, open_page, axe):
    page = open_page(unscored_platform, "/#/portfolio")

    expect(page.get_by_role("heading", name="No customers yet")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Drop a file").click()
    expect(page.get_by_role("heading", level=1, name="Batch")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "told", "to_do"),
    [
        pytest.param(401, "Please sign in", "Try again", id="401"),
        pytest.param(503, "Foretell cannot answer right now", "Try again", id="503"),
        pytest.param(500, "Something went wrong", "Try again", id="500"),
    ],
)
def test_a_refusal_is_told_and_can_be_tried_again(
    platform, open_page, answers, axe, status, told, to_do
):
    page = open_page(platform, "about:blank")
    answers(page).problem("**/portfolio/runs?**", status, detail="S3 does not answer.")

    page.goto(f"{platform.api}/#/portfolio")
    expect(page.get_by_role("heading", name=told)).to_be_visible()
    axe(page)

    answers(page).real("**/portfolio/runs?**")
    page.get_by_role("button", name=to_do).click()
    expect(rows(page)).to_have_count(10)


def test_an_api_that_is_down_or_slow_leaves_nobody_with_an_empty_page(platform, open_page, answers):
    page = open_page(platform, "about:blank")
    hold = answers(page).held("**/portfolio/runs?**")
    page.goto(f"{platform.api}/#/portfolio")

    # While it is slow, the shape of what comes is there, and is told
    expect(page.get_by_text("The portfolio is loading")).to_be_attached()
    hold()
    expect(rows(page)).to_have_count(10)

    # When nobody answers any more
    answers(page).down("**/portfolio/**")
    page.goto(f"{platform.api}/#/batch")
    page.goto(f"{platform.api}/#/portfolio")
    expect(page.get_by_role("heading", name="Foretell does not answer")).to_be_visible()


def scored_file(platform: Running, name: str, body: bytes) -> str:
    """Drop a file, and wait for its run's end; its id."""
    request = urllib.request.Request(  # noqa: S310
        f"{platform.s3}/foretell-uploads/incoming/{name}", body, method="PUT"
    )
    urllib.request.urlopen(request).close()  # noqa: S310
    for _ in range(600):
        runs = ask(platform, f"/portfolio/runs?key=incoming/{name}&limit=1")[1]["runs"]
        if runs and runs[0]["state"] == "succeeded":
            return str(runs[0]["run_id"])
        time.sleep(0.1)
    raise AssertionError(f"{name} was not scored")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
