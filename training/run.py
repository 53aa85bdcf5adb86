"""One training run, from raw tables to a published version, live if it passes the gates."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from foretell import actions, tables
from foretell.manifest import CARD, Baselines, Gate, Manifest, TrainingData
from foretell.registry import Registry
from foretell.tables import CleaningReport, Tables
from training import card, examples, features, fit, lookup, reasons, version
from training.evaluate import figures, protocol, stability
from training.evaluate.figures import Metrics
from training.evaluate.hold_out import HoldOut
from training.examples import Records
from training.gates import data as data_gates
from training.gates import live, promotion
from training.graph import parity
from training.graph.fitted import FittedModels, Forecasters, build_graphs
from training.graph.preprocessing import behaviour
from training.models.columns import FEATURE_NAMES
from training.models.interval import COVERAGE
from training.periods import Period, label_window, period
from training.publish import live_or_none, promote, publish
from training.request import TrainingRequest

Step = Callable[[str], AbstractContextManager[None]]
"""Shows a person what is being done, as long as it is being done."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of it."""

    version: str
    manifest: Manifest
    cleaning: CleaningReport
    promoted: bool


@dataclass(frozen=True)
class _Customers:
    """All that the tables tell: a past to learn from, one to be measured on, and the present."""

    data: TrainingData
    learning: Period
    trial: protocol.Trial
    current: Records
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class _Measured:
    """What is known of the models' quality."""

    metrics: Metrics
    hold_out: HoldOut
    gates: tuple[Gate, ...]


def train(request: TrainingRequest, registry: Registry, step: Step) -> TrainingResult:
    """Train, measure, verify, publish; promote what passes the gates or is forced.

    The live version is replaced in the last step only, and only if nobody else replaced it since
    the run began.

    Raises:
        InputError: the tables cannot be trained on.
        RegistryError: the registry cannot be used.
        ParityError: a graph does not answer as its model does.
        LostRace: published, but another version was promoted meanwhile.

    """
    with step("Looking at the registry"):
        seen = live_or_none(registry)
        before = live.version_or_none(registry, seen)
    with step("Reading the tables"):
        loaded = tables.load(request.sources)
    with loaded, step("Computing the features"):
        customers = _customers(loaded, request)
    with step("Measuring on held-out customers"):
        measured = _measure(customers)
    with step("Fitting the models"):
        models = fit.fit(
            customers.learning.examples,
            customers.learning.horizon_days,
            customers.current,
            request.horizon_days,
            version.centers(before.manifest) if before and before.manifest else {},
        )
        measured = _with_personas(measured, models, customers.current)
    with step("Converting to ONNX and checking parity"):
        graphs = build_graphs(models)
        rows = parity.comparison_rows(customers.current, fit.SEED)
        differences = parity.check(graphs, models, rows)
    with step("Tabulating the trees for batches"):
        batch = lookup.files(models)
        differences |= parity.check_batch(batch, models, rows)
    with step("Tabulating the reasons"):
        explained = reasons.tables(models.forecasters)
        differences |= parity.check_reasons(explained, models.forecasters, customers.current)
    files = {model.graph_file: body for model, body in graphs.items()} | batch
    files |= {model.reasons_file: table.to_bytes() for model, table in explained.items()}
    if before is not None:
        with step("Comparing with the live version"):
            measured = _with_live(measured, customers, request, models.forecasters, before, files)
    baselines = reasons.baselines(models.forecasters, customers.current, explained)
    manifest = _manifest(request, customers, models, measured, differences, baselines)
    with step("Drawing the model card"):
        files[CARD] = card.render(manifest, measured.hold_out)
        manifest = manifest.model_copy(update={"files": version.file_entries(files)})
    with step("Publishing"):
        published = publish(registry, manifest, files)
    held_back = promotion.failed(manifest.gates) and request.force is None
    if not held_back:
        with step("Promoting"):
            promote(registry, published, seen)
    return TrainingResult(published, manifest, loaded.report, promoted=not held_back)


def _customers(loaded: Tables, request: TrainingRequest) -> _Customers:
    as_of = request.as_of or loaded.last_day
    data_gates.check_period(loaded.first_day, loaded.last_day, as_of, request.horizon_days)
    window = label_window(loaded.first_day, as_of, request.horizon_days)
    learning = period(loaded, window.cutoff, window.horizon_days)
    churned = learning.examples.churned
    data_gates.check_customers(len(churned), window.cutoff)
    data_gates.check_outcomes(churned, window.horizon_days)
    data_gates.check_spend(learning.examples.spend, window.horizon_days)
    current = examples.records(features.customer_features(loaded, as_of))
    data = TrainingData(
        first_day=loaded.first_day,
        last_day=loaded.last_day,
        as_of=as_of,
        label_cutoff=window.cutoff,
        transactions=loaded.report.tables[0].rows_kept,
        customers=len(current),
        training_customers=len(churned),
        churn_rate=float(churned.mean()),
    )
    return _Customers(
        data,
        learning,
        protocol.trial(loaded, learning, as_of, request.horizon_days),
        current,
        data_gates.warnings(loaded.report, window, request.horizon_days, churned),
    )


def _measure(customers: _Customers) -> _Measured:
    hold_out = protocol.run(customers.trial)
    metrics = figures.measured(hold_out)
    return _Measured(metrics, hold_out, promotion.of(metrics))


def _with_personas(measured: _Measured, models: FittedModels, current: Records) -> _Measured:
    found = stability.measured(models.segment, behaviour(current), stability.BOOTSTRAPS, fit.SEED)
    return replace(measured, metrics=measured.metrics | found)


def _with_live(
    measured: _Measured,
    customers: _Customers,
    request: TrainingRequest,
    fitted: Forecasters,
    live_version: live.LiveVersion,
    files: Mapping[str, bytes],
) -> _Measured:
    gates = live_version.gates_if_same(files)
    if gates is None:
        gates = (live.compare(live_version, customers.trial, request.horizon_days, fitted),)
    return replace(measured, gates=(*measured.gates, *gates))


def _manifest(
    request: TrainingRequest,
    customers: _Customers,
    models: FittedModels,
    measured: _Measured,
    differences: dict[str, float],
    baselines: Baselines,
) -> Manifest:
    current = customers.current
    forecasters = models.forecasters
    gates = (*customers.gates, parity.gate(differences), *measured.gates)
    return Manifest(
        horizon_days=request.horizon_days,
        training_horizon_days=customers.learning.horizon_days,
        interval_coverage=COVERAGE,
        features=FEATURE_NAMES,
        data=customers.data,
        evaluation=protocol.described(customers.trial, measured.hold_out),
        metrics=measured.metrics,
        importances=version.importances(models),
        value_tiers=version.value_tiers(
            forecasters.clv.predict(forecasters.preprocessing.transform(current))
        ),
        risk_categories=version.risk_categories(request.risk_thresholds),
        personas=version.personas(models, current),
        actions=actions.TABLE,
        baselines=baselines,
        drift_baseline=version.drift_baseline(current),
        gates=gates,
        forced=request.force if promotion.failed(gates) else None,
        parity=differences,
        libraries=version.libraries(),
        files={},
    )
