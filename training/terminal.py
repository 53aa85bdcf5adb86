"""What a person sees while and after a command runs: steps, tables, one-line errors."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foretell.contract import ModelName
from foretell.manifest import Manifest, Metric, Persona, Pointer
from foretell.personas import NEW_PROSPECTS
from training.simulate import ShopSummary
from training.tables import CleaningReport, Finding

console: Final = Console(highlight=False)
errors: Final = Console(stderr=True, highlight=False)

_NEW_DAYS: Final = 90
_TITLES: Final = {
    ModelName.CLV: "Lifetime value (XGBoost)",
    ModelName.CHURN: "Churn (Random Forest)",
    ModelName.SEGMENT: "Personas (K-Means)",
}
_NAIVE: Final = (
    "Naive: past spend per day carried on; share of leavers at the same recency; fifths by spend."
    " Personas are measured on all customers."
)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show what is being done, then how long it took; nothing more where it fails."""
    started = time.perf_counter()
    with console.status(f"{escape(text)} ..."):
        yield
    console.print(f"[green]✓[/] {escape(text)} [dim]{time.perf_counter() - started:.1f} s[/]")


def error(text: str) -> None:
    """What went wrong, on one line of the error stream."""
    errors.print(f"[bold red]Error:[/] {escape(text)}", soft_wrap=True)


def cleaning_table(report: CleaningReport) -> Table:
    """How many rows were read and kept, and why the others were dropped."""
    table = Table(title="Rows", title_justify="left")
    table.add_column("table")
    table.add_column("")
    table.add_column("rows", justify="right")
    table.add_column("for example", style="dim", overflow="fold")
    for part in report.tables:
        table.add_row(part.table, "read", f"{part.rows_read:,}", "")
        for finding in part.dropped:
            table.add_row("", f"dropped: {finding.reason}", *_found(finding))
        table.add_row("", "kept", f"{part.rows_kept:,}", "")
        for finding in part.blanked:
            table.add_row("", f"treated as missing: {finding.reason}", *_found(finding))
        if part.table == "transactions":
            table.add_row("", "of them below zero", f"{report.negative_rows:,}", "")
            table.add_row("", "customer-days cancelled", f"{report.cancelled_days:,}", "")
        table.add_section()
    return table


def metrics_table(manifest: Manifest) -> Table:
    """Each measured figure beside the naive forecast's."""
    table = Table(
        title="Measured on held-out customers",
        title_justify="left",
        caption=_NAIVE,
        caption_justify="left",
    )
    for column in ("model", "metric"):
        table.add_column(column)
    for column in ("Foretell", "naive", "better"):
        table.add_column(column, justify="right")
    for model, metrics in manifest.metrics.items():
        for number, metric in enumerate(metrics):
            first = number == 0
            table.add_row(
                _TITLES[model] if first else "",
                metric.name,
                _figure(metric.value, wins=_wins(metric)),
                _figure(metric.naive, wins=not _wins(metric)),
                _direction(metric),
                end_section=number == len(metrics) - 1,
            )
    return table


def personas_table(personas: tuple[Persona, ...]) -> Table:
    """The personas with their size and their typical customer."""
    table = Table(
        title="Personas", title_justify="left", caption=_caveat(personas), caption_justify="left"
    )
    table.add_column("persona")
    for column in ("share", "recency", "purchases", "spend", "tenure"):
        table.add_column(column, justify="right")
    for persona in personas:
        table.add_row(
            persona.name,
            f"{persona.share:.1%}",
            f"{persona.recency:,.0f} d",
            f"{persona.purchases:,.0f}",
            f"{persona.monetary:,.2f}",
            f"{persona.tenure_days:,.0f} d",
        )
    return table


def _caveat(personas: tuple[Persona, ...]) -> str | None:
    """Said where the name of a persona promises what its members are not."""
    for persona in personas:
        if persona.name == NEW_PROSPECTS and persona.tenure_days > _NEW_DAYS:
            return (
                f"{NEW_PROSPECTS}: half of them are customers for over"
                f" {persona.tenure_days:,.0f} days. This shop has hardly any new customers."
            )
    return None


def _wins(metric: Metric) -> bool:
    if metric.better == "one":
        return abs(metric.value - 1) <= abs(metric.naive - 1)
    return (metric.value <= metric.naive) == (metric.better == "lower")


def _figure(value: float, *, wins: bool) -> str:
    text = f"{value:,.4g}"
    return f"[bold]{text}[/]" if wins else text


def _direction(metric: Metric) -> str:
    return {"lower": "lower", "higher": "higher", "one": "near 1"}[metric.better]


def versions_table(manifests: Mapping[str, Manifest], pointer: Pointer | None) -> Table:
    """The published versions, oldest data first; narrow enough for a terminal of 80 columns."""
    table = Table(
        title="Versions",
        title_justify="left",
        caption="● is live. Gini of lifetime value, AUC of churn: held-out customers. Times: UTC.",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    table.add_column("", no_wrap=True)
    table.add_column("version", no_wrap=True)
    for column in ("customers", "horizon", "Gini", "AUC", "made live"):
        table.add_column(column, justify="right", no_wrap=True)
    for version, manifest in manifests.items():
        live = pointer is not None and pointer.version == version
        table.add_row(
            "[green]●[/]" if live else "",
            version,
            f"{manifest.data.customers:,}",
            f"{manifest.horizon_days} d",
            _metric(manifest, ModelName.CLV, "Gini"),
            _metric(manifest, ModelName.CHURN, "AUC"),
            _made_live(pointer, version),
        )
    return table


def shop_table(summary: ShopSummary) -> Table:
    """A simulated shop in figures."""
    table = Table(title="The simulated shop", title_justify="left", show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    figures = {
        "customers": f"{summary.customers:,}",
        "that bought": f"{summary.buyers:,}",
        "orders": f"{summary.orders:,}",
        "from": f"{summary.first_order}",
        "to": f"{summary.last_order}",
        "revenue": f"{summary.revenue:,.2f}",
        "revenue from the best 20 % of customers": f"{summary.top_fifth_share:.1%}",
        "bought once": f"{summary.bought_once:.1%}",
        "still active at the end": f"{summary.active:.1%}",
        "quiet for the last 180 days": f"{summary.quiet:.1%}",
        "orders returned": f"{summary.returned:.1%}",
        "orders without a customer": f"{summary.guests:.1%}",
    }
    for name, value in figures.items():
        table.add_row(name, value)
    return table


def _found(finding: Finding) -> tuple[str, str]:
    first = finding.examples[0] if finding.examples else None
    return f"{finding.count:,}", escape(
        f"row {first.row} of {Path(first.file).name}"
    ) if first else ""


def _metric(manifest: Manifest, model: ModelName, name: str) -> str:
    values = [metric.value for metric in manifest.metrics[model] if metric.name == name]
    return f"{values[0]:.3f}" if values else ""


def _made_live(pointer: Pointer | None, version: str) -> str:
    times = (
        [change.at for change in pointer.history if change.version == version] if pointer else []
    )
    return f"{times[-1]:%Y-%m-%d %H:%M}" if times else "never"
