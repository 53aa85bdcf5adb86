"""The three models, one file each: how it is fitted, and what it answers natively.

All are fitted on the float32 features that training.graph.preprocessing makes.
"""

from dataclasses import dataclass

from training.models.churn import ChurnModel
from training.models.clv import ClvModel
from training.models.segment import SegmentModel


@dataclass(frozen=True)
class FittedModels:
    """What one training run fitted."""

    clv: ClvModel
    churn: ChurnModel
    segment: SegmentModel
