"""The container engine of this machine: where it answers, and what its containers call us."""

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any, Final, Self

from infra.local.errors import LocalPlatformError

HOST_GATEWAY: Final = "host-gateway"
"""An engine in a virtual machine knows best where its host is, and replaces this word."""

_DOCKER: Final = (Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock")
_DEFAULT_NETWORKS: Final = ("bridge", "podman")
_PATIENCE: Final = 5.0  # seconds; an engine answers in a hundredth of one
_BEYOND: Final = "192.0.2.1"  # of no machine (RFC 5737); nothing is sent there


class NoContainerEngine(LocalPlatformError):
    """Neither Docker nor Podman answers."""


@dataclass(frozen=True)
class ContainerEngine:
    """An engine that answers."""

    docker_host: str
    """Its address, as DOCKER_HOST."""

    this_machine: str
    """What containers are to take for this machine: an address, or HOST_GATEWAY."""

    networks: tuple[IPv4Network, ...]
    """Where its containers come from, if they are not in a virtual machine."""

    @classmethod
    def find(cls) -> Self:
        """At DOCKER_HOST, or else where Docker and Podman usually listen.

        Raises:
            NoContainerEngine: none answers.
        """
        addresses = [os.environ["DOCKER_HOST"]] if os.environ.get("DOCKER_HOST") else _usual()
        silent = []
        for address in addresses:
            if not address.startswith("unix://"):
                raise NoContainerEngine(
                    f"DOCKER_HOST is {address}: containers of another machine cannot reach this"
                    " one; set it to unix:// and the path of a socket here"
                )
            try:
                return cls._at(address)
            except OSError as error:
                silent.append(f"{address} ({error.strerror or error})")
            except (HTTPException, ValueError, KeyError, TypeError, AttributeError):
                silent.append(f"{address} (not an engine's answer)")
        raise NoContainerEngine(
            f"no container engine answers at {' or '.join(silent)}: start Docker, or Podman with"
            " `systemctl --user start podman.socket`, or set DOCKER_HOST"
        )

    @classmethod
    def _at(cls, address: str) -> Self:
        information: Mapping[str, Any] = json.loads(_get(address, "/info"))
        networks = _networks(json.loads(_get(address, "/networks")))
        return cls(address, _this_machine(information, networks), tuple(_subnets(networks)))


def _usual() -> list[str]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    sockets = (*_DOCKER, *(Path(run) / "podman/podman.sock" for run in (runtime, "/run")))
    return [f"unix://{path}" for path in sockets]


def _this_machine(information: Mapping[str, Any], networks: Mapping[str, Any]) -> str:
    """Podman before 4.7 does not know HOST_GATEWAY, so it is a last resort."""
    if sys.platform != "linux" or "Desktop" in str(information.get("OperatingSystem")):
        return HOST_GATEWAY
    if any("rootless" in option for option in information.get("SecurityOptions") or ()):
        return outward_address()
    gateways = [networks[name].get("Gateway") for name in _DEFAULT_NETWORKS if name in networks]
    return next(filter(None, gateways), HOST_GATEWAY)


def outward_address() -> str:
    """The address of this machine with which it speaks to others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_BEYOND, 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _networks(told: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The first address range of each network, by the network's name."""
    ranges = {network["Name"]: (network.get("IPAM") or {}).get("Config") for network in told}
    return {name: config[0] for name, config in ranges.items() if config}


def _subnets(networks: Mapping[str, Mapping[str, str]]) -> Iterator[IPv4Network]:
    for config in networks.values():
        if "Subnet" in config:
            subnet = ip_network(config["Subnet"])
            if isinstance(subnet, IPv4Network):
                yield subnet


def _get(address: str, path: str) -> bytes:
    with closing(_SocketConnection(address.removeprefix("unix://"))) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:  # noqa: PLR2004
            raise HTTPException(f"{path}: {answer.status}")
        return body


class _SocketConnection(HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
