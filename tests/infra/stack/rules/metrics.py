"""Metrics that alarms and dashboards name: those that exist, of what is deployed."""

import ast
import functools
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from foretell import telemetry
from foretell.web.predictions import _METRICS as OF_TIERS
from tests.infra.stack.deployment import ROOT, Deployment, Resource

ALARM = "AWS::CloudWatch::Alarm"
DASHBOARD = "AWS::CloudWatch::Dashboard"
FORETELL = ROOT / "layers/foretell/foretell"
PREDICTING = frozenset({"clv", "churn", "segment", "comprehensive"})
ANSWERING = PREDICTING | {"portfolio"}
EMITTED_BY = {
    "batch/": frozenset({"batch"}),
    "web/portfolio.py": frozenset({"portfolio"}),
    "web/predictions.py": PREDICTING,
    "live.py": PREDICTING,
    "web/": ANSWERING,
    "telemetry.py": ANSWERING | {"batch"},
}
"""Which functions run a module; the first that fits."""

OF_AWS: Mapping[str, tuple[str, str, frozenset[str]]] = {
    # Namespace: the dimension, the type of what it names, and metrics of AWS's documentation.
    "AWS/ApiGateway": (
        "ApiId",
        "AWS::ApiGatewayV2::Api",
        frozenset({"4xx", "5xx", "Count", "DataProcessed", "IntegrationLatency", "Latency"}),
    ),
    "AWS/Lambda": (
        "FunctionName",
        "AWS::Lambda::Function",
        frozenset(
            {
                "AsyncEventAge",
                "AsyncEventsDropped",
                "AsyncEventsReceived",
                "ConcurrentExecutions",
                "DestinationDeliveryFailures",
                "Duration",
                "Errors",
                "Invocations",
                "Throttles",
            }
        ),
    ),
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        frozenset({"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}),
    ),
    "AWS/States": (
        "StateMachineArn",
        "AWS::StepFunctions::StateMachine",
        frozenset(
            {
                "ExecutionTime",
                "ExecutionThrottled",
                "ExecutionsAborted",
                "ExecutionsFailed",
                "ExecutionsStarted",
                "ExecutionsSucceeded",
                "ExecutionsTimedOut",
            }
        ),
    ),
    "AWS/Events": (
        "RuleName",
        "AWS::Events::Rule",
        frozenset({"FailedInvocations", "InvocationsFailedToBeSentToDlq", "InvocationsSentToDlq"}),
    ),
    "AWS/Scheduler": (
        "ScheduleGroup",
        "AWS::Scheduler::ScheduleGroup",
        frozenset(
            {"InvocationDroppedCount", "InvocationsSentToDeadLetterCount", "TargetErrorCount"}
        ),
    ),
}

Dimensions = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str


def unknown_metrics(deployment: Deployment) -> Iterator[str]:
    """An alarm on a metric that nobody emits is silent for ever."""
    for alarm in deployment.of(ALARM):
        for metric, dimensions in metrics_of(alarm):
            what = _unknown(deployment, metric, dimensions)
            if what:
                yield alarm.finding(what)
    for dashboard in deployment.of(DASHBOARD):
        for metric, dimensions in _shown(dashboard):
            what = _unknown(deployment, metric, dimensions)
            if what:
                yield dashboard.finding(what)


def without_one_result(deployment: Deployment) -> Iterator[str]:
    """CloudWatch refuses an alarm on several figures, and one on none."""
    for alarm in deployment.of(ALARM):
        figures = alarm.properties.get("Metrics")
        if figures is not None and sum(each.get("ReturnData", True) for each in figures) != 1:
            yield alarm.finding(
                "is about no figure or about several: ReturnData for one of Metrics"
            )


def alarmed(deployment: Deployment) -> Iterator[tuple[Metric, Dimensions]]:
    """What an alarm that does something is about."""
    for alarm in deployment.of(ALARM):
        if alarm.properties.get("AlarmActions"):
            yield from metrics_of(alarm)


def metrics_of(alarm: Resource) -> Iterator[tuple[Metric, Dimensions]]:
    said = [alarm.properties] if "MetricName" in alarm.properties else []
    for each in alarm.properties.get("Metrics", []):
        said += [each["MetricStat"]["Metric"]] if "MetricStat" in each else []
    for each in said:
        dimensions = {of["Name"]: of["Value"] for of in each.get("Dimensions", [])}
        yield Metric(each["Namespace"], each["MetricName"]), dimensions


@functools.cache
def emitted() -> Mapping[str, frozenset[str]]:
    """What telemetry is told in the code: the functions that count it, by the metric's name."""
    found: dict[str, frozenset[str]] = dict.fromkeys(OF_TIERS.values(), PREDICTING)
    for path in FORETELL.rglob("*.py"):
        inside = path.relative_to(FORETELL).as_posix()
        models = next(
            (each for start, each in EMITTED_BY.items() if inside.startswith(start)), None
        )
        for name in _told(ast.parse(path.read_text(encoding="utf-8"))):
            assert models is not None, f"{inside} counts {name}: say in EMITTED_BY who runs it"
            found[name] = found.get(name, frozenset()) | models
    return found


@functools.cache
def line(service: str) -> dict[str, Any]:
    """What an invocation tells CloudWatch, where the environment names the service so."""
    told = subprocess.run(
        [sys.executable, "-c", _INVOCATION],
        env={**os.environ, "POWERTOOLS_SERVICE_NAME": service},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


_INVOCATION = """
from types import SimpleNamespace
from foretell.telemetry import observed
observed(lambda event, context: {}, "clv")({}, SimpleNamespace(aws_request_id="1"))
"""


def _told(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Name(emitter) | ast.Attribute(ast.Name("telemetry"), emitter),
                args=[ast.Constant(str() as name), *_],
            ) if emitter in _EMITTERS:
                yield name


def _emits(of: object) -> bool:
    """Whether it is one of telemetry's functions of a metric's name and its value."""
    if not inspect.isfunction(of) or of.__module__ != telemetry.__name__:
        return False
    parameters = inspect.signature(of).parameters
    return list(parameters) == ["name", "value"] and parameters["value"].annotation is float


_EMITTERS = {name for name, of in vars(telemetry).items() if _emits(of)}


def _unknown(deployment: Deployment, metric: Metric, dimensions: Dimensions) -> str:
    own = line("a stack")["_aws"]["CloudWatchMetrics"][0]
    if metric.namespace == own["Namespace"]:
        return _unknown_of_ours(deployment, metric, dimensions, set(own["Dimensions"][0]))
    if metric.namespace not in OF_AWS:
        return f"{metric.namespace} is unknown here: add it to rules/metrics.py from AWS's pages"
    name, kind, metrics = OF_AWS[metric.namespace]
    if metric.name not in metrics:
        return f"{metric.namespace} has no metric {metric.name}"
    named = deployment.named_in(dimensions.get(name, ""))
    if set(dimensions) != {name} or named is None or named.type != kind:
        return f"{metric.name} is of {dimensions}, should be of {name}, a {kind} of this stack"
    return ""


def _unknown_of_ours(
    deployment: Deployment, metric: Metric, dimensions: Dimensions, names: set[str]
) -> str:
    emitters = emitted().get(metric.name, frozenset())
    if dimensions.get("model") not in emitters:
        who = ", ".join(sorted(emitters)) or "no function"
        return f"{metric.name} of {dimensions.get('model')} is counted by {who}"
    service = line(_service(deployment))["service"]
    if set(dimensions) != names or dimensions["service"] != service:
        return f"{metric.name} is of {dimensions}, but counted with service {service}"
    return ""


def _service(deployment: Deployment) -> str:
    """What the functions are told to call themselves."""
    for function in deployment.of("AWS::Lambda::Function"):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        if "POWERTOOLS_SERVICE_NAME" in variables:
            return str(variables["POWERTOOLS_SERVICE_NAME"])
    return ""


def _shown(dashboard: Resource) -> Iterator[tuple[Metric, Dimensions]]:
    """The metrics of a dashboard; "." repeats what stands above, "..." all that is left out."""
    for widget in json.loads(dashboard.properties["DashboardBody"])["widgets"]:
        above: list[str] = []
        for row in widget["properties"].get("metrics", []):
            cells = [cell for cell in row if isinstance(cell, str)]
            if not cells:
                continue  # an expression
            if cells[0] == "...":
                cells = above[: len(above) - len(cells) + 1] + cells[1:]
            above = [above[n] if cell == "." else cell for n, cell in enumerate(cells)]
            namespace, name, *rest = above
            yield Metric(namespace, name), dict(zip(rest[::2], rest[1::2], strict=True))


RULES = (unknown_metrics, without_one_result)
