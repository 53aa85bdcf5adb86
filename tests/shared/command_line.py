"""The command line, run in the process of the tests."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from training import cli


class Said(NamedTuple):
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str


Foretell = Callable[..., Said]


def command_line(patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Foretell:
    """Runs commands as a shell would; no platform runs on this machine."""

    def run(*words: object) -> Said:
        patch.setattr(sys, "argv", ["foretell", *map(str, words)])
        code = 0
        try:
            cli.main(cli.commands, lambda: None)
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run
