"""The two tree models as branches: converted, then tied to the features and the answers."""

import numpy as np
from onnx import TensorProto
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XGBoostFloats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from training.graph.compose import Branch, converted, written
from training.graph.preprocessing import OPSETS, OUTPUT
from training.models.churn import ChurnModel
from training.models.clv import ClvModel
from training.models.columns import FEATURES

_NEWEST_OPSET_OF_THE_XGBOOST_CONVERTER = 15


def clv_branch(model: ClvModel) -> Branch:
    """Trees in multiples of the mean spend, then times the mean spend."""
    booster = model.booster.copy()
    booster.feature_names = None  # the converter wants f0, f1, ...
    trees = convert_xgboost(
        booster,
        initial_types=[("input", XGBoostFloats([None, len(FEATURES)]))],
        target_opset=_NEWEST_OPSET_OF_THE_XGBOOST_CONVERTER,
    )
    fragment = converted(trees, "clv_", {"input": OUTPUT, "variable": "clv_multiples"}) + written(
        """
        clv_amounts = Mul (clv_multiples, clv_mean_spend)
        customer_lifetime_value = Reshape (clv_amounts, clv_rows)
        """,
        {
            "clv_mean_spend": np.array([model.mean_spend], np.float32),
            "clv_rows": np.array([-1], np.int64),
        },
    )
    return Branch(fragment, {"customer_lifetime_value": TensorProto.FLOAT})


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
