"""The house: who may import whom, and that the functions stay thin."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "foretell": ROOT / "layers/foretell/foretell",
    "functions": ROOT / "functions",
    "training": ROOT / "training",
    "infra": ROOT / "infra",
}
MAY_IMPORT = {
    "foretell": {"foretell"},
    "functions": {"functions", "foretell"},
    "training": {"training", "foretell"},
    "infra": {"infra", "training", "functions", "foretell"},
}
OF_THE_RUNTIME = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "mangum",
    "mypy_boto3_s3",
    "numpy",
    "onnxruntime",
    "pydantic",
    "pydantic_core",
    "snapshot_restore_py",
    "starlette",
    "urllib3",
}
OVER_FILES = ("batch", "features.py", "tables")
"""What works on whole files, and may use DuckDB; no request goes through it."""
TOO_HEAVY = (
    "aws_xray_sdk",
    "boto3",
    "botocore.session",  # Powertools imports the bare package
    "duckdb",
    "fastapi",
    "onnx",
    "pandas",
    "scipy",
    "sklearn",
    "xgboost",
)
FUNCTIONS = sorted(ROOMS["functions"].glob("*/app.py"))


def imports(file: Path) -> Iterator[str]:
    """Top-level names of all that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_one_way(room: str) -> None:
    files = list(ROOMS[room].rglob("*.py"))
    assert files
    for file in files:
        assert set(imports(file)) & set(ROOMS) <= MAY_IMPORT[room], file


def test_the_runtime_imports_only_what_its_layer_carries() -> None:
    for file in ROOMS["foretell"].rglob("*.py"):
        outside = set(imports(file)) - set(sys.stdlib_module_names) - {"foretell"}
        over_files = file.relative_to(ROOMS["foretell"]).parts[0] in OVER_FILES
        assert outside <= OF_THE_RUNTIME | ({"duckdb"} if over_files else set()), file


def test_importing_what_scores_files_does_not_yet_bring_duckdb_along() -> None:
    assert "duckdb" not in modules_after("foretell.batch.log")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda file: file.parent.name)
def test_a_function_is_wiring_of_under_60_lines(function: Path) -> None:
    assert len(function.read_text().splitlines()) < 60


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda file: file.parent.name)
def test_importing_a_function_brings_nothing_heavy_along(function: Path) -> None:
    assert not set(TOO_HEAVY) & modules_after(f"functions.{function.parent.name}.app")


def modules_after(name: str) -> set[str]:
    """What is loaded in a new process once it has imported this."""
    found = (
        subprocess.run(
            [sys.executable, "-c", f"import sys, {name}; print(*sys.modules)"],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin"},
        )
        .stdout.splitlines()[-1]
        .split()
    )
    assert name in found
    return set(found)
