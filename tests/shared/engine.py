"""The container engine of this machine: the one .ci/containers started, or a developer's Docker."""

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PUBLIC_PYTHON = "python:3.13-slim"


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    docker_host: str
    command: tuple[str, ...]
    """What to write before `build`, `run`, ...; a Docker and a Podman take the same words."""

    python_image: str
    """An image with Python 3.13 on Debian, for a Dockerfile to stand on."""

    def environment(self) -> Mapping[str, str]:
        """What leads Docker's clients, and so the SAM CLI, to it."""
        return {"DOCKER_HOST": self.docker_host}

    def run(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """One command of the engine; what it says is in the result, whether it succeeds or not."""
        return subprocess.run(
            [*self.command, *words],
            env=os.environ | self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def containers(self) -> set[str]:
        """Ids of all containers, running or not."""
        return set(self.run("ps", "--all", "--quiet", "--no-trunc").stdout.split())


@functools.cache
def found() -> Engine | str:
    """The engine; or, where there is none, why."""
    note = _note()
    if "reason" in note:
        return str(note["reason"])
    if note:
        engine = Engine(note["docker_host"], tuple(note["command"]), note["python_image"])
        if _answers(engine):
            return engine
    return _docker() or "no container engine answers: start Docker, or run `.ci/containers start`"


def engine_or_skip() -> Engine:
    """The engine; a test on a machine without one is skipped, with the reason."""
    engine = found()
    if isinstance(engine, str):
        pytest.skip(engine)
    return engine


def _note() -> dict[str, Any]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("FORETELL_CONTAINERS") or cache / "foretell/containers")
    try:
        note: dict[str, Any] = json.loads((folder / "engine.json").read_text())
    except FileNotFoundError:
        return {}
    return note


def _docker() -> Engine | None:
    if shutil.which("docker") is None:
        return None
    shown = subprocess.run(
        ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    address = os.environ.get("DOCKER_HOST") or shown.stdout.strip()
    engine = Engine(address, ("docker",), PUBLIC_PYTHON)
    return engine if _answers(engine) else None


def _answers(engine: Engine) -> bool:
    try:
        return engine.run("version", timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False
