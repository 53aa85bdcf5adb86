"""`python -m tests.benchmarks.readers`: what could read the CSV files of a batch.

Shows the tables and writes them to READERS.md. The libraries are installed for the occasion only.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from tests.benchmarks import machine, render
from tests.benchmarks.reading import environments, files, report
from tests.benchmarks.reading.entrants import ENTRANTS, Entrant
from tests.benchmarks.reading.environments import Environment
from tests.benchmarks.reading.report import RUNS, TIMES, Result, Results
from tests.benchmarks.reading.running import Reading, fates, middle, read
from tests.benchmarks.table import Section
from training.terminal import console, step_beside

DOCUMENT: Final = Path(__file__).with_name("READERS.md")
_INTRODUCTION: Final = """# What reads a CSV file of customers

Written by `python -m tests.benchmarks.readers`: one run on one machine. A reader has to turn the
columns of the contract into a matrix, to hand back each row as it stood, and to lose none of them.
"""

Readings = dict[Entrant, Reading]


def main() -> None:
    """Install, write, measure, tell."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        results = _results(Path(folder))
    loads = f"{load:.1f} when it began, {os.getloadavg()[0]:.1f} when it ended, its own 1 included"
    tables = report.sections(results, _measured_on(results, loads), _own_lines())
    render.to_terminal(tables, console)
    DOCUMENT.write_text(_document(tables), encoding="utf-8")
    console.print(f"Written to {os.path.relpath(DOCUMENT)}.")


def _results(folder: Path) -> Results:
    with step_beside("Installing the libraries"):
        places = environments.made(ENTRANTS, folder)
    with step_beside(f"Writing {files.ROWS:,} customers"):
        file = folder / "customers.csv"
        files.write(file)
        several = _repeated(file)
    with step_beside("Reading bad rows"):
        found = {entrant: fates(entrant, places[entrant], folder) for entrant in ENTRANTS}
    with step_beside(f"Reading {files.ROWS:,} rows, {RUNS} times"):
        rounds = [_each(places, file) for _ in range(RUNS)]
    with step_beside(f"Reading {TIMES * files.ROWS:,} rows"):
        many = _each(places, several)
    with step_beside("Reading the second half"):
        _each(places, file, _middle_of(file))
    return {
        entrant: Result(
            places[entrant],
            middle([readings[entrant] for readings in rounds]),
            many[entrant],
            found[entrant],
        )
        for entrant in ENTRANTS
    }


def _each(places: Mapping[Entrant, Environment], file: Path, first_byte: int = 0) -> Readings:
    """All readers in turn, which have to agree."""
    found = {entrant: read(entrant, places[entrant], file, first_byte) for entrant in ENTRANTS}
    for entrant, reading in found.items():
        if not reading.agrees_with(found[ENTRANTS[0]]):
            raise SystemExit(f"{entrant.name} read something else than {ENTRANTS[0].name}")
    return found


def _repeated(file: Path) -> Path:
    target = file.with_name("several.csv")
    header, _, rows = file.read_bytes().partition(b"\n")
    with target.open("wb") as several:
        several.write(header + b"\n")
        for _ in range(TIMES):
            several.write(rows)
    return target


def _middle_of(file: Path) -> int:
    """Where a row begins near the middle of a file without quotes."""
    with file.open("rb") as rows:
        rows.seek(file.stat().st_size // 2)
        rows.readline()
        return rows.tell()


def _measured_on(results: Results, loads: str) -> dict[str, str]:
    versions = {
        entrant.package: result.environment.version
        for entrant, result in results.items()
        if entrant.package
    }
    told = (f"{name} {version}" for name, version in versions.items())
    return machine.described() | {
        "Libraries": ", ".join((*told, f"numpy {np.__version__}")),
        "Load": loads,
    }


def _own_lines() -> int:
    texts = (file.read_text(encoding="utf-8") for file in environments.own_files())
    return sum(bool(line.strip()) for text in texts for line in text.splitlines())


def _document(tables: tuple[Section, ...]) -> str:
    return f"{_INTRODUCTION}{render.to_markdown(tables).removeprefix(render.to_markdown(()))}"


if __name__ == "__main__":
    main()
