"""Fitted models as ONNX graphs, from the raw customer record to the answer."""
