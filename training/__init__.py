"""Offline: from raw tables to a published, verified version of the models."""

import os

# Read when the first of XGBoost, scikit-learn and ONNX Runtime is loaded. Threads that wait for
# each other by spinning make a training twenty times as slow where another process needs a core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
