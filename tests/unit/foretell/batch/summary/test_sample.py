"""The sample: that of the whole is that of its parts' samples, and it prefers nobody."""

import numpy as np
import pytest

from foretell.batch.summary import sample
from foretell.batch.summary.sample import Sample, mixed
from foretell.contract import RECORD_FIELDS

CHI_SQUARE_19 = 43.8
"""Exceeded by one fair sample in a thousand, for 20 groups."""


def of(numbers: np.ndarray) -> Sample:
    """Customers whose record is their row's number, over and over."""
    return Sample.of(numbers, np.repeat(numbers, len(RECORD_FIELDS)).reshape(-1, 10))


def test_the_hash_is_splitmix64() -> None:
    # The first outputs of the authors' reference code, started at 0.
    assert [hex(x) for x in mixed(np.arange(3)).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]


@pytest.mark.parametrize(
    "group",
    [
        lambda numbers: numbers * 20 // 1_000_000,
        lambda numbers: numbers % 20,
        lambda numbers: numbers // 37 % 20,
    ],
    ids=["by place in the file", "by last digits", "by stretches"],
)
@pytest.mark.parametrize("step", [1, 3, 10])
def test_it_is_uniform_over_the_file(group, step: int) -> None:
    numbers = np.arange(2, 1_000_000, step)

    found = np.bincount(group(of(numbers).numbers), minlength=20)

    expected = np.bincount(group(numbers), minlength=20) * sample.SIZE / len(numbers)
    likely = expected > 0
    assert found.sum() == sample.SIZE
    assert ((found - expected)[likely] ** 2 / expected[likely]).sum() < CHI_SQUARE_19


def test_the_sample_of_samples_is_that_of_the_whole() -> None:
    numbers = np.arange(2, 30_000)
    shuffled = np.random.default_rng(3).permutation(numbers)
    first, *others = (of(part) for part in np.array_split(shuffled, 7))

    for other in others:
        first = first.with_(other)

    assert first == of(numbers)
    assert len(set(first.numbers.tolist())) == sample.SIZE
    np.testing.assert_array_equal(first.records[:, 4], first.numbers)


def test_all_are_in_it_where_there_are_few() -> None:
    assert of(np.array([9, 2, 5])).numbers.tolist() == [2, 5, 9]
    assert of(np.array([], int)).numbers.tolist() == []
