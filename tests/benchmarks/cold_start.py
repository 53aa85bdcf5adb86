"""Cold starts: a fresh process for each, from its start to its first answer."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.question import Side
from tests.benchmarks.timing import Tell

STARTS: Final = 7
ROUNDS: Final = 1 + STARTS
"""The first is not counted: it compiles the modules and brings the files into memory."""


@dataclass(frozen=True)
class ColdStart:
    """Milliseconds of one start, by what they were spent on, and memory in MB."""

    total: float
    interpreter: float
    libraries: float
    models: float
    answer: float
    peak_mb: float


def measure(folder: Path, tell: Tell) -> dict[Side, ColdStart]:
    """The median of each figure over starts that alternate between the sides."""
    environment = _compiling_to(folder)
    starts: dict[Side, list[ColdStart]] = {side: [] for side in Side}
    for number in range(ROUNDS):
        for side in Side:
            start = _start(side, environment)
            if number:
                starts[side].append(start)
        tell()
    return {side: _middle(found) for side, found in starts.items()}


def _compiling_to(folder: Path) -> dict[str, str]:
    """Where modules are compiled once, whatever this process may write and wherever."""
    inherited = {key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {"PYTHONPYCACHEPREFIX": str(folder)}


def _start(side: Side, environment: Mapping[str, str]) -> ColdStart:
    command = [sys.executable, "-m", "tests.benchmarks.first_answer", side]
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        line = child.stderr.readline()
        total = (time.perf_counter() - started) * 1_000
        rest = child.stderr.read()
    return _told(side, line, rest, total)


def _told(side: Side, line: str, rest: str, total: float) -> ColdStart:
    try:
        figures: Mapping[str, float] = json.loads(line)
    except ValueError:
        raise SystemExit(f"the fresh process of {side} did not answer:\n{line}{rest}") from None
    if figures["status"] != 200:
        raise SystemExit(f"the fresh process of {side} answered with {figures['status']:.0f}")
    phases = {name: figures[name] for name in ("libraries", "models", "answer")}
    return ColdStart(
        total=total,
        interpreter=total - sum(phases.values()),
        peak_mb=figures["peak_mb"],
        **phases,
    )


def _middle(starts: list[ColdStart]) -> ColdStart:
    rows = [asdict(start) for start in starts]
    return ColdStart(**{name: median(row[name] for row in rows) for name in rows[0]})
