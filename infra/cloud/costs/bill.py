"""Bills: quantities times prices. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.cloud.costs import prices, usage
from infra.cloud.costs.prices import Price
from infra.cloud.costs.usage import Setting


@dataclass(frozen=True)
class Line:
    """One line of a bill."""

    what: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        """Quantity times price."""
        return self.quantity * self.price.each


Bill = Sequence[Line]


def total(bill: Bill) -> float:
    """Dollars altogether."""
    return sum(line.dollars for line in bill)


def month(requests: int, setting: Setting) -> Bill:
    """A month of comprehensive predictions, one a request, with reasons; 0 is an idle month."""
    return (*_asked(requests, setting), *_watched(requests, setting), *_kept(setting))


def file(rows: int) -> Bill:
    """A CSV file of customers, scored once a month; its results are kept as the template says."""
    parts = -(-rows * usage.BATCH_ROW_BYTES // usage.PART_BYTES)
    seconds = rows * usage.BATCH_CORE_SECONDS
    uploads_gb = rows * usage.BATCH_ROW_BYTES / 1e9 * usage.UPLOADS_MONTHS
    results_gb = rows * usage.BATCH_ANSWERED_BYTES / 1e9 * usage.RESULTS_MONTHS
    return (
        Line("EventBridge", 1, prices.EVENTS),
        # One that starts the machine, its plan, its parts, and one that puts them together.
        Line("Lambda, requests", parts + 3, prices.LAMBDA_REQUESTS),
        Line("Lambda, compute", seconds * usage.BATCH_MEMORY_GB, prices.LAMBDA_COMPUTE),
        Line("Lambda, disk", seconds * usage.BATCH_DISK_GB, prices.LAMBDA_DISK),
        Line("Step Functions", _OF_THE_MACHINE + _OF_A_PART * parts, prices.TRANSITIONS),
        Line("S3, PUTs", _PUTS_OF_A_RUN + _PUTS_OF_A_PART * parts, prices.S3_WRITES),
        Line("S3, storage", uploads_gb + results_gb, prices.S3_STORAGE),
    )


_OF_THE_MACHINE: Final = 4  # start, Plan, Score, Assemble
_OF_A_PART: Final = 2  # its own start, ScoreRange
_PUTS_OF_A_RUN: Final = 50
_PUTS_OF_A_PART: Final = 10


def _asked(requests: int, setting: Setting) -> Bill:
    cold = usage.cold_starts(requests)
    warm_seconds = requests * usage.billed_seconds()
    started = 0.0 if setting.snap_start else cold * usage.COLD_START_SECONDS
    compute = (warm_seconds + started) * usage.API_MEMORY_GB
    lines = [
        Line("API Gateway", requests, prices.API_REQUESTS),
        Line("Lambda, requests", requests, prices.LAMBDA_REQUESTS),
        Line("Lambda, compute", compute, prices.LAMBDA_COMPUTE),
    ]
    if setting.snap_start:
        cached = usage.SNAPSHOTS * usage.API_MEMORY_GB * usage.SECONDS
        lines += [
            Line("SnapStart, restores", cold * usage.API_MEMORY_GB, prices.SNAPSTART_RESTORE),
            Line("SnapStart, snapshots kept", cached, prices.SNAPSTART_CACHE),
        ]
    return (
        *lines,
        Line("S3, looks at the registry", usage.registry_reads(requests), prices.S3_READS),
        Line("Data to the internet", requests * usage.ANSWER_BYTES / 1e9, prices.DATA_OUT),
    )


def _watched(requests: int, setting: Setting) -> Bill:
    # A metric is paid for by the hour in which it is written.
    share = min(requests / usage.HOURS, 1)
    written = usage.log_gb(requests)
    alarms = usage.ALARM_METRICS + setting.trains_weekly * usage.TRAINING_ALARM_METRICS
    return (
        Line("CloudWatch, logs written", written, prices.LOGS_WRITTEN),
        Line("CloudWatch, logs kept", written * setting.log_months, prices.LOGS_KEPT),
        Line("CloudWatch, our metrics", share * usage.FUNCTION_METRICS, prices.METRICS),
        Line("CloudWatch, alarms", alarms, prices.ALARMS),
        Line("CloudWatch, dashboard", 1, prices.DASHBOARDS),
        Line("X-Ray", usage.traced(requests), prices.TRACES),
    )


def _kept(setting: Setting) -> Bill:
    lines = [
        Line("S3, models", usage.VERSIONS_KEPT * usage.VERSION_GB, prices.S3_STORAGE),
        Line("CloudFront, data", usage.PAGE_VIEWS * usage.PAGE_GB, prices.CLOUDFRONT_DATA),
        Line(
            "CloudFront, requests",
            usage.PAGE_VIEWS * usage.REQUESTS_A_VIEW,
            prices.CLOUDFRONT_REQUESTS,
        ),
        Line("Cognito, users", usage.USERS, prices.USERS),
        Line("Cognito, the server's client", 1, prices.SERVER_CLIENTS),
        Line("Cognito, a token an hour", usage.HOURS, prices.SERVER_TOKENS),
    ]
    if setting.trains_weekly:
        hours = usage.TRAININGS * usage.TRAINING_HOURS
        lines += [
            Line("Fargate, processors", hours * usage.TRAINING_CPUS, prices.FARGATE_CPU),
            Line("Fargate, memory", hours * usage.TRAINING_MEMORY_GB, prices.FARGATE_MEMORY),
            Line("ECR, the image", usage.IMAGE_GB, prices.IMAGES),
        ]
    return tuple(lines)
