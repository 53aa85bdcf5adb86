"""What containers have to call this machine, from what their engine says of itself."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from infra.local import container_engine
from infra.local.container_engine import ContainerEngine, NoContainerEngine, outward_address
from tests.shared.saying_engine import DOCKER_NETWORKS, PODMAN_NETWORKS, information, saying


@pytest.fixture(autouse=True)
def on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_engine.sys, "platform", "linux")


@pytest.mark.parametrize(
    ("info", "networks", "expected"),
    [
        pytest.param(information(), DOCKER_NETWORKS, "172.17.0.1", id="Docker"),
        pytest.param(information(), PODMAN_NETWORKS, "10.88.0.1", id="Podman"),
        pytest.param(
            information("Docker Desktop"), DOCKER_NETWORKS, "host-gateway", id="Docker Desktop"
        ),
        pytest.param(
            information("Fedora", "name=rootless"),
            PODMAN_NETWORKS,
            outward_address(),
            id="rootless",
        ),
        pytest.param(information(), DOCKER_NETWORKS[1:3], "host-gateway", id="no bridge"),
    ],
)
def test_containers_find_this_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    info: object,
    networks: object,
    expected: str,
) -> None:
    with saying(tmp_path, info, networks) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        assert ContainerEngine.find().this_machine == expected


def test_where_containers_run_in_a_virtual_machine_its_engine_is_left_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_engine.sys, "platform", "darwin")

    with saying(tmp_path, information("Fedora CoreOS"), PODMAN_NETWORKS) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        assert ContainerEngine.find().this_machine == "host-gateway"


def test_all_networks_of_containers_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with saying(tmp_path, information(), DOCKER_NETWORKS) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        assert ContainerEngine.find().networks == (
            ip_network("172.17.0.0/16"),
            ip_network("172.18.0.0/16"),
        )


def test_an_engine_is_found_where_it_usually_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "podman").mkdir()
    with saying(tmp_path, information(), PODMAN_NETWORKS) as address:
        (tmp_path / "podman/podman.sock").symlink_to(address.removeprefix("unix://"))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setattr(container_engine, "_DOCKER", ())

        found = ContainerEngine.find()

    assert found.docker_host == f"unix://{tmp_path}/podman/podman.sock"


def test_without_an_engine_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")

    with pytest.raises(
        NoContainerEngine, match=r"nothing\.sock \(No such .*: start Docker, or Podman"
    ):
        ContainerEngine.find()


@pytest.mark.parametrize(
    ("info", "networks", "status"),
    [("a text", [], 200), (information(), [{"Id": "7"}], 200), ({"message": "no"}, [], 500)],
)
def test_what_is_no_engine_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: object, networks: object, status: int
) -> None:
    with saying(tmp_path, info, networks, status) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        with pytest.raises(NoContainerEngine, match="not an engine's answer"):
            ContainerEngine.find()


def test_an_engine_on_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://builder.example:2375")

    with pytest.raises(NoContainerEngine, match=r"tcp://builder\.example:2375.*cannot reach"):
        ContainerEngine.find()
