"""The model in service: what is said of it is what the API says, and what is missing is told."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.shared.page.answers import Answers
from tests.shared.serving import Running, ask, foretell

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
AnswersOf = Callable[[Page], Answers]

MODEL: Final = "**/model"
HISTORY: Final = "**/model/history"
CARD: Final = "**/model/card?*"
RUNS: Final = "**/portfolio/runs?*"
RUN: Final = "**/portfolio/runs/*"
CLASSIC: Final = "Pareto/NBD + Gamma-Gamma"
THOSE_IT_KNOWS: Final = "Are today\N{RIGHT SINGLE QUOTATION MARK}s customers those it knows?"
DASH: Final = "\N{EN DASH}"


@pytest.fixture
def model(platform: Running) -> Any:
    """What the API says of the model in service."""
    return ask(platform, "/model")[1]


@pytest.fixture
def models(platform: Running, open_page: OpenPage) -> Page:
    """The view, as somebody finds it."""
    return opened(open_page, platform)


def opened(open_page: OpenPage, platform: Running, **reader: Any) -> Page:
    """The view with all of its parts."""
    page = open_page(platform, "/#/models", **reader)
    expect(page.locator(".changes li").first).to_be_visible()
    expect(page.locator(".customer-drift .lead")).to_be_visible()
    return page


def section(page: Page, heading: str) -> Locator:
    """A section by its heading."""
    found = page.get_by_role("heading", name=heading, exact=True)
    return page.locator("section, article").filter(has=found).last


def metric(model: Any, kind: str, name: str) -> Any:
    return next(found for found in model["metrics"][kind] if found["name"] == name)


def figures(page: Page, kind: str) -> list[list[str]]:
    """The rows of a chart's table, opened as somebody would."""
    panel = page.locator(f".{kind}")
    panel.get_by_text("Show the figures").click()
    rows = panel.locator("table.plain tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def money(amount: float) -> str:
    return f"{amount:,.2f}" if abs(amount) < 100 else f"{amount:,.0f}"


# The version in service


def test_it_says_what_it_learnt_from_and_that_it_passed(models: Page, model: Any) -> None:
    data = model["data"]
    about = models.get_by_role("region", name="The version in service")

    expect(about).to_contain_text(model["model_version"])
    expect(about).to_contain_text(f"{data['transactions']:,}")
    expect(about).to_contain_text(f"{data['customers']:,} customers")
    expect(about).to_contain_text(f"{data['churn_rate']:.0%}")
    assert {gate["verdict"] for gate in model["gates"]} == {"passed"}
    expect(about).to_contain_text(f"All {len(model['gates'])} passed")
    about.get_by_text("What was checked").click()
    for gate in model["gates"]:
        expect(about.locator(f"[data-gate='{gate['name']}']")).to_contain_text(gate["detail"])


def test_a_version_that_was_forced_says_why_and_what_failed(
    platform: Running, open_page: OpenPage, answers: AnswersOf, model: Any
) -> None:
    page = open_page(platform, "about:blank")
    told = deepcopy(model)
    told["gates"][0] |= {"verdict": "failed", "detail": "far too few"}
    told["gates"][1] |= {"verdict": "warned"}
    answers(page).json(MODEL, told | {"forced": "the fair is on Friday"})

    page.goto(f"{platform.api}/#/models")

    about = page.get_by_role("region", name="The version in service")
    expect(about).to_contain_text(f"{len(model['gates']) - 2} of {len(model['gates'])} passed")
    expect(about).to_contain_text("Forced by hand")
    expect(about.get_by_text("the fair is on Friday")).to_be_visible()
    expect(about.get_by_text("far too few")).to_be_visible()  # without opening anything


# How good it is


def test_the_figures_that_matter_are_the_measured_ones(models: Page, model: Any) -> None:
    auc, share, error, off, held = (
        metric(model, kind, name)["value"]
        for kind, name in (
            ("churn", "AUC"),
            ("clv", "Top-decile share"),
            ("churn", "Calibration error"),
            ("clv", "MAE"),
            ("clv", "Interval coverage"),
        )
    )
    told = {
        "AUC": f"{100 * auc:.0f} of 100",
        "Top-decile share": f"{share:.0%}",
        "Calibration error": f"{round(100 * error, 1):g} points",
        "MAE": money(off),
        "Interval coverage": f"{100 * held:.0f} of 100",
    }

    for name, text in told.items():
        expect(models.locator(f".headline[data-measure='{name}'] .figure")).to_have_text(text)
    expect(models.locator(".headline[data-measure='AUC']")).to_contain_text(
        f"the right one in {100 * auc:.0f} of 100 cases"
    )


def test_it_says_so_where_another_method_is_better(
    platform: Running, open_page: OpenPage, answers: AnswersOf, model: Any
) -> None:
    told = deepcopy(model)
    metric(told, "churn", "AUC").update(value=0.81, peers={"Naive": 0.7, CLASSIC: 0.9})
    metric(told, "clv", "MAE").update(value=50.0, peers={"Naive": 90.0, CLASSIC: 60.0})
    metric(told, "clv", "Bias").update(value=1.3, peers={"Naive": 0.8, CLASSIC: 0.4})
    metric(told, "clv", "Top-decile share").update(value=0.412, peers={CLASSIC: 0.408})
    page = open_page(platform, "about:blank")
    answers(page).json(MODEL, told)

    page.goto(f"{platform.api}/#/models")

    verdict = {
        name: page.locator(f".headline[data-measure='{name}'] .standing")
        for name in ("AUC", "MAE", "Bias", "Top-decile share")
    }
    expect(verdict["AUC"]).to_contain_text("Pareto/NBD is better here")
    expect(verdict["MAE"]).to_contain_text("Foretell is ahead")
    expect(verdict["Bias"]).to_contain_text("Naive is better here")  # nearer to 100 %
    expect(verdict["Top-decile share"]).to_contain_text("Level with Pareto/NBD")


def test_the_whole_table_has_every_figure_of_every_method(models: Page, model: Any) -> None:
    everything = [found for kind in model["metrics"].values() for found in kind]
    models.get_by_text(f"All {len(everything)} figures").click()

    expect(models.locator(".measures tbody tr")).to_have_count(len(everything))
    rmse = metric(model, "clv", "RMSE")
    cells = models.locator(".measures [data-measure='RMSE'] td").all_text_contents()
    assert [cell.removesuffix(", the best") for cell in cells] == [
        money(value) for value in (rmse["value"], *rmse["peers"].values())
    ]


# Told, and what then happened


def test_the_calibration_is_that_of_the_evaluation(models: Page, model: Any) -> None:
    bins = model["evaluation"]["reliability"]

    rows = figures(models, "calibration")

    own = [row[:5] for row in rows if row[1] != DASH]
    assert own == [
        [
            f"{100 * found['start']:.0f}{DASH}{found['start'] + 0.1:.0%}",
            f"{found['customers']:,}",
            f"{found['told']:.1%}",
            f"{found['left']:.1%}",
            f"{found['low']:.0%} to {found['high']:.0%}",
        ]
        for found in bins
    ]
    last = [found for found in bins if found["customers"] >= 30][-1]
    expect(models.locator(".calibration .what")).to_contain_text(
        f"Of {last['customers']:,} customers told {100 * last['start']:.0f}{DASH}"
        f"{last['start'] + 0.1:.0%}, {last['left']:.0%} really left."
    )


def test_the_tenths_are_those_of_the_evaluation(models: Page, model: Any) -> None:
    tenths = model["evaluation"]["tenths"]

    values = figures(models, "tenths")
    shares = figures(models, "coverage")

    assert values == [
        [
            str(place),
            str(found["customers"]),
            money(found["actual"]),
            money(found["forecast"]),
            money(found["peers"][CLASSIC]),
            money(found["peers"]["Naive"]),
        ]
        for place, found in enumerate(tenths, 1)
    ]
    assert shares == [
        [str(place), str(found["customers"])]
        + [f"{found[part]:.1%}" for part in ("below", "inside", "above")]
        for place, found in enumerate(tenths, 1)
    ]
    most = tenths[-1]
    expect(models.locator(".tenths .what")).to_contain_text(
        f"forecast at {money(most['forecast'])} a customer and spent {money(most['actual'])}"
    )


def test_the_charts_are_drawn_when_they_come_near(models: Page) -> None:
    for kind in ("calibration", "tenths", "coverage"):
        models.locator(f".{kind}").scroll_into_view_if_needed()
        expect(models.locator(f".{kind} .chart[data-drawn]")).to_be_visible()
        expect(models.locator(f".{kind} .main-svg").first).to_be_visible()


def test_what_it_looks_at_comes_first_where_it_counts_most(models: Page, model: Any) -> None:
    shares = model["importances"]["churn"]
    strongest = max(shares, key=lambda name: shares[name])

    first = models.locator(".importance-bars").first.locator("li").first

    expect(first).to_have_attribute("data-field", strongest)
    expect(first).to_contain_text(f"{shares[strongest]:.0%}")


# Drift


def test_the_verdict_on_drift_is_that_of_the_latest_summary(
    models: Page, platform: Running
) -> None:
    latest = ask(platform, "/portfolio/runs?limit=1")[1]["runs"][0]["run_id"]
    drift = ask(platform, f"/portfolio/runs/{latest}")[1]["summary"]["drift"]

    panel = models.locator(".customer-drift [data-verdict]")

    expect(panel).to_have_attribute("data-verdict", drift["verdict"])
    panel.get_by_text("Field by field").click()
    expect(panel.locator("tbody tr")).to_have_count(len(drift["fields"]))


def test_other_customers_than_it_knows_are_told_with_what_to_do(
    platform: Running, open_page: OpenPage, answers: AnswersOf
) -> None:
    latest = ask(platform, "/portfolio/runs?limit=1")[1]["runs"][0]["run_id"]
    run = ask(platform, f"/portfolio/runs/{latest}")[1]
    run["summary"]["drift"]["verdict"] = "drifted"
    run["summary"]["drift"]["fields"][3] |= {"psi": 0.42, "verdict": "drifted"}
    run["summary"]["model_version"] = "2020-01-01-0123456789ab"
    page = open_page(platform, "about:blank")
    answers(page).json(RUN, run)

    page.goto(f"{platform.api}/#/models")

    panel = page.locator(".customer-drift")
    expect(panel).to_contain_text("are not those the model learnt from")
    expect(panel).to_contain_text("train again")
    expect(panel).to_contain_text("2020-01-01-0123456789ab, which is not the one in service")
    worst = panel.locator("tbody tr").first  # open already
    expect(worst).to_contain_text("0.42")
    expect(worst).to_contain_text("different")


# Words, card and history


def test_the_words_for_risk_and_value_have_their_limits(models: Page, model: Any) -> None:
    words = section(models, "What the words mean")
    critical = model["risk_categories"][-1]["at_least"]
    top = model["value_tiers"][-1]["at_least"]

    expect(words.locator("dl div").filter(has_text="Critical Risk")).to_contain_text(
        f"{critical:.0%} or more"
    )
    expect(words.locator("dl div").filter(has_text="Top Value")).to_contain_text(
        f"{money(top)} or more"
    )


def test_the_card_is_a_file_with_the_name_of_its_version(
    models: Page, model: Any, tmp_path: Path
) -> None:
    with models.expect_download() as waiting:
        models.get_by_role("button", name="Download the model card").click()

    file = waiting.value
    assert file.suggested_filename == f"foretell-model-card-{model['model_version']}.html"
    file.save_as(tmp_path / "card.html")
    card = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert card.startswith("<!doctype html>")
    assert f"{model['data']['transactions']:,}" in card


def test_a_new_version_and_the_way_back_stand_in_the_history(
    own_platform: Running, open_page: OpenPage
) -> None:
    # Given a version of another log, made live whatever its gates say
    first = ask(own_platform, "/model")[1]["model_version"]
    shop = own_platform.folder / "smaller"
    assert (
        foretell(shop.parent, "simulate", "--customers", "900", "--out", "smaller").returncode == 0
    )
    trained = foretell(
        shop.parent, "train", "--transactions", str(shop / "transactions.csv"), "--force", "a trial"
    )
    assert trained.returncode == 0, trained.stderr

    page = open_page(own_platform, "/#/models")

    # Then it is on top, compared with the one before, which a rollback would bring back
    newest, oldest = page.locator(".changes li").first, page.locator(".changes li").last
    expect(page.locator(".changes > li")).to_have_count(2)
    expect(newest).to_have_attribute("data-action", "promote")
    expect(newest).not_to_have_attribute("data-version", first)
    expect(newest).to_contain_text("in service")
    expect(newest.locator(".moved")).to_have_count(4)
    expect(oldest).to_have_attribute("data-version", first)
    expect(oldest).to_contain_text("The first version that was ever live")
    expect(page.locator(".way-back")).to_contain_text("foretell rollback")
    expect(page.locator(".way-back")).to_contain_text(first)

    # And after a rollback the old one is
    assert foretell(own_platform.folder, "rollback").returncode == 0
    page.reload()
    expect(page.locator(".changes > li")).to_have_count(3)
    expect(newest).to_have_attribute("data-action", "rollback")
    expect(newest).to_have_attribute("data-version", first)


# For everybody


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(
    platform: Running, open_page: OpenPage, axe: Callable[[Page], None], width: int, theme: str
) -> None:
    page = opened(open_page, platform, width=width, theme=theme)
    for closed in page.locator("main summary").all():
        closed.click()

    axe(page)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
