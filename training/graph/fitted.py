"""All that one training fitted, and the four graphs it becomes."""

from dataclasses import dataclass

from foretell.contract import ModelName
from training.graph import clusters, trees
from training.graph.compose import compose
from training.graph.preprocessing import Preprocessing
from training.models.churn import ChurnModel
from training.models.clv import ClvModel
from training.models.interval import IntervalModel
from training.models.segment import SegmentModel


@dataclass(frozen=True)
class Forecasters:
    """What looks ahead: the features as of now, and the models that read them."""

    preprocessing: Preprocessing
    clv: ClvModel
    interval: IntervalModel
    churn: ChurnModel


@dataclass(frozen=True)
class FittedModels:
    """The forecasters and the personas."""

    forecasters: Forecasters
    segment: SegmentModel


def build_graphs(models: FittedModels) -> dict[ModelName, bytes]:
    """The four graphs, serialised; the same models give the same bytes."""
    forecasters = models.forecasters
    clv = trees.clv_branch(forecasters.clv, forecasters.interval)
    churn = trees.churn_branch(forecasters.churn)
    segment = clusters.segment_branch(models.segment)
    branches = {
        ModelName.CLV: [clv],
        ModelName.CHURN: [churn],
        ModelName.SEGMENT: [segment],
        ModelName.COMPREHENSIVE: [clv, churn, segment],
    }
    features = forecasters.preprocessing.nodes
    return {
        model: compose(
            model, features, parts, explained=model is not ModelName.SEGMENT
        ).SerializeToString(deterministic=True)
        for model, parts in branches.items()
    }
