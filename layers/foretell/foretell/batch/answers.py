"""What a version answers for many customers at once, a column for each figure.

Figures are whole numbers of cents and millionths, as they are written: sums of them are exact, in
whatever order they are added up.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from foretell.actions import recommended
from foretell.manifest import Manifest

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

CENTS: Final = 2
"""Decimal places of an amount."""
MILLIONTHS: Final = 6
"""Decimal places of a probability and of a distance."""


@dataclass(frozen=True)
class Answers:
    """One element for each customer, each of shape (rows,)."""

    customer_lifetime_value: Integers
    """In cents, as the interval and value_at_risk."""
    interval_low: Integers
    interval_median: Integers
    interval_high: Integers
    value_tier: Codes
    """Place in Words.value_tiers."""
    churn_probability: Integers
    """In millionths, as distance_to_center."""
    risk_category: Codes
    """Place in Words.risk_categories."""
    segment_id: Codes
    distance_to_center: Integers
    value_at_risk: Integers

    def __len__(self) -> int:
        return len(self.segment_id)


@dataclass(frozen=True)
class Words:
    """What stands for the codes of Answers, and what is the same for all customers."""

    value_tiers: tuple[str, ...]
    risk_categories: tuple[str, ...]
    segment_names: tuple[str, ...]
    """By segment_id."""
    actions: tuple[tuple[tuple[str, ...], ...], ...]
    """What to do first: [segment_id][risk_category][value_tier]."""
    horizon_days: int
    model_version: str

    @classmethod
    def of(cls, manifest: Manifest, version: str) -> Self:
        """Those of a published version."""
        segments = sorted(manifest.personas, key=lambda persona: persona.segment_id)
        tiers = tuple(rule.name for rule in manifest.value_tiers)
        risks = tuple(rule.name for rule in manifest.risk_categories)
        return cls(
            value_tiers=tiers,
            risk_categories=risks,
            segment_names=tuple(persona.name for persona in segments),
            actions=tuple(
                tuple(
                    tuple(
                        next(iter(recommended(manifest.actions, persona.name, risk, tier)), "")
                        for tier in tiers
                    )
                    for risk in risks
                )
                for persona in segments
            ),
            horizon_days=manifest.horizon_days,
            model_version=version,
        )


COLUMNS: Final = (
    "customer_lifetime_value",
    "interval_low",
    "interval_median",
    "interval_high",
    "value_tier",
    "churn_probability",
    "risk_category",
    "segment_id",
    "segment_name",
    "distance_to_center",
    "value_at_risk",
    "recommended_action",
    "horizon_days",
    "model_version",
)
"""What is added to each row of a file, in this order."""


def column_names(taken: frozenset[str]) -> tuple[str, ...]:
    """The names of COLUMNS in a file whose own columns are `taken`, in lower case.

    A file that was scored before keeps what it says: the new columns then all get a prefix.
    """
    prefix = ""
    number = 1
    while any(f"{prefix}{name}" in taken for name in COLUMNS):
        prefix = "foretell_" if number == 1 else f"foretell{number}_"
        number += 1
    return tuple(f"{prefix}{name}" for name in COLUMNS)
