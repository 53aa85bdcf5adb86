"""All that one training fitted, and the graphs it becomes."""

from dataclasses import dataclass

from foretell.batch.scorer import ANSWERS_GRAPH, FEATURES_GRAPH, SUMS
from foretell.contract import ModelName
from training.graph import clusters, compose, trees
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
        model: compose.from_record(
            model, features, parts, explained=model is not ModelName.SEGMENT
        ).SerializeToString(deterministic=True)
        for model, parts in branches.items()
    }


def build_batch_graphs(models: FittedModels) -> dict[str, bytes]:
    """The graphs on both sides of the tabulated trees, by the name of their file."""
    forecasters = models.forecasters
    persona = clusters.segment_branch(models.segment)
    answers = trees.clv_of_sums(forecasters.clv, forecasters.interval)
    graphs = {
        FEATURES_GRAPH: compose.to_features(forecasters.preprocessing.nodes, persona),
        ANSWERS_GRAPH: compose.from_sums(answers, SUMS),
    }
    return {name: graph.SerializeToString(deterministic=True) for name, graph in graphs.items()}
