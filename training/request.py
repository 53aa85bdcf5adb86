"""What to train on."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from foretell.tables import Sources

DEFAULT_HORIZON_DAYS: Final = 180
RiskThresholds = tuple[float, float, float]
DEFAULT_RISK_THRESHOLDS: Final[RiskThresholds] = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class TrainingRequest:
    """One training run, as it was asked for."""

    sources: Sources
    as_of: date | None = None
    """Customers are described as of the end of this day; None for the last day of the log."""
    horizon_days: int = DEFAULT_HORIZON_DAYS
    risk_thresholds: RiskThresholds = DEFAULT_RISK_THRESHOLDS
    """Churn probabilities from which the risk is medium, high and critical."""
    force: str | None = None
    """Why the version is to become live even if a gate fails."""
