"""What is used: what was measured here, what the template says, and what is assumed.

Nothing was measured in AWS. Measured means on the machine of tests/benchmarks/RESULTS.md.
"""

import math
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 30 * 24 * 3_600
"""A month."""

HOURS: Final = SECONDS // 3_600
MINUTES: Final = SECONDS // 60

# ── measured ────────────────────────────────────────────────────────────────────────────────────
HANDLER_MS: Final = 1.21
"""A warm comprehensive request with reasons, whole handler, one full core (RESULTS.md)."""

COLD_START_SECONDS: Final = 0.504
"""From the process to its first answer (RESULTS.md); AWS bills the initialisation, too."""

BATCH_CORE_SECONDS: Final = 13.1e-6
"""A row of a CSV file, whole process on one core (RESULTS.md)."""

BATCH_ROW_BYTES: Final = 63
"""A row of that file (RESULTS.md)."""

BATCH_ANSWERED_BYTES: Final = 229
"""A row of predictions.csv: 229 MB for a million of them."""

ANSWER_BYTES: Final = 3_173
"""A comprehensive answer with reasons: the one in infra/api/answers.json, without white space."""

INVOCATION_LINE_BYTES: Final = 761
"""The line that a function writes of an invocation (foretell.telemetry)."""

VERSION_GB: Final = 0.0063
"""The files of a version (RESULTS.md)."""

PAGE_GB: Final = 0.000484
"""The files of a first visit to the portfolio, compressed; without what the API answers."""

REQUESTS_A_VIEW: Final = 48
"""Those files; a browser that was there before asks for three of them."""

# ── of the template ─────────────────────────────────────────────────────────────────────────────
API_MEMORY_GB: Final = 1.0
SNAPSHOTS: Final = 4
"""The functions that predict, each with one published version."""

BATCH_MEMORY_GB: Final = 3_008 / 1_024
BATCH_DISK_GB: Final = (10_240 - 512) / 1_024
"""What a function has beyond the half GB that costs nothing."""

ALARM_METRICS: Final = 23
"""Metrics that alarms watch (infra/monitoring.yaml): one that adds up five is paid for as five."""

TRAINING_ALARM_METRICS: Final = 1
"""The same of infra/training.yaml."""

FUNCTION_METRICS: Final = 15
"""Of one function that predicts: durations, age, counts, the four tiers of value, those of risk."""

PART_BYTES: Final = 64 * 1024 * 1024
RESULTS_MONTHS: Final = 400 / 30
"""ResultsDays."""

UPLOADS_MONTHS: Final = 1
"""UploadsDays."""

TRAINING_CPUS: Final = 2
TRAINING_MEMORY_GB: Final = 4
"""TrainingSize=small."""

# ── written down by hand from AWS's own formats ─────────────────────────────────────────────────
PLATFORM_LINES_BYTES: Final = 352
"""Lambda's START, END and REPORT lines of an invocation."""

ACCESS_LINE_BYTES: Final = 292
"""API Gateway's access log line of a request, in the template's format."""

MB_OF_ONE_CPU: Final = 1_769
"""Lambda gives a function processors in proportion to its memory."""

# ── assumed ─────────────────────────────────────────────────────────────────────────────────────
ALWAYS_COLD: Final = 1_000
"""So many requests a month are so far apart that each starts a function ..."""

COLD_SHARE: Final = 0.001
"""... and of what is beyond them, this share."""

WARM_FUNCTIONS: Final = 2
"""Side by side, each looking at the registry's pointer once a minute, where there are requests."""

USERS: Final = 10
PAGE_VIEWS: Final = 1_000
VERSIONS_KEPT: Final = 50
TRAININGS: Final = 30 / 7
TRAINING_HOURS: Final = 5 / 60
"""Fetching the image and 40 s of training; the smallest bill is that of a minute."""

IMAGE_GB: Final = 1.0
COLD_READS: Final = 4
"""Pointer, manifest, graph and reasons."""


@dataclass(frozen=True)
class Setting:
    """What an environment of samconfig.toml is paid for."""

    name: str
    snap_start: bool
    trains_weekly: bool
    log_months: float


DEV: Final = Setting("dev", snap_start=False, trains_weekly=False, log_months=7 / 30)
PROD: Final = Setting("prod", snap_start=True, trains_weekly=True, log_months=1)


def billed_seconds() -> float:
    """Of a warm request: the measured time at the share of a core, in whole milliseconds."""
    share = min(1.0, API_MEMORY_GB * 1_024 / MB_OF_ONE_CPU)
    return math.ceil(HANDLER_MS / share) / 1_000


def cold_starts(requests: float) -> float:
    """How many requests start a function."""
    return min(requests, ALWAYS_COLD) + COLD_SHARE * max(requests - ALWAYS_COLD, 0)


def traced(requests: float) -> float:
    """How many requests X-Ray samples: one a second, and of the others one in twenty."""
    return min(requests, SECONDS) + 0.05 * max(requests - SECONDS, 0)


def log_gb(requests: float) -> float:
    """What functions and API write about requests."""
    line = INVOCATION_LINE_BYTES + PLATFORM_LINES_BYTES + ACCESS_LINE_BYTES
    return requests * line / 1e9


def registry_reads(requests: float) -> float:
    """GETs: a look a minute where somebody asks, and what a start loads."""
    return min(requests, WARM_FUNCTIONS * MINUTES) + COLD_READS * cold_starts(requests)
