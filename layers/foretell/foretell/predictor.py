"""One version of one model, ready to answer: an ONNX session and what its figures mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from foretell.actions import recommended
from foretell.contract import (
    RECORD_FIELDS,
    ChurnPrediction,
    ClvPrediction,
    ComprehensivePrediction,
    CustomerRecord,
    ModelName,
    Prediction,
    SegmentPrediction,
    to_matrix,
)
from foretell.manifest import Baselines, Manifest, RiskCategoryRule, ValueTierRule
from foretell.problems import IncompatibleVersion
from foretell.reasons import Customer, churn_reasons, seen, value_drivers
from foretell.registry import Registry
from foretell.shapley import ShapleyTable

INPUT: Final = "record"
_OF_CLV: Final = ("customer_lifetime_value", "interval_low", "interval_median", "interval_high")
OUTPUTS: Final[Mapping[ModelName, tuple[str, ...]]] = {
    ModelName.CLV: _OF_CLV,
    ModelName.CHURN: ("churn_probability",),
    ModelName.SEGMENT: ("segment_id", "distance_to_center"),
    ModelName.COMPREHENSIVE: (
        *_OF_CLV,
        "churn_probability",
        "segment_id",
        "distance_to_center",
    ),
}
"""What each graph answers, one value a customer, under the names of the contract."""

SEEN: Final = ("features", "purchases_if_alive")
"""What the graphs of explained models hand out besides, of shape (rows, columns)."""

OUTPUTS_WITH_SEEN: Final = {model: (*names, *SEEN) for model, names in OUTPUTS.items()}

Columns = Mapping[str, npt.NDArray[Any]]
Values = Mapping[str, list[Any]]
Fields = dict[str, Any]


@dataclass(frozen=True)
class Predictor:
    """A verified graph, the Shapley values of its trees, and the manifest they came with."""

    model: ModelName
    version: str
    manifest: Manifest
    session: ort.InferenceSession
    reasons: Mapping[ModelName, ShapleyTable]

    def predict(
        self, records: Sequence[CustomerRecord], *, explain: bool = False
    ) -> list[Prediction]:
        """An answer for each record, in order; with its reasons where they are asked for."""
        explain = explain and bool(self.reasons)
        columns = self.run(to_matrix(records), explain=explain)
        told = self._explained(records, columns) if explain else ({} for _ in records)
        values = {name: columns[name].tolist() for name in OUTPUTS[self.model]}
        return [
            self._answer(record, values, row, explained)
            for row, (record, explained) in enumerate(zip(records, told, strict=True))
        ]

    def run(self, matrix: npt.NDArray[np.float32], *, explain: bool = False) -> Columns:
        """The graph's outputs, each of shape (rows,), for a matrix as contract.to_matrix makes.

        To explain them, also what the trees saw: SEEN.
        """
        names = (OUTPUTS_WITH_SEEN if explain else OUTPUTS)[self.model]
        return dict(zip(names, self.session.run(names, {INPUT: matrix}), strict=True))

    def _explained(self, records: Sequence[CustomerRecord], columns: Columns) -> Iterator[Fields]:
        features, purchases_if_alive = (columns[name] for name in SEEN)
        contributions = {
            model: table.contributions(features).tolist() for model, table in self.reasons.items()
        }
        saw = seen(features, purchases_if_alive, self.manifest.features)
        for row, (record, found) in enumerate(zip(records, saw, strict=True)):
            customer = Customer(record, found, self.manifest.horizon_days)
            fields: Fields = {}
            for model, points in contributions.items():
                fields.update(_EXPLAIN[model](customer, points[row], self.manifest.baselines))
            yield fields

    def _answer(
        self, record: CustomerRecord, values: Values, row: int, explained: Fields
    ) -> Prediction:
        fields: Fields = {"customer_id": record.customer_id, "model_version": self.version}
        for read in _READERS[self.model]:
            fields.update(read(values, row, self.manifest, fields))
        return ANSWERS[self.model].model_validate(fields | explained)


def load(registry: Registry, model: ModelName, version: str) -> Predictor:
    """A predictor from verified bytes.

    Raises:
        RegistryError: the version is missing, damaged, unreachable or not for this runtime.
    """
    manifest = registry.manifest(version)
    content = registry.file(version, model.graph_file, manifest)
    session = _session(content, model, version)
    reasons = {part: _reasons(registry, part, version, manifest) for part in model.explained}
    return Predictor(model, version, manifest, session, reasons)


def _reasons(
    registry: Registry, model: ModelName, version: str, manifest: Manifest
) -> ShapleyTable:
    content = registry.file(version, model.reasons_file, manifest)
    try:
        return ShapleyTable.from_bytes(content)
    except ValueError as error:
        raise IncompatibleVersion(
            f"{model.reasons_file} of version {version} is not one this runtime reads: train"
            " again, or deploy the matching runtime"
        ) from error


def _session(content: bytes, model: ModelName, version: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # One customer at a time is too little work to share out, and Lambda gives one core or less.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise IncompatibleVersion(
            f"{model.graph_file} of version {version} cannot be loaded by onnxruntime"
            f" {ort.__version__}: train again, or deploy the matching runtime"
        ) from error
    _check_signature(session, model, version)
    return session


def _check_signature(session: ort.InferenceSession, model: ModelName, version: str) -> None:
    inputs = [(node.name, node.shape[-1]) for node in session.get_inputs()]
    outputs = {node.name for node in session.get_outputs()}
    wanted = OUTPUTS[model] + (SEEN if model.explained else ())
    if inputs != [(INPUT, len(RECORD_FIELDS))] or not outputs.issuperset(wanted):
        raise IncompatibleVersion(
            f"{model.graph_file} of version {version} takes or gives other columns than this"
            " runtime: train again, or deploy the matching runtime"
        )


def _clv(values: Values, row: int, manifest: Manifest, _: Fields) -> Fields:
    value = _money(values["customer_lifetime_value"][row])
    return {
        "customer_lifetime_value": value,
        "interval": {
            "low": _money(values["interval_low"][row]),
            "median": _money(values["interval_median"][row]),
            "high": _money(values["interval_high"][row]),
            "coverage": manifest.interval_coverage,
        },
        "horizon_days": manifest.horizon_days,
        "value_tier": _category(manifest.value_tiers, value),
    }


def _churn(values: Values, row: int, manifest: Manifest, _: Fields) -> Fields:
    probability = round(values["churn_probability"][row], 6)
    return {
        "churn_probability": probability,
        "horizon_days": manifest.horizon_days,
        "risk_category": _category(manifest.risk_categories, probability),
    }


def _segment(values: Values, row: int, manifest: Manifest, known: Fields) -> Fields:
    persona = manifest.personas[values["segment_id"][row]]
    return {
        "segment_id": persona.segment_id,
        "segment_name": persona.name,
        "distance_to_center": round(values["distance_to_center"][row], 6),
        "recommended_actions": recommended(
            manifest.actions, persona.name, known.get("risk_category"), known.get("value_tier")
        ),
    }


def _stake(values: Values, row: int, _: Manifest, __: Fields) -> Fields:
    value = values["customer_lifetime_value"][row]
    return {"value_at_risk": _money(value * values["churn_probability"][row])}


def _churn_reasons(
    customer: Customer, contributions: Sequence[float], baselines: Baselines
) -> Fields:
    return {
        "base_rate": round(baselines.churn_probability, 6),
        "reasons": churn_reasons(customer, contributions),
    }


def _value_drivers(
    customer: Customer, contributions: Sequence[float], baselines: Baselines
) -> Fields:
    return {
        # Not to the cent: the factors make large amounts of it.
        "typical_value": float(f"{baselines.typical_value:.7g}"),
        "drivers": value_drivers(customer, contributions, baselines),
    }


def _money(value: float) -> float:
    """To the cent: what lies behind it is float32's noise."""
    return round(value, 2)


Rule = TypeVar("Rule", ValueTierRule, RiskCategoryRule)


def _category(rules: tuple[Rule, ...], value: float) -> str:
    """Name of the last rule whose threshold the value reaches; the first rule's is 0."""
    for rule in reversed(rules):
        if value >= rule.at_least:
            return rule.name
    return rules[0].name


ANSWERS: Final[Mapping[ModelName, type[Prediction]]] = {
    ModelName.CLV: ClvPrediction,
    ModelName.CHURN: ChurnPrediction,
    ModelName.SEGMENT: SegmentPrediction,
    ModelName.COMPREHENSIVE: ComprehensivePrediction,
}

_READERS: Final[
    Mapping[ModelName, tuple[Callable[[Values, int, Manifest, Fields], Fields], ...]]
] = {
    ModelName.CLV: (_clv,),
    ModelName.CHURN: (_churn,),
    ModelName.SEGMENT: (_segment,),
    ModelName.COMPREHENSIVE: (_clv, _churn, _segment, _stake),
}

_EXPLAIN: Final[Mapping[ModelName, Callable[[Customer, Sequence[float], Baselines], Fields]]] = {
    ModelName.CLV: _value_drivers,
    ModelName.CHURN: _churn_reasons,
}
