"""Personas: K-Means on what a customer did, started where the personas are expected.

Started at five archetypes the cluster's number is the persona, over retrains too; started at
random the names would have to be guessed from the clusters afterwards.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from foretell.personas import PROFILES
from training.models.columns import FEATURE_NAMES

Features = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

COLUMNS: Final = tuple(
    FEATURE_NAMES.index(name) for name in ("recency", "purchases", "monetary", "tenure_days")
)
"""The features a persona is made of, in the order of PersonaProfile.start."""

_WINSORISED: Final = (0.01, 0.99)


@dataclass(frozen=True)
class Scaling:
    """Winsorising, log1p and standardising; each of shape (4,)."""

    lowest: Scores
    highest: Scores
    mean: Scores
    deviation: Scores

    def __call__(self, features: Features) -> Scores:
        """Standard scores, shape (rows, 4)."""
        behaviour = np.clip(features[:, COLUMNS], self.lowest, self.highest)
        scores: Scores = (np.log1p(behaviour) - self.mean) / self.deviation
        return scores


@dataclass(frozen=True)
class SegmentModel:
    """The scaling and the five centres."""

    scaling: Scaling
    clusters: KMeans

    def distances(self, features: Features) -> Scores:
        """Distance to each persona's centre, in standard deviations; shape (rows, 5)."""
        distances: Scores = self.clusters.transform(self.scaling(features))
        return distances


def fit(features: Features) -> SegmentModel:
    """Fit on features of shape (rows, columns). There is nothing random in it."""
    scaling = _scaling(features)
    start = np.array([profile.start for profile in PROFILES], dtype=np.float32)
    clusters = KMeans(n_clusters=len(PROFILES), init=start, n_init=1)
    # Threads add up partial sums in the order they finish; one thread gives the same bits always.
    with threadpool_limits(limits=1):
        clusters.fit(scaling(features))
    return SegmentModel(scaling, clusters)


def _scaling(features: Features) -> Scaling:
    behaviour = features[:, COLUMNS]
    lowest, highest = np.quantile(behaviour, _WINSORISED, axis=0).astype(np.float32)
    logs = np.log1p(np.clip(behaviour, lowest, highest))
    deviation = logs.std(axis=0, dtype=np.float64)
    # A column without any spread tells nothing: it stays 0 for everybody.
    deviation[deviation == 0] = 1
    return Scaling(
        lowest,
        highest,
        logs.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation.astype(np.float32),
    )
