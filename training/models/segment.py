"""Personas: K-Means on what a customer did, started where the personas are expected.

Started at five archetypes the cluster's number is the persona; started at random the names would
have to be guessed from the clusters afterwards. A retraining starts where the live version's
centres lie, so that a customer who did nothing new keeps the persona.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from foretell.personas import NEW_PROSPECTS, PROFILES
from training.models.columns import FEATURE_NAMES

Features = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Behaviour = tuple[float, float, float, float]
"""Recency, purchases, monetary and tenure in natural units."""

COLUMNS: Final = tuple(
    FEATURE_NAMES.index(name) for name in ("recency", "purchases", "monetary", "tenure_days")
)
"""The features a persona is made of, in the order of PersonaProfile.start."""

NAMES: Final = tuple(profile.name for profile in PROFILES)
"""In the order of the segment ids."""

_WINSORISED: Final = (0.01, 0.99)
_NEW: Final = NAMES.index(NEW_PROSPECTS)
_NEW_DAYS: Final = 90
_TENURE: Final = 3
_MOST_STEPS: Final = 1_000


@dataclass(frozen=True)
class Scaling:
    """Winsorising, log1p and standardising; each of shape (4,).

    A column that tells nothing has an infinite deviation: its score is 0 for everybody.
    """

    lowest: Scores
    highest: Scores
    mean: Scores
    deviation: Scores

    def __call__(self, features: Features) -> Scores:
        """Standard scores, shape (rows, 4)."""
        behaviour = np.clip(features[:, COLUMNS], self.lowest, self.highest)
        scores: Scores = (np.log1p(behaviour) - self.mean) / self.deviation
        return scores

    def natural(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Scores (rows, 4) in days, counts and currency."""
        spread = np.where(np.isinf(self.deviation), 0, self.deviation)
        wide = scores.astype(np.float64)
        return np.asarray(np.expm1(wide * spread + self.mean), dtype=np.float64)

    def without_tenure(self) -> Self:
        """The same, blind to how long somebody has been a customer."""
        deviation = self.deviation.copy()
        deviation[_TENURE] = np.inf
        return replace(self, deviation=deviation)

    def of_natural(self, behaviour: npt.NDArray[np.float64]) -> Scores:
        """The way back, without winsorising."""
        return np.asarray((np.log1p(behaviour) - self.mean) / self.deviation, dtype=np.float32)


@dataclass(frozen=True)
class SegmentModel:
    """The scaling, the centres, and the persona that each centre is."""

    scaling: Scaling
    clusters: KMeans
    segment_ids: tuple[int, ...]

    def distances(self, features: Features) -> Scores:
        """Distance to each persona's centre, in standard deviations; shape (rows, centres)."""
        distances: Scores = self.clusters.transform(self.scaling(features))
        return distances

    def predict(self, features: Features) -> Labels:
        """Segment id of each customer, shape (rows,)."""
        nearest = self.distances(features).argmin(axis=1)
        personas: Labels = np.array(self.segment_ids, dtype=np.int64)[nearest]
        return personas

    def centers(self) -> dict[int, Behaviour]:
        """Where each persona lies, in natural units, by segment id."""
        natural = self.scaling.natural(self.clusters.cluster_centers_)
        return {
            segment_id: (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
            for segment_id, row in zip(self.segment_ids, natural, strict=True)
        }


def fit(features: Features, before: Mapping[int, Behaviour] | None = None) -> SegmentModel:
    """Fit on features of shape (rows, columns). There is nothing random in it.

    A shop may have no new customers. The persona of that name would then be filled with others:
    where half of its members are customers for longer than 90 days, it is left out. Tenure is then
    left out, too: what little it differs by would tell old customers from slightly older ones.

    Args:
        features: of all customers as they are now.
        before: the centres of the live version, to start from; without it, the archetypes.

    """
    scaling = _scaling(features)
    everyone = _start(scaling, before or {})
    model = _fit(features, scaling, everyone)
    new = model.predict(features) == _NEW
    if new.any() and np.median(features[new, COLUMNS[_TENURE]]) <= _NEW_DAYS:
        return model
    blind = scaling.without_tenure()
    known = {n: start for n, start in _start(blind, before or {}).items() if n != _NEW}
    return _fit(features, blind, known)


def _start(scaling: Scaling, before: Mapping[int, Behaviour]) -> dict[int, Scores]:
    return {
        number: scaling.of_natural(np.array(before[number]))
        if number in before
        else np.where(np.isinf(scaling.deviation), 0, profile.start).astype(np.float32)
        for number, profile in enumerate(PROFILES)
    }


def _fit(features: Features, scaling: Scaling, start: Mapping[int, Scores]) -> SegmentModel:
    clusters = KMeans(
        n_clusters=len(start),
        init=np.array(list(start.values())),
        n_init=1,
        # To the end, where nobody changes the persona any more: a retraining on the same
        # customers that starts there stays there, to the bit.
        tol=0,
        max_iter=_MOST_STEPS,
    )
    # Threads add up partial sums in the order they finish; one thread gives the same bits always.
    with threadpool_limits(limits=1):
        clusters.fit(scaling(features))
    return SegmentModel(scaling, clusters, tuple(start))


def _scaling(features: Features) -> Scaling:
    behaviour = features[:, COLUMNS]
    lowest, highest = np.quantile(behaviour, _WINSORISED, axis=0).astype(np.float32)
    logs = np.log1p(np.clip(behaviour, lowest, highest))
    deviation = logs.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = np.inf
    return Scaling(
        lowest,
        highest,
        logs.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation.astype(np.float32),
    )
