"""The one logger, tracer and metrics of a function. Nothing here ever sees customer data."""

from typing import Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "foretell"

logger: Final = Logger(service=SERVICE)
# Patching libraries costs start-up time, and S3 is read once in the life of a version.
tracer: Final = Tracer(service=SERVICE, auto_patch=False)
metrics: Final = Metrics(namespace="Foretell", service=SERVICE)


def count(name: str, value: float = 1) -> None:
    """Add to a metric that counts."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def milliseconds(name: str, value: float) -> None:
    """Add a duration."""
    metrics.add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)
