"""A container engine that says what it is told to, and runs nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

DOCKER_NETWORKS = [
    {
        "Name": "bridge",
        "IPAM": {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]},
    },
    {"Name": "host", "IPAM": {"Driver": "default", "Options": None, "Config": []}},
    {"Name": "none", "IPAM": {"Driver": "default", "Options": None, "Config": None}},
    {
        "Name": "shop_default",
        "IPAM": {
            "Config": [
                {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"},
                {"Subnet": "fd00::/64"},
            ]
        },
    },
    {"Name": "six", "IPAM": {"Config": [{"Subnet": "fd01::/64", "Gateway": "fd01::1"}]}},
]
PODMAN_NETWORKS = [
    {
        "Name": "podman",
        "IPAM": {"Config": [{"Subnet": "10.88.0.0/16", "Gateway": "10.88.0.1"}]},
    }
]


def information(system: str = "Debian GNU/Linux 13", *security: str) -> dict[str, Any]:
    return {"OperatingSystem": system, "SecurityOptions": ["name=seccomp", *security]}


@contextmanager
def saying(folder: Path, info: object, networks: object, status: int = 200) -> Iterator[str]:
    """Gives its address."""
    answers = {"/info": info, "/networks": networks}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers[self.path]).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "a socket"

        def log_message(self, *_: object) -> None:
            pass

    path = folder / "engine.sock"
    with ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            path.unlink()
