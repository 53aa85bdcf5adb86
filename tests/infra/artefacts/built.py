"""What `sam build` makes of template.yaml, once for all tests that want it."""

import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CLOUD = Path(sys.prefix) / "cloud"
_NOTHING = {"Ref": "AWS::NoValue"}
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
"""Of this machine, as Lambda calls it."""


@dataclass(frozen=True)
class BuiltFunction:
    """A function as it is deployed: code, layers, and what its template says."""

    name: str
    code: Path
    layers: tuple[Path, ...]
    """Each is unpacked over /opt."""

    handler: str
    memory_mb: int
    timeout: int
    """Seconds."""

    variables: Mapping[str, Any]
    """What the template sets in AWS: a text, or what CloudFormation makes one of."""


@dataclass(frozen=True)
class Built:
    """The folder that `sam build` leaves."""

    folder: Path

    @cached_property
    def template(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.folder / "template.yaml").read_text())
        return found

    @cached_property
    def layers(self) -> dict[str, Path]:
        """The folders of the layers by their logical ids."""
        return {
            name: self._path(properties["ContentUri"])
            for name, properties in self._of("AWS::Serverless::LayerVersion")
        }

    @cached_property
    def functions(self) -> dict[str, BuiltFunction]:
        """All functions by their logical ids."""
        shared = self.template["Globals"]["Function"]
        return {
            name: self._function(name, {**shared, **properties}, shared["Environment"]["Variables"])
            for name, properties in self._of("AWS::Serverless::Function")
        }

    def _function(
        self, name: str, properties: Mapping[str, Any], shared: Mapping[str, Any]
    ) -> BuiltFunction:
        variables = {**shared, **properties["Environment"]["Variables"]}
        return BuiltFunction(
            name,
            code=self._path(properties["CodeUri"]),
            layers=tuple(self.layers[layer["Ref"]] for layer in properties["Layers"]),
            handler=properties["Handler"],
            memory_mb=properties["MemorySize"],
            timeout=properties["Timeout"],
            variables={name: set_to for name, set_to in variables.items() if set_to != _NOTHING},
        )

    def _of(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource["Properties"]

    def _path(self, written: str) -> Path:
        return (self.folder / written).resolve()


def sam_build(folder: Path, python313: Path | None) -> None:
    """Build for this machine; with that Python the layers are compiled."""
    compiling = {"PYTHON313": str(python313)} if python313 else {}
    done = subprocess.run(
        [
            CLOUD / "bin/sam",
            "build",
            "--template-file",
            ROOT / "template.yaml",
            "--build-dir",
            folder,
            "--parameter-overrides",
            f"Architecture={ARCHITECTURE}",
        ],
        cwd=folder.parent,  # where it keeps notes of its own
        env=os.environ | compiling | {"ARCHITECTURE": ARCHITECTURE, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def cloud_tools_or_skip() -> None:
    """The SAM CLI and the emulator, which it carries."""
    if not (CLOUD / ".installed").exists():
        pytest.skip(f"the SAM CLI is not in {CLOUD}: run `make cloud`")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of pytest's processes makes, and all of them use."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made, done = folder / name, folder / f"{name}.done"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(made)
            done.touch()
    return made
