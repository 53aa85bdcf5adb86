"""The makefiles of the layers, run as `sam build` runs them: the same bytes again, or a refusal."""

import filecmp
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.artefacts.built import ARCHITECTURE, ROOT, Built
from tests.infra.artefacts.test_layers import ELF_MACHINE, files, machine

pytestmark = pytest.mark.slow

OTHER = "arm64" if ARCHITECTURE == "x86_64" else "x86_64"
HUNDRED_MB = 100_000_000


@dataclass(frozen=True)
class Made:
    """A run of make."""

    done: "subprocess.CompletedProcess[str]"
    folder: Path

    @property
    def said(self) -> str:
        return self.done.stdout + self.done.stderr

    @property
    def succeeded(self) -> bool:
        return self.done.returncode == 0


@dataclass(frozen=True)
class Layers:
    """A copy of the folder `layers`, to be built, or broken and built."""

    folder: Path
    compiler: Path | None

    def make(self, layer: str, *words: str) -> Made:
        """Build RuntimeLayer, DuckdbLayer or ForetellLayer."""
        source = self.folder / layer.removesuffix("Layer").lower()
        into = self.folder.parent / "made" / layer
        done = subprocess.run(
            [
                *("make", "--makefile", source / "Makefile", f"build-{layer}"),
                *(f"ARTIFACTS_DIR={into}", f"ARCHITECTURE={ARCHITECTURE}"),
                *(f"UV={ROOT / '.venv/bin/uv'}", f"PYTHON313={self.compiler or ''}"),
                *words,
            ],
            cwd=source,
            env={name: os.environ[name] for name in os.environ if not name.startswith("MAKE")},
            capture_output=True,
            text=True,
            check=False,
        )
        return Made(done, into)


@pytest.fixture
def layers(tmp_path: Path, compiler: Path | None) -> Iterator[Layers]:
    copied = shutil.copytree(ROOT / "layers", tmp_path / "layers")
    yield Layers(copied, compiler)
    # pytest would keep them, a hundred megabytes each.
    shutil.rmtree(tmp_path / "made", ignore_errors=True)


@pytest.mark.parametrize("name", ["RuntimeLayer", "DuckdbLayer", "ForetellLayer"])
def test_sam_build_holds_what_the_makefiles_make_byte_for_byte(
    layers: Layers, built: Built, name: str
) -> None:
    made = layers.make(name)

    assert made.succeeded, made.said
    ours, theirs = (
        sorted(path.relative_to(folder) for path in files(folder))
        for folder in (made.folder, built.layers[name])
    )
    assert ours == theirs
    same, *others = filecmp.cmpfiles(made.folder, built.layers[name], ours, shallow=False)
    assert (len(same), others) == (len(ours), [[], []])


def test_the_size_is_told(layers: Layers) -> None:
    said = layers.make("ForetellLayer").said

    assert re.search(r"^ForetellLayer: \d MB unzipped, of at most 5$", said, re.MULTILINE)


@pytest.mark.parametrize("name", ["RuntimeLayer", "DuckdbLayer", "ForetellLayer"])
def test_a_layer_of_300_mb_is_refused_with_its_name_and_size(layers: Layers, name: str) -> None:
    # given a layer into which something large has got
    makefile = layers.folder / name.removesuffix("Layer").lower() / "Makefile"
    grown = f'\t@truncate -s {3 * HUNDRED_MB} "$(SITE)/weights.bin"\n\t$(finish)'
    makefile.write_text(makefile.read_text().replace("\t$(finish)", grown))

    made = layers.make(name, "PYTHON313=")

    assert not made.succeeded
    assert f"{name}: " in made.said
    assert "MB unzipped" in made.said
    assert "too large" in made.said
    assert "weights.bin" in made.said


def test_another_wheel_than_the_locked_one_is_refused(layers: Layers) -> None:
    lock = layers.folder / "duckdb/requirements.txt"
    name = lock.read_text().split()[0]
    lock.write_text(f"{name} --hash=sha256:{'0' * 64}\n")

    made = layers.make("DuckdbLayer")

    assert not made.succeeded
    assert "hash" in made.said.lower()


def test_what_has_moved_in_a_newer_version_is_noticed(layers: Layers) -> None:
    made = layers.make("DuckdbLayer", "UNUSED=duckdb/gone")

    assert not made.succeeded
    assert "there is no duckdb/gone to be dropped" in made.said


def test_without_a_python_3_13_it_is_built_and_said_to_start_slower(layers: Layers) -> None:
    made = layers.make("ForetellLayer", "PYTHON313=")

    assert made.succeeded
    assert "cold starts are slower" in made.said
    assert {path.suffix for path in files(made.folder)} == {".py", ".sql", ".typed"}


def test_bytecode_that_lies_about_stays_out(layers: Layers) -> None:
    stray = layers.folder / "foretell/foretell/__pycache__/live.cpython-311.pyc"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of this machine")

    made = layers.make("ForetellLayer")

    assert made.succeeded
    assert not list(made.folder.rglob("*.cpython-311.pyc"))


def test_it_can_be_built_for_the_other_processor(layers: Layers) -> None:
    made = layers.make("DuckdbLayer", f"ARCHITECTURE={OTHER}")

    assert made.succeeded, made.said
    (library,) = made.folder.rglob("*.so")
    assert machine(library) == ELF_MACHINE[OTHER]


def test_a_processor_that_lambda_does_not_have_is_refused(layers: Layers) -> None:
    made = layers.make("ForetellLayer", "ARCHITECTURE=riscv64")

    assert not made.succeeded
    assert 'ARCHITECTURE is "riscv64": it can be x86_64 or arm64' in made.said


def test_without_a_folder_to_build_into_nothing_is_touched(layers: Layers) -> None:
    made = layers.make("ForetellLayer", "ARTIFACTS_DIR=")

    assert not made.succeeded
    assert "`sam build` runs this" in made.said
