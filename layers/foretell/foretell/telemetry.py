"""The one logger, tracer and metrics of a function. Nothing here ever sees customer data."""

import os
from typing import Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "foretell"

logger: Final = Logger(service=SERVICE)
# Patching libraries costs start-up time, and S3 is read once in the life of a version.
tracer: Final = Tracer(service=SERVICE, auto_patch=False)
metrics: Final = Metrics(namespace="Foretell", service=SERVICE)
# Powertools' own switch stops the flush at the end of an invocation, but not the one that comes
# with every hundredth value.
_measuring: Final = os.environ.get("POWERTOOLS_METRICS_DISABLED", "").lower() != "true"


def count(name: str, value: float = 1) -> None:
    """Add to a metric that counts."""
    _add(name, MetricUnit.Count, value)


def milliseconds(name: str, value: float) -> None:
    """Add a duration."""
    _add(name, MetricUnit.Milliseconds, value)


def _add(name: str, unit: MetricUnit, value: float) -> None:
    if _measuring:
        metrics.add_metric(name=name, unit=unit, value=value)
