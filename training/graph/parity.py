"""Whether a graph answers what the native models answer, per output column.

Nothing is published whose graphs were not run beside the models they come from, and whose reasons
do not add up to what those models answer.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from foretell.batch import scorer
from foretell.contract import ModelName
from foretell.manifest import Gate
from foretell.personas import PROFILES
from foretell.predictor import INPUT, OUTPUTS
from foretell.shapley import ShapleyTable
from training.errors import ParityError
from training.examples import REQUIRED_FIELDS
from training.graph.fitted import FittedModels, Forecasters
from training.graph.preprocessing import Preprocessing, history

TOLERANCE: Final = 1e-4
ROWS: Final = 20_000
"""At least this many rows are compared."""
_EXPLAINED_ROWS: Final = 2_000

_LEFT_OUT: Final = 0.25
_ROUNDING: Final = 1e-6

Records = npt.NDArray[np.float32]
Columns = Mapping[str, npt.NDArray[Any]]


def check(
    graphs: Mapping[ModelName, bytes], native: FittedModels, records: Records
) -> dict[str, float]:
    """Largest relative difference per output, as "graph.output".

    Raises:
        ParityError: one is above the tolerance, or an answer is not finite.

    """
    expected = _native_answers(native, records)
    differences: dict[str, float] = {}
    for model, content in graphs.items():
        answers = _run(content, model, records)
        differences |= {
            f"{model}.{name}": _difference(name, answers[name], expected) for name in OUTPUTS[model]
        }
    _refuse(differences, len(records))
    return {name: float(f"{value:.1e}") for name, value in differences.items()}


def check_batch(
    contents: Mapping[str, bytes], native: FittedModels, records: Records
) -> dict[str, float]:
    """The same of what scores files, as "batch.output".

    Raises:
        ParityError: one is above the tolerance, or an answer is not finite.

    """
    answers = scorer.assembled(contents).outputs(records)
    expected = _native_answers(native, records)
    differences = {
        f"batch.{name}": _difference(name, getattr(answers, name), expected)
        for name in OUTPUTS[ModelName.COMPREHENSIVE]
    }
    _refuse(differences, len(records))
    return {name: float(f"{value:.1e}") for name, value in differences.items()}


def check_reasons(
    explained: Mapping[ModelName, ShapleyTable], native: Forecasters, records: Records
) -> dict[str, float]:
    """Largest difference between an answer and its base with all contributions, by model.

    Of lifetime value it is the logarithm of the trees' factor.

    Raises:
        ParityError: one is above the tolerance.

    """
    features = native.preprocessing.transform(records[:_EXPLAINED_ROWS])
    answers = {
        ModelName.CLV: np.log(native.clv.predict(features) / native.clv.offset(features)),
        ModelName.CHURN: native.churn.predict(features),
    }
    differences = {
        f"{model}.reasons": float(
            np.abs(table.base + table.contributions(features).sum(axis=1) - answers[model]).max()
        )
        for model, table in explained.items()
    }
    _refuse(differences, len(features))
    return {name: float(f"{value:.1e}") for name, value in differences.items()}


def gate(differences: Mapping[str, float]) -> Gate:
    """What was found, for whoever reads the manifest; a difference that counts is an error."""
    return Gate(
        name="Parity of the graphs",
        verdict="passed",
        detail=f"at most {max(differences.values()):.1e}; {TOLERANCE:g} is tolerated",
    )


def comparison_rows(records: Records, seed: int) -> Records:
    """All records, and mixtures of them where they are fewer than ROWS.

    A mixture takes its purchase history from one customer, and each optional field from another
    or from nobody: answers must agree for records that no customer of this shop has, too.
    """
    lacking = max(0, ROWS - len(records))
    random = np.random.default_rng(seed)
    mixed = records[random.integers(0, len(records), lacking)]
    for column in range(REQUIRED_FIELDS, records.shape[1]):
        mixed[:, column] = records[random.integers(0, len(records), lacking), column]
        mixed[random.random(lacking) < _LEFT_OUT, column] = np.nan
    return np.concatenate([records, mixed])


def _native_answers(native: FittedModels, records: Records) -> Columns:
    forecasters, segment = native.forecasters, native.segment
    features = _with_native_outlook(forecasters.preprocessing, records)
    bounds = forecasters.interval.predict(features)
    distances = segment.distances(features)
    return {
        "customer_lifetime_value": forecasters.clv.predict(features),
        "interval_low": bounds.low,
        "interval_median": bounds.median,
        "interval_high": bounds.high,
        "churn_probability": forecasters.churn.predict(features),
        "distance_to_center": distances.min(axis=1),
        # By segment id; a persona that the shop does not have is infinitely far.
        "distances": _by_segment(distances, segment.segment_ids),
    }


def _with_native_outlook(preprocessing: Preprocessing, records: Records) -> Records:
    """The features, the buy-till-you-die part of them computed without the graph."""
    graphs_own = preprocessing.transform(records)
    outlook = preprocessing.btyd.outlook(history(records), preprocessing.horizon_days)
    native = np.stack(outlook, axis=1).astype(np.float32)
    # Trees split between two neighbouring float32s, too: a value that differs in its last digit
    # would go the other way. What differs by more is not the same formula.
    same = np.isclose(native, graphs_own[:, -len(outlook) :], rtol=_ROUNDING, atol=0)
    features = graphs_own.copy()
    features[:, -len(outlook) :] = np.where(same, graphs_own[:, -len(outlook) :], native)
    return features


def _by_segment(
    distances: npt.NDArray[np.float32], segment_ids: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    everyone = np.full((len(distances), len(PROFILES)), np.inf, dtype=np.float32)
    everyone[:, segment_ids] = distances
    return everyone


def _run(content: bytes, model: ModelName, records: Records) -> Columns:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUTS[model], session.run(OUTPUTS[model], {INPUT: records}), strict=True))


def _difference(name: str, answers: npt.NDArray[Any], expected: Columns) -> float:
    if name == "segment_id":
        # On the border of two personas either is right: what must agree is how near it is.
        nearest = expected["distance_to_center"]
        chosen = np.take_along_axis(expected["distances"], answers[:, np.newaxis], axis=1)[:, 0]
        return _largest(chosen, nearest)
    if name.startswith("interval"):
        # A bound is exp(x) - 1 of a float32 sum of trees: near 0 what is left of it is rounding,
        # by far less than a hundredth of what customers may spend.
        return _largest(answers, expected[name], float(expected["interval_high"].mean()) / 100)
    return _largest(answers, expected[name])


def _largest(
    answers: npt.NDArray[Any], expected: npt.NDArray[Any], least: float | None = None
) -> float:
    """Largest |answer - expected| / |expected|; smaller ones than `least` are held to that.

    By default it is the mean of the column times the tolerance: something for an expected 0.
    """
    wide = expected.astype(np.float64)
    usual = float(np.abs(wide).mean()) * TOLERANCE
    floor = max(usual if least is None else least, float(np.finfo(np.float32).tiny))
    relative = np.abs(answers.astype(np.float64) - wide) / np.maximum(np.abs(wide), floor)
    return float(np.max(np.where(np.isfinite(relative), relative, np.inf)))


def _refuse(differences: Mapping[str, float], rows: int) -> None:
    # The other way round, so that what is not a number is wrong.
    wrong = {name: value for name, value in differences.items() if not value <= TOLERANCE}
    if wrong:
        told = ", ".join(f"{name} by {value:.1e}" for name, value in wrong.items())
        raise ParityError(
            f"nothing was published: over {rows:,} rows the ONNX graphs or the reasons differ from"
            f" the models they were made from ({told}; allowed is {TOLERANCE:g}). This is a fault"
            " of the conversion: report it with the library versions"
        )
