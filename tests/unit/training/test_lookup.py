"""Trees as tables answer what the trees answer."""

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from foretell.lookup import TreeTables
from training.errors import ParityError
from training.graph import ensemble
from training.graph.ensemble import Ensemble
from training.lookup import tabulated

COLUMNS = 5


def customers(rows: int, seed: int) -> np.ndarray:
    # Few different values: many customers lie exactly on a threshold.
    return np.random.default_rng(seed).integers(-1, 9, (rows, COLUMNS)).astype(np.float32) / 4


def grown(seed: int, trees: int, depth: int) -> RandomForestClassifier:
    features = customers(400, seed)
    label = features.sum(axis=1) + np.random.default_rng(seed).normal(0, 1, 400) > 5
    forest = RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=seed)
    return forest.fit(features, label)


def boosted(seed: int, rounds: int, depth: int = 2) -> Ensemble:
    features = customers(400, seed)
    target = features[:, 0] * features[:, 1] - features[:, 4]
    data = xgb.DMatrix(features, label=target)
    parameters = {"max_depth": depth, "eta": 0.3, "seed": seed, "base_score": 0.0}
    return ensemble.of_booster(xgb.train(parameters, data, rounds), tuple(range(COLUMNS)))


def walked(trees: Ensemble, features: np.ndarray) -> np.ndarray:
    """What the trees answer, question by question."""
    found = np.zeros(len(features))
    for tree in trees.trees:
        highest_left = trees.highest_left(tree)
        for row, customer in enumerate(features):
            node = 0
            while not tree.leaves[node]:
                left = customer[tree.column[node]] <= highest_left[node]
                node = int((tree.left if left else tree.right)[node])
            found[row] += tree.value[node]
    return found


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), trees=st.integers(1, 6), depth=st.integers(1, 6))
def test_tables_answer_what_the_trees_answer(seed: int, trees: int, depth: int) -> None:
    forest = grown(seed, trees, depth)
    sums = [boosted(seed, 7), boosted(seed + 1, 3)]
    tables = tabulated(ensemble.of_forest(forest), sums)
    asked = customers(300, seed + 2)
    probability, found = tables.answers(asked)
    np.testing.assert_allclose(probability, forest.predict_proba(asked)[:, 1], atol=1e-6)
    for number, trees_of_sum in enumerate(sums):
        np.testing.assert_allclose(found[:, number], walked(trees_of_sum, asked), atol=1e-5)


def test_tables_of_as_many_leaves_as_a_word_has_bits_use_every_bit() -> None:
    features = np.linspace(0, 1, 640, dtype=np.float32)[:, np.newaxis].repeat(COLUMNS, axis=1)
    label = np.random.default_rng(1).random(640) > features[:, 0]
    forest = RandomForestClassifier(n_estimators=3, max_leaf_nodes=64, random_state=1)
    forest.fit(features, label)
    assert max(tree.tree_.n_leaves for tree in forest.estimators_) == 64
    tables = tabulated(ensemble.of_forest(forest), [boosted(1, 2)])
    found = tables.answers(features)[0]
    np.testing.assert_allclose(found, forest.predict_proba(features)[:, 1], atol=1e-6)


def test_trees_that_ask_nothing_answer_the_same_for_everybody() -> None:
    features = np.zeros((50, COLUMNS), np.float32)
    forest = RandomForestClassifier(n_estimators=2, random_state=1)
    forest.fit(features, np.arange(50) % 2 == 0)
    data = xgb.DMatrix(features, label=np.ones(50))
    constant = ensemble.of_booster(xgb.train({"base_score": 0.0}, data, 2), tuple(range(COLUMNS)))
    probability, sums = tabulated(ensemble.of_forest(forest), [constant]).answers(features)
    np.testing.assert_allclose(probability, forest.predict_proba(features)[:, 1], atol=1e-6)
    np.testing.assert_allclose(sums[:, 0], walked(constant, features), atol=1e-6)


def test_nobody_is_answered_by_nothing() -> None:
    tables = tabulated(ensemble.of_forest(grown(1, 2, 3)), [boosted(1, 2)])
    probability, sums = tables.answers(np.empty((0, COLUMNS), np.float32))
    assert probability.shape == (0,)
    assert sums.shape == (0, 1)


def test_bytes_keep_every_array_and_are_the_same_twice() -> None:
    tables = tabulated(ensemble.of_forest(grown(1, 3, 4)), [boosted(1, 4)])
    again = TreeTables.from_bytes(tables.to_bytes())
    asked = customers(100, 3)
    np.testing.assert_array_equal(again.answers(asked)[0], tables.answers(asked)[0])
    assert again.to_bytes() == tables.to_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no tables at all"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no TreeTables"):
        TreeTables.from_bytes(content)


def test_trees_too_large_for_the_tables_are_refused() -> None:
    with pytest.raises(ParityError, match="three columns"):
        tabulated(ensemble.of_forest(grown(1, 1, 3)), [boosted(1, 5, depth=3)])
    features = np.random.default_rng(1).random((400, COLUMNS)).astype(np.float32)
    deep = RandomForestClassifier(n_estimators=1, max_leaf_nodes=65, random_state=1)
    deep.fit(features, np.random.default_rng(2).random(400) > 0.5)
    with pytest.raises(ParityError, match="more than 64 leaves"):
        tabulated(ensemble.of_forest(deep), [boosted(1, 2)])
