"""A Python 3.13, which is what Lambda runs the functions with; this project's may be another.

The first of: what PYTHON313 names, one on the PATH, one of pyenv's, the one in the container image
that .ci/containers made or pulled. The last needs no container to run in: its loader is told where
its libraries are.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.artefacts.built import made_once
from tests.shared import engine
from tests.shared.engine import Engine

NONE = (
    "no Python 3.13 here: install one, or name it in PYTHON313, or run `.ci/containers start`,"
    " whose image has one"
)
_IS_ONE = "import sys; sys.exit(sys.version_info[:2] != (3, 13))"
_PROGRAM = "python3.13"
_WANTED = ("bin", "lib", "lib64", "usr/bin", "usr/lib", "usr/lib64", "usr/local")


def found(factory: pytest.TempPathFactory) -> Path | None:
    """The first that answers; None where there is none at all."""
    return installed() or of_the_image(made_once(factory, "python", unpack))


def installed() -> Path | None:
    """The one of this machine that answers: a shim of pyenv's may exist and not answer."""
    return next((path for path in _candidates() if _answers(path)), None)


def unpack(folder: Path) -> None:
    """Make a folder of the engine's image, if there is an engine, with a program to call."""
    folder.mkdir()
    image_of = engine.found()
    if isinstance(image_of, Engine):
        _unpack(image_of, folder)
        program = folder / _PROGRAM
        program.write_text(_script(folder))
        program.chmod(0o755)


def of_the_image(folder: Path) -> Path | None:
    """The one in such a folder."""
    program = folder / _PROGRAM
    return program if _answers(program) else None


def _candidates() -> Iterator[Path]:
    named = (os.environ.get("PYTHON313"), shutil.which("python3.13"), shutil.which("python3"))
    # The program itself: a link to it in a virtual environment brings that one's packages along.
    yield from (Path(path).resolve() for path in named if path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.13*/bin/python3"))


def _answers(program: Path) -> bool:
    try:
        asked = subprocess.run([program, "-c", _IS_ONE], capture_output=True, check=False)
    except OSError:
        return False
    return asked.returncode == 0


def _unpack(image_of: Engine, folder: Path) -> None:
    created = image_of.run("create", image_of.python_image)
    if created.returncode:
        return  # an image that cannot be pulled
    name, archive = created.stdout.split()[-1], folder / "image.tar"
    try:
        image_of.run("export", "--output", str(archive), name)
        # Of what an image does not have, tar complains.
        subprocess.run(
            ["tar", "-x", "--no-same-owner", "-f", archive, "-C", folder, *_WANTED],
            capture_output=True,
            check=False,
        )
    finally:
        image_of.run("rm", name)
        archive.unlink(missing_ok=True)


def _script(folder: Path) -> str:
    python = next(folder.glob("usr/local/bin/python3.13"), folder / "usr/bin/python3.13")
    loader = next(folder.glob("usr/lib*/ld-linux-*"), None) or next(
        folder.glob("usr/lib/*-linux-gnu/ld-linux-*"), None
    )
    libraries = ":".join(map(str, (*folder.glob("usr/lib/*-linux-gnu"), folder / "usr/local/lib")))
    home = python.parents[1]
    return (
        f'#!/bin/sh\nexport PYTHONHOME="{home}"\n'
        f'exec "{loader}" --library-path "{libraries}" "{python}" "$@"\n'
    )
