"""Trees as arrays, whichever library grew them, and as one node of a graph.

scikit-learn asks whether x <= threshold, XGBoost whether x < threshold; where that holds, both go
left. Everything here is float32, as the features are: a threshold of scikit-learn's is rounded
down, which no float32 can tell.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import xgboost as xgb
from onnx import NodeProto, helper, numpy_helper
from sklearn.ensemble import RandomForestClassifier

Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAF: Final = -1


@dataclass(frozen=True)
class Tree:
    """One tree; each array of shape (nodes,), the root first."""

    left: Integers
    """Node to go to where the question is answered with yes; LEAF at a leaf."""
    right: Integers
    column: Integers
    """Of the features, which the node asks about."""
    threshold: Floats
    """What it compares that column with."""
    value: Wide
    """What a leaf adds to the answer."""
    cover: Wide
    """How many customers of the fit came by, in the unit of its weights."""

    @property
    def leaves(self) -> npt.NDArray[np.bool_]:
        """Which nodes ask nothing."""
        return np.equal(self.left, LEAF)


@dataclass(frozen=True)
class Ensemble:
    """Trees whose leaves add up."""

    trees: tuple[Tree, ...]
    strict: bool
    """Whether yes is x < threshold, rather than x <= threshold."""

    def highest_left(self, tree: Tree) -> Floats:
        """The largest number that goes left at each node of a tree, shape (nodes,)."""
        if not self.strict:
            return tree.threshold
        return np.nextafter(tree.threshold, np.float32(-np.inf))


class Condition(NamedTuple):
    """What the way to a leaf asks of a column."""

    above: float
    at_most: float
    share: float
    """Of the customers of the fit who came to its questions, how many met them."""


@dataclass(frozen=True)
class Leaf:
    """A leaf: what it adds to the answer, and what is asked on the way there, by column."""

    value: float
    path: dict[int, Condition]


def leaves(tree: Tree, trees: Ensemble) -> Iterator[Leaf]:
    """The leaves of one of an ensemble's trees; each customer is in exactly one of them."""
    highest_left = trees.highest_left(tree)
    waiting: list[tuple[int, dict[int, Condition]]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if tree.leaves[node]:
            yield Leaf(float(tree.value[node]), path)
            continue
        column, split = int(tree.column[node]), float(highest_left[node])
        above, at_most, share = path.get(column, _EVERYBODY)
        left, right = int(tree.left[node]), int(tree.right[node])
        to_left, to_right = (float(tree.cover[n] / tree.cover[node]) for n in (left, right))
        below = Condition(above, min(at_most, split), share * to_left)
        beyond = Condition(max(above, split), at_most, share * to_right)
        waiting.append((left, {**path, column: below}))
        waiting.append((right, {**path, column: beyond}))


_EVERYBODY: Final = Condition(float("-inf"), float("inf"), 1.0)


def of_forest(forest: RandomForestClassifier) -> Ensemble:
    """A forest's probability of its second class: each tree's leaf has a share in the mean."""
    trees = tuple(_of_forest(grown.tree_, forest) for grown in forest.estimators_)
    return Ensemble(trees, strict=False)


def of_booster(booster: xgb.Booster, columns: tuple[int, ...]) -> Ensemble:
    """A booster's sum of leaves, before its link function and without a base score.

    `columns` are those of the features that the booster calls 0, 1, ...
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    names = np.array(columns)
    return Ensemble(
        tuple(_of_booster(tree, names) for tree in learner["gradient_booster"]["model"]["trees"]),
        strict=True,
    )


def node(ensemble: Ensemble, features: str, output: str) -> NodeProto:
    """The trees' sum as a node: from features (rows, columns) to output (rows, 1).

    The TreeEnsemble of opset 5 answers what the older nodes answer, in a third of the bytes.
    """
    questions, leaves = _flat(ensemble)
    return helper.make_node(
        "TreeEnsemble",
        [features],
        [output],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,  # the sum
        post_transform=0,  # and nothing after it
        nodes_modes=numpy_helper.from_array(
            np.full(len(questions["columns"]), 1 if ensemble.strict else 0, np.uint8)
        ),
        nodes_featureids=questions["columns"],
        nodes_splits=numpy_helper.from_array(np.array(questions["thresholds"], np.float32)),
        nodes_truenodeids=questions["left"],
        nodes_trueleafs=questions["left_is_leaf"],
        nodes_falsenodeids=questions["right"],
        nodes_falseleafs=questions["right_is_leaf"],
        tree_roots=questions["roots"],
        leaf_targetids=[0] * len(leaves),
        leaf_weights=numpy_helper.from_array(np.array(leaves, np.float32)),
    )


def _flat(ensemble: Ensemble) -> tuple[dict[str, list[Any]], list[float]]:
    """All questions and all leaves, numbered over the trees, as the node wants them."""
    names = ("columns", "thresholds", "left", "left_is_leaf", "right", "right_is_leaf", "roots")
    questions: dict[str, list[Any]] = {name: [] for name in names}
    leaves: list[float] = []
    for tree in ensemble.trees:
        questions["roots"].append(len(questions["columns"]))
        _append(tree if len(tree.left) > 1 else _split_in_two(tree), questions, leaves)
    return questions, leaves


def _append(tree: Tree, questions: dict[str, list[Any]], leaves: list[float]) -> None:
    asks = ~tree.leaves
    number = np.where(asks, np.cumsum(asks) - 1 + len(questions["columns"]), 0)
    number[~asks] = np.arange(np.sum(~asks)) + len(leaves)
    questions["columns"] += tree.column[asks].tolist()
    questions["thresholds"] += tree.threshold[asks].tolist()
    for side, child in (("left", tree.left[asks]), ("right", tree.right[asks])):
        questions[side] += number[child].tolist()
        questions[f"{side}_is_leaf"] += tree.leaves[child].astype(int).tolist()
    leaves += tree.value[~asks].tolist()


def _split_in_two(tree: Tree) -> Tree:
    """A tree of a single leaf, which the node cannot hold: the same leaf on either side."""
    return Tree(
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        column=np.zeros(3, np.int64),
        threshold=np.zeros(3, np.float32),
        value=np.repeat(tree.value, 3),
        cover=np.repeat(tree.cover, 3),
    )


def _of_forest(grown: Any, forest: RandomForestClassifier) -> Tree:  # noqa: ANN401 - a C type
    narrow = grown.threshold.astype(np.float32)
    down = np.nextafter(narrow, np.float32(-np.inf))
    return Tree(
        left=grown.children_left.astype(np.int64),
        right=grown.children_right.astype(np.int64),
        column=grown.feature.astype(np.int64),
        threshold=np.where(narrow > grown.threshold, down, narrow),
        value=grown.value[:, 0, 1] / len(forest.estimators_),
        cover=grown.weighted_n_node_samples,
    )


def _of_booster(tree: dict[str, Any], columns: Integers) -> Tree:
    conditions = np.array(tree["split_conditions"], np.float32)
    return Tree(
        left=np.array(tree["left_children"], np.int64),
        right=np.array(tree["right_children"], np.int64),
        column=columns[np.array(tree["split_indices"], np.int64)],
        threshold=conditions,
        value=conditions.astype(np.float64),
        cover=np.array(tree["sum_hessian"], np.float64),
    )
