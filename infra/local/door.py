"""A door to a service that listens on 127.0.0.1 alone, for the containers of this machine.

It passes on bytes and understands none of them. It listens on all addresses, because those of the
containers' networks come and go, and looks at who knocks: other machines are not let in.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address
from typing import Final

from infra.local.errors import PortTaken

_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - see above
_AT_ONCE: Final = 64 * 1024  # bytes


@dataclass(frozen=True)
class Guests:
    """Who may come in: this machine, and the containers in these networks."""

    networks: Sequence[IPv4Network]

    def welcome(self, peer: str, local: str) -> bool:
        """Whether `peer` may come to `local`, the address of this machine that it has called."""
        caller, called = ip_address(peer), ip_address(local)
        if caller.is_loopback or caller == called:
            return True
        # Both in one network of containers: from elsewhere the answers would not find back.
        return any(caller in network and called in network for network in self.networks)


@contextmanager
def door(
    port: int, target: tuple[str, int], guests: Guests, on_refused: Callable[[str], None]
) -> Iterator[int]:
    """Lead to `target` until the block is left; gives the port it listens on.

    Args:
        port: TCP port; 0 picks a free one.
        target: Host and port of the service.
        guests: Who is let in.
        on_refused: Called with the address of whoever is not, each time, in a thread of the door.

    Raises:
        PortTaken: The port cannot be had.
    """
    with _listening(port) as listener:
        loop = asyncio.new_event_loop()
        serving = _Serving(target, guests, on_refused)
        thread = threading.Thread(
            target=loop.run_until_complete, args=(serving.run(listener),), name="door"
        )
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            loop.call_soon_threadsafe(serving.stop.set)
            thread.join()
            loop.close()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((_EVERYWHERE, port), backlog=128)
    except OSError as error:
        raise PortTaken(
            f"port {port} for containers cannot be used ({error.strerror}): stop what listens"
            " there, or choose another with --port"
        ) from error
    with listener:
        yield listener


class _Serving:
    def __init__(
        self, target: tuple[str, int], guests: Guests, on_refused: Callable[[str], None]
    ) -> None:
        self._target = target
        self._guests = guests
        self._on_refused = on_refused
        self._visits: set[asyncio.Task[None]] = set()
        self.stop = asyncio.Event()

    async def run(self, listener: socket.socket) -> None:
        """Until `stop` is set; then nobody is inside any more."""
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        # Not asyncio's server: closed while somebody comes in, it forgets to hang up (Python 3.11).
        loop.add_reader(listener, self._admit, listener)
        await self.stop.wait()
        loop.remove_reader(listener)
        await asyncio.sleep(0)  # who is cancelled before the first step would not hang up
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await asyncio.sleep(0)  # what was cut off is closed in the loop's next turn

    def _admit(self, listener: socket.socket) -> None:
        try:
            guest, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        guest.settimeout(0)
        visit = asyncio.ensure_future(self._receive(guest))
        self._visits.add(visit)  # asyncio itself holds no task fast
        visit.add_done_callback(self._visits.discard)

    async def _receive(self, guest: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=guest, limit=_AT_ONCE)
        try:
            with closing(writer):
                await self._visit(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()  # the door closes
            raise

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer, local = (writer.get_extra_info(name)[0] for name in ("peername", "sockname"))
        if not self._guests.welcome(peer, local):
            self._on_refused(peer)
            return
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self._target)
            with closing(inner_writer):
                async with asyncio.TaskGroup() as both_ways:
                    inwards = both_ways.create_task(_pass_on(reader, inner_writer))
                    await _pass_on(inner_reader, writer)
                    inwards.cancel()  # whoever has had the answer has nothing more to say
        except* OSError:
            pass  # one of the two is gone, or nobody is in: the other hears of it by the close


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes, and then that nothing more comes."""
    while data := await reader.read(_AT_ONCE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
