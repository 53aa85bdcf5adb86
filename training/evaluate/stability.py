"""Whether customers keep their persona when the data change a little."""

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from foretell.contract import ModelName
from foretell.manifest import Metric
from training.evaluate.figures import Metrics, told
from training.evaluate.metrics import variance_explained
from training.models import segment
from training.models.segment import Features, SegmentModel

BOOTSTRAPS: Final = 5
_SPEND: Final = 2


def measured(model: SegmentModel, features: Features, bootstraps: int, seed: int) -> Metrics:
    """Variance explained beside fifths by spend, and agreement with fits on other customers.

    Args:
        model: fitted on `features`.
        features: of all customers, shape (rows, columns).
        bootstraps: how many times to draw as many customers with replacement.
        seed: of the draws.

    """
    scores = model.scaling(features)
    personas = model.predict(features)
    fifths = np.searchsorted(
        np.quantile(scores[:, _SPEND], [0.2, 0.4, 0.6, 0.8]), scores[:, _SPEND]
    )
    agreement = bootstrapped(personas, features, bootstraps, seed)
    return {
        ModelName.SEGMENT: (
            Metric(
                name="Variance explained",
                value=told(variance_explained(scores, personas)),
                peers={"Fifths by spend": told(variance_explained(scores, fifths))},
                better="higher",
            ),
            *(
                Metric(name=name, value=told(float(np.mean(values))), peers={}, better="higher")
                for name, values in agreement.items()
            ),
        )
    }


def bootstrapped(
    personas: npt.NDArray[np.int64], features: Features, bootstraps: int, seed: int
) -> dict[str, list[float]]:
    """Agreement with fits on as many customers drawn with replacement, asked about everybody."""
    random = np.random.default_rng(seed)
    draws = [random.integers(0, len(features), len(features)) for _ in range(bootstraps)]
    others = [segment.fit(features[drawn]).predict(features) for drawn in draws]
    return {
        "Bootstrap ARI": [float(adjusted_rand_score(personas, other)) for other in others],
        "Same persona over bootstraps": [same_persona(personas, other) for other in others],
    }


def split_half(features: Features, seed: int) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) of two fits on halves of the customers."""
    order = np.random.default_rng(seed).permutation(len(features))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    one, other = (segment.fit(features[rows]).predict(features) for rows in halves)
    return float(adjusted_rand_score(one, other))


def retrained(before: SegmentModel, features: Features) -> tuple[SegmentModel, float]:
    """A warm retraining on later features, and the share of customers it leaves as they were.

    Both models are asked about the same later features: what is counted is the change of the
    model, not of the customers.
    """
    after = segment.fit(features, before.centers())
    return after, same_persona(before.predict(features), after.predict(features))


def same_persona(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> float:
    """Share of the customers with the same segment id."""
    return float((one == other).mean())
