"""`sam validate --lint`: what AWS's own schemas say of the templates."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.infra.stack.deployment import CLOUD_PYTHON, FILES, ROOT

OFFLINE = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}


SOUND = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: code, Handler: app.handler, Runtime: python3.13 }
  Alias:
    Type: AWS::Lambda::Alias
    Properties: { Name: live, FunctionName: !Ref Function, FunctionVersion: $LATEST }
"""
BROKEN = {
    "Alyas": SOUND.replace("AWS::Lambda::Alias", "AWS::Lambda::Alyas"),
    "Fnction": SOUND.replace("!Ref Function", "!Ref Fnction"),
}
"""By the mistake, which what is said of it has to name."""


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What is said of the deployed templates, by file, and of the small ones, by name: at once."""
    folder = tmp_path_factory.mktemp("templates")
    templates = {file: ROOT / file for file in FILES}
    for name, text in {"sound": SOUND, **BROKEN}.items():
        templates[name] = folder / f"{name}.yaml"
        templates[name].write_text(text)
    return dict(zip(templates, validate(*templates.values()), strict=True))


def validate(*templates: Path) -> list[tuple[int, str]]:
    assert CLOUD_PYTHON.exists(), f"{CLOUD_PYTHON} is missing: run `make cloud`"
    script = ROOT / "tests/infra/stack/validate.py"
    told = subprocess.run(
        [CLOUD_PYTHON, script, *templates],
        env={**os.environ, **OFFLINE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return [(each["status"], each["said"]) for each in json.loads(told.stdout)]


@pytest.mark.parametrize("name", [*FILES, "sound"])
def test_a_template_is_valid(validated: dict[str, tuple[int, str]], name: str) -> None:
    status, said = validated[name]

    assert status == 0, said


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_template_is_not(validated: dict[str, tuple[int, str]], mistake: str) -> None:
    status, said = validated[mistake]

    assert status != 0
    assert mistake in said
