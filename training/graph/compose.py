"""Puts the features and the branches of the models together."""

from collections.abc import Iterable, Sequence

import onnx
from onnx import TensorProto, ValueInfoProto, helper

from training.graph import preprocessing
from training.graph.fragment import Branch, Fragment, model_of
from training.models.columns import FEATURES


def from_record(
    name: str, features: Fragment, branches: Iterable[Branch], *, explained: bool
) -> onnx.ModelProto:
    """One model from the customer record, over its features, to the answers of all branches.

    One that is to be explained also hands out what the trees saw.
    """
    fragment = features
    outputs = []
    for branch in branches:
        fragment += branch.fragment
        outputs += _answers(branch)
    if explained:
        rate = helper.make_tensor_value_info(
            preprocessing.BUYING_RATE, TensorProto.DOUBLE, ["rows", 1]
        )
        outputs += [_features(), rate]
    return model_of(name, fragment, outputs)


def to_features(features: Fragment, aside: Branch) -> onnx.ModelProto:
    """From the record to what the trees see, and to the answers that need no trees."""
    return model_of("features", features + aside.fragment, [_features(), *_answers(aside)])


def from_sums(branch: Branch, sums: Sequence[str]) -> onnx.ModelProto:
    """From what trees saw and what they added up to, each (rows, 1), to the answers."""
    added = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in sums)
    return model_of("answers", branch.fragment, _answers(branch), (_features(), *added))


def _features() -> ValueInfoProto:
    return helper.make_tensor_value_info(
        preprocessing.OUTPUT, TensorProto.FLOAT, ["rows", len(FEATURES)]
    )


def _answers(branch: Branch) -> list[ValueInfoProto]:
    return [
        helper.make_tensor_value_info(output, element, ["rows"])
        for output, element in branch.outputs.items()
    ]
