"""The one definition of the features: an ONNX graph from the customer record.

The models are fitted on this graph's float32 output and served behind the very same nodes, so
training and serving cannot come to differ.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from foretell.contract import RECORD_FIELDS
from foretell.predictor import INPUT
from training.models.columns import FEATURES

OPSETS: Final = {"": 18, "ai.onnx.ml": 3}
IR_VERSION: Final = 10
OUTPUT: Final = "features"
MISSING: Final = -1.0
"""Stands for a missing value; no field of the record can be negative, so a tree can tell."""


_OPTIONAL: Final = ("age", "email_open_rate", "website_visits_per_month", "support_tickets")


def preprocessing() -> onnx.ModelProto:
    """Record (rows, 10) to features (rows, 15), float32 both."""
    return onnx.parser.parse_model(_TEXT)


def transform(records: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The features of records, computed by the graph itself."""
    features: npt.NDArray[np.float32] = _session().run([OUTPUT], {INPUT: records})[0]
    return features


@cache
def _session() -> ort.InferenceSession:
    return ort.InferenceSession(
        preprocessing().SerializeToString(), providers=["CPUExecutionProvider"]
    )


def _known_or_missing(name: str) -> str:
    return f"""
    {name}_unknown = IsNaN ({name})
    {name}_or_missing = Where ({name}_unknown, missing, {name})"""


# One purchase is a whole number: the frequency a caller rounded must not leave half of one. A
# customer who spent anything made at least one. The usual gap runs from the first purchase to the
# last; with a single purchase there is none, and recency is counted against one day.
_TEXT: Final = f"""
<ir_version: {IR_VERSION}, opset_import: ["" : {OPSETS[""]}, "ai.onnx.ml" : {OPSETS["ai.onnx.ml"]}]>
preprocessing (float[rows, {len(RECORD_FIELDS)}] {INPUT}) => (float[rows, {len(FEATURES)}] {OUTPUT})
<float[1] zero = {{0}}, float[1] one = {{1}}, float[1] two = {{2}}, float[1] month = {{30}},
 float[1] missing = {{{MISSING}}}>
{{
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

    {OUTPUT} = Concat <axis = 1> (
        tenure_days, recency, frequency, monetary, purchases, amount, days_between_purchases,
        recency_over_gap, age_or_missing, is_basic, is_premium, is_enterprise,
        email_open_rate_or_missing, website_visits_per_month_or_missing,
        support_tickets_or_missing)
}}
"""
