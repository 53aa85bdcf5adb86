"""What to train on."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from training.tables import Sources

DEFAULT_HORIZON_DAYS: Final = 180


@dataclass(frozen=True)
class TrainingRequest:
    """One training run, as it was asked for."""

    sources: Sources
    as_of: date | None = None
    """Customers are described as of the end of this day; None for the last day of the log."""
    horizon_days: int = DEFAULT_HORIZON_DAYS
