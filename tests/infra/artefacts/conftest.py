"""The artefacts, built once."""

from pathlib import Path

import pytest

from tests.infra.artefacts.built import Built, cloud_tools_or_skip, made_once, sam_build
from tests.infra.emulator import python313


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """A Python 3.13, where there is one."""
    return python313.found(tmp_path_factory)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, compiler: Path | None) -> Built:
    """What is deployed."""
    cloud_tools_or_skip()
    return Built(made_once(tmp_path_factory, "built", lambda into: sam_build(into, compiler)))
