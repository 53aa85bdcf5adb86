"""The one definition of the features: ONNX nodes from the customer record.

The models are fitted on this graph's float32 output and served behind the very same nodes, so
training and serving cannot come to differ.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnx import TensorProto, helper

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS
from foretell.predictor import INPUT
from training.btyd import Btyd, History
from training.graph import outlook
from training.graph.fragment import Fragment, model_of, written
from training.models.columns import BEHAVIOUR, FEATURES

OUTPUT: Final = "features"
BUYING_RATE: Final = "purchases_if_alive"
"""Purchases within the horizon of a customer who is still one, float64 (rows, 1)."""
MISSING: Final = -1.0
"""Stands for a missing value; no field of the record can be negative, so a tree can tell."""

_BEHAVIOUR: Final = "behaviour"

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Preprocessing:
    """The features as of one fit of the buy-till-you-die models, for one horizon."""

    btyd: Btyd
    horizon_days: int

    @cached_property
    def nodes(self) -> Fragment:
        """From the record to `features`."""
        return (
            behaviour_nodes()
            + outlook.outlook(self.btyd, self.horizon_days)
            + written(f"{OUTPUT} = Concat <axis = 1> ({_BEHAVIOUR}, {outlook.OUTPUT})", {})
        )

    def transform(self, records: Matrix) -> Matrix:
        """Features (rows, len(FEATURES)) of records (rows, len(RECORD_FIELDS)), by the graph."""
        return _run(self._session, records)

    @cached_property
    def _session(self) -> ort.InferenceSession:
        return _session(self.nodes, OUTPUT, len(FEATURES))


def behaviour(records: Matrix) -> Matrix:
    """The features that need no fit, shape (rows, len(BEHAVIOUR))."""
    return _run(_session(behaviour_nodes(), _BEHAVIOUR, len(BEHAVIOUR)), records)


def history(records: Matrix) -> History:
    """What the buy-till-you-die models see of records, as the graph computes it."""
    columns = dict(zip(_NAMES, behaviour(records).T.astype(np.float64), strict=True))
    return History(
        purchases=columns["purchases"],
        last=columns["tenure_days"] - columns["recency"],
        tenure=columns["tenure_days"],
        monetary=columns["monetary"],
    )


def behaviour_nodes() -> Fragment:
    """From the record to `behaviour`, by way of columns of shape (rows, 1)."""
    return written(_TEXT, _CONSTANTS)


def _session(nodes: Fragment, output: str, columns: int) -> ort.InferenceSession:
    answer = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["rows", columns])
    model = model_of(output, nodes, [answer])
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def _run(session: ort.InferenceSession, records: Matrix) -> Matrix:
    answer: Matrix = session.run(None, {INPUT: records})[0]
    return answer


_NAMES: Final = tuple(feature.name for feature in BEHAVIOUR)
_CONSTANTS: Final = {
    "zero": np.array([0], np.float32),
    "one": np.array([1], np.float32),
    "month": np.array([30], np.float32),
    "missing": np.array([MISSING], np.float32),
    "account_types": np.arange(len(ACCOUNT_TYPES), dtype=np.float32)[np.newaxis],
}

# One purchase is a whole number: the frequency a caller rounded must not leave half of one. A
# customer who spent anything made at least one. The usual gap runs from the first purchase to the
# last; with a single purchase there is none, and recency is counted against one day.
_TEXT: Final = f"""
    unknown = IsNaN ({INPUT})
    known = Where (unknown, missing, {INPUT})
    {", ".join(RECORD_FIELDS)} = Split <axis = 1, num_outputs = {len(RECORD_FIELDS)}> (known)

    observed_days = Max (tenure_days, one)
    months = Div (observed_days, month)
    purchases_as_told = Mul (frequency, months)
    purchases_rounded = Round (purchases_as_told)
    has_spent = Greater (monetary, zero)
    at_least = Cast <to = 1> (has_spent)
    purchases = Max (purchases_rounded, at_least)

    divisor = Max (purchases, one)
    spend_per_purchase = Div (monetary, divisor)
    amount_unknown = Less (avg_purchase_amount, zero)
    amount = Where (amount_unknown, spend_per_purchase, avg_purchase_amount)

    repeats = Sub (purchases, one)
    gaps = Max (repeats, one)
    first_to_last = Sub (tenure_days, recency)
    days_between_purchases = Div (first_to_last, gaps)
    usual_gap = Max (days_between_purchases, one)
    recency_over_gap = Div (recency, usual_gap)

    has_account_type = Equal (account_type, account_types)
    is_basic_premium_enterprise = Cast <to = 1> (has_account_type)

    {_BEHAVIOUR} = Concat <axis = 1> (
        tenure_days, recency, frequency, monetary, purchases, amount, days_between_purchases,
        recency_over_gap, age, is_basic_premium_enterprise, email_open_rate,
        website_visits_per_month, support_tickets)
"""
