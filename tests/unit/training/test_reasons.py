"""The tables hold exact TreeSHAP: as the reference has it, and as the definition says."""

# As in test_features: or DuckDB's binding would report a leak at exit.
from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import combinations
from math import factorial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from foretell.contract import RECORD_FIELDS
from foretell.shapley import ShapleyTable
from foretell.tables import Sources, load
from training import btyd
from training.examples import with_gaps
from training.graph import ensemble
from training.graph.ensemble import LEAF, Ensemble, Tree
from training.graph.preprocessing import Preprocessing, history
from training.models import churn, clv
from training.models.columns import FEATURES
from training.periods import period
from training.reasons import tabulated

HORIZON = 180
SEED = 7
FIELD = [RECORD_FIELDS.index(feature.field) for feature in FEATURES]


def by_field(of_columns: np.ndarray) -> np.ndarray:
    """Contributions of columns (rows, columns) added up for the fields they are made of."""
    found = np.zeros((len(of_columns), len(RECORD_FIELDS)))
    np.add.at(found, (slice(None), FIELD), of_columns)
    return found


@dataclass(frozen=True)
class Explained:
    """The trees of a shop's models, their tables, and a thousand customers to explain."""

    clv: clv.ClvModel
    churn: churn.ChurnModel
    of_clv: ShapleyTable
    of_churn: ShapleyTable
    features: np.ndarray


@pytest.fixture(scope="module")
def explained(shop: Path) -> Explained:
    names = ("transactions", "customers", "engagement")
    with load(Sources(*(str(shop / f"{name}.csv") for name in names))) as tables:
        known = period(tables, tables.last_day - timedelta(days=HORIZON), HORIZON).examples
    rows = with_gaps(known, SEED)
    preprocessing = Preprocessing(btyd.fit(history(known.records), SEED), HORIZON)
    features = preprocessing.transform(rows.records)
    of_value = clv.fit(features, rows.spend, SEED, rows.copies)
    of_leaving = churn.fit(features, rows.churned, SEED, rows.copies)
    some = np.random.default_rng(SEED).choice(len(features), 1_000, replace=False)
    return Explained(
        of_value,
        of_leaving,
        tabulated(ensemble.of_booster(of_value.booster, of_value.columns)),
        tabulated(ensemble.of_forest(of_leaving.forest)),
        features[some],
    )


@pytest.fixture(scope="module")
def shap() -> ModuleType:
    """The reference; it has no build for every machine, and takes seconds to import."""
    return pytest.importorskip("shap")


# --- the reference ---------------------------------------------------------------------------


def test_the_reasons_of_churn_are_those_of_the_reference(
    explained: Explained, shap: ModuleType
) -> None:
    reference = shap.TreeExplainer(
        explained.churn.forest, feature_perturbation="tree_path_dependent"
    )

    found = explained.of_churn.contributions(explained.features)

    expected = by_field(reference.shap_values(explained.features)[..., 1])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert explained.of_churn.base == pytest.approx(reference.expected_value[1], abs=1e-5)


def test_the_corrections_of_lifetime_value_are_those_of_the_reference(
    explained: Explained, shap: ModuleType
) -> None:
    columns = list(explained.clv.columns)
    reference = shap.TreeExplainer(
        explained.clv.booster, feature_perturbation="tree_path_dependent"
    )

    found = explained.of_clv.contributions(explained.features)

    of_columns = np.zeros(explained.features.shape)
    of_columns[:, columns] = reference.shap_values(explained.features[:, columns])
    expected = by_field(of_columns)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert explained.of_clv.base == pytest.approx(float(reference.expected_value), abs=1e-5)


# --- adding up -------------------------------------------------------------------------------


def test_reasons_add_up_from_the_base_to_the_probability(explained: Explained) -> None:
    points = explained.of_churn.contributions(explained.features)

    np.testing.assert_allclose(
        explained.of_churn.base + points.sum(axis=1),
        explained.churn.predict(explained.features),
        rtol=0,
        atol=1e-5,
    )


def test_corrections_add_up_from_the_base_to_the_logarithm_of_the_factor(
    explained: Explained,
) -> None:
    value, seen = explained.clv, explained.features

    logs = explained.of_clv.contributions(seen)

    factors = value.predict(seen) / value.offset(seen)
    assert factors.std() > 0.05
    np.testing.assert_allclose(
        explained.of_clv.base + logs.sum(axis=1), np.log(factors), rtol=0, atol=1e-5
    )


# --- the definition --------------------------------------------------------------------------

ASKED = (1, 7, 8, 3)  # of which recency and recency_over_gap are made of one field


def expectation(tree: Tree, row: np.ndarray, known: frozenset[int], *, strict: bool) -> float:
    """What a tree answers that knows some columns and follows both branches of the others."""

    def below(node: int) -> float:
        if tree.left[node] == LEAF:
            return float(tree.value[node])
        column, threshold = int(tree.column[node]), tree.threshold[node]
        left, right = int(tree.left[node]), int(tree.right[node])
        if column not in known:
            shares = tree.cover[[left, right]] / tree.cover[node]
            return float(shares @ [below(left), below(right)])
        yes = row[column] < threshold if strict else row[column] <= threshold
        return below(left if yes else right)

    return below(0)


def by_definition(trees: Ensemble, row: np.ndarray) -> np.ndarray:
    """Shapley values per field of the record, over all coalitions of the columns."""
    found = np.zeros(len(RECORD_FIELDS))
    columns = sorted({int(c) for tree in trees.trees for c in tree.column[~tree.leaves]})
    players = len(columns)

    def answer(known: frozenset[int]) -> float:
        return sum(expectation(t, row, known, strict=trees.strict) for t in trees.trees)

    for column in columns:
        others = [other for other in columns if other != column]
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for coalition in map(frozenset, combinations(others, size)):
                found[FIELD[column]] += weight * (answer(coalition | {column}) - answer(coalition))
    return found


@st.composite
def small_trees(draw: st.DrawFn) -> Tree:
    """Any tree of depth up to 3; a column may be asked about twice on the way to a leaf."""
    nodes: list[tuple[int, int, int, float, float, float]] = []

    def grow(depth: int) -> int:
        number = len(nodes)
        nodes.append((LEAF, LEAF, 0, 0, 0, 0))
        if depth == 0 or not draw(st.integers(0, 3)):
            value = draw(st.integers(-100, 100)) / 100
            nodes[number] = (LEAF, LEAF, 0, 0, value, draw(st.integers(1, 50)))
            return number
        column, threshold = draw(st.sampled_from(ASKED)), draw(st.integers(-2, 2))
        left, right = grow(depth - 1), grow(depth - 1)
        cover = nodes[left][-1] + nodes[right][-1]
        nodes[number] = (left, right, column, threshold, 0, cover)
        return number

    grow(3)
    left, right, column, threshold, value, cover = zip(*nodes, strict=True)
    return Tree(
        np.array(left),
        np.array(right),
        np.array(column),
        np.array(threshold, np.float32),
        np.array(value, np.float64),
        np.array(cover, np.float64),
    )


@given(
    st.builds(Ensemble, st.lists(small_trees(), min_size=1, max_size=3).map(tuple), st.booleans()),
    st.lists(st.integers(-3, 3), min_size=len(ASKED), max_size=len(ASKED)),
)
def test_the_values_are_the_mean_over_all_orders_in_which_columns_become_known(
    trees: Ensemble, asked: list[int]
) -> None:
    row = np.zeros(len(FEATURES), np.float32)
    row[list(ASKED)] = asked

    table = tabulated(trees)

    found = table.contributions(row[np.newaxis])[0]
    np.testing.assert_allclose(found, by_definition(trees, row), rtol=0, atol=1e-6)
    nothing = sum(expectation(t, row, frozenset(), strict=trees.strict) for t in trees.trees)
    assert table.base == pytest.approx(nothing, abs=1e-9)


def test_a_forest_as_the_library_grows_it_gives_the_values_of_the_definition() -> None:
    random = np.random.default_rng(2)
    rows = random.normal(size=(300, len(FEATURES))).astype(np.float32)
    some = [1, 7, 8, 9, 3]
    rows[:, [c for c in range(len(FEATURES)) if c not in some]] = 0
    forest = RandomForestClassifier(3, max_depth=3, random_state=2)
    forest.fit(rows, rows[:, 1] * rows[:, 8] + rows[:, 9] > 0)
    trees = ensemble.of_forest(forest)

    found = tabulated(trees).contributions(rows[:20])

    assert (np.abs(found) > 0.01).sum() > 40
    expected = np.stack([by_definition(trees, row) for row in rows[:20]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_trees_that_ask_nothing_have_no_reasons() -> None:
    leaf = Tree(*(np.array([LEAF]),) * 2, np.array([0]), np.float32([0]), *[np.array([0.3])] * 2)

    table = tabulated(Ensemble((leaf, leaf), strict=False))

    for rows in (0, 1, 9):
        found = table.contributions(np.ones((rows, len(FEATURES)), np.float32))
        np.testing.assert_array_equal(found, np.zeros((rows, len(RECORD_FIELDS))))
    assert table.base == pytest.approx(0.6)
    again = ShapleyTable.from_bytes(table.to_bytes())
    assert not again.contributions(np.ones((3, len(FEATURES)), np.float32)).any()


# --- looking up ------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 100])
def test_a_customer_has_the_same_reasons_however_many_are_asked_about(
    explained: Explained, rows: int
) -> None:
    table, some = explained.of_churn, explained.features[:rows]

    found = table.contributions(some)

    alone = np.concatenate([table.contributions(one[np.newaxis]) for one in some])
    assert found.shape == (rows, len(RECORD_FIELDS))
    # The leaves may be added up in another order.
    np.testing.assert_allclose(found, alone, rtol=0, atol=1e-6)


def test_about_nobody_nothing_is_said(explained: Explained) -> None:
    found = explained.of_clv.contributions(explained.features[:0])

    assert found.shape == (0, len(RECORD_FIELDS))


# --- storage ---------------------------------------------------------------------------------


def test_the_same_models_give_the_same_bytes(explained: Explained) -> None:
    again = tabulated(ensemble.of_forest(explained.churn.forest))

    assert again.to_bytes() == explained.of_churn.to_bytes()
    assert again.to_bytes() != explained.of_clv.to_bytes()


def test_a_table_survives_storage(explained: Explained) -> None:
    for table in (explained.of_clv, explained.of_churn):
        again = ShapleyTable.from_bytes(table.to_bytes())

        for field in fields(ShapleyTable):
            stored, was = (getattr(found, field.name) for found in (again, table))
            assert (stored.dtype, stored.shape) == (was.dtype, was.shape), field.name
            np.testing.assert_array_equal(stored, was)


class Detonator:
    """Whoever unpickles it notices."""

    exploded = False

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Any, ...]]:
        return setattr, (Detonator, "exploded", True)


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def single_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


HOSTILE = np.array([Detonator()], dtype=object)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive at all",
        archive(**{field.name: np.zeros(1) for field in fields(ShapleyTable)})[:-40],
        archive(columns=np.zeros(3)),
        single_array(),
        pickle.dumps(Detonator()),
        archive(**dict.fromkeys((field.name for field in fields(ShapleyTable)), HOSTILE)),
    ],
    ids=["nothing", "text", "truncated", "incomplete", "one array", "pickle", "pickle within"],
)
def test_anything_else_is_refused_and_never_unpickled(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ShapleyTable.from_bytes(content)
    assert not Detonator.exploded
