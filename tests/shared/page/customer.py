"""The customer view, as its tests speak of it: what is asked, and what it shows."""

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

from tests.shared.serving import Running, ask

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
"""A customer; what the record may hold besides is not known of her."""

PREDICTIONS: Final = "**/predict/**"


def link(record: dict[str, Any]) -> str:
    """The route that shows a record."""
    return f"/#/customer?{urlencode(record)}"


def asked(platform: Running, record: dict[str, Any]) -> dict[str, Any]:
    """What the API answers to whoever asks it directly."""
    return _answer(platform, "/predict/comprehensive", record)


def latest_summary(platform: Running) -> dict[str, Any]:
    """Of the run that was last."""
    latest = _answer(platform, "/portfolio/runs?limit=1")["runs"][0]["run_id"]
    return dict(_answer(platform, f"/portfolio/runs/{latest}")["summary"])


def _answer(platform: Running, path: str, body: object = None) -> dict[str, Any]:
    status, found = ask(platform, path, body)
    assert status == 200, found
    return dict(found)


def shows(page: Page, answer: dict[str, Any], customer: str) -> None:
    """The headline is that of an answer."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(f"Customer {customer}")
    for name, shown in (
        ("Value at risk", _money(answer["value_at_risk"])),
        ("Chance of leaving", f"{answer['churn_probability']:.0%}"),
        ("Lifetime value", _money(answer["customer_lifetime_value"])),
        ("Persona", answer["segment_name"]),
    ):
        expect(told(page, name).locator(".figure")).to_have_text(shown, use_inner_text=True)
    expect(told(page, "Chance of leaving")).to_contain_text(answer["risk_category"])
    expect(page.locator(".to-do li")).to_have_text(answer["recommended_actions"])


def told(page: Page, name: str) -> Locator:
    """One of the figures of the headline."""
    return page.locator(".told", has=page.get_by_role("heading", name=name, exact=True))


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if abs(amount) < 100 else f"{amount:,.0f}"


def field(page: Page, name: str) -> Locator:
    """The control of a field of the record."""
    return page.locator(f"form [name={name}]")


def slider(page: Page, label: str) -> Locator:
    """Of the what-if."""
    return page.get_by_role("slider", name=label)


def is_marked_as_old(page: Page) -> None:
    """What is shown is told to be of figures before."""
    expect(page.locator(".answers")).to_have_class(re.compile(r"\bold\b"))
    expect(page.locator(".status-line")).to_contain_text("of the figures before")
