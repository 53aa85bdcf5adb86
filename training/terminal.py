"""What a person sees while and after a command runs: steps, tables, one-line errors."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from foretell.batch.runs import Status
from foretell.contract import ModelName
from foretell.manifest import Evaluation, Manifest, Metric, Persona, Pointer
from foretell.tables import CleaningReport, Finding

if TYPE_CHECKING:
    from training.simulate import ShopSummary  # brings pandas along, which most commands need not

console: Final = Console(highlight=False)
errors: Final = Console(stderr=True, highlight=False)

_TITLES: Final = {
    ModelName.CLV: "Lifetime value (XGBoost)",
    ModelName.CHURN: "Churn (Random Forest)",
    ModelName.SEGMENT: "Personas (K-Means)",
}
_VERDICTS: Final = {
    "passed": "[green]passed[/]",
    "warned": "[yellow]warned[/]",
    "failed": "[red]failed[/]",
}


def step(text: str) -> AbstractContextManager[None]:
    """Show what is being done, then how long it took; nothing more where it fails."""
    return _step(text, console)


def step_beside(text: str) -> AbstractContextManager[None]:
    """The same on the error stream, where the output is for another program."""
    return _step(text, errors)


@contextmanager
def _step(text: str, on: Console) -> Iterator[None]:
    started = time.perf_counter()
    with on.status(f"{escape(text)} ..."):
        yield
    on.print(f"[green]✓[/] {escape(text)} [dim]{time.perf_counter() - started:.1f} s[/]")


def progress() -> Progress:
    """A bar for a share from 0 to 1 that is done; a task has `rows`, too."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        console=errors,
    )


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
    """Each measured figure beside those of the other methods."""
    table = Table(
        title=_measured_on(manifest.evaluation),
        title_justify="left",
        caption="Personas are measured on all customers. More in the model card.",
        caption_justify="left",
    )
    peers = list(dict.fromkeys(name for _, metric in _metrics(manifest) for name in metric.peers))
    table.add_column("model")
    table.add_column("metric")
    for column in ("Foretell", *peers, "better"):
        table.add_column(column, justify="right")
    for model, metrics in manifest.metrics.items():
        for number, metric in enumerate(metrics):
            values = {"Foretell": metric.value, **metric.peers}
            table.add_row(
                _TITLES[model] if number == 0 else "",
                metric.name,
                *(_figure(metric, values, name) for name in ("Foretell", *peers)),
                _direction(metric),
                end_section=number == len(metrics) - 1,
            )
    return table


def gates_table(manifest: Manifest) -> Table:
    """What stood between the version and the pointer."""
    caption = f"Made live all the same: {escape(manifest.forced)}" if manifest.forced else None
    table = Table(title="Gates", title_justify="left", caption=caption, caption_justify="left")
    for column in ("gate", "verdict", "detail"):
        table.add_column(column)
    for gate in manifest.gates:
        table.add_row(gate.name, _VERDICTS[gate.verdict], escape(gate.detail))
    return table


def personas_table(personas: tuple[Persona, ...]) -> Table:
    """The personas with their size, their typical customer and what is to be expected of them."""
    table = Table(title="Personas", title_justify="left")
    table.add_column("persona")
    for column in ("share", "recency", "purchases", "spend", "tenure", "worth", "churn"):
        table.add_column(column, justify="right")
    for persona in personas:
        if persona.members is None:
            table.add_row(persona.name, "[dim]none[/]")
            continue
        members, median = persona.members, persona.members.median
        table.add_row(
            persona.name,
            f"{members.share:.1%}",
            f"{median.recency:,.0f} d",
            f"{median.purchases:,.0f}",
            f"{median.monetary:,.2f}",
            f"{median.tenure_days:,.0f} d",
            f"{members.customer_lifetime_value:,.2f}",
            f"{members.churn_probability:.0%}",
        )
    return table


def run_table(status: Status) -> Table:
    """What became of a file."""
    table = Table(title=f"Run {status.run_id}", title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    what = "transactions" if status.content == "transactions" else "rows"
    table.add_row(what, f"{status.rows:,}")
    table.add_row("customers predicted", f"{status.predicted:,}")
    table.add_row(f"{what} rejected", f"{status.rejected:,}")
    table.add_row("a second", f"{status.rows_per_second:,.0f}")
    return table


def _measured_on(evaluation: Evaluation) -> str:
    dates = {
        "temporal": "customers and dates that the fit did not see",
        "split": "customers that the fit did not see (the history is too short for other dates)",
    }
    return (
        f"Measured on {evaluation.customers:,} {dates[evaluation.protocol]}:"
        f" the {evaluation.horizon_days} days after {evaluation.cutoff}"
    )


def _metrics(manifest: Manifest) -> Iterator[tuple[ModelName, Metric]]:
    for model, metrics in manifest.metrics.items():
        for metric in metrics:
            yield model, metric


def _figure(metric: Metric, values: Mapping[str, float], name: str) -> str:
    if name not in values:
        return ""
    text = f"{values[name]:,.4g}"
    best = min(values.values(), key=lambda value: _loss(metric, value))
    return f"[bold]{text}[/]" if values[name] == best and len(values) > 1 else text


def _loss(metric: Metric, value: float) -> float:
    if metric.better == "near":
        return abs(value - (metric.target or 0))
    return value if metric.better == "lower" else -value


def _direction(metric: Metric) -> str:
    return f"near {metric.target:g}" if metric.target is not None else metric.better


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


def shop_table(summary: "ShopSummary") -> Table:
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
