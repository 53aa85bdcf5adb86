"""A comparison for a person to read, and for a program."""

from collections.abc import Iterable
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from foretell.contract import ModelName
from training.evaluate.comparison import TRUTH, Compared, Comparison, Spread
from training.evaluate.hold_out import FORETELL

_TITLES: Final = {ModelName.CLV: "Lifetime value", ModelName.CHURN: "Churn"}
_DIRECTIONS: Final = {"lower": "lower is better", "higher": "higher is better"}
_CAPTION: Final = (
    "Bold: the best of a row (the truth is not in the running). BG, Pareto: BG/NBD,"
    " Pareto/NBD; GG: Gamma-Gamma, fitted to repeat purchases (classic) or to all."
)


def tables(found: Comparison) -> tuple[RenderableType, ...]:
    """One table for each model, one for the personas, and where a peer does better."""
    return (
        _heading(found),
        *(_table(model, _of(found.figures, model)) for model in _TITLES),
        _stability(found),
        _honesty(found),
    )


def as_json(found: Comparison) -> dict[str, Any]:
    """The same figures in full."""
    return {
        "protocol": found.protocol,
        "seeds": found.seeds,
        "cutoff": found.asked.cutoff.isoformat(),
        "horizon_days": found.asked.horizon_days,
        "customers": len(found.asked.examples.spend),
        "learnt": {
            "cutoff": found.learning.cutoff.isoformat(),
            "horizon_days": found.learning.horizon_days,
        },
        "figures": [_as_json(compared) for compared in found.figures],
        "personas": dict(found.stability.personas),
        "stability": {
            name: {"mean": mean, "worst": worst}
            for name, (mean, worst) in found.stability.agreement.items()
        },
        "peers_ahead": [
            {"model": compared.model.value, "metric": compared.measure.name}
            | {"peer": compared.best_peer()}
            for compared in found.peers_ahead()
        ],
        "not_fitted": dict(found.failures),
    }


def _as_json(compared: Compared) -> dict[str, Any]:
    return {
        "model": compared.model.value,
        "metric": compared.measure.name,
        "better": compared.measure.better,
        "target": compared.measure.target,
        "best_peer": compared.best_peer(),
        "methods": {
            name: {
                "mean": spread.mean,
                "half_width_95": spread.half_width,
                "by_seed": list(spread.values),
            }
            for name, spread in compared.methods.items()
        },
    }


def _heading(found: Comparison) -> str:
    asked, learning = found.asked, found.learning
    taught = (
        "in the same days"
        if learning is asked
        else f"in the {learning.horizon_days} days after {learning.cutoff}"
    )
    return (
        f"[bold]{len(asked.examples.spend):,} customers as of {asked.cutoff}[/], watched for"
        f" {asked.horizon_days} days. Half of them are asked about; the models learnt from what"
        f" the other half did {taught}. Mean of {found.seeds} draws, ± 95 % confidence."
    )


def _table(model: ModelName, figures: tuple[Compared, ...]) -> Table:
    methods = list(dict.fromkeys(name for compared in figures for name in compared.methods))
    table = Table(
        title=_TITLES[model],
        title_justify="left",
        caption=_CAPTION,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("metric", no_wrap=True, min_width=17)
    for name in methods:
        table.add_column(_short(name), justify="right", no_wrap=True, vertical="bottom")
    for compared in figures:
        cells = [_cell(compared, name) for name in methods]
        table.add_row(f"{compared.measure.name}\n[dim]{_direction(compared)}[/]", *cells)
    return table


def _short(name: str) -> str:
    """Narrow enough for a terminal of 80 columns."""
    return (
        name.replace("/NBD + Gamma-Gamma (", "\n+ GG,\n")
        .replace(" purchases)", "")
        .replace(")", "")
        .replace("Known truth", "Known\ntruth")
    )


def _cell(compared: Compared, name: str) -> str:
    spread = compared.methods.get(name)
    if spread is None:
        return ""
    text = _told(spread).replace(" ", "\n")
    return f"[bold]{text}[/]" if name == _best(compared) else text


def _best(compared: Compared) -> str:
    rivals = {name: spread for name, spread in compared.methods.items() if name != TRUTH}
    return min(rivals, key=lambda name: compared.loss(rivals[name].mean))


def _told(spread: Spread) -> str:
    money = abs(spread.mean) >= 10  # noqa: PLR2004 - no ratio comes near it
    told = f"{spread.mean:,.{1 if money else 4}f}"
    if spread.half_width is None:
        return told
    return f"{told} ±{spread.half_width:,.{1 if money else 3}f}"


def _direction(compared: Compared) -> str:
    target = compared.measure.target
    near = "" if target is None else f"{target:g} is right"
    return _DIRECTIONS.get(compared.measure.better, near)


def _stability(found: Comparison) -> Table:
    table = Table(title="Personas", title_justify="left", padding=(0, 1))
    table.add_column("agreement of two fits")
    table.add_column("mean", justify="right")
    table.add_column("worst", justify="right")
    for name, (mean, worst) in found.stability.agreement.items():
        table.add_row(name, f"{mean:.3f}", f"{worst:.3f}")
    table.add_section()
    for name, share in found.stability.personas.items():
        table.add_row(name, f"{share:.1%}" if share else "none", "")
    return table


def _honesty(found: Comparison) -> Group:
    lines = [
        f"{_TITLES[compared.model]}, {compared.measure.name}: {peer} does better"
        f" ({_told(compared.methods[peer])} against {_told(compared.methods[FORETELL])})."
        for compared in found.peers_ahead()
        if (peer := compared.best_peer())
    ]
    failed = [f"{name} could not be fitted: {why}" for name, why in found.failures.items()]
    return Group("[bold]Where a peer does better[/]", *(lines or ["Nowhere."]), *failed)


def _of(figures: Iterable[Compared], model: ModelName) -> tuple[Compared, ...]:
    return tuple(compared for compared in figures if compared.model is model)
