"""Puts the features and the branches of the models together."""

from collections.abc import Iterable

import onnx
from onnx import TensorProto, helper

from training.graph import preprocessing
from training.graph.fragment import Branch, Fragment, model_of
from training.models.columns import FEATURES


def compose(
    name: str, features: Fragment, branches: Iterable[Branch], *, explained: bool
) -> onnx.ModelProto:
    """One model from the customer record, over its features, to the answers of all branches.

    One that is to be explained also hands out what the trees saw.
    """
    fragment = features
    outputs = []
    for branch in branches:
        fragment += branch.fragment
        outputs += [
            helper.make_tensor_value_info(output, element, ["rows"])
            for output, element in branch.outputs.items()
        ]
    if explained:
        outputs += [
            helper.make_tensor_value_info(name, element, ["rows", columns])
            for name, element, columns in (
                (preprocessing.OUTPUT, TensorProto.FLOAT, len(FEATURES)),
                (preprocessing.BUYING_RATE, TensorProto.DOUBLE, 1),
            )
        ]
    return model_of(name, fragment, outputs)
