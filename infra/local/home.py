"""The folder the local platform lives in, and the note in it that says where it listens."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

HOME: Final = Path(".foretell")
BUCKETS: Final = HOME / "buckets"
SIMULATED_SHOP: Final = HOME / "simulated"
_NOTE: Final = HOME / "platform.json"
_PATIENCE: Final = 1.0  # seconds; a server on this machine answers in a thousandth of that


@dataclass(frozen=True)
class Platform:
    """A running platform."""

    api_url: str
    s3_url: str
    registry: str

    def environment(self) -> Mapping[str, str]:
        """What makes boto3 and the functions of this process speak to it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def announced(platform: Platform) -> Iterator[None]:
    """Let other commands find the platform while the block runs."""
    unfinished = _NOTE.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(platform), indent=2), encoding="utf-8")
    unfinished.replace(_NOTE)
    try:
        yield
    finally:
        _NOTE.unlink(missing_ok=True)


def running() -> Platform | None:
    """The platform that runs in this folder; None where none does."""
    platform = _announced_platform()
    return platform if platform is not None and _listens(platform.s3_url) else None


def running_registry() -> str | None:
    """Address of the running platform's registry, with S3 set to it; None where none runs."""
    platform = running()
    if platform is None:
        return None
    use(platform)
    return platform.registry


def use(platform: Platform) -> None:
    """Make this process speak to the platform's S3."""
    os.environ.update(platform.environment())
    os.environ.pop("AWS_SESSION_TOKEN", None)
    os.environ.pop("AWS_PROFILE", None)


def _announced_platform() -> Platform | None:
    try:
        return Platform(**json.loads(_NOTE.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # No note, or one that another release or a crash left: nothing to be found there.
        return None


def _listens(url: str) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port), _PATIENCE):
            return True
    except OSError:
        return False
