"""Puts the features and the branches of the models together."""

from collections.abc import Iterable

import onnx
from onnx import helper

from training.graph.fragment import Branch, Fragment, model_of


def compose(name: str, features: Fragment, branches: Iterable[Branch]) -> onnx.ModelProto:
    """One model from the customer record, over its features, to the answers of all branches."""
    fragment = features
    outputs = []
    for branch in branches:
        fragment += branch.fragment
        outputs += [
            helper.make_tensor_value_info(output, element, ["rows"])
            for output, element in branch.outputs.items()
        ]
    return model_of(name, fragment, outputs)
