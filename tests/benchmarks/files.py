"""Files of customers, scored by both sides: throughput, memory, and where the time goes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import pandas as pd

from foretell.batch.job import cores
from foretell.contract import RECORD_FIELDS
from tests.benchmarks.question import Side
from tests.benchmarks.stages import STAGES
from tests.benchmarks.timing import Tell

ROWS: Final = 1_000_000
FEW: Final = 100_000
MANY: Final = 10_000_000
"""Between these two, memory is compared."""
_RUNS: Final = 3
ROUNDS: Final = 3 * _RUNS + 3
"""Signs of life: the runs, one for each size of file, and one for the stages."""

_DECIMALS: Final = {
    "frequency": 4,
    "monetary": 2,
    "avg_purchase_amount": 2,
    "email_open_rate": 1,
    "website_visits_per_month": 2,
}


@dataclass(frozen=True)
class Run:
    """A whole process that scores a file, from its start to its end."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Files:
    """What was measured."""

    one_core: Mapping[Side, Run]
    all_cores: Run
    cores: int
    few: Run
    many: Run
    stages: Mapping[str, float]
    """Microseconds of one core for each row."""
    bytes_per_row: float

    @property
    def per_core(self) -> float:
        """How many times as many rows as the peer, on one core each."""
        return self.one_core[Side.PEER].seconds / self.one_core[Side.OURS].seconds

    @property
    def scaling(self) -> float:
        """How many times as many rows on all cores as on one."""
        return self.one_core[Side.OURS].seconds / self.all_cores.seconds

    @property
    def memory(self) -> float:
        """Peak memory of MANY rows over that of FEW."""
        return self.many.peak_mb / self.few.peak_mb


def write(customers: pd.DataFrame, folder: Path) -> Path:
    """A file of ROWS customers, drawn from those of the shop, with a column of their own."""
    drawn = customers.sample(ROWS, replace=True, random_state=1).round(_DECIMALS)
    drawn = drawn[["customer_id", *RECORD_FIELDS]].assign(
        customer_id=[f"C{number:07}" for number in range(ROWS)],
        note=np.arange(ROWS) % 997,
    )
    file = folder / "customers.csv"
    drawn.to_csv(file, index=False)
    return file


def measure(file: Path, version: str, tell: Tell) -> Files:
    """Both sides in turn on one core, then ours on all; then few rows and many, then the parts."""
    turns: dict[str, list[Run]] = {"ours": [], "peer": [], "all": []}
    for _ in range(_RUNS):
        for name, run in (("ours", _ours), ("peer", _peer)):
            turns[name].append(run(file, one_core=True))
            tell()
        turns["all"].append(_ours(file, one_core=False))
        tell()
    middle = {name: _middle(runs) for name, runs in turns.items()}
    few = _ours(_first(file, FEW), one_core=False)
    tell()
    many = _ours(_repeated(file, MANY // ROWS), one_core=False)
    tell()
    stages = _stages(file, version)
    tell()
    return Files(
        one_core={Side.OURS: middle["ours"], Side.PEER: middle["peer"]},
        all_cores=middle["all"],
        cores=cores(),
        few=few,
        many=many,
        stages=stages,
        bytes_per_row=file.stat().st_size / ROWS,
    )


def _ours(file: Path, *, one_core: bool) -> Run:
    # The console script itself lies beside the interpreter.
    command = [str(Path(sys.executable).with_name("foretell")), "score", str(file)]
    return _timed([*command, "--out", str(file.parent / "scored")], one_core=one_core)


def _peer(file: Path, *, one_core: bool) -> Run:
    module = "tests.benchmarks.peer.batch"
    target = str(file.parent / "peer.csv")
    return _timed([sys.executable, "-m", module, str(file), target], one_core=one_core)


def _timed(command: Sequence[str], *, one_core: bool) -> Run:
    return Run(**json.loads(_watched(command, one_core=one_core)))


def _watched(command: Sequence[str], *, one_core: bool) -> bytes:
    module = "tests.benchmarks.watched"
    watching = [sys.executable, "-m", module, "one" if one_core else "all", *command]
    threads = {"OMP_NUM_THREADS": "1"} if one_core else {}
    done = subprocess.run(watching, capture_output=True, env=os.environ | threads, check=False)
    if done.returncode:
        told = done.stderr.decode(errors="replace")
        raise SystemExit(f"{' '.join(command)} failed:\n{told}")
    return done.stdout


def _middle(runs: Sequence[Run]) -> Run:
    return Run(median(run.seconds for run in runs), median(run.peak_mb for run in runs))


def _first(file: Path, rows: int) -> Path:
    target = file.with_name("few.csv")
    with file.open() as source, target.open("w") as few:
        few.writelines(islice(source, rows + 1))
    return target


def _repeated(file: Path, times: int) -> Path:
    target = file.with_name("many.csv")
    header, _, rows = file.read_bytes().partition(b"\n")
    with target.open("wb") as many:
        many.write(header + b"\n")
        for _ in range(times):
            many.write(rows)
    return target


def _stages(file: Path, version: str) -> dict[str, float]:
    told = file.with_name("stages.json")
    stages = [sys.executable, "-m", "tests.benchmarks.stages", str(file), version, str(told)]
    _watched(stages, one_core=True)
    found: dict[str, float] = json.loads(told.read_text())
    return {name: found[name] for name in STAGES}
