"""One training run, from raw tables to a published and promoted version."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from foretell.contract import ModelName
from foretell.manifest import Manifest, TrainingData
from foretell.registry import Registry
from training import examples, features, fit, gates, tables, version
from training.examples import Examples, Mask, Records
from training.graph import clusters, compose, parity, trees
from training.graph.preprocessing import transform
from training.models import FittedModels
from training.models.columns import FEATURE_NAMES
from training.publish import live_or_none, promote, publish
from training.request import TrainingRequest
from training.tables import CleaningReport, Tables

Step = Callable[[str], AbstractContextManager[None]]
"""Shows a person what is being done, as long as it is being done."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of it."""

    version: str
    manifest: Manifest
    cleaning: CleaningReport


@dataclass(frozen=True)
class _Customers:
    """All that the tables tell: the past to learn from, and the customers as they are now."""

    data: TrainingData
    examples: Examples
    held_out: Mask
    current: Records


def train(request: TrainingRequest, registry: Registry, step: Step) -> TrainingResult:
    """Train, verify, publish, promote.

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
    with step("Reading the tables"):
        loaded = tables.load(request.sources)
    with loaded, step("Computing the features"):
        customers = _customers(loaded, request)
    with step("Measuring on held-out customers"):
        metrics = fit.hold_out_metrics(customers.examples, customers.held_out, request.horizon_days)
    with step("Fitting the three models"):
        models = fit.fit(customers.examples, customers.current)
        metrics |= fit.segment_metrics(models.segment, customers.current)
    with step("Converting to ONNX and checking parity"):
        graphs = build_graphs(models)
        rows = parity.comparison_rows(customers.current, fit.SEED)
        differences = parity.check(graphs, models, rows)
    manifest = _manifest(request, customers, models, metrics, differences, graphs)
    with step("Publishing"):
        published = publish(
            registry, manifest, {model.graph_file: body for model, body in graphs.items()}
        )
    with step("Promoting"):
        promote(registry, published, seen)
    return TrainingResult(published, manifest, loaded.report)


def build_graphs(models: FittedModels) -> dict[ModelName, bytes]:
    """The four graphs, serialised; the same models give the same bytes."""
    clv = trees.clv_branch(models.clv)
    churn = trees.churn_branch(models.churn)
    segment = clusters.segment_branch(models.segment)
    branches = {
        ModelName.CLV: [clv],
        ModelName.CHURN: [churn],
        ModelName.SEGMENT: [segment],
        ModelName.COMPREHENSIVE: [clv, churn, segment],
    }
    return {
        model: compose.compose(model, parts).SerializeToString(deterministic=True)
        for model, parts in branches.items()
    }


def _customers(loaded: Tables, request: TrainingRequest) -> _Customers:
    as_of = request.as_of or loaded.last_day
    cutoff = gates.check_period(loaded.first_day, loaded.last_day, as_of, request.horizon_days)
    past, followed = features.labelled_customers(loaded, cutoff, request.horizon_days)
    gates.check_customers(len(past), cutoff)
    learnt = examples.examples(past, followed)
    gates.check_outcomes(learnt.churned, request.horizon_days)
    current = examples.records(features.customer_features(loaded, as_of))
    data = TrainingData(
        first_day=loaded.first_day,
        last_day=loaded.last_day,
        as_of=as_of,
        label_cutoff=cutoff,
        transactions=loaded.report.tables[0].rows_kept,
        customers=len(current),
        training_customers=len(past),
        churn_rate=float(learnt.churned.mean()),
    )
    return _Customers(data, learnt, examples.held_out(past["customer_id"]), current)


def _manifest(
    request: TrainingRequest,
    customers: _Customers,
    models: FittedModels,
    metrics: fit.Metrics,
    differences: Mapping[str, float],
    graphs: Mapping[ModelName, bytes],
) -> Manifest:
    current = customers.current
    return Manifest(
        horizon_days=request.horizon_days,
        features=FEATURE_NAMES,
        data=customers.data,
        metrics=metrics,
        importances=version.importances(models),
        value_tiers=version.value_tiers(models.clv.predict(transform(current))),
        risk_categories=version.risk_categories(),
        personas=version.personas(models.segment, current),
        drift_baseline=version.drift_baseline(current),
        parity=dict(differences),
        libraries=version.libraries(),
        files=version.file_entries({m.graph_file: body for m, body in graphs.items()}),
    )
