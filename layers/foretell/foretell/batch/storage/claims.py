"""Who runs a file, and how far it is, where an event may be delivered twice, and at once.

Whoever comes first decides what is run. All deliveries of an event write the same results, so none
has to wait for another; but what is told of the run must never go back from success.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypedDict, TypeVar, Unpack

from pydantic import BaseModel, ValidationError

from foretell.batch.runs import RUN, STATUS, Content, Failure, Format, Run, Status
from foretell.batch.storage.results import JSON, NOTHING, Expected, Results, Stored
from foretell.problems import StorageUnreachable
from foretell.telemetry import logger

TOLD_EVERY_SECONDS: Final = 2.0

_ATTEMPTS: Final = 8
"""To write where others write, too; each of them loses to one who has written."""

_Model = TypeVar("_Model", bound=BaseModel)


def claimed(results: Results, run: Run) -> Run:
    """The run as whoever came first has written it down.

    Raises:
        StorageUnreachable: it can neither be written nor read.
    """
    for _ in range(_ATTEMPTS):
        if results.put(RUN, _document(run), JSON, NOTHING) is not None:
            return run
        if stored := stored_run(results):
            return stored
    raise StorageUnreachable(
        f"{RUN} of run {run.run_id} is not one this runtime reads: remove it, and drop the file"
        " again"
    )


def stored_run(results: Results) -> Run | None:
    """What was written down of a run; None, with a warning, also where it cannot be understood.

    Raises:
        StorageUnreachable: it cannot be read.
    """
    return _parsed(Run, RUN, results.get(RUN))


def stored_status(results: Results) -> Status | None:
    """How far a run is said to be; None, with a warning, also where it cannot be understood.

    Raises:
        StorageUnreachable: it cannot be read.
    """
    return _parsed(Status, STATUS, results.get(STATUS))


class Progress(TypedDict, total=False):
    """What becomes known of a run while it goes; as in Status."""

    model_version: str | None
    format: Format | None
    content: Content | None
    rows: int
    predicted: int
    rejected: int
    progress: float


class StatusFile:
    """Tells how far a run is; of several deliveries of one event each has its own.

    Whoever succeeded has the last word. A failure yields to a delivery that still runs.
    """

    def __init__(
        self,
        results: Results,
        first: Status,
        every_seconds: float = TOLD_EVERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        seconds_before: float = 0.0,
    ) -> None:
        """Writes nothing yet. `clock` gives seconds; the run may have begun some of them before."""
        self._results = results
        self._status = first
        self._every = every_seconds
        self._clock = clock
        self._next = clock()
        self._began = self._next - seconds_before
        self._seen: str | Expected = NOTHING
        self._theirs: Status | None = None

    def tell(self, **progress: Unpack[Progress]) -> None:
        """Write down how far it is, unless that was done a moment ago.

        It may fail; that is no reason for the run to end.
        """
        self._note(progress)
        if self._clock() < self._next:
            return
        try:
            self._write(attempts=2)
        except StorageUnreachable as error:
            logger.warning("The progress of the run was not written", reason=str(error))
        # From now on, so that a slow S3 is not asked all the time.
        self._next = self._clock() + self._every

    def succeeded(self, outputs: tuple[str, ...], **progress: Unpack[Progress]) -> None:
        """Write down that all is there.

        Raises:
            StorageUnreachable: it cannot be written.
        """
        self._note(progress)
        self._finish({"state": "succeeded", "outputs": outputs, "progress": 1.0})

    def failed(self, failure: Failure, **progress: Unpack[Progress]) -> None:
        """Write down why there is no result, unless another delivery has one.

        Raises:
            StorageUnreachable: it cannot be written.
        """
        self._note(progress)
        self._finish({"state": "failed", "failure": failure})

    def _note(self, progress: Progress) -> None:
        status = self._status.model_copy(update=dict(progress))
        seconds = self._clock() - self._began
        measured = {
            "progress": min(status.progress, 1.0),
            "rows_per_second": round(status.rows / seconds, 1) if seconds > 0 else 0.0,
            "updated": datetime.now(UTC),
        }
        self._status = status.model_copy(update=measured)

    def _finish(self, end: dict[str, object]) -> None:
        self._status = self._status.model_copy(update=end)
        if not self._write(attempts=_ATTEMPTS):
            raise StorageUnreachable(
                f"{STATUS} of run {self._status.run_id} could not be written: others write it all"
                " the time; try again"
            )

    def _write(self, attempts: int) -> bool:
        """Whether it is written, or need not be."""
        for _ in range(attempts):
            if not _may_follow(self._theirs, self._status):
                return True
            tag = self._results.put(STATUS, _document(self._status), JSON, self._seen)
            if tag is not None:
                self._seen = tag
                # That there is a result nobody takes back, not even who said so.
                self._theirs = self._status if self._status.state == "succeeded" else None
                return True
            found = self._results.get(STATUS)
            self._seen = NOTHING if found is None else found.tag
            self._theirs = _parsed(Status, STATUS, found)
        return False


def _may_follow(theirs: Status | None, ours: Status) -> bool:
    if theirs is None or theirs.state == "running":
        return True
    return theirs.state == "failed" and ours.state != "failed"


def _document(model: BaseModel) -> bytes:
    return f"{model.model_dump_json(indent=2)}\n".encode()


def _parsed(kind: type[_Model], name: str, found: Stored | None) -> _Model | None:
    if found is None:
        return None
    try:
        return kind.model_validate_json(found.body)
    except ValidationError as error:
        logger.warning(f"{name} is not one this runtime reads", faults=error.error_count())
        return None
