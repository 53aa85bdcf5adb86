"""The image that trains: built from training/Dockerfile, and run as its task definition says."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.infra.stack.evaluation import Stack
from tests.infra.training.task import container, resources
from tests.shared.engine import Engine

ROOT = Path(__file__).parents[3]
TAG = "localhost/foretell-training:tested"
REGION = "eu-central-1"
CERTIFICATE = "/run/secrets/ca"
_OF_AN_INDEX = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout"}


def build(engine: Engine, folder: Path) -> str:
    """The image's tag; packages come from wherever pip on this machine gets them."""
    built = engine.run(
        "build",
        *("--file", str(ROOT / "training/Dockerfile"), "--tag", TAG, "--network", "host"),
        *("--build-arg", f"BASE={engine.python_image}"),
        *_secrets(folder),
        str(ROOT),
        timeout=1200,
    )
    assert built.returncode == 0, (built.stdout + built.stderr)[-4000:]
    return TAG


def _secrets(folder: Path) -> Iterator[str]:
    """pip's configuration on this machine, as the build's secret."""
    settings = pip_settings()
    lines = [f"{name} = {value}" for name, value in settings.items() if name in _OF_AN_INDEX]
    if "cert" in settings:
        lines.append(f"cert = {CERTIFICATE}")
        yield from ("--secret", f"id=ca,src={settings['cert']}")
    configuration = folder / "pip.conf"
    configuration.write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    yield from ("--secret", f"id=pip,src={configuration}")


def pip_settings() -> dict[str, str]:
    """What pip would go by; folders of this machine are not to be reached from a build."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        words = [word for word in value.strip("'\"").split() if not word.startswith("file:")]
        if words:
            settings[name.removeprefix("global.").removeprefix(":env:.")] = " ".join(words)
    return settings


def run_words(stack: Stack, image: str, environment: Mapping[str, str]) -> list[str]:
    """What to tell an engine after `run`, for it to do what Fargate does with the task."""
    task = resources(stack)["TaskDefinition"]["Properties"]
    said = container(stack)
    stated = {each["Name"]: each["Value"] for each in said["Environment"]}
    variables = {name: value.replace("${AWS::Region}", REGION) for name, value in stated.items()}
    return [
        *("--network", "host", "--memory", f"{task['Memory']}m", "--user", said["User"]),
        *(["--read-only"] if said["ReadonlyRootFilesystem"] else []),
        *(word for mount in said["MountPoints"] for word in ("--volume", mount["ContainerPath"])),
        *(
            word
            for dropped in said["LinuxParameters"]["Capabilities"]["Drop"]
            for word in ("--cap-drop", dropped)
        ),
        *(
            word
            for name, value in (variables | dict(environment)).items()
            for word in ("--env", f"{name}={value}")
        ),
        *("--entrypoint", said["EntryPoint"][0], image),
        *(*said["EntryPoint"][1:], *said["Command"]),
    ]
