"""A part of a summary: what a piece of a file adds to it.

Parts are added up in any order and grouping, and what comes out is the same to the last byte:
there are only whole numbers in them, and choices among rows that depend on nothing but the rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Final, Self

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from foretell.batch.answers import Answers, Words
from foretell.batch.rows import Integers, Rows
from foretell.batch.summary import scales
from foretell.batch.summary.drift import binned
from foretell.batch.summary.rejections import Rejection, combined, rejections
from foretell.batch.summary.sample import Sample
from foretell.batch.summary.scales import Counts, added
from foretell.batch.summary.top import TopCustomer, first, top
from foretell.manifest import FieldDistribution

AT_RISK: Final = 2
"""The customers in so many of the highest risk categories are at risk."""

_DENSITY: Final = (scales.RISK_BINS, len(scales.COARSE_VALUE_EDGES))


@dataclass(frozen=True)
class Cells:
    """Sums over the customers of each persona, risk category and value tier.

    One element for each combination, in the order of shape (personas, categories, tiers).
    """

    customers: Counts
    customer_lifetime_value: Counts
    """In cents."""
    churn_probability: Counts
    """In millionths."""
    value_at_risk: Counts
    """In cents."""

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            added(self.customers, other.customers),
            added(self.customer_lifetime_value, other.customer_lifetime_value),
            added(self.churn_probability, other.churn_probability),
            added(self.value_at_risk, other.value_at_risk),
        )


@dataclass(frozen=True)
class Partial:
    """What is known of some of the rows of a file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    rows: int
    predicted: int
    rejected: int
    faults: int
    """A rejected row counts once for each kind of fault."""
    rejections: tuple[Rejection, ...]
    interval_sums: tuple[int, int, int]
    """Of the customers' lows, medians and highs, in cents."""
    cells: Cells
    lifetime_values: Counts
    """Customers in each bin of scales.VALUE_EDGES."""
    churn_probabilities: Counts
    """Customers in each of scales.CHURN_BINS."""
    density: Counts
    """Customers by churn and value, of shape (RISK_BINS, len(COARSE_VALUE_EDGES))."""
    value_at_risk_density: Counts
    """In cents, of the same shape."""
    top: tuple[TopCustomer, ...]
    sample: Sample
    """Of the customers at risk."""
    drift: dict[str, Counts]
    """As drift.binned tells it, in the order of the record."""

    def to_bytes(self) -> bytes:
        """As JSON; equal parts give the same bytes."""
        return _STORED.dump_json(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Partial":
        """From what to_bytes made.

        Raises:
            ValueError: it is something else.
        """
        found = _STORED.validate_json(content)
        lengths = (
            (found.lifetime_values, len(scales.VALUE_EDGES)),
            (found.churn_probabilities, scales.CHURN_BINS),
            (found.density, _DENSITY[0] * _DENSITY[1]),
            (found.value_at_risk_density, _DENSITY[0] * _DENSITY[1]),
        )
        if any(len(counted) != length for counted, length in lengths):
            raise ValueError("this part of a summary was counted on other scales")
        return found


_STORED: Final = TypeAdapter(Partial)


def partial(
    rows: Rows, answers: Answers, words: Words, baseline: Mapping[str, FieldDistribution]
) -> Partial:
    """What the rows of a piece add to the summary.

    Args:
        rows: as they were read.
        answers: one for each row without faults, in the same order.
        words: of the version that answered.
        baseline: manifest.drift_baseline.

    Raises:
        ValueError: there are more or fewer answers than such rows.

    """
    positions = _answered(rows)
    if len(positions) != len(answers):
        raise ValueError(f"{len(positions)} rows were to be answered, {len(answers)} were")
    numbers, records = rows.numbers[positions], rows.records[positions]
    at_risk = answers.risk_category >= len(words.risk_categories) - AT_RISK
    value_bins = scales.value_bins(answers.customer_lifetime_value)
    density = _density_cells(value_bins, answers)
    wrong = rejections(rows)
    return Partial(
        rows=len(rows.numbers),
        predicted=len(answers),
        rejected=len(rows.faults),
        faults=sum(kind.rows for kind in wrong),
        rejections=combined(wrong),
        interval_sums=_interval_sums(answers),
        cells=_cells(answers, words),
        lifetime_values=scales.counts(value_bins, len(scales.VALUE_EDGES)),
        churn_probabilities=scales.counts(
            scales.churn_bins(answers.churn_probability, scales.CHURN_BINS), scales.CHURN_BINS
        ),
        density=scales.counts(density, _DENSITY[0] * _DENSITY[1]),
        value_at_risk_density=scales.sums(
            density, answers.value_at_risk, _DENSITY[0] * _DENSITY[1]
        ),
        top=top(rows, positions, answers),
        sample=Sample.of(numbers[at_risk], records[at_risk]),
        drift=binned(records, baseline),
    )


def merged(partials: Iterable[Partial]) -> Partial:
    """The parts of different rows of one file as one: at least one part, in any order.

    Raises:
        ValueError: there is none, or they were made for different versions.

    """
    parts = iter(partials)
    start = next(parts, None)
    if start is None:
        raise ValueError("there are no parts to make a summary of")
    return reduce(_both, parts, start)


def _both(one: Partial, other: Partial) -> Partial:
    if one.drift.keys() != other.drift.keys():
        raise ValueError("these parts of a summary were made for different versions")
    low, median, high = added(one.interval_sums, other.interval_sums)
    return Partial(
        rows=one.rows + other.rows,
        predicted=one.predicted + other.predicted,
        rejected=one.rejected + other.rejected,
        faults=one.faults + other.faults,
        rejections=combined((*one.rejections, *other.rejections)),
        interval_sums=(low, median, high),
        cells=one.cells.plus(other.cells),
        lifetime_values=added(one.lifetime_values, other.lifetime_values),
        churn_probabilities=added(one.churn_probabilities, other.churn_probabilities),
        density=added(one.density, other.density),
        value_at_risk_density=added(one.value_at_risk_density, other.value_at_risk_density),
        top=first((*one.top, *other.top)),
        sample=one.sample.with_(other.sample),
        drift={name: added(counted, other.drift[name]) for name, counted in one.drift.items()},
    )


def _answered(rows: Rows) -> Integers:
    faultless = np.ones(len(rows.numbers), np.bool_)
    faultless[list(rows.faults)] = False
    return np.flatnonzero(faultless)


def _interval_sums(answers: Answers) -> tuple[int, int, int]:
    everybody = np.zeros(len(answers), np.int64)
    columns = (answers.interval_low, answers.interval_median, answers.interval_high)
    low, median, high = (scales.sums(everybody, column, 1)[0] for column in columns)
    return low, median, high


def _cells(answers: Answers, words: Words) -> Cells:
    categories, tiers = len(words.risk_categories), len(words.value_tiers)
    number = len(words.segment_names) * categories * tiers
    cells = answers.segment_id.astype(np.int64) * categories + answers.risk_category
    cells = cells * tiers + answers.value_tier
    return Cells(
        scales.counts(cells, number),
        scales.sums(cells, answers.customer_lifetime_value, number),
        scales.sums(cells, answers.churn_probability, number),
        scales.sums(cells, answers.value_at_risk, number),
    )


def _density_cells(value_bins: Integers, answers: Answers) -> Integers:
    risks = scales.churn_bins(answers.churn_probability, scales.RISK_BINS)
    return risks * _DENSITY[1] + scales.coarse(value_bins)
