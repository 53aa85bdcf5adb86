"""Logs, metrics and traces of a function. Nothing here ever sees customer data.

Every invocation ends with one line: what was asked and answered, by which version, under which
correlation id, and the metrics, in CloudWatch's embedded metric format. What is out of the
ordinary has log lines of its own, under the same correlation id.

That line is written here and not by Powertools' Metrics, whose validation takes as long as a
prediction, and the trace not by its Tracer, whose SDK would nearly double a cold start.
"""

import functools
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aws_lambda_powertools import Logger
from mangum.types import LambdaContext
from pydantic_core import to_json

from foretell import tracing

SERVICE: Final = os.environ.get("POWERTOOLS_SERVICE_NAME", "foretell")
"""The stack: several in one account, such as dev and prod, have metrics of their own."""

NAMESPACE: Final = "Foretell"

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]

logger: Final = Logger(service=SERVICE)

_measuring: Final = os.environ.get("POWERTOOLS_METRICS_DISABLED", "").lower() != "true"


@dataclass
class _Invocation:
    """What there is to tell of the running invocation; Lambda runs one at a time."""

    correlation_id: str | None = None
    request_id: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, dict[str, str]] = field(default_factory=dict)


_running = _Invocation()
_cold = True


def count(name: str, value: float = 1) -> None:
    """Add to a metric that counts."""
    if _measuring:
        _running.values[name] = _running.values.get(name, 0) + value
        _running.metrics[name] = _metric(name, "Count")


def milliseconds(name: str, value: float) -> None:
    """A duration; of several in one invocation the last."""
    _measure(name, "Milliseconds", value)


def days(name: str, value: float) -> None:
    """An age; of several in one invocation the last."""
    _measure(name, "None", value)  # CloudWatch has no unit longer than a second


def index(name: str, value: float) -> None:
    """A figure without a unit; of several in one invocation the last."""
    _measure(name, "None", value)


def fact(name: str, value: str) -> None:
    """Something to find the invocation by, in the log and in the trace."""
    if _measuring:
        _running.facts[name] = value


def observed(handler: Handler, model: str) -> Handler:
    """A handler whose invocations are logged, measured and traced."""

    @functools.wraps(handler)
    def measured(event: Event, context: LambdaContext) -> dict[str, Any]:
        started = time.time()
        # API Gateway's id of the request, which it gives the caller in a header, too; or that of
        # EventBridge's event.
        _running.correlation_id = event.get("requestContext", event).get(
            "requestId", event.get("id")
        )
        _running.request_id = context.aws_request_id
        try:
            answer = handler(event, context)
            if "statusCode" in answer:
                fact("status", str(answer["statusCode"]))
            return answer
        finally:
            _tell(model, started)

    return measured


class _OfInvocation(logging.Filter):
    """Gives a log line the ids of the invocation that it is written in, if it is in one."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _running.request_id is not None:
            record.correlation_id = _running.correlation_id
            record.function_request_id = _running.request_id
        return True


# Powertools would set these keys for each invocation; most write no line that has them.
logging.getLogger(SERVICE).addFilter(_OfInvocation())


def _measure(name: str, unit: str, value: float) -> None:
    if _measuring:
        _running.values[name] = value
        _running.metrics[name] = _metric(name, unit)


@functools.cache
def _metric(name: str, unit: str) -> dict[str, str]:
    return {"Name": name, "Unit": unit}


def _tell(model: str, started: float) -> None:
    global _running, _cold  # noqa: PLW0603 - the state of the one invocation
    ended = time.time()
    milliseconds("Latency", (ended - started) * 1_000)
    if _cold:
        count("ColdStart")
        _cold = False
    told, _running = _running, _Invocation()
    if _measuring:
        sys.stdout.write(_line(told, model, ended))
        tracing.send(f"{SERVICE}-{model}", started, ended, told.facts)


def _line(told: _Invocation, model: str, ended: float) -> str:
    metrics = list(told.metrics.values())
    dimensions = [["service", "model"]]
    line = {
        "_aws": {
            "Timestamp": int(ended * 1_000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
            ],
        },
        "level": "INFO",
        "message": "Invocation",
        "service": SERVICE,
        "model": model,
        "correlation_id": told.correlation_id,
        "function_request_id": told.request_id,
        **told.facts,
        **told.values,
    }
    return f"{to_json(line).decode()}\n"
