"""Pieces of files as the readers hand them out, made up: whoever tests summaries needs many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from foretell.batch.answers import Answers, Words
from foretell.contract import RECORD_FIELDS, Fault
from foretell.manifest import FieldDistribution

WORDS = Words(
    value_tiers=("Low Value", "Medium Value", "High Value", "Top Value"),
    risk_categories=("Low Risk", "Medium Risk", "High Risk", "Critical Risk"),
    segment_names=("High-Value Engaged", "Loyal Regulars", "At-Risk", "New Prospects", "Dormant"),
    actions=(),
    horizon_days=180,
    model_version="2025-01-31-0123456789ab",
)
BASELINE = {
    name: FieldDistribution(edges=(1.0, 2.5, 10.0), shares=(0.1, 0.2, 0.3, 0.4), missing=0.25)
    for name in RECORD_FIELDS
}
FAULTS = (
    Fault(field="recency", reason="Input should be at most tenure_days"),
    Fault(field="age", reason="Input should be less than or equal to 120"),
    Fault(field="row", reason="has 5 cells, the header has 11"),
    Fault(field="row", reason="has 12 cells, the header has 11"),
)


@dataclass(frozen=True)
class MadeUp:
    """Rows of a piece, the way foretell.batch.rows.Rows asks for them."""

    numbers: np.ndarray
    records: np.ndarray
    faults: Mapping[int, tuple[Fault, ...]]
    ids: Sequence[str | None] = ()

    def original(self, position: int) -> str:
        raise AssertionError("a summary has no use for what a row held")

    def customer_id(self, position: int) -> str | None:
        return self.ids[position] if self.ids else f"C-{self.numbers[position]}"


@dataclass(frozen=True)
class Scored:
    """Rows and what was answered to those without faults."""

    rows: MadeUp
    answers: Answers

    def part(self, chosen: np.ndarray) -> "Scored":
        """Some of the rows, by position."""
        faults = self.rows.faults
        answered = np.array([at for at in range(len(self.rows.numbers)) if at not in faults], int)
        kept = np.isin(answered, chosen)
        rows = MadeUp(
            self.rows.numbers[chosen],
            self.rows.records[chosen],
            {new: faults[old] for new, old in enumerate(chosen.tolist()) if old in faults},
        )
        return Scored(rows, some(self.answers, kept))


def some(answers: Answers, chosen: Any) -> Answers:
    return Answers(
        **{field.name: getattr(answers, field.name)[chosen] for field in fields(Answers)}
    )


def scored(rows: int, seed: int, *, wrong: float = 0.1, huge: bool = False) -> Scored:
    """A file with many ties, much that is missing and a few faults; `huge`: and huge amounts."""
    chance = np.random.default_rng(seed)
    records = chance.choice([0, 1, 2.5, 3, 10, 11, np.nan], (rows, len(RECORD_FIELDS)))
    faulty = np.flatnonzero(chance.random(rows) < wrong)
    faults = {
        at: tuple(chance.choice(np.array(FAULTS, object), chance.integers(1, 4)))
        for at in faulty.tolist()
    }
    # Line numbers: some rows take several lines.
    numbers = 1 + np.cumsum(chance.integers(1, 3, rows))
    return Scored(
        MadeUp(numbers, records.astype(np.float32), faults),
        _answers(rows - len(faulty), chance, huge=huge),
    )


def _answers(rows: int, chance: np.random.Generator, *, huge: bool) -> Answers:
    churn = chance.choice([0, 19_999, 20_000, 250_000, 500_000, 999_999, 1_000_000], rows)
    value = chance.choice([0, 1, 9, 10, 4_200, 123_456], rows)
    if huge:
        value = np.where(chance.random(rows) < 0.3, 2**62 + value, value)
    return Answers(
        customer_lifetime_value=value,
        interval_low=value // 3,
        interval_median=value // 2,
        interval_high=value,
        value_tier=chance.integers(0, 4, rows).astype(np.uint8),
        churn_probability=churn,
        risk_category=np.minimum(churn // 250_000, 3).astype(np.uint8),
        segment_id=chance.integers(0, 5, rows).astype(np.uint8),
        distance_to_center=chance.integers(0, 3_000_000, rows),
        value_at_risk=value // 1_000_000 * churn + value % 1_000_000 * churn // 1_000_000,
    )
