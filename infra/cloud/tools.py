"""The programs a deployment runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from infra.cloud.errors import CommandFailed, NotReady

Run = Callable[[Sequence[str]], None]
"""Runs a program with this terminal as its own.

Raises:
    CommandFailed: it ended with an error.
"""

_OF_THE_PROJECT: Final = Path("cloud") / "bin" / "sam"


def sam() -> str:
    """The SAM CLI: the one that `make cloud` installs, or else the one on the path.

    Raises:
        NotReady: there is none.
    """
    locked = Path(sys.prefix) / _OF_THE_PROJECT
    found = str(locked) if locked.exists() else shutil.which("sam")
    if found is None:
        raise NotReady("the SAM CLI is not installed: run `make cloud`")
    return found


def run(command: Sequence[str]) -> None:
    """As `Run`."""
    environment = os.environ | {"SAM_CLI_TELEMETRY": os.environ.get("SAM_CLI_TELEMETRY", "0")}
    try:
        code = subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - ours
    except OSError as error:
        raise CommandFailed(f"{command[0]} cannot be run: {error.strerror}") from error
    if code:
        raise CommandFailed(f"`{' '.join(command[:3])} ...` ended with code {code}; see above")
