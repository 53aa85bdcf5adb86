"""Readers at work, each in a process of its own."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from tests.benchmarks.reading.entrants import Entrant
from tests.benchmarks.reading.environments import Environment
from tests.benchmarks.reading.fates import fate
from tests.benchmarks.reading.files import BAD_ROWS

_ROOT: Final = Path(__file__).parents[3]
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@dataclass(frozen=True)
class Reading:
    """A large file, read once."""

    seconds: float
    used: float
    """Seconds of the processor: what others do on the machine counts less."""
    imported: float
    """Seconds."""
    peak_mb: float
    rows: int
    sums: Sequence[float]
    """Of each column of the matrix."""

    def agrees_with(self, other: "Reading") -> bool:
        """Whether both found the same."""
        return self.rows == other.rows and np.allclose(self.sums, other.sums, rtol=1e-6)


def read(entrant: Entrant, environment: Environment, file: Path, first_byte: int = 0) -> Reading:
    """Read a large file, or its rows from a byte on."""
    return Reading(**_child(entrant, environment, "large", str(file), str(first_byte)))


def fates(entrant: Entrant, environment: Environment, folder: Path) -> tuple[str, ...]:
    """What becomes of each of BAD_ROWS."""
    files = [folder / f"bad-{number}.csv" for number in range(len(BAD_ROWS))]
    for bad, file in zip(BAD_ROWS, files, strict=True):
        file.write_bytes(bad.file)
    told = _child(entrant, environment, "bad", *map(str, files))
    return tuple(fate(bad, told[str(file)]) for bad, file in zip(BAD_ROWS, files, strict=True))


def middle(readings: Sequence[Reading]) -> Reading:
    """The median of each figure."""
    return Reading(
        median(reading.seconds for reading in readings),
        median(reading.used for reading in readings),
        median(reading.imported for reading in readings),
        median(reading.peak_mb for reading in readings),
        readings[0].rows,
        readings[0].sums,
    )


def _child(entrant: Entrant, environment: Environment, *task: str) -> dict[str, Any]:
    command = [str(environment.python), "-m", "tests.benchmarks.reading.child"]
    done = subprocess.run(
        [*command, entrant.module, entrant.reader, *task],
        cwd=_ROOT,
        # Modules are to be compiled once, not for each process.
        env={key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}
        | _ONE_THREAD,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{entrant.name} failed:\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
