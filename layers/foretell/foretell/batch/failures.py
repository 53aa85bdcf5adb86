"""Whatever ends a run, its status says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from foretell.batch.flow import RunStatus
from foretell.batch.runs import Failure
from foretell.problems import INTERNAL, TABLE


@contextmanager
def ending(status: RunStatus) -> Iterator[None]:
    """Where the block fails, the run has failed: this is said before the error goes on."""
    try:
        yield
    except Exception as error:
        kind = TABLE.get(type(error), INTERNAL)
        # The message of an unforeseen error may hold customer data.
        known = type(error) in TABLE
        detail = str(error) if known else "the failure was logged; drop the file again"
        status.failed(Failure(title=kind.title, detail=detail))
        raise
