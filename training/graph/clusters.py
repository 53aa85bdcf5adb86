"""The personas as a branch: scaling, then the nearest centre."""

import numpy as np
from onnx import TensorProto

from training.graph.fragment import Branch, written
from training.graph.preprocessing import OUTPUT
from training.models.segment import COLUMNS, SegmentModel


def segment_branch(model: SegmentModel) -> Branch:
    """Winsorise, log1p, standardise; then the nearest centre and how far away it is."""
    scaling = model.scaling
    centers = model.clusters.cluster_centers_.astype(np.float32)
    fragment = written(
        # The squares are of differences: expanded, as K-Means does for speed, they would leave
        # few digits of a distance near a centre.
        f"""
        segment_behaviour = Gather <axis = 1> ({OUTPUT}, segment_columns)
        segment_raised = Max (segment_behaviour, segment_lowest)
        segment_winsorised = Min (segment_raised, segment_highest)
        segment_above_one = Add (segment_winsorised, segment_one)
        segment_logs = Log (segment_above_one)
        segment_centred = Sub (segment_logs, segment_mean)
        segment_scores = Div (segment_centred, segment_deviation)
        segment_points = Unsqueeze (segment_scores, segment_centre_axis)
        segment_differences = Sub (segment_points, segment_centers)
        segment_distances = ReduceL2 <keepdims = 0> (segment_differences, segment_score_axis)
        segment_cluster = ArgMin <axis = 1, keepdims = 0> (segment_distances)
        segment_id = Gather (segment_ids, segment_cluster)
        distance_to_center = ReduceMin <keepdims = 0> (segment_distances, segment_centre_axis)
        """,
        {
            "segment_columns": np.array(COLUMNS, np.int64),
            "segment_lowest": scaling.lowest,
            "segment_highest": scaling.highest,
            "segment_one": np.array([1], np.float32),
            "segment_mean": scaling.mean,
            "segment_deviation": scaling.deviation,
            "segment_centers": centers[np.newaxis],
            "segment_ids": np.array(model.segment_ids, np.int64),
            "segment_centre_axis": np.array([1], np.int64),
            "segment_score_axis": np.array([2], np.int64),
        },
    )
    return Branch(
        fragment, {"segment_id": TensorProto.INT64, "distance_to_center": TensorProto.FLOAT}
    )
