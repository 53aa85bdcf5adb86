"""What scoring a file takes, wherever it is done, and the loop in the middle of it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar, Unpack

from foretell import predictor as predictors
from foretell.batch import rejected as rejected_rows
from foretell.batch import scorer as scorers
from foretell.batch.job import Job, cores, scored
from foretell.batch.runs import Failure
from foretell.batch.scorer import Scorer
from foretell.batch.storage.claims import Progress
from foretell.batch.storage.results import Output, Results
from foretell.batch.summary.partial import Partial, merged
from foretell.contract import ModelName
from foretell.predictor import Predictor
from foretell.problems import RowsLost, UnscorableFile
from foretell.registry import Registry

P = TypeVar("P")

CSV: Final = "text/csv; charset=utf-8"
NO_ROWS: Final = "the file has no rows: below the names of the columns there is nothing"

_MERGED_AT_ONCE: Final = 16
_TIME_TO_END: Final = 30.0
"""Seconds that are kept to complete the results, or to say why there are none."""


@dataclass(frozen=True)
class Version:
    """A version that scores files and explains some of their customers."""

    scorer: Scorer
    predictor: Predictor


def load(registry: Registry, version: str) -> Version:
    """A version from verified bytes.

    Raises:
        RegistryError: it is missing, damaged, unreachable or not for this runtime.
    """
    return Version(
        scorers.load(registry, version),
        predictors.load(registry, ModelName.COMPREHENSIVE, version),
    )


class RunStatus(Protocol):
    """Where it is told how far a run is; see storage.claims.StatusFile."""

    def tell(self, **progress: Unpack[Progress]) -> None:
        """Say how far it is."""

    def succeeded(self, outputs: tuple[str, ...], **progress: Unpack[Progress]) -> None:
        """Say that all is there."""

    def failed(self, failure: Failure, **progress: Unpack[Progress]) -> None:
        """Say why there is no result."""


@dataclass(frozen=True)
class Place:
    """Where a run is done."""

    results: Results
    status: RunStatus
    workspace: Path
    """A folder for what is needed meanwhile."""
    largest: int
    """Bytes of a file's content that can be scored here."""
    seconds_left: Callable[[], float]
    """Before this place is no more."""
    threads: int = cores()


@dataclass
class Outputs:
    """The large results, while they are written."""

    predictions: Output
    rejected: Output

    def complete(self) -> None:
        """Let both appear."""
        self.predictions.complete()
        self.rejected.complete()


@contextmanager
def outputs(
    results: Results, predictions: str, rejected: str, content_type: str
) -> Iterator[Outputs]:
    """Both under their names; whatever is not complete in the end is gone."""
    opened = Outputs(results.create(predictions, content_type), results.create(rejected, CSV))
    try:
        yield opened
    finally:
        opened.predictions.abandon()
        opened.rejected.abandon()


def flow(
    job: Job[P],
    version: Version,
    place: Place,
    into: Outputs,
    done: Callable[[], float] | None,
) -> Partial:
    """Score all pieces and write down what comes of them; what there is to say of them together.

    `done` tells the share of the file that was read; without it, nothing is said meanwhile.

    Raises:
        UnscorableFile: it cannot be read to its end, or not in the time there is.
        RowsLost: a row is neither among the predictions nor among the refused.
    """
    parts: list[Partial] = []
    for piece in scored(job, version.scorer, place.threads):
        into.predictions.write(piece.predictions)
        into.rejected.write(piece.rejected)
        parts.append(piece.partial)
        if len(parts) == _MERGED_AT_ONCE:
            parts = [merged(parts)]
        if done is not None:
            _tell(place.status, parts, done())
        _require_time(place)
    if not parts:
        raise UnscorableFile(NO_ROWS)
    total = merged(parts)
    if total.rows != total.predicted + total.rejected:
        raise RowsLost(
            f"{total.rows:,} rows were read, {total.predicted:,} predicted and {total.rejected:,}"
            " refused: nothing is handed out. Report it with the file"
        )
    return total


def with_heads(into: Outputs, head: bytes, refused: Iterable[bytes] = ()) -> None:
    """Write what both begin with, and what was refused before the first piece."""
    into.predictions.write(head)
    into.rejected.write(rejected_rows.HEADER)
    for line in refused:
        into.rejected.write(line)


def _tell(status: RunStatus, parts: list[Partial], done: float) -> None:
    status.tell(
        rows=sum(part.rows for part in parts),
        predicted=sum(part.predicted for part in parts),
        rejected=sum(part.rejected for part in parts),
        progress=min(done, 0.99),
    )


def _require_time(place: Place) -> None:
    if place.seconds_left() < _TIME_TO_END:
        raise UnscorableFile(
            "the file could not be scored in the time that one function has: drop it"
            " uncompressed, which lets it be shared out, or in several files"
        )
