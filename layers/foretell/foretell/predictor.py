"""One version of one model, ready to answer: an ONNX session and what its figures mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from foretell.contract import (
    RECORD_FIELDS,
    ChurnPrediction,
    ClvPrediction,
    ComprehensivePrediction,
    CustomerRecord,
    ModelName,
    Prediction,
    SegmentPrediction,
    SpendInterval,
    to_matrix,
)
from foretell.manifest import Manifest, RiskCategoryRule, ValueTierRule
from foretell.problems import IncompatibleVersion
from foretell.registry import Registry

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

Columns = Mapping[str, npt.NDArray[Any]]
Fields = dict[str, object]


@dataclass(frozen=True)
class Predictor:
    """A verified graph and the manifest it came with."""

    model: ModelName
    version: str
    manifest: Manifest
    session: ort.InferenceSession

    def predict(self, records: Sequence[CustomerRecord]) -> list[Prediction]:
        """An answer for each record, in order."""
        columns = self.run(to_matrix(records))
        return [self._answer(record, columns, row) for row, record in enumerate(records)]

    def run(self, matrix: npt.NDArray[np.float32]) -> Columns:
        """The graph's outputs, each of shape (rows,), for a matrix as contract.to_matrix makes."""
        names = OUTPUTS[self.model]
        return dict(zip(names, self.session.run(names, {INPUT: matrix}), strict=True))

    def _answer(self, record: CustomerRecord, columns: Columns, row: int) -> Prediction:
        fields: Fields = {"customer_id": record.customer_id, "model_version": self.version}
        for read in _READERS[self.model]:
            fields.update(read(columns, row, self.manifest))
        # Every value is ours and of the right type: checking it again would cost as much as the
        # prediction itself.
        return ANSWERS[self.model].model_construct(**fields)  # type: ignore[arg-type]


def load(registry: Registry, model: ModelName, version: str) -> Predictor:
    """A predictor from verified bytes.

    Raises:
        RegistryError: the version is missing, damaged, unreachable or not for this runtime.
    """
    manifest = registry.manifest(version)
    content = registry.file(version, model.graph_file, manifest)
    return Predictor(model, version, manifest, _session(content, model, version))


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
    if inputs != [(INPUT, len(RECORD_FIELDS))] or not outputs.issuperset(OUTPUTS[model]):
        raise IncompatibleVersion(
            f"{model.graph_file} of version {version} takes or gives other columns than this"
            " runtime: train again, or deploy the matching runtime"
        )


def _clv(columns: Columns, row: int, manifest: Manifest) -> Fields:
    value = _money(columns["customer_lifetime_value"][row])
    return {
        "customer_lifetime_value": value,
        "interval": SpendInterval.model_construct(
            low=_money(columns["interval_low"][row]),
            median=_money(columns["interval_median"][row]),
            high=_money(columns["interval_high"][row]),
            coverage=manifest.interval_coverage,
        ),
        "horizon_days": manifest.horizon_days,
        "value_tier": _category(manifest.value_tiers, value),
    }


def _churn(columns: Columns, row: int, manifest: Manifest) -> Fields:
    probability = round(float(columns["churn_probability"][row]), 6)
    return {
        "churn_probability": probability,
        "horizon_days": manifest.horizon_days,
        "risk_category": _category(manifest.risk_categories, probability),
    }


def _segment(columns: Columns, row: int, manifest: Manifest) -> Fields:
    persona = manifest.personas[int(columns["segment_id"][row])]
    return {
        "segment_id": persona.segment_id,
        "segment_name": persona.name,
        "distance_to_center": round(float(columns["distance_to_center"][row]), 6),
        "recommended_actions": persona.recommended_actions,
    }


def _stake(columns: Columns, row: int, _: Manifest) -> Fields:
    value = float(columns["customer_lifetime_value"][row])
    return {"value_at_risk": _money(value * float(columns["churn_probability"][row]))}


def _money(value: float) -> float:
    """To the cent: what lies behind it is float32's noise."""
    return round(float(value), 2)


Rule = TypeVar("Rule", ValueTierRule, RiskCategoryRule)


def _category(rules: tuple[Rule, ...], value: float) -> str:
    """Name of the last rule whose threshold the value reaches; the first rule's is 0."""
    return next(rule.name for rule in reversed(rules) if value >= rule.at_least)


ANSWERS: Final[Mapping[ModelName, type[Prediction]]] = {
    ModelName.CLV: ClvPrediction,
    ModelName.CHURN: ChurnPrediction,
    ModelName.SEGMENT: SegmentPrediction,
    ModelName.COMPREHENSIVE: ComprehensivePrediction,
}

_READERS: Final[Mapping[ModelName, tuple[Callable[[Columns, int, Manifest], Fields], ...]]] = {
    ModelName.CLV: (_clv,),
    ModelName.CHURN: (_churn,),
    ModelName.SEGMENT: (_segment,),
    ModelName.COMPREHENSIVE: (_clv, _churn, _segment, _stake),
}
