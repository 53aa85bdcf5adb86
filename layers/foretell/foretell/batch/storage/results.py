"""What a run writes, wherever it lies: a few objects, by their names within the run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol


class Expected(Enum):
    """What may be at a name that is written to, where it is no certain tag."""

    ANYTHING = "anything"
    NOTHING = "nothing"


ANYTHING: Final = Expected.ANYTHING
NOTHING: Final = Expected.NOTHING

JSON: Final = "application/json"


@dataclass(frozen=True)
class Stored:
    """An object, and the tag that tells whether it still is the same."""

    body: bytes
    tag: str


class Output(Protocol):
    """An object that is being written; nobody sees it before it is complete.

    All may raise StorageUnreachable, except `abandon`.
    """

    def write(self, data: bytes) -> None:
        """Add to it; returns before it is stored."""

    def complete(self) -> None:
        """Let it appear, whole, in place of any other; again, it changes nothing."""

    def abandon(self) -> None:
        """Forget it, unless it is complete."""


class Results(Protocol):
    """The objects of one run. All may raise StorageUnreachable."""

    def create(self, name: str, content_type: str) -> Output:
        """Begin to write a large object."""

    def get(self, name: str) -> Stored | None:
        """A small object, if there is one."""

    def put(
        self, name: str, body: bytes, content_type: str, expected: str | Expected = ANYTHING
    ) -> str | None:
        """Write a small object at once, and return its tag.

        None, and nothing written, where there is not what was expected: an object with that tag.
        """

    def remove(self, names: Iterable[str]) -> None:
        """Take objects away; there need not be any."""

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Of all objects whose names begin so, in order."""

    def assemble(
        self, name: str, parts: Sequence[str], head: bytes = b"", content_type: str = JSON
    ) -> None:
        """Let an object appear that holds `head` and then the objects `parts`, one after another.

        Where one of those is missing it is StorageUnreachable, too.
        """
