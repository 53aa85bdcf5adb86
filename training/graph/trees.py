"""The tree models as branches: their trees, tied to the features and the answers."""

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from foretell.batch.scorer import SUMS
from training.graph import ensemble
from training.graph.ensemble import Ensemble
from training.graph.fragment import Branch, Fragment, written
from training.graph.preprocessing import OUTPUT
from training.models.churn import ChurnModel
from training.models.clv import ClvModel
from training.models.columns import EXPECTED_SPEND
from training.models.interval import NOTHING, IntervalModel


def clv_branch(model: ClvModel, interval: IntervalModel) -> Branch:
    """Expected spend, and the interval around its median; both correct what is expected."""
    sums = zip(sums_of(model, interval), SUMS, strict=True)
    trees = Fragment(tuple(ensemble.node(grown, OUTPUT, name) for grown, name in sums))
    corrected = clv_of_sums(model, interval)
    return Branch(trees + corrected.fragment, corrected.outputs)


def sums_of(model: ClvModel, interval: IntervalModel) -> tuple[Ensemble, ...]:
    """The trees behind each of SUMS."""
    boosters = (interval.low, interval.median, interval.high)
    return (
        ensemble.of_booster(model.booster, model.columns),
        *(ensemble.of_booster(booster, interval.columns) for booster in boosters),
    )


def clv_of_sums(model: ClvModel, interval: IntervalModel) -> Branch:
    """The same from SUMS and the features, wherever the trees were added up."""
    fragment = (
        written(
            f"offset = Gather <axis = 1> ({OUTPUT}, offset_column)",
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
    """What is expected without the trees, times their factor, whose logarithm they add up to."""
    return written(
        """
        clv_factor = Exp (clv_log_factor)
        clv_offset = Max (offset, clv_smallest_offset)
        clv_amounts = Mul (clv_factor, clv_offset)
        customer_lifetime_value = Reshape (clv_amounts, rows_only)
        """,
        {"clv_smallest_offset": np.array([model.smallest_offset], np.float32)},
    )


def _interval(model: IntervalModel) -> Fragment:
    """Three quantiles of log(1 + spend / unit) around the expected one, moved and put in order."""
    return written(
        f"""
        offset_wide = Cast <to = 11> (offset)
        offset_in_units = Div (offset_wide, unit)
        offset_and_one = Add (offset_in_units, interval_one)
        log_offset = Log (offset_and_one)
        residuals = Concat <axis = 1> (low_residual, median_residual, high_residual)
        residuals_wide = Cast <to = 11> (residuals)
        residuals_moved = Add (residuals_wide, interval_shifts)
        interval_logs = Add (residuals_moved, log_offset)
        interval_logs_positive = Max (interval_logs, interval_zero)
        interval_exps = Exp (interval_logs_positive)
        interval_units = Sub (interval_exps, interval_one)
        interval_amounts = Mul (interval_units, unit)
        interval_told = Sub (interval_amounts, interval_untold)
        low_amount, median_amount, high_amount = Split <axis = 1, num_outputs = 3> (interval_told)
        low_positive = Max (low_amount, interval_zero)
        low_in_order = Min (low_positive, median_amount)
        high_in_order = Max (high_amount, median_amount)
        {_answer("low", "low_in_order")}
        {_answer("median", "median_amount")}
        {_answer("high", "high_in_order")}
        """,
        # In float32 the amounts next to nothing would lose their digits to exp(x) - 1.
        {
            "unit": _wide(model.unit),
            "interval_shifts": _wide(model.low_shift, 0, model.high_shift),
            "interval_untold": _wide(NOTHING * model.unit, 0, 0),
            "interval_zero": _wide(0),
            "interval_one": _wide(1),
        },
    )


def churn_branch(model: ChurnModel) -> Branch:
    """The forest's second class: no purchase in the horizon."""
    trees = ensemble.of_forest(model.forest)
    fragment = Fragment((ensemble.node(trees, OUTPUT, "churn_probabilities"),)) + written(
        "churn_probability = Reshape (churn_probabilities, churn_rows_only)",
        {"churn_rows_only": np.array([-1], np.int64)},
    )
    return Branch(fragment, {"churn_probability": TensorProto.FLOAT})


def _answer(name: str, amounts: str) -> str:
    return f"""
        {name}_narrow = Cast <to = 1> ({amounts})
        interval_{name} = Reshape ({name}_narrow, rows_only)
    """


def _wide(*values: float) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
