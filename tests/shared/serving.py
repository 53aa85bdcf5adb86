"""`foretell serve` in a process of its own, and what is asked of it."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORETELL = str(Path(sys.executable).with_name("foretell"))
PATIENCE = 120  # seconds for what takes ten on two quiet cores


@dataclass(frozen=True)
class Running:
    """A platform in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    api: str
    s3: str


def foretell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command, in the folder of a platform."""
    return subprocess.run(
        [FORETELL, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def start(folder: Path, *arguments: str, portfolio: bool = False) -> Running:
    """A platform on free ports, as soon as it says that it is running.

    With `portfolio`, it then scores the customers that it was trained on.
    """
    scored = "--portfolio" if portfolio else "--no-portfolio"
    process = subprocess.Popen(
        [FORETELL, "serve", "--port", "0", "--s3-port", "0", scored, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "registry s3://" in line and "  S3  " in line:
            break
    note = folder / ".foretell/platform.json"
    assert note.exists(), said
    where = json.loads(note.read_text())
    return Running(process, folder, where["api_url"], where["s3_url"])


def stop(running: Running, how: int = signal.SIGINT) -> int:
    running.process.send_signal(how)
    return running.process.wait(timeout=30)


def ask(running: Running, path: str, body: object = None) -> tuple[int, Any]:
    """Status and decoded body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    request = urllib.request.Request(f"{running.api}{path}", data, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())
