"""A version that scores thousands of customers at a time.

What the API answers by one graph is done in three steps: a graph from the records to what the trees
see, the trees by looking up (foretell.lookup), and a graph from what they add up to to the answers.
The graphs are made of the very nodes of the API's, and training publishes nothing whose two ways
differ. Any number of threads may use one scorer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from foretell.batch.answers import CENTS, MILLIONTHS, Answers, Codes, Integers
from foretell.batch.rows import Records
from foretell.lookup import TreeTables
from foretell.manifest import Manifest, RiskCategoryRule, ValueTierRule
from foretell.predictor import INPUT
from foretell.problems import IncompatibleVersion
from foretell.registry import Registry

FEATURES_GRAPH: Final = "batch_features.onnx"
TREES: Final = "batch_trees.npz"
ANSWERS_GRAPH: Final = "batch_answers.onnx"

SUMS: Final = ("clv_log_factor", "low_residual", "median_residual", "high_residual")
"""What the trees add up to, as inputs of the graph of answers."""

AT_ONCE: Final = 2_048
"""Customers: what lies between two nodes of a graph must stay in the processor's cache."""

_SEEN: Final = ("features", "segment_id", "distance_to_center")
_AMOUNTS: Final = ("customer_lifetime_value", "interval_low", "interval_median", "interval_high")

Columns = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Rule = TypeVar("Rule", ValueTierRule, RiskCategoryRule)


@dataclass(frozen=True)
class Outputs:
    """What the models answer, before it is rounded; each of shape (rows,)."""

    customer_lifetime_value: Floats
    interval_low: Floats
    interval_median: Floats
    interval_high: Floats
    churn_probability: Floats
    segment_id: npt.NDArray[np.int64]
    distance_to_center: Floats


@dataclass(frozen=True)
class Models:
    """The three steps."""

    features: ort.InferenceSession
    trees: TreeTables
    answers: ort.InferenceSession

    def outputs(self, records: Records) -> Outputs:
        """What is answered for records of shape (rows, len(RECORD_FIELDS))."""
        parts = []
        for some in portions(records):
            seen = self.seen(some)
            parts.append(self.corrected(seen, self.grown(seen)))
        names = Outputs.__dataclass_fields__
        return Outputs(**{name: np.concatenate([part[name] for part in parts]) for name in names})

    def seen(self, records: Records) -> Columns:
        """What the trees see of AT_ONCE customers at most, and what is answered without them."""
        return dict(zip(_SEEN, self.features.run(_SEEN, {INPUT: records}), strict=True))

    def grown(self, seen: Columns) -> tuple[Floats, Floats]:
        """What the trees answer: the probability of churn, and SUMS."""
        return self.trees.answers(seen["features"])

    def corrected(self, seen: Columns, grown: tuple[Floats, Floats]) -> Columns:
        """The fields of Outputs."""
        churn, sums = grown
        inputs = dict(zip(SUMS, np.hsplit(sums, len(SUMS)), strict=True))
        amounts = self.answers.run(_AMOUNTS, {"features": seen["features"], **inputs})
        return {
            **dict(zip(_AMOUNTS, amounts, strict=True)),
            "churn_probability": churn,
            **{name: seen[name] for name in _SEEN[1:]},
        }


def portions(records: Records) -> Iterator[Records]:
    """The records, AT_ONCE at a time; at least one of them, if empty."""
    for start in range(0, max(len(records), 1), AT_ONCE):
        yield records[start : start + AT_ONCE]


@dataclass(frozen=True)
class Scorer:
    """A verified version."""

    version: str
    manifest: Manifest
    models: Models

    def score(self, records: Records) -> Answers:
        """What is answered for records of shape (rows, len(RECORD_FIELDS))."""
        return self.told(self.models.outputs(records))

    def told(self, found: Outputs) -> Answers:
        """The same in the figures and words of the manifest."""
        value, churn = _cents(found.customer_lifetime_value), _millionths(found.churn_probability)
        at_risk = found.customer_lifetime_value.astype(np.float64) * found.churn_probability
        return Answers(
            customer_lifetime_value=value,
            interval_low=_cents(found.interval_low),
            interval_median=_cents(found.interval_median),
            interval_high=_cents(found.interval_high),
            value_tier=_category(self.manifest.value_tiers, value / 10**CENTS),
            churn_probability=churn,
            risk_category=_category(self.manifest.risk_categories, churn / 10**MILLIONTHS),
            segment_id=found.segment_id.astype(np.uint8),
            distance_to_center=_millionths(found.distance_to_center),
            value_at_risk=_cents(at_risk),
        )


def load(registry: Registry, version: str) -> Scorer:
    """A scorer from verified bytes.

    Raises:
        RegistryError: the version is missing, damaged, unreachable or not for this runtime.
    """
    manifest = registry.manifest(version)
    contents = {
        name: registry.file(version, name, manifest)
        for name in (FEATURES_GRAPH, TREES, ANSWERS_GRAPH)
    }
    try:
        return Scorer(version, manifest, assembled(contents))
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise IncompatibleVersion(
            f"the files for batches of version {version} cannot be loaded by onnxruntime"
            f" {ort.__version__}: train again, or deploy the matching runtime"
        ) from error


def assembled(contents: Mapping[str, bytes]) -> Models:
    """The three steps from the bytes of their files.

    Raises:
        Exception: they are something else; onnxruntime's exceptions share no other base.
    """
    return Models(
        _session(contents[FEATURES_GRAPH], _SEEN),
        TreeTables.from_bytes(contents[TREES]),
        _session(contents[ANSWERS_GRAPH], _AMOUNTS),
    )


def _session(content: bytes, outputs: Sequence[str]) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # Pieces of a file are scored side by side: a session needs no threads of its own.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    if not {node.name for node in session.get_outputs()}.issuperset(outputs):
        raise ValueError("the graph gives other columns")
    return session


def _cents(amounts: Floats | Wide) -> Integers:
    return _rounded(amounts, CENTS)


def _millionths(values: Floats) -> Integers:
    return _rounded(values, MILLIONTHS)


def _rounded(values: Floats | Wide, decimals: int) -> Integers:
    # The product is exact in float64 for what was float32: it is rounded as round() does.
    rounded: Integers = np.rint(values.astype(np.float64) * 10**decimals).astype(np.int64)
    return rounded


def _category(rules: tuple[Rule, ...], values: Wide) -> Codes:
    """Place of the last rule whose threshold a value reaches; the first rule's is 0."""
    thresholds = np.array([rule.at_least for rule in rules[1:]])
    return np.searchsorted(thresholds, values, side="right").astype(np.uint8)
