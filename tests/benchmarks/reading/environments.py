"""Virtual environments, one for each package, so that each is measured with what it brings."""

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.reading.entrants import OURS, Entrant

_UV: Final = Path(sys.executable).with_name("uv")
_ROOT: Final = Path(__file__).parents[3]
_FORETELL: Final = _ROOT / "layers" / "foretell" / "foretell" / "batch"


@dataclass(frozen=True)
class Environment:
    """Where a reader runs."""

    python: Path
    version: str
    """Of the package."""
    bytes: int
    """Of files that had to be installed beside numpy."""


def made(entrants: Sequence[Entrant], folder: Path) -> dict[Entrant, Environment]:
    """Where each runs; those of the same package share an environment."""
    bare = _installed(folder / "bare", [])
    alone = _size(bare)
    made: dict[str, Environment] = {}
    for package in sorted({entrant.package for entrant in entrants if entrant.package}):
        python = _installed(folder / package, [package])
        made[package] = Environment(python, _version(python, package), _size(python) - alone)
    standard = Environment(bare, platform.python_version(), 0)
    own = Environment(Path(sys.executable), "", sum(file.stat().st_size for file in own_files()))
    return {
        entrant: made[entrant.package]
        if entrant.package
        else (own if entrant.library == OURS else standard)
        for entrant in entrants
    }


def own_files() -> list[Path]:
    """The modules of Foretell's reader."""
    return [_FORETELL / "split.py", *sorted((_FORETELL / "csv").glob("*.py"))]


def _installed(folder: Path, packages: Sequence[str]) -> Path:
    python = folder / "bin" / "python"
    _uv("venv", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--python", str(python), f"numpy=={np.__version__}", *packages)
    return python


def _version(python: Path, package: str) -> str:
    found: list[dict[str, Any]] = json.loads(
        _uv("pip", "list", "--python", str(python), "--format", "json")
    )
    return next(str(entry["version"]) for entry in found if entry["name"] == package)


def _size(python: Path) -> int:
    files = (python.parents[1] / "lib").rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def _uv(*arguments: str) -> str:
    done = subprocess.run([_UV, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"uv {arguments[0]} failed:\n{done.stderr}")
    return done.stdout
