"""An object of S3 that is uploaded while it is being made."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from foretell.batch.storage.multipart import PartSizes, Target, Upload

_AT_ONCE: Final = 2


class S3Output:
    """An object that is being written, in two threads; as `Output`.

    It holds at most three parts in memory.
    """

    def __init__(self, target: Target, sizes: PartSizes) -> None:
        self._target = target
        self._sizes = sizes
        self._buffer = bytearray()
        self._size = 0
        self._number = 0
        self._over = False
        self._upload: Upload | None = None
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="foretell-upload")
        self._sending: deque[Future[None]] = deque()

    def write(self, data: bytes) -> None:
        """As `Output.write`."""
        self._buffer += data
        self._size += len(data)
        while len(self._buffer) >= (size := self._sizes.sent_as(self._number + 1)):
            self._send(size)

    def complete(self) -> None:
        """As `Output.complete`."""
        if self._over:
            return
        if self._number:
            self._complete_upload()
        else:
            self._target.put(bytes(self._buffer), self._size)
        self._end()

    def abandon(self) -> None:
        """As `Output.abandon`."""
        if self._over:
            return
        # A part that arrives later than the end would stay, and cost.
        self._end()
        if self._upload is not None:
            self._upload.abort()

    def _send(self, size: int) -> None:
        if self._upload is None:
            self._upload = Upload(self._target)
        while len(self._sending) >= _AT_ONCE:
            self._sending.popleft().result()
        self._number += 1
        with memoryview(self._buffer) as view:
            body = bytes(view[:size])
        del self._buffer[:size]
        self._sending.append(self._pool.submit(self._upload.put, self._number, body))

    def _complete_upload(self) -> None:
        if self._buffer:
            self._send(len(self._buffer))
        while self._sending:
            self._sending.popleft().result()
        assert self._upload is not None  # noqa: S101 - parts were sent
        self._upload.complete(self._size)

    def _end(self) -> None:
        self._over = True
        self._pool.shutdown(cancel_futures=True)
        self._buffer.clear()
