"""Pieces of a graph: nodes and the constants they read, put one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from foretell.contract import RECORD_FIELDS
from foretell.predictor import INPUT

OPSETS: Final = {"": 18, "ai.onnx.ml": 5}
IR_VERSION: Final = 10

Constants = Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64] | npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Fragment:
    """Nodes in running order, and the constants they read."""

    nodes: tuple[NodeProto, ...]
    constants: tuple[TensorProto, ...] = ()

    def __add__(self, after: "Fragment") -> "Fragment":
        return Fragment(self.nodes + after.nodes, self.constants + after.constants)


@dataclass(frozen=True)
class Branch:
    """A model: from the features to its answers, each of shape (rows,)."""

    fragment: Fragment
    outputs: Mapping[str, int]
    """Name of each answer and its ONNX element type."""


def written(text: str, constants: Constants) -> Fragment:
    """A fragment from ONNX text, one node a line; a line that does not end a node goes on."""
    nodes = " ".join(text.split()).replace(") ", ")\n").splitlines()
    return Fragment(
        tuple(onnx.parser.parse_node(node) for node in nodes),
        tuple(numpy_helper.from_array(value, name) for name, value in constants.items()),
    )


RECORD: Final = helper.make_tensor_value_info(
    INPUT, TensorProto.FLOAT, ["rows", len(RECORD_FIELDS)]
)


def model_of(
    name: str,
    fragment: Fragment,
    outputs: list[ValueInfoProto],
    inputs: tuple[ValueInfoProto, ...] = (RECORD,),
) -> onnx.ModelProto:
    """A checked model from the inputs to the outputs, of what they depend on alone."""
    nodes, constants = _needed(fragment, {output.name for output in outputs})
    model = helper.make_model(
        helper.make_graph(nodes, name, inputs, outputs, constants),
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in OPSETS.items()],
        ir_version=IR_VERSION,
        producer_name="foretell",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _needed(fragment: Fragment, outputs: set[str]) -> tuple[list[NodeProto], list[TensorProto]]:
    """What the outputs depend on: a persona, for one, needs no outlook."""
    wanted = set(outputs)
    nodes = []
    for node in reversed(fragment.nodes):
        if wanted.intersection(node.output):
            nodes.append(node)
            wanted.update(node.input)
    return nodes[::-1], [tensor for tensor in fragment.constants if tensor.name in wanted]
