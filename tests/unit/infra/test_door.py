"""The door: bytes pass unchanged in both directions, and strangers do not pass at all."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from infra.local.container_engine import outward_address
from infra.local.door import Guests, door
from infra.local.errors import PortTaken

CONTAINERS = Guests([ip_network("10.88.0.0/16"), ip_network("172.18.0.0/16")])
NOBODY = Guests([])
PATIENCE = 30.0  # seconds for what takes a millisecond


def echo(client: socket.socket) -> None:
    """Answers once it has heard everything."""
    heard = b"".join(iter(lambda: client.recv(65_536), b""))
    client.sendall(b"heard " + heard)


def hang_up(client: socket.socket) -> None:
    """Reads a little and is gone, with an answer."""
    client.recv(10)
    client.sendall(b"enough")


@pytest.fixture
def service() -> Iterator[Callable[[Callable[[socket.socket], None]], tuple[str, int]]]:
    """Starts services on 127.0.0.1; gives where each listens."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(64))

        def start(behave: Callable[[socket.socket], None]) -> tuple[str, int]:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            # A thread that waits in accept() is woken by shutdown, not by close.
            stack.callback(listener.shutdown, socket.SHUT_RDWR)

            def receive(client: socket.socket) -> None:
                with client:
                    behave(client)

            def accept() -> None:
                while True:
                    try:
                        client, _ = listener.accept()
                    except OSError:
                        return
                    pool.submit(receive, client)

            threading.Thread(target=accept, daemon=True).start()
            return "127.0.0.1", listener.getsockname()[1]

        yield start


def visit(port: int, says: bytes, source: str = "127.0.0.1") -> bytes:
    """All that is answered to whoever says all of that and nothing more."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)) as client:
        client.sendall(says)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def hung_up(client: socket.socket) -> bool:
    """Whether the other end is closed; in good order, or because nobody had taken the call yet."""
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def refused(address: str) -> None:
    pytest.fail(f"{address} was refused")


@pytest.mark.parametrize(
    ("peer", "local", "who"),
    [
        ("127.0.0.1", "127.0.0.1", "this machine"),
        ("192.168.1.5", "192.168.1.5", "this machine, by its own address"),
        ("10.88.0.7", "10.88.0.1", "a container"),
        ("172.18.3.2", "172.18.0.1", "a container of another network"),
    ],
)
def test_is_let_in(peer: str, local: str, who: str) -> None:
    assert CONTAINERS.welcome(peer, local), who


@pytest.mark.parametrize(
    ("peer", "local", "who"),
    [
        ("192.168.1.9", "192.168.1.5", "a neighbour"),
        ("203.0.113.9", "198.51.100.5", "somebody far away"),
        ("192.168.1.9", "10.88.0.1", "a neighbour who has found the way to the containers"),
        ("10.88.0.7", "192.168.1.5", "a neighbour who says to be a container"),
        ("172.18.0.2", "10.88.0.1", "a container of one network, in another"),
    ],
)
def test_is_not_let_in(peer: str, local: str, who: str) -> None:
    assert not CONTAINERS.welcome(peer, local), who


def test_passes_everything_on_in_both_directions(service) -> None:
    says = bytes(range(256)) * 40_000  # ten megabytes, more than any buffer on the way

    with door(0, service(echo), NOBODY, refused) as port:
        assert visit(port, says) == b"heard " + says


def test_lets_many_in_at_once(service) -> None:
    with (
        door(0, service(echo), NOBODY, refused) as port,
        ThreadPoolExecutor(50) as visitors,
    ):
        answers = visitors.map(lambda n: visit(port, b"%d" % n), range(200))

        assert list(answers) == [b"heard %d" % n for n in range(200)]


def test_an_answer_before_the_end_of_the_question_arrives(service) -> None:
    with (
        door(0, service(hang_up), NOBODY, refused) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as client,
    ):
        client.sendall(b"a question that goes on")

        assert client.recv(100) == b"enough"
        assert client.recv(100) == b""


def test_a_visitor_who_breaks_off_harms_no_other(service) -> None:
    with door(0, service(echo), NOBODY, refused) as port:
        for _ in range(20):
            broken = socket.create_connection(("127.0.0.1", port), PATIENCE)
            broken.sendall(b"half a")
            # With this, close is a reset in place of an end.
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            broken.close()

        assert visit(port, b"still there?") == b"heard still there?"


def test_where_nobody_is_in_the_visitor_finds_it_shut(service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nowhere = gone.getsockname()

    with door(0, nowhere, NOBODY, refused) as port:
        assert visit(port, b"") == b""


def test_a_stranger_hears_nothing_and_is_told_of(service) -> None:
    stranger = outward_address()
    if stranger.startswith("127."):
        pytest.skip("this machine has no address but its own")
    told: list[str] = []

    # Who calls 127.0.0.1 by another address may be anybody.
    with (
        door(0, service(echo), NOBODY, told.append) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE, (stranger, 0)) as client,
    ):
        assert client.recv(100) == b""

    assert told == [stranger]


def test_a_closed_door_leaves_nobody_inside(service) -> None:
    with door(0, service(echo), NOBODY, refused) as port:
        client = socket.create_connection(("127.0.0.1", port), PATIENCE)
        client.sendall(b"a question that")

    with client:
        assert hung_up(client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE)


def test_a_taken_port_is_told_with_what_to_do(service) -> None:
    _, taken = service(echo)

    with (
        pytest.raises(PortTaken, match=rf"port {taken} .* --port"),
        door(taken, ("127.0.0.1", 1), NOBODY, refused),
    ):
        pytest.fail("the door was opened")
