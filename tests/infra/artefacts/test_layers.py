"""What `sam build` puts into the layers: what functions need, nothing else, within the limits."""

import importlib.metadata
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.infra.artefacts.built import ARCHITECTURE, ROOT, Built
from tests.infra.emulator import python313

pytestmark = pytest.mark.slow

API_MB, LAMBDA_MB = 120, 250
"""Unzipped: what the project allows a function of the API, and Lambda any."""

LOCKS = {
    "RuntimeLayer": "layers/runtime/requirements.txt",
    "DuckdbLayer": "layers/duckdb/requirements.txt",
}
NOT_ANSWERED_WITH = {"flatbuffers", "packaging", "protobuf"}
"""Locked because onnxruntime names them; it answers without them."""

DROPPED = {
    "RuntimeLayer": (
        *("bin", "google", "flatbuffers", "packaging"),
        *(f"onnxruntime/{name}" for name in ("transformers", "quantization", "tools", "backend")),
        "onnxruntime/datasets",
        "onnxruntime/capi/libonnxruntime.so*",
        *("numpy/f2py", "numpy/_pyinstaller", "numpy/conftest.py", "numpy/_core/_*tests*"),
        *("numpy/_core/include", "numpy/_core/lib", "numpy/_core/_simd*"),
        "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js",
    ),
    "DuckdbLayer": ("bin", "_duckdb-stubs", "adbc_driver_duckdb", "duckdb/experimental"),
    "ForetellLayer": (),
}
NEVER = ("tests", "*.pyi", "*.pxd", "*.dist-info/RECORD", "*.dist-info/INSTALLER", ".lock")
STAYS_OUT = {
    "boto3",  # Lambda's runtime has it
    "botocore",
    "fastapi",
    "onnx",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "training",
    "xgboost",
}
ELF_MACHINE = {"x86_64": 62, "arm64": 183}
MAGIC_OF_3_13 = 3571
UNCHECKED_HASH = 0b01


@pytest.fixture(params=["RuntimeLayer", "DuckdbLayer", "ForetellLayer"])
def layer(request: pytest.FixtureRequest, built: Built) -> Path:
    found = built.layers[request.param]
    assert found.name == request.param
    return found


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def megabytes(*folders: Path) -> float:
    return sum(path.stat().st_size for folder in folders for path in files(folder)) / 1e6


def locked(lock: str) -> dict[str, str]:
    """Versions by package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


class TestSizes:
    """Unzipped, which is what Lambda counts."""

    def test_each_function_with_its_layers(self, built: Built) -> None:
        sizes = {
            name: megabytes(function.code, *function.layers)
            for name, function in built.functions.items()
        }

        limits = dict.fromkeys(sizes, API_MB) | {"BatchFunction": LAMBDA_MB}
        assert len(sizes) == 6
        assert {name: mb for name, mb in sizes.items() if mb > limits[name]} == {}

    def test_what_each_makefile_allows_adds_up_to_the_limits(self, built: Built) -> None:
        allowed = {
            folder: int(re.search(r"^AT_MOST_MB := (\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
            for folder in ("runtime", "duckdb", "foretell")
            for text in [(ROOT / f"layers/{folder}/Makefile").read_text()]
        }

        assert allowed["runtime"] + allowed["foretell"] <= API_MB
        assert sum(allowed.values()) <= LAMBDA_MB


class TestContents:
    """Nothing but the locked packages and foretell, without what no function reads."""

    @pytest.mark.parametrize("name", LOCKS)
    def test_the_packages_are_the_locked_ones(self, built: Built, name: str) -> None:
        wanted = locked(LOCKS[name])

        found = dict(
            folder.name.removesuffix(".dist-info").split("-")
            for folder in (built.layers[name] / "python").glob("*.dist-info")
        )

        assert {package.replace("_", "-"): version for package, version in found.items()} == {
            package: version
            for package, version in wanted.items()
            if package not in NOT_ANSWERED_WITH
        }

    @pytest.mark.parametrize("name", LOCKS)
    def test_every_file_belongs_to_one_of_them(self, built: Built, name: str) -> None:
        known = {
            file.parts[0].partition(".")[0]
            for package in locked(LOCKS[name])
            for file in importlib.metadata.files(package) or ()
        }

        assert {
            entry.name
            for entry in (built.layers[name] / "python").iterdir()
            if entry.suffix != ".dist-info"
            and entry.name != "__pycache__"
            and entry.name.partition(".")[0] not in known
        } == set()

    def test_there_is_nothing_beside_the_packages(self, layer: Path) -> None:
        assert [entry.name for entry in layer.iterdir()] == ["python"]

    def test_what_is_dropped_is_gone(self, layer: Path) -> None:
        site = layer / "python"

        assert [path for pattern in DROPPED[layer.name] for path in site.glob(pattern)] == []
        assert [path for pattern in NEVER for path in site.rglob(pattern)] == []

    def test_licences_stay(self, built: Built) -> None:
        site = built.layers["RuntimeLayer"] / "python"

        assert list(site.glob("numpy-*.dist-info/licenses/*"))
        assert (site / "onnxruntime/ThirdPartyNotices.txt").exists()

    def test_what_trains_and_what_lambda_has_stay_out(self, layer: Path) -> None:
        modules = {entry.name.partition(".")[0] for entry in (layer / "python").iterdir()}

        assert modules & STAYS_OUT == set()

    def test_what_is_native_is_for_the_processor(self, layer: Path) -> None:
        machines = {machine(path) for path in files(layer) if ".so" in path.suffixes}

        assert machines <= {ELF_MACHINE[ARCHITECTURE]}
        assert machines or layer.name == "ForetellLayer"

    def test_foretell_is_there_as_it_stands_in_the_repository(self, built: Built) -> None:
        package, source = (
            found / "foretell"
            for found in (built.layers["ForetellLayer"] / "python", ROOT / "layers/foretell")
        )

        assert sources(package) == sources(source)
        assert {"features.sql", "py.typed"} <= {path.name for path in package.iterdir()}

    def test_no_file_is_in_two_layers(self, built: Built) -> None:
        # All are unpacked over the same /opt.
        names = [
            path.relative_to(folder) for folder in built.layers.values() for path in files(folder)
        ]

        assert len(names) == len(set(names))


class TestBytecode:
    """For Lambda's Python alone, and good wherever it is unpacked to."""

    @pytest.fixture(autouse=True)
    def _is_compiled(self, compiler: Path | None) -> None:
        if compiler is None:
            pytest.skip(python313.NONE)

    def test_every_module_is_compiled_for_python_3_13_and_no_other(self, layer: Path) -> None:
        modules = {path for path in files(layer) if path.suffix == ".py"}
        compiled = {path for path in files(layer) if path.suffix == ".pyc"}

        assert modules
        assert compiled == {
            path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in modules
        }

    def test_it_is_never_held_against_its_source(self, layer: Path) -> None:
        # Files that were unzipped are younger than what was compiled.
        headers = {path.read_bytes()[:8] for path in files(layer) if path.suffix == ".pyc"}

        assert {(struct.unpack("<H", header[:2])[0], header[4]) for header in headers} == {
            (MAGIC_OF_3_13, UNCHECKED_HASH)
        }

    def test_stack_traces_name_the_path_in_lambda(self, layer: Path) -> None:
        folder = str(layer).encode()

        for path in files(layer):
            assert path.suffix != ".pyc" or folder not in path.read_bytes()


def sources(package: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(package)): path.read_bytes()
        for path in files(package)
        if path.parent.name != "__pycache__"
    }


def machine(library: Path) -> int:
    """For which processor a shared object is."""
    with library.open("rb") as file:
        header = file.read(20)
    assert header.startswith(b"\x7fELF")
    found: int = struct.unpack("<H", header[18:20])[0]
    return found
