"""The figures of whole files as tables."""

from typing import Final

from tests.benchmarks.files import FEW, MANY, ROWS, Files, Run
from tests.benchmarks.question import Side
from tests.benchmarks.table import Ratio, Section, figure

_GOAL: Final = 5.0
"""Times the peer's rows a second, on one core: what is in sight."""

_WHOLE: Final = (
    "Whole processes, from their start to their end, medians of three in turn: `foretell score`"
    " with everything it writes (predictions with fourteen more columns, refused rows, summary,"
    " status) and the peer's loop (`tests/benchmarks/peer/batch.py`: pandas in chunks of 100,000"
    " rows, scikit-learn, XGBoost), which writes the file with three more. On one core neither"
    " may use another."
)
_MEMORY: Final = "Peak memory is what the system counted for the whole process, libraries included."


def ratios(files: Files) -> tuple[Ratio, ...]:
    """The figures that matter."""
    return (
        Ratio(f"{ROWS:,} rows of CSV, one core: Foretell / peer", files.per_core, at_least=2),
        Ratio(f"the same: {files.cores} cores / one", files.scaling),
        Ratio(f"peak memory: {MANY:,} rows / {FEW:,}", files.memory, at_most=1.25),
    )


def sections(files: Files) -> tuple[Section, ...]:
    """The tables."""
    return (_throughput(files), _stages(files))


def _throughput(files: Files) -> Section:
    ours = f"Foretell, {files.cores} cores"
    rows = (
        _run("peer, one core", files.one_core[Side.PEER], ROWS, 1),
        _run("Foretell, one core", files.one_core[Side.OURS], ROWS, 1),
        _run(ours, files.all_cores, ROWS, files.cores),
        _run(ours, files.few, FEW, files.cores),
        _run(ours, files.many, MANY, files.cores),
    )
    columns = ("", "rows", "seconds", "rows a second and core", "peak memory, MB")
    title = f"Files of customers, CSV of {files.bytes_per_row:.0f} bytes a row"
    return Section(title, columns, rows, (_WHOLE, _MEMORY))


def _run(name: str, run: Run, rows: int, cores: int) -> tuple[str, ...]:
    speed = f"{rows / run.seconds / cores:,.0f}"
    return (name, f"{rows:,}", figure(run.seconds), speed, figure(run.peak_mb))


def _stages(files: Files) -> Section:
    scoring = sum(spent for name, spent in files.stages.items() if name.startswith("scoring"))
    whole = sum(files.stages.values())
    rows = (
        *((name, figure(spent)) for name, spent in files.stages.items()),
        ("the floor: scoring alone", figure(scoring)),
        ("the floor: reading, writing and summary alone", figure(whole - scoring)),
        ("all of it", figure(whole)),
        ("Foretell's whole process", figure(_microseconds(files.one_core[Side.OURS]))),
        ("the peer's", figure(_microseconds(files.one_core[Side.PEER]))),
    )
    title = "Where the time goes, in microseconds of one core a row"
    return Section(title, ("", "us"), rows, (_between(files, scoring, whole),))


def _between(files: Files, scoring: float, whole: float) -> str:
    allowed = _microseconds(files.one_core[Side.PEER]) / _GOAL
    features, trees = (files.stages[f"scoring: {part}"] for part in ("features", "trees"))
    return (
        f"Five times the peer would be {figure(allowed)} us a row. Between that and"
        f" {figure(whole)} stand the trees, {figure(trees)}, though they are looked up, and the"
        f" features, {figure(features)}: nearly all of that are the powers in float64 of which the"
        " integrals of the buy-till-you-die forecast are made. Reading, writing and the summary"
        f" together take {figure(whole - scoring)}. Fewer trees and coarser integrals would come"
        " closer, and be paid for with accuracy."
    )


def _microseconds(run: Run) -> float:
    return 1e6 * run.seconds / ROWS
