"""A function in a fresh process, with a live model: what it needs for its first answer."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from foretell.contract import ModelName
from foretell.registry import Registry

ROOT = Path(__file__).parents[3]
NEVER_NEEDED = {
    "aws_xray_sdk",
    "boto3",
    "botocore.session",  # Powertools imports the bare package, which is next to nothing
    "click",
    "duckdb",
    "fastapi",
    "jinja2",
    "matplotlib",
    "onnx",
    "pandas",
    "rich",
    "scipy",
    "sklearn",
    "uvicorn",
    "xgboost",
}
PROGRAM = """
import gc, importlib, json, sys
sys.path.insert(0, ".")
app = importlib.import_module("functions.{model}.app")
collects = gc.isenabled()
from tests.shared.lambda_events import Context, http_event
record = {{"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5}}
answer = app.handler(http_event("POST", "/predict/{model}", record), Context())
print(json.dumps({{
    "status": answer["statusCode"],
    "version": json.loads(answer["body"]).get("model_version"),
    "modules": list(sys.modules),
    "collects": collects,
    "frozen": gc.get_freeze_count(),
}}))
"""


@dataclass(frozen=True)
class FirstAnswer:
    """What a fresh process answered, and what it was by then."""

    status: int
    version: str
    modules: list[str]
    collects: bool
    """Whether garbage is collected once the function is imported."""

    frozen: int
    """Objects that the collector passes over."""


def first_answer(model: ModelName, registry: Registry) -> FirstAnswer:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(model=model)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "AWS_LAMBDA_FUNCTION_NAME": "foretell-test",
            "FORETELL_REGISTRY": str(registry.address),
        },
    )
    return FirstAnswer(**json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("model", ModelName)
def test_a_first_answer_needs_neither_an_sdk_nor_what_trains(
    model: ModelName, live_registry: Registry, trained: Any
) -> None:
    answer = first_answer(model, live_registry)

    assert (answer.status, answer.version) == (200, trained.version)
    assert "foretell.s3.reader" in answer.modules
    assert not NEVER_NEEDED & set(answer.modules)
    assert answer.collects
    assert answer.frozen > 10_000
