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

from foretell.contract import RECORD_FIELDS
from foretell.predictor import INPUT
from training.btyd import Btyd, History
from training.graph import outlook
from training.graph.fragment import Fragment, model_of, written
from training.models.columns import BEHAVIOUR, FEATURES

OUTPUT: Final = "features"
MISSING: Final = -1.0
"""Stands for a missing value; no field of the record can be negative, so a tree can tell."""

_BEHAVIOUR: Final = "behaviour"
_OPTIONAL: Final = ("age", "email_open_rate", "website_visits_per_month", "support_tickets")

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


def _known_or_missing(name: str) -> str:
    return f"""
    {name}_unknown = IsNaN ({name})
    {name}_or_missing = Where ({name}_unknown, missing, {name})"""


_NAMES: Final = tuple(feature.name for feature in BEHAVIOUR)
_CONSTANTS: Final = {
    name: np.array([value], np.float32)
    for name, value in {"zero": 0, "one": 1, "two": 2, "month": 30, "missing": MISSING}.items()
}

# One purchase is a whole number: the frequency a caller rounded must not leave half of one. A
# customer who spent anything made at least one. The usual gap runs from the first purchase to the
# last; with a single purchase there is none, and recency is counted against one day.
_TEXT: Final = f"""
    {", ".join(RECORD_FIELDS)} = Split <axis = 1, num_outputs = {len(RECORD_FIELDS)}> ({INPUT})

    observed_days = Max (tenure_days, one)
    months = Div (observed_days, month)
    purchases_as_told = Mul (frequency, months)
    purchases_rounded = Round (purchases_as_told)
    has_spent = Greater (monetary, zero)
    at_least = Cast <to = 1> (has_spent)
    purchases = Max (purchases_rounded, at_least)

    divisor = Max (purchases, one)
    spend_per_purchase = Div (monetary, divisor)
    amount_unknown = IsNaN (avg_purchase_amount)
    amount = Where (amount_unknown, spend_per_purchase, avg_purchase_amount)

    repeats = Sub (purchases, one)
    gaps = Max (repeats, one)
    first_to_last = Sub (tenure_days, recency)
    days_between_purchases = Div (first_to_last, gaps)
    usual_gap = Max (days_between_purchases, one)
    recency_over_gap = Div (recency, usual_gap)

    basic = Equal (account_type, zero)
    premium = Equal (account_type, one)
    enterprise = Equal (account_type, two)
    is_basic = Cast <to = 1> (basic)
    is_premium = Cast <to = 1> (premium)
    is_enterprise = Cast <to = 1> (enterprise)
    {"".join(_known_or_missing(name) for name in _OPTIONAL)}

    {_BEHAVIOUR} = Concat <axis = 1> (
        tenure_days, recency, frequency, monetary, purchases, amount, days_between_purchases,
        recency_over_gap, age_or_missing, is_basic, is_premium, is_enterprise,
        email_open_rate_or_missing, website_visits_per_month_or_missing,
        support_tickets_or_missing)
"""
