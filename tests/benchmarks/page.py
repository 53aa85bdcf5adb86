"""`python -m tests.benchmarks.page`: how soon the page shows a portfolio of 100,000 customers.

Shows the table and writes it to PAGE.md. A real Chromium opens the page of a running platform with
an empty cache, over connections and on processors that are slowed down as Lighthouse does it.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any, Final

import boto3
import pandas as pd
from playwright.sync_api import Browser, Page, sync_playwright

from infra.local.delivery import UPLOADS
from tests.benchmarks import machine
from tests.benchmarks.render import to_markdown, to_terminal
from tests.benchmarks.table import Section, figure
from tests.shared.page import opening
from tests.shared.serving import Running, ask, start, stop
from training.terminal import console, step_beside

DOCUMENT: Final = Path(__file__).with_name("PAGE.md")
CUSTOMERS: Final = 100_000
LOADS: Final = 7

_HEIGHT: Final = 2_000  # both charts of the portfolio are in it, too
_WIDTH: Final = 1_440
_PATIENCE: Final = 120
_MEASURE: Final = """
window.seen = {moved: 0};
const painted = (name) => requestAnimationFrame(() => setTimeout(() => {
  seen[name] ??= performance.now();
}));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) { seen.moved += entry.value; }
}).observe({type: "layout-shift", buffered: true});
new MutationObserver(() => {
  if (document.querySelector(".customers tbody tr")) { painted("list"); }
  const charts = [...document.querySelectorAll("figure.chart")];
  if (charts.length && charts.every((chart) => chart.dataset.drawn)) { painted("charts"); }
}).observe(document, {childList: true, subtree: true, attributes: true});
"""
_SEEN: Final = """() => ({...seen,
  first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  bytes: [...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource")].reduce((sum, each) => sum + each.transferSize, 0)
})"""


@dataclass(frozen=True)
class Conditions:
    """What is between the page and its reader."""

    name: str
    milliseconds: int
    """From request to answer."""

    kilobits: int
    """A second."""

    slowdown: int
    """Of the processor."""


@dataclass(frozen=True)
class Seen:
    """When what was to be seen: milliseconds after the address was entered."""

    first: float
    """First contentful paint."""
    list: float
    """The figures and the list of customers."""
    charts: float
    """Every chart, too."""
    moved: float
    """Cumulative layout shift."""
    bytes: float
    """Over the wire."""


# Those of Lighthouse's desktop and mobile presets, and the first with a slower machine.
ALL: Final = (
    Conditions("as it is", 0, 0, 1),
    Conditions("40 ms, 10 Mbit/s", 40, 10_240, 1),
    Conditions("40 ms, 10 Mbit/s, processor 4 times slower", 40, 10_240, 4),
    Conditions("150 ms, 1.6 Mbit/s, processor 4 times slower", 150, 1_638, 4),
)


def main() -> None:
    """Score 100,000 customers, look, tell."""
    with tempfile.TemporaryDirectory() as folder, _platform(Path(folder)) as running:
        with step_beside(f"Scoring {CUSTOMERS:,} customers"):
            _score(running)
        with sync_playwright() as playwright, opening.launched(playwright) as browser:
            found = {each: _middle(browser, running, each) for each in ALL}
    section = _section(found)
    to_terminal([section], console)
    DOCUMENT.write_text(_document(section), encoding="utf-8")
    console.print(f"Written to {os.path.relpath(DOCUMENT)}.")


@contextmanager
def _platform(folder: Path) -> Iterator[Running]:
    running = start(folder, portfolio=True)
    try:
        yield running
    finally:
        stop(running)


def _score(running: Running) -> None:
    """The customers of the simulated shop again and again, each time under other names."""
    shop = _scored(running, 2)[0]
    s3 = boto3.client(
        "s3",
        endpoint_url=running.s3,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - that of no account
    )
    customers = pd.read_csv(s3.get_object(Bucket=UPLOADS, Key=shop["key"])["Body"])
    copies = -(-CUSTOMERS // len(customers))
    many = pd.concat([customers] * copies, ignore_index=True).head(CUSTOMERS)
    many["customer_id"] = [f"C{number:06}" for number in range(CUSTOMERS)]
    s3.put_object(Bucket=UPLOADS, Key="incoming/many.csv", Body=many.to_csv(index=False).encode())
    newest = _scored(running, 3)[0]
    if newest["predicted"] != CUSTOMERS:
        raise SystemExit(f"{newest['predicted']:,} customers were scored, not {CUSTOMERS:,}")


def _scored(running: Running, runs: int) -> list[dict[str, Any]]:
    for _ in range(_PATIENCE):
        found: list[dict[str, Any]] = ask(running, "/portfolio/runs")[1]["runs"]
        if len(found) >= runs and all(run["state"] == "succeeded" for run in found):
            return found
        time.sleep(1)
    raise SystemExit("the files were not scored in time")


def _middle(browser: Browser, running: Running, conditions: Conditions) -> Seen:
    with step_beside(f"Opening the page {LOADS} times: {conditions.name}"):
        loads = [asdict(_load(browser, running, conditions)) for _ in range(LOADS)]
    return Seen(**{name: median(load[name] for load in loads) for name in loads[0]})


def _load(browser: Browser, running: Running, conditions: Conditions) -> Seen:
    context = browser.new_context(viewport={"width": _WIDTH, "height": _HEIGHT})
    try:
        page = context.new_page()
        page.add_init_script(_MEASURE)
        _slow_down(page, conditions)
        page.goto(f"{running.api}/")
        for _ in range(_PATIENCE * 10):
            seen: dict[str, float] = page.evaluate(_SEEN)
            if "charts" in seen:
                return Seen(**{field.name: seen[field.name] for field in fields(Seen)})
            time.sleep(0.1)
        raise SystemExit("the charts were not drawn in time")
    finally:
        context.close()


def _slow_down(page: Page, conditions: Conditions) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": conditions.slowdown})
    if conditions.kilobits:
        bytes_a_second = conditions.kilobits * 1_000 / 8
        devtools.send("Network.enable")
        devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": conditions.milliseconds,
                "downloadThroughput": bytes_a_second,
                "uploadThroughput": bytes_a_second,
            },
        )


def _section(found: Mapping[Conditions, Seen]) -> Section:
    rows = tuple(
        (
            conditions.name,
            *(figure(each) for each in (seen.first, seen.list, seen.charts)),
            f"{seen.moved:.3f}",
            figure(seen.bytes / 1_000),
        )
        for conditions, seen in found.items()
    )
    return Section(_TITLE, _COLUMNS, rows, (_WHAT, _MACHINE.format(**machine.described())))


_TITLE: Final = f"From the address to a portfolio of {CUSTOMERS:,} customers, in milliseconds"
_COLUMNS: Final = (
    "",
    "first paint",
    "figures and list",
    "charts, too",
    "layout shift",
    "kB",
)
_WHAT: Final = (
    f"Medians of {LOADS} loads with an empty cache, in a window of {_WIDTH} x {_HEIGHT} pixels, in"
    " which both charts are to be seen; page, API and S3 on this machine, which the browser shares"
    " its processors with. First paint is the first contentful paint; layout shift is the"
    " cumulative one of Web Vitals (good is up to 0.1); kB are those of the page and its answers"
    " over the wire, Plotly included."
)
_MACHINE: Final = "{Date}; {Processor}; {System}."


def _document(section: Section) -> str:
    text = to_markdown([section])
    return _INTRODUCTION + text[text.index("## ") :]


_INTRODUCTION: Final = """# How soon the page is there

Written by `python -m tests.benchmarks.page`: one run on one machine.

"""


if __name__ == "__main__":
    main()
