"""The trees of a version as tables, for files of customers: see foretell.lookup."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.batch.scorer import TREES
from foretell.lookup import LEAVES, TreeTables
from training.errors import ParityError
from training.graph import ensemble, trees
from training.graph.ensemble import Condition, Ensemble, Leaf
from training.graph.fitted import FittedModels, Forecasters, build_batch_graphs

_GROUP: Final = 64
"""Places at most of columns that together count as one: tables stay small."""

Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def files(models: FittedModels) -> dict[str, bytes]:
    """All that scores files of customers, by the name of the file."""
    return build_batch_graphs(models) | {TREES: tables(models.forecasters).to_bytes()}


def tables(forecasters: Forecasters) -> TreeTables:
    """The forest, and the trees behind scorer.SUMS, in that order."""
    return tabulated(
        ensemble.of_forest(forecasters.churn.forest),
        trees.sums_of(forecasters.clv, forecasters.interval),
    )


def tabulated(forest: Ensemble, shallow: Sequence[Ensemble]) -> TreeTables:
    """A forest, and ensembles whose trees ask about two columns at most.

    Raises:
        ParityError: a tree of the forest has more leaves, or another one asks about more columns.
    """
    grown = [list(ensemble.leaves(tree, forest)) for tree in forest.trees]
    summed = [
        [leaf for tree in one.trees for leaf in ensemble.leaves(tree, one)] for one in shallow
    ]
    everywhere = [leaf for leaves in (*grown, *summed) for leaf in leaves]
    if any(len(leaves) > LEAVES for leaves in grown):
        raise ParityError(f"a tree of the forest has more than {LEAVES} leaves: grow smaller ones")
    if any(len(leaf.path) > 2 for leaves in summed for leaf in leaves):  # noqa: PLR2004
        raise ParityError("a tree of lifetime value asks about three columns: grow smaller ones")
    asked = _asked(everywhere)
    grouping = _grouping(_asked([leaf for leaves in summed for leaf in leaves]))
    cells = _cells(summed, grouping)
    first_cells = [0, *accumulate(len(table) for table in cells.values())][:-1]
    return TreeTables(
        columns=np.array(list(asked), np.int32),
        thresholds=np.concatenate(list(asked.values())),
        first_thresholds=np.array([0, *accumulate(map(len, asked.values()))], np.int32),
        possible=np.concatenate([_possible(grown, *column) for column in asked.items()]),
        leaves=_contributions(grown),
        groups=np.array([grouping.group_of(column) for column in asked], np.int32),
        steps=np.concatenate([grouping.steps(*column) for column in asked.items()]),
        pairs=np.array(list(cells), np.int32),
        widths=np.array([grouping.sizes[second] for _, second in cells], np.int32),
        first_cells=np.array(first_cells, np.int32),
        cells=np.concatenate(list(cells.values())).astype(np.float32),
    )


Asked = dict[int, Floats]
"""The thresholds of each column that is asked about, ascending."""


def _asked(leaves: Sequence[Leaf]) -> Asked:
    thresholds: dict[int, set[float]] = {}
    for leaf in leaves:
        for column, condition in leaf.path.items():
            finite = {bound for bound in condition[:2] if np.isfinite(bound)}
            thresholds.setdefault(column, set()).update(finite)
    # Trees that ask nothing have a place to be in, too.
    return {c: np.array(sorted(thresholds[c]), np.float32) for c in sorted(thresholds)} or {
        0: np.zeros(0, np.float32)
    }


def _places(condition: Condition, thresholds: Floats) -> slice:
    """The places that meet a condition; its bounds are thresholds, or infinite."""
    first = np.searchsorted(thresholds, condition.above, side="right")
    last = np.searchsorted(thresholds, condition.at_most, side="left")
    return slice(int(first), int(last) + 1)


def _possible(
    grown: Sequence[Sequence[Leaf]], column: int, thresholds: Floats
) -> npt.NDArray[np.uint64]:
    found = np.zeros((len(thresholds) + 1, len(grown)), np.uint64)
    for tree, leaves in enumerate(grown):
        anywhere = sum(1 << place for place, leaf in enumerate(leaves) if column not in leaf.path)
        found[:, tree] = anywhere
        for place, leaf in enumerate(leaves):
            if column in leaf.path:
                found[_places(leaf.path[column], thresholds), tree] |= np.uint64(1 << place)
    return found


def _contributions(grown: Sequence[Sequence[Leaf]]) -> Floats:
    found = np.zeros((len(grown), LEAVES), np.float32)
    for tree, leaves in enumerate(grown):
        found[tree, : len(leaves)] = [leaf.value for leaf in leaves]
    return found.ravel()


@dataclass(frozen=True)
class _Grouping:
    """Columns put together, and what each table's side counts."""

    asked: Asked
    """The thresholds that the tables know; others ask about more."""
    groups: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    """Places of each group."""

    def group_of(self, column: int) -> int:
        """Number of its group, or -1."""
        return next((number for number, group in enumerate(self.groups) if column in group), -1)

    def steps(self, column: int, thresholds: Floats) -> npt.NDArray[np.int32]:
        """What each place between `thresholds` adds to the place in the column's group."""
        if column not in self.asked:
            return np.zeros(len(thresholds) + 1, np.int32)
        # What is in a place is not above the threshold that ends it.
        ends = np.concatenate([thresholds, [np.inf]])
        coarse = np.searchsorted(self.asked[column], ends)
        return (coarse * self._stride(column)).astype(np.int32)

    def meets(self, path: dict[int, Condition], group: int) -> Mask:
        """Whether what is in a place of a group meets all that a leaf asks of its columns."""
        found = np.ones(self.sizes[group], np.bool_)
        for column, condition in path.items():
            if column in self.groups[group]:
                thresholds = self.asked[column]
                met = np.zeros(len(thresholds) + 1, np.bool_)
                met[_places(condition, thresholds)] = True
                places = np.arange(self.sizes[group]) // self._stride(column)
                found &= met[places % len(met)]
        return found

    def _stride(self, column: int) -> int:
        group = self.groups[self.group_of(column)]
        before = group[: group.index(column)]
        return int(np.prod([len(self.asked[other]) + 1 for other in before], dtype=np.int64))


def _grouping(asked: Asked) -> _Grouping:
    groups: list[list[int]] = []
    sizes: list[int] = []
    for column in sorted(asked, key=lambda column: len(asked[column])):
        places = len(asked[column]) + 1
        fitting = [number for number, size in enumerate(sizes) if size * places <= _GROUP]
        if fitting:
            groups[fitting[0]].append(column)
            sizes[fitting[0]] *= places
        else:
            groups.append([column])
            sizes.append(places)
    return _Grouping(asked, tuple(map(tuple, groups)), tuple(sizes))


def _cells(summed: Sequence[Sequence[Leaf]], grouping: _Grouping) -> dict[tuple[int, int], Wide]:
    """Of each pair of groups, what its pairs of places add to each sum."""
    found: dict[tuple[int, int], Wide] = {}
    for number, leaves in enumerate(summed):
        for leaf in leaves:
            first, second = pair = _pair(leaf, grouping)
            sizes = grouping.sizes[first], grouping.sizes[second]
            table = found.setdefault(pair, np.zeros((*sizes, len(summed))))
            of_first, of_second = (grouping.meets(leaf.path, group) for group in pair)
            table[np.outer(of_first, of_second), number] += leaf.value
    return {pair: found[pair].reshape(-1, len(summed)) for pair in sorted(found)}


def _pair(leaf: Leaf, grouping: _Grouping) -> tuple[int, int]:
    groups = sorted({grouping.group_of(column) for column in leaf.path})
    if len(groups) == 2:  # noqa: PLR2004
        return groups[0], groups[1]
    # A single question is in a table with any other column.
    first = groups[0] if groups else 0
    second = first + 1 if first + 1 < len(grouping.groups) else 0
    return min(first, second), max(first, second)
