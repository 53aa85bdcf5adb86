"""The personas as a branch: scaling written out, then the converted K-Means."""

import numpy as np
from onnx import TensorProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from training.graph.fragment import OPSETS, Branch, converted, written
from training.graph.preprocessing import OUTPUT
from training.models.segment import COLUMNS, SegmentModel


def segment_branch(model: SegmentModel) -> Branch:
    """Winsorise, log1p, standardise; then the nearest centre and how far away it is."""
    scaling = model.scaling
    clusters = to_onnx(
        model.clusters,
        initial_types=[("input", FloatTensorType([None, len(COLUMNS)]))],
        target_opset=OPSETS,
    )
    fragment = (
        written(
            f"""
            segment_behaviour = Gather <axis = 1> ({OUTPUT}, segment_columns)
            segment_raised = Max (segment_behaviour, segment_lowest)
            segment_winsorised = Min (segment_raised, segment_highest)
            segment_above_one = Add (segment_winsorised, segment_one)
            segment_logs = Log (segment_above_one)
            segment_centred = Sub (segment_logs, segment_mean)
            segment_scores = Div (segment_centred, segment_deviation)
            """,
            {
                "segment_columns": np.array(COLUMNS, np.int64),
                "segment_lowest": scaling.lowest,
                "segment_highest": scaling.highest,
                "segment_one": np.array([1], np.float32),
                "segment_mean": scaling.mean,
                "segment_deviation": scaling.deviation,
            },
        )
        + converted(
            clusters,
            "segment_kmeans_",
            {"input": "segment_scores", "label": "segment_cluster"},
        )
        # The converted K-Means expands the square, which near a centre leaves few digits of the
        # distance; the difference taken first keeps them.
        + written(
            """
            segment_id = Gather (segment_ids, segment_cluster)
            segment_center = Gather (segment_centers, segment_cluster)
            segment_offset = Sub (segment_scores, segment_center)
            distance_to_center = ReduceL2 <keepdims = 0> (segment_offset, segment_axis)
            """,
            {
                "segment_centers": model.clusters.cluster_centers_.astype(np.float32),
                "segment_ids": np.array(model.segment_ids, np.int64),
                "segment_axis": np.array([1], np.int64),
            },
        )
    )
    return Branch(
        fragment, {"segment_id": TensorProto.INT64, "distance_to_center": TensorProto.FLOAT}
    )
