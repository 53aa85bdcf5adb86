"""The tree models as branches: converted, then tied to the features and the answers."""

import numpy as np
import numpy.typing as npt
import xgboost as xgb
from onnx import TensorProto
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XGBoostFloats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from training.graph.fragment import OPSETS, Branch, Fragment, converted, written
from training.graph.preprocessing import OUTPUT
from training.models.churn import ChurnModel
from training.models.clv import ClvModel
from training.models.columns import EXPECTED_SPEND, FEATURES
from training.models.interval import NOTHING, IntervalModel

_NEWEST_OPSET_OF_THE_XGBOOST_CONVERTER = 15


def clv_branch(model: ClvModel, interval: IntervalModel) -> Branch:
    """Expected spend, and the interval around its median; both correct what is expected."""
    fragment = (
        written(
            f"""
            offset = Gather <axis = 1> ({OUTPUT}, offset_column)
            """,
            {
                "offset_column": np.array([EXPECTED_SPEND], np.int64),
                "rows_only": np.array([-1], np.int64),
            },
        )
        + _expected(model)
        + _interval(interval)
    )
    outputs = ("customer_lifetime_value", "interval_low", "interval_median", "interval_high")
    return Branch(fragment, dict.fromkeys(outputs, TensorProto.FLOAT))


def _expected(model: ClvModel) -> Fragment:
    """The trees' factor times what is expected without them."""
    return _booster(model.booster, model.columns, "clv", "clv_factor") + written(
        """
        clv_offset = Max (offset, clv_smallest_offset)
        clv_amounts = Mul (clv_factor, clv_offset)
        customer_lifetime_value = Reshape (clv_amounts, rows_only)
        """,
        {"clv_smallest_offset": _float32(model.smallest_offset)},
    )


def _interval(model: IntervalModel) -> Fragment:
    """Three quantiles of log(1 + spend / unit) around the expected one, moved and put in order."""
    boosters = (
        _booster(model.low, model.columns, "low", "low_residual")
        + _booster(model.median, model.columns, "median", "median_residual")
        + _booster(model.high, model.columns, "high", "high_residual")
    )
    return boosters + written(
        f"""
        offset_wide = Cast <to = 11> (offset)
        offset_in_units = Div (offset_wide, unit)
        offset_and_one = Add (offset_in_units, interval_one)
        log_offset = Log (offset_and_one)
        {_amount("low")}
        {_amount("median")}
        {_amount("high")}
        low_told = Sub (low_amount, nothing)
        low_positive = Max (low_told, interval_zero)
        low_in_order = Min (low_positive, median_amount)
        high_in_order = Max (high_amount, median_amount)
        low_narrow = Cast <to = 1> (low_in_order)
        median_narrow = Cast <to = 1> (median_amount)
        high_narrow = Cast <to = 1> (high_in_order)
        interval_low = Reshape (low_narrow, rows_only)
        interval_median = Reshape (median_narrow, rows_only)
        interval_high = Reshape (high_narrow, rows_only)
        """,
        {
            # In float32 the amounts next to nothing would lose their digits to exp(x) - 1.
            "unit": np.array([model.unit]),
            "nothing": np.array([NOTHING * model.unit]),
            "low_shift": np.array([model.low_shift]),
            "median_shift": np.array([0.0]),
            "high_shift": np.array([model.high_shift]),
            "interval_zero": np.array([0.0]),
            "interval_one": np.array([1.0]),
        },
    )


def churn_branch(model: ChurnModel) -> Branch:
    """The forest's second class: no purchase in the horizon."""
    forest = to_onnx(
        model.forest,
        initial_types=[("input", FloatTensorType([None, len(FEATURES)]))],
        options={"zipmap": False},
        target_opset=OPSETS,
    )
    fragment = converted(
        forest, "churn_", {"input": OUTPUT, "probabilities": "churn_probabilities"}
    ) + written(
        "churn_probability = Gather <axis = 1> (churn_probabilities, churn_class)",
        {"churn_class": np.array(1, np.int64)},
    )
    return Branch(fragment, {"churn_probability": TensorProto.FLOAT})


def _booster(booster: xgb.Booster, columns: tuple[int, ...], name: str, output: str) -> Fragment:
    copy = booster.copy()
    copy.feature_names = None  # the converter wants f0, f1, ...
    trees = convert_xgboost(
        copy,
        initial_types=[("input", XGBoostFloats([None, len(columns)]))],
        target_opset=_NEWEST_OPSET_OF_THE_XGBOOST_CONVERTER,
    )
    chosen = written(
        f"{name}_features = Gather <axis = 1> ({OUTPUT}, {name}_columns)",
        {f"{name}_columns": np.array(columns, np.int64)},
    )
    return chosen + converted(trees, f"{name}_", {"input": f"{name}_features", "variable": output})


def _amount(name: str) -> str:
    return f"""
        {name}_wide = Cast <to = 11> ({name}_residual)
        {name}_moved = Add ({name}_wide, {name}_shift)
        {name}_log = Add ({name}_moved, log_offset)
        {name}_log_positive = Max ({name}_log, interval_zero)
        {name}_exp = Exp ({name}_log_positive)
        {name}_units = Sub ({name}_exp, interval_one)
        {name}_amount = Mul ({name}_units, unit)
    """


def _float32(value: float) -> npt.NDArray[np.float32]:
    return np.array([value], np.float32)
