"""The node answers what the library that grew the trees answers, wherever a tree may be asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier

from training.graph import ensemble
from training.graph.ensemble import Ensemble
from training.graph.fragment import IR_VERSION, OPSETS

ROWS = 600
COLUMNS = 5
SEEN_BY_BOOSTERS = (4, 1, 2)
Answer = Callable[[np.ndarray], np.ndarray]


def customers() -> np.ndarray:
    """Columns such as the features are: neighbours, whole days, amounts, a field often missing."""
    random = np.random.default_rng(3)
    columns = [
        # Between two neighbours only a float64 finds a place for a threshold.
        np.where(random.random(ROWS) < 0.5, np.float32(1), np.nextafter(np.float32(1), 2)),
        random.integers(0, 40, ROWS),
        random.gamma(0.5, 900, ROWS),
        np.where(random.random(ROWS) < 0.4, -1, random.uniform(0, 1e-3, ROWS)),
        random.normal(0, 1, ROWS),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


FEATURES = customers()
OUTCOMES = FEATURES[:, 1] / 20 + FEATURES[:, 4] + (FEATURES[:, 0] > 1) + (FEATURES[:, 3] < 0)


@dataclass(frozen=True)
class Grown:
    """Trees as their library answers for them, and as a node."""

    trees: Ensemble
    native: Answer
    node: Answer

    @property
    def thresholds(self) -> list[tuple[int, np.float32]]:
        """What is asked anywhere: column and threshold."""
        return [
            (int(column), threshold)
            for tree in self.trees.trees
            for column, threshold in zip(
                tree.column[~tree.leaves], tree.threshold[~tree.leaves], strict=True
            )
        ]


def model_around(trees: Ensemble, opset: int = OPSETS["ai.onnx.ml"]) -> onnx.ModelProto:
    record, answer = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", columns])
        for name, columns in (("features", COLUMNS), ("answer", 1))
    )
    nodes = [ensemble.node(trees, "features", "answer")]
    return helper.make_model(
        helper.make_graph(nodes, "trees", [record], [answer]),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", opset)],
        ir_version=IR_VERSION,
    )


def as_node(trees: Ensemble) -> Answer:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model_around(trees).SerializeToString(), options)
    return lambda rows: session.run(None, {"features": rows})[0][:, 0]


def a_forest(depth: int | None, trees: int = 7) -> Grown:
    forest = RandomForestClassifier(trees, max_depth=depth, max_features=2, random_state=1)
    forest.fit(FEATURES, np.median(OUTCOMES) < OUTCOMES)
    found = ensemble.of_forest(forest)
    return Grown(found, lambda rows: forest.predict_proba(rows)[:, 1], as_node(found))


def a_booster(depth: int, at_once: int = 1, gamma: float = 0.0) -> Grown:
    parameters = {
        "max_depth": depth,
        "num_parallel_tree": at_once,
        "gamma": gamma,
        "subsample": 0.7,
        "colsample_bynode": 0.7,
        "base_score": 0.0,
        "seed": 1,
        "nthread": 1,  # on a machine shared by several, threads would wait for each other
    }
    seen = list(SEEN_BY_BOOSTERS)
    booster = xgb.train(parameters, xgb.DMatrix(FEATURES[:, seen], OUTCOMES), num_boost_round=5)
    found = ensemble.of_booster(booster, SEEN_BY_BOOSTERS)

    def native(rows: np.ndarray) -> np.ndarray:
        return np.asarray(booster.predict(xgb.DMatrix(rows[:, seen])))

    return Grown(found, native, as_node(found))


GROWN = {
    "forest of stumps": a_forest(1),
    "forest": a_forest(6),
    "forest without end": a_forest(None),
    "single tree": a_forest(3, trees=1),
    "booster of stumps": a_booster(1),
    "booster": a_booster(6),
    "three trees at once": a_booster(3, at_once=3),
    "some trees of a single leaf": a_booster(2, gamma=60),
}
SINGLE_LEAVES = a_booster(2, gamma=1e9)
each = pytest.mark.parametrize("grown", GROWN.values(), ids=GROWN.keys())


def beside(threshold: np.float32) -> list[np.float32]:
    down, up = (np.nextafter(threshold, np.float32(end)) for end in (-np.inf, np.inf))
    return [down, threshold, up]


def asked(thresholds: Sequence[tuple[int, np.float32]], offset: int) -> np.ndarray:
    """A customer of the fit for each threshold, moved to it or to a float32 beside it."""
    rows = FEATURES[np.arange(len(thresholds)) % ROWS].copy()
    for row, (column, threshold) in zip(rows, thresholds, strict=True):
        row[column] = beside(threshold)[offset]
    return rows


@each
def test_the_node_answers_for_the_customers_of_the_fit_what_the_library_answers(
    grown: Grown,
) -> None:
    found = grown.node(FEATURES)

    assert len(np.unique(found)) > 1
    np.testing.assert_allclose(found, grown.native(FEATURES), rtol=1e-5, atol=1e-6)


@each
@pytest.mark.parametrize("offset", [0, 1, 2], ids=["one step below", "at it", "one step above"])
def test_at_every_threshold_the_node_turns_where_the_library_turns(
    grown: Grown, offset: int
) -> None:
    rows = asked(grown.thresholds, offset)

    np.testing.assert_allclose(grown.node(rows), grown.native(rows), rtol=1e-5, atol=1e-6)


@each
def test_one_step_of_a_float32_is_enough_to_turn(grown: Grown) -> None:
    """So that the test before cannot agree on rows that all go the same way."""
    below, at, above = (grown.native(asked(grown.thresholds, offset)) for offset in range(3))

    strict = grown.trees.strict
    turned, same = (below != at, at != above) if strict else (at != above, below != at)
    assert turned.mean() > 0.1
    assert same.mean() < turned.mean()


@given(st.sampled_from(list(GROWN.values())), st.data())
def test_wherever_a_tree_may_be_asked_the_node_answers_what_the_library_answers(
    grown: Grown, data: st.DataObject
) -> None:
    row = FEATURES[:1].copy()
    for column in range(COLUMNS):
        own = [near for at, split in grown.thresholds if at == column for near in beside(split)]
        anything = st.floats(width=32, allow_nan=False, allow_infinity=False)
        row[0, column] = data.draw((st.sampled_from(own) | anything) if own else anything)

    np.testing.assert_allclose(grown.node(row), grown.native(row), rtol=1e-5, atol=1e-6)


def test_a_booster_without_any_question_answers_the_same_for_everybody() -> None:
    assert SINGLE_LEAVES.thresholds == []

    found = SINGLE_LEAVES.node(FEATURES)

    assert len(set(found.tolist())) == 1
    assert found[0] != 0
    np.testing.assert_allclose(found, SINGLE_LEAVES.native(FEATURES), rtol=1e-5)


def test_trees_with_and_without_questions_stand_in_one_node() -> None:
    grown = GROWN["some trees of a single leaf"].trees.trees

    assert {len(tree.left) == 1 for tree in grown} == {True, False}


def test_a_booster_asks_about_the_features_by_their_own_numbers() -> None:
    grown = GROWN["booster"]
    others = [column for column in range(COLUMNS) if column not in SEEN_BY_BOOSTERS]
    changed = FEATURES.copy()
    changed[:, others] = 1e6

    assert {column for column, _ in grown.thresholds} == set(SEEN_BY_BOOSTERS)
    np.testing.assert_array_equal(grown.node(changed), grown.node(FEATURES))


@each
def test_a_split_parts_the_customers_of_a_node_and_nobody_is_lost(grown: Grown) -> None:
    for tree in grown.trees.trees:
        asks = ~tree.leaves
        parted = tree.cover[tree.left[asks]] + tree.cover[tree.right[asks]]
        np.testing.assert_allclose(parted, tree.cover[asks], rtol=1e-5)
        assert (tree.cover > 0).all()


@each
def test_the_checker_takes_the_node_in_the_opset_of_the_graphs_alone(grown: Grown) -> None:
    onnx.checker.check_model(model_around(grown.trees), full_check=True)

    assert OPSETS["ai.onnx.ml"] == 5
    with pytest.raises(onnx.checker.ValidationError, match="TreeEnsemble"):
        onnx.checker.check_model(model_around(grown.trees, opset=4), full_check=True)
