"""Drift: binned as training bins, measured by PSI, judged with caution."""

import math

import numpy as np
import pytest

from foretell.batch.summary.drift import binned, drift, stability_index
from foretell.contract import RECORD_FIELDS
from foretell.manifest import FieldDistribution
from training.version import drift_baseline

MANY = 1_000_000
EVEN = FieldDistribution(edges=(1.0, 2.0, 3.0), shares=(0.25,) * 4, missing=0.0)


def customers(rows: int, seed: int = 1, stretch: float = 1.0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    found = chance.lognormal(2, 1, (rows, len(RECORD_FIELDS))) * stretch
    found[:, RECORD_FIELDS.index("account_type")] = chance.integers(0, 3, rows)
    found[:, 4:][chance.random((rows, len(RECORD_FIELDS) - 4)) < 0.3] = np.nan
    found[:, -1] = np.nan  # nobody ever had a support ticket
    return found.astype(np.float32)


def verdict(counts: tuple[int, ...], trained_on: int = MANY) -> str:
    return drift({"age": counts}, {"age": EVEN}, trained_on).verdict


def test_the_customers_of_the_training_data_have_not_drifted_at_all() -> None:
    trained_on = customers(4_000)
    baseline = drift_baseline(trained_on)

    found = drift(binned(trained_on, baseline), baseline, len(trained_on))

    assert found.verdict == "stable"
    assert [field.name for field in found.fields] == list(RECORD_FIELDS)
    assert [field.psi for field in found.fields] == [0.0] * len(RECORD_FIELDS)
    assert all(field.missing == field.missing_in_training for field in found.fields)


def test_others_of_their_kind_have_drifted_as_much_as_chance_has_it() -> None:
    baseline = drift_baseline(customers(4_000))

    found = drift(binned(customers(2_000, seed=2), baseline), baseline, 4_000)

    assert found.verdict == "stable"
    known = [(field.psi, field.psi_by_chance) for field in found.fields[:-1]]
    assert sum(psi for psi, _ in known) == pytest.approx(
        sum(by_chance for _, by_chance in known), rel=0.5
    )


def test_customers_of_another_shop_have_drifted() -> None:
    baseline = drift_baseline(customers(4_000))
    found = drift(binned(customers(2_000, stretch=2), baseline), baseline, 4_000)

    verdicts = {field.name: field.verdict for field in found.fields}
    assert found.verdict == "drifted"
    assert verdicts["monetary"] == "drifted"
    assert verdicts["account_type"] == verdicts["support_tickets"] == "stable"


def test_the_index_is_the_symmetric_divergence() -> None:
    found = stability_index([0.5, 0.5], [0.9, 0.1])

    assert found == pytest.approx(0.4 * math.log(1.8) - 0.4 * math.log(0.2))
    assert stability_index([0.9, 0.1], [0.5, 0.5]) == pytest.approx(found)


def test_an_empty_bin_counts_much_but_not_for_ever() -> None:
    assert stability_index([0.5, 0.5], [1.0, 0.0]) == pytest.approx(
        0.5 * math.log(2) + 0.4999 * math.log(5_000), rel=1e-3
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1_000, 1_000, 1_000, 1_000, 0), "stable"),
        ((1_300, 700, 1_300, 700, 0), "stable"),
        ((1_400, 600, 1_400, 600, 0), "shifted"),
        ((1_700, 300, 1_700, 300, 0), "drifted"),
        ((800, 800, 800, 800, 800), "drifted"),  # a field is suddenly missing
    ],
)
def test_the_verdict_follows_the_usual_thresholds(counts: tuple[int, ...], expected: str) -> None:
    assert verdict(counts) == expected


@pytest.mark.parametrize(("rows", "trained_on"), [(499, MANY), (0, MANY), (5_000, 499)])
def test_of_few_customers_nothing_is_said(rows: int, trained_on: int) -> None:
    assert verdict((rows, 0, 0, 0, 0), trained_on) == "too few rows"


def test_the_verdict_is_that_of_the_worst_field() -> None:
    fields = {"age": (1_000,) * 4 + (0,), "recency": (1_400, 600, 1_400, 600, 0)}

    found = drift(fields, dict.fromkeys(fields, EVEN), MANY)

    assert [field.verdict for field in found.fields] == ["stable", "shifted"]
    assert found.verdict == "shifted"
