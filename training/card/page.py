"""The page: figures, drawings and words put into the template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from foretell.contract import ModelName
from foretell.manifest import FieldDistribution, Manifest, ReliabilityBin, Tenth
from training.card import charts, figures, histograms, words
from training.card.comparison import compare
from training.card.figures import PERFECT, Coverage, Outcome
from training.card.svg import Drawing
from training.evaluate.hold_out import FORETELL, HoldOut, Vector

_TEMPLATE: Final = "card.html.jinja"


@dataclass(frozen=True)
class Verdict:
    """What the gates came to; `kind` colours it."""

    kind: Literal["passed", "warned", "failed"]
    headline: str


@dataclass(frozen=True)
class Method:
    """A method of the hold-out; `series` is its colour and mark."""

    name: str
    series: int


@dataclass(frozen=True)
class Worth:
    """The lifetime values of the hold-out."""

    tenths: tuple[Tenth, ...]
    covered: Coverage
    gains: Mapping[str, Vector]
    total: float
    """All forecasts added up over all that was spent; 0 where nobody spent anything."""
    tenths_chart: Drawing
    gains_chart: Drawing
    coverage_chart: Drawing


@dataclass(frozen=True)
class Leaving:
    """The churn probabilities of the hold-out."""

    bins: tuple[ReliabilityBin, ...]
    average_gap: float
    fullest: ReliabilityBin
    outcomes: tuple[Outcome, ...]
    peer: Method | None
    """The method that is drawn beside ours."""
    chart: Drawing


@dataclass(frozen=True)
class Field:
    """One field of the record in the drift baseline; no chart where nobody has a value."""

    name: str
    missing: float
    told: str
    """The distribution in a sentence."""
    chart: Drawing | None


def render(manifest: Manifest, hold_out: HoldOut) -> bytes:
    """The card of a version, as one HTML file that needs no other; equal input, equal bytes.

    `hold_out` is what the manifest's evaluation was measured on.
    """
    methods = [Method(name, charts.series(n)) for n, name in enumerate(hold_out.forecasts)]
    page = (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            manifest=manifest,
            verdict=_verdict(manifest),
            customers=len(hold_out.spend),
            ours=FORETELL,
            perfect=PERFECT,
            methods=methods,
            worth=_worth(hold_out, manifest),
            leaving=_leaving(hold_out, manifest, methods),
            tables={model.value: compare(manifest.metrics.get(model, ())) for model in ModelName},
            importances=_importances(manifest),
            fields=[_field(name, found) for name, found in manifest.drift_baseline.items()],
        )
    )
    return page.lstrip().encode()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = (
        words.count,
        words.amount,
        words.quantity,
        words.percent,
        words.hundredths,
        words.day,
        words.field,
    )
    environment.filters |= {format_.__name__: format_ for format_ in formats}
    return environment


def _verdict(manifest: Manifest) -> Verdict:
    found = [gate.verdict for gate in manifest.gates]
    failed, warned = found.count("failed"), found.count("warned")
    if failed:
        forced = " It was made live all the same." if manifest.forced is not None else ""
        return Verdict("failed", f"{failed} of {len(found)} checks failed.{forced}")
    if warned:
        return Verdict("warned", f"No check failed; {warned} of {len(found)} gave a warning.")
    if not found:
        return Verdict("warned", "No checks were recorded for this version.")
    return Verdict("passed", f"All {len(found)} checks passed.")


def _worth(hold_out: HoldOut, manifest: Manifest) -> Worth:
    tenths = manifest.evaluation.tenths
    gains = figures.gains(hold_out)
    spent = float(hold_out.spend.sum())
    return Worth(
        tenths=tenths,
        covered=figures.covered(tenths),
        gains=gains,
        total=float(hold_out.forecasts[FORETELL].spend.sum()) / spent if spent > 0 else 0.0,
        tenths_chart=charts.tenths(tenths),
        gains_chart=charts.gains(gains),
        coverage_chart=charts.coverage(tenths, manifest.interval_coverage),
    )


def _leaving(hold_out: HoldOut, manifest: Manifest, methods: Sequence[Method]) -> Leaving:
    bins, classic = manifest.evaluation.reliability, manifest.evaluation.reliability_peer
    peer = next((method for method in methods if classic and method.name == classic.name), None)
    return Leaving(
        bins=bins,
        average_gap=figures.average_gap(bins),
        fullest=max(bins, key=lambda found: found.customers),
        outcomes=figures.outcomes(
            hold_out.forecasts[FORETELL].churn, hold_out.churned, manifest.risk_categories
        ),
        peer=peer,
        chart=charts.reliability(bins, classic.bins if classic else (), peer.series if peer else 0),
    )


def _importances(manifest: Manifest) -> dict[str, tuple[Drawing, str, float]]:
    """Chart, most important field and its share, by model."""
    return {
        model.value: (charts.importance(model.value, shares), *max(shares.items(), key=_share))
        for model, shares in manifest.importances.items()
        if shares
    }


def _share(item: tuple[str, float]) -> float:
    return item[1]


def _field(name: str, distribution: FieldDistribution) -> Field:
    if not distribution.edges:
        told = "No customer has a value." if distribution.missing == 1 else "All values are alike."
        return Field(name, distribution.missing, told, None)
    told = _most_common(distribution) if name == "account_type" else _halved(distribution)
    return Field(name, distribution.missing, told, charts.distribution(name, distribution))


def _most_common(distribution: FieldDistribution) -> str:
    kind, share = max(histograms.account_types(distribution).items(), key=_share)
    return f"{words.percent(share)} are {kind}."


def _halved(distribution: FieldDistribution) -> str:
    edge, below = histograms.middle(distribution)
    return f"{words.percent(below)} are below {words.quantity(edge)}."
