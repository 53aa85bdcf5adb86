"""Customers keep their persona when the data change a little, and the figures tell when not."""

import numpy as np
import pytest

from foretell.contract import ModelName
from training.evaluate import stability
from training.models import segment
from training.models.columns import BEHAVIOUR

RECENCY, PURCHASES, MONETARY, TENURE = segment.COLUMNS
#          recency, purchases, monetary, tenure
TYPICAL = {
    "High-Value Engaged": (8, 40, 4000, 700),
    "Loyal Regulars": (25, 8, 400, 500),
    "At-Risk": (200, 9, 450, 600),
    "New Prospects": (6, 1, 40, 10),
    "Dormant": (500, 1, 35, 520),
}


def blobs(size: int = 200, spread: float = 0.1, seed: int = 1) -> segment.Features:
    """So many customers around each of five typical ones."""
    random = np.random.default_rng(seed)
    features = np.zeros((size * len(TYPICAL), len(BEHAVIOUR)), dtype=np.float32)
    centers = np.repeat(np.array(list(TYPICAL.values()), dtype=float), size, axis=0)
    scattered = centers * np.exp(spread * random.standard_normal(centers.shape))
    features[:, segment.COLUMNS] = scattered
    return features


def one_cloud(size: int = 1_000, seed: int = 1) -> segment.Features:
    """Customers without any groups among them."""
    random = np.random.default_rng(seed)
    features = np.zeros((size, len(BEHAVIOUR)), dtype=np.float32)
    features[:, segment.COLUMNS] = np.exp(random.normal(4, 0.5, (size, 4)))
    return features


def test_the_same_persona_is_counted_by_its_number() -> None:
    one, other = np.array([0, 1, 2, 3]), np.array([0, 1, 3, 2])

    assert stability.same_persona(one, one) == 1
    assert stability.same_persona(one, other) == 0.5


def test_groups_that_stand_apart_are_found_by_whatever_customers_are_drawn() -> None:
    features = blobs()
    personas = segment.fit(features).predict(features)

    found = stability.bootstrapped(personas, features, bootstraps=4, seed=0)

    assert {name: len(values) for name, values in found.items()} == {
        "Bootstrap ARI": 4,
        "Same persona over bootstraps": 4,
    }
    for values in found.values():
        assert min(values) > 0.99


def test_personas_of_customers_without_groups_are_told_to_be_shaky() -> None:
    features, cloud = blobs(), one_cloud()

    apart = stability.split_half(features, seed=0)
    together = stability.split_half(cloud, seed=0)

    assert apart > 0.99
    assert together < 0.9


def test_personas_that_have_nothing_to_do_with_the_customers_agree_with_no_fit() -> None:
    features = blobs()
    at_random = np.random.default_rng(0).integers(0, 5, len(features))

    found = stability.bootstrapped(at_random, features, bootstraps=2, seed=0)

    assert max(np.abs(found["Bootstrap ARI"])) < 0.05
    assert max(found["Same persona over bootstraps"]) < 0.35


def test_the_same_seed_draws_the_same_customers() -> None:
    cloud = one_cloud()
    personas = segment.fit(cloud).predict(cloud)

    one, again, other = (
        stability.bootstrapped(personas, cloud, bootstraps=2, seed=seed) for seed in (3, 3, 4)
    )

    assert one == again != other
    assert stability.split_half(cloud, 3) == stability.split_half(cloud, 3)
    assert stability.split_half(cloud, 3) != stability.split_half(cloud, 4)


def test_a_retraining_on_the_same_customers_changes_nobody() -> None:
    cloud = one_cloud()
    before = segment.fit(cloud)

    after, same = stability.retrained(before, cloud)

    assert same == 1
    np.testing.assert_array_equal(after.predict(cloud), before.predict(cloud))


def test_a_retraining_a_little_later_keeps_nearly_everybody() -> None:
    now = blobs(spread=0.3)
    later = now.copy()
    later[:, [RECENCY, TENURE]] += 7

    after, same = stability.retrained(segment.fit(now), later)

    assert 0.95 < same <= 1
    assert set(after.segment_ids) == set(range(5))


def test_the_figures_for_the_manifest() -> None:
    features = blobs()

    (variance, ari, same) = stability.measured(
        segment.fit(features), features, bootstraps=2, seed=0
    )[ModelName.SEGMENT]

    assert variance.name == "Variance explained"
    assert variance.value == pytest.approx(1, abs=0.05)
    assert variance.value > variance.peers["Fifths by spend"]
    assert (ari.name, same.name) == ("Bootstrap ARI", "Same persona over bootstraps")
    assert {metric.better for metric in (variance, ari, same)} == {"higher"}
