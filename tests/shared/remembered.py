"""Real fits and real comparisons, done once for each distinct input: many tests train alike."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pytest

from foretell.contract import ModelName
from foretell.lookup import TreeTables
from training import fit, lookup
from training.examples import Examples, Records
from training.graph import parity
from training.graph.ensemble import Ensemble
from training.graph.fitted import FittedModels, Forecasters

T = TypeVar("T")


class Remembered:
    """What was fitted and compared before, by the content of what went in."""

    def __init__(self) -> None:
        self._known: dict[str, object] = {}
        self._fit = fit.fit_forecasters
        self._check = parity.check
        self._check_batch = parity.check_batch
        self._tabulated = lookup.tabulated

    def use(self, patch: pytest.MonkeyPatch) -> None:
        """Let trainings look here first, as long as the patch lasts."""
        patch.setattr(fit, "fit_forecasters", self._fit_once)
        patch.setattr(parity, "check", self._check_once)
        patch.setattr(parity, "check_batch", self._check_batch_once)
        patch.setattr(lookup, "tabulated", self._tabulated_once)

    def _fit_once(
        self, learning: Examples, learning_horizon: int, current: Records, horizon_days: int
    ) -> Forecasters:
        columns = (learning.records, learning.spend, learning.churned, current)
        key = _digest(
            *(column.tobytes() for column in columns),
            f"{len(learning.spend)} {learning.copies} {learning_horizon} {horizon_days}".encode(),
        )
        return self._once(key, lambda: self._fit(learning, learning_horizon, current, horizon_days))

    def _check_once(
        self, graphs: Mapping[ModelName, bytes], native: FittedModels, records: Records
    ) -> dict[str, float]:
        key = _digest(*graphs.values(), records.tobytes())
        return self._once(key, lambda: self._check(graphs, native, records))

    def _check_batch_once(
        self, contents: Mapping[str, bytes], native: FittedModels, records: Records
    ) -> dict[str, float]:
        key = _digest(*contents.values(), records.tobytes())
        return self._once(key, lambda: self._check_batch(contents, native, records))

    def _tabulated_once(self, forest: Ensemble, shallow: Sequence[Ensemble]) -> TreeTables:
        trees = (tree for trees in (forest, *shallow) for tree in trees.trees)
        arrays = ((tree.left, tree.column, tree.threshold, tree.value) for tree in trees)
        key = _digest(*(array.tobytes() for each in arrays for array in each))
        return self._once(key, lambda: self._tabulated(forest, shallow))

    def _once(self, key: str, make: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]  # type: ignore[return-value]


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
