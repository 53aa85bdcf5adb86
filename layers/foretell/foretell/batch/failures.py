"""Whatever ends a run, its status says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from foretell.batch.flow import RunStatus
from foretell.batch.runs import Failure
from foretell.problems import INTERNAL, TABLE

UNFORESEEN: Final = "the failure was logged; drop the file again"
"""Instead of the message of an unforeseen error, which may hold customer data."""


@contextmanager
def ending(status: RunStatus) -> Iterator[None]:
    """Where the block fails, the run has failed: this is said before the error goes on."""
    try:
        yield
    except Exception as error:
        kind = TABLE.get(type(error), INTERNAL)
        detail = str(error) if type(error) in TABLE else UNFORESEEN
        status.failed(Failure(title=kind.title, detail=detail))
        raise
