"""A large file in parts: planned once, scored anywhere in any order, put together at the end.

runs/<run id>/work/plan.json            how every part is to be read and written
runs/<run id>/work/parts.json           the parts, one item each for the state machine
runs/<run id>/work/00007.predictions    what comes of a part: with the others, one after
runs/<run id>/work/00007.rejected       another, the result; written last,
runs/<run id>/work/00007.summary        what it adds to the summary
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from foretell.batch import rejected, split
from foretell.batch.answers import Words
from foretell.batch.container import opened
from foretell.batch.customers import CONTENT_TYPES, write_parquet
from foretell.batch.flow import CSV, NO_ROWS, Place, Version, flow, outputs
from foretell.batch.job import Job
from foretell.batch.parquet import rows as parquet_rows
from foretell.batch.parquet import sparse
from foretell.batch.parquet.answers import written as packed
from foretell.batch.parquet.layout import ParquetLayout, row_ranges
from foretell.batch.parquet.layout import recognise as recognise_parquet
from foretell.batch.runs import PREDICTIONS, REJECTED, SUMMARY, Format, Run
from foretell.batch.storage.results import JSON, Results
from foretell.batch.storage.source import Source
from foretell.batch.summary.document import Summary
from foretell.batch.summary.finish import summarised
from foretell.batch.summary.partial import Partial, merged
from foretell.batch.table import TextTable
from foretell.batch.table import recognised as recognise_text
from foretell.problems import RowsLost, StorageUnreachable, UnscorableFile

WORK: Final = "work/"
PLAN: Final = f"{WORK}plan.json"
PARTS: Final = f"{WORK}parts.json"
PACKED: Final = f"{WORK}answers.packed"

MOST: Final = 9_000
"""Parts: each becomes a part of an upload to S3, which has 10,000 at most."""

T = TypeVar("T")

_MILESTONES: Final = 50
_OCTETS: Final = "application/octet-stream"


class Part(BaseModel):
    """Consecutive rows of a file: bytes of text, or rows of Parquet, [first, after)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    range: int
    ranges: int
    """How many parts there are."""
    first: int
    after: int
    first_row: int
    """As a person counts who opens the file."""

    @property
    def predictions(self) -> str:
        """Name of what the part adds to the predictions."""
        return f"{WORK}{self.range:05}.predictions"

    @property
    def rejected(self) -> str:
        """Name of what it adds to the refused rows."""
        return f"{WORK}{self.range:05}.rejected"

    @property
    def summary(self) -> str:
        """Name of what it adds to the summary; where it is, the part is done."""
        return f"{WORK}{self.range:05}.summary"


class Plan(BaseModel):
    """What all parts of a file have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: TextTable | None
    parquet: ParquetLayout | None

    @property
    def format(self) -> Format:
        """What the file is, and what the predictions will be."""
        return self.text.format if self.text else "parquet"


_PARTS: Final = TypeAdapter(tuple[Part, ...])


def divisible(source: Source, folder: Path) -> bool:
    """Whether a file can be shared out: customers, and not compressed.

    Raises:
        UnscorableFile: it is no table at all.
        StorageUnreachable: it cannot be read now.
    """
    plan = _described(source, folder)
    if plan.parquet is not None:
        return plan.parquet.content == "customers"
    return plan.text is not None and plan.text.divisible and plan.text.content == "customers"


def plan(source: Source, run: Run, place: Place, size: int) -> tuple[Part, ...]:
    """Find where the parts begin and end, about `size` bytes each, and store it.

    Text is read to its end for it: where a row ends depends on all quotes before.

    Raises:
        UnscorableFile: it has no rows, or cannot be read to its end.
        StorageUnreachable: it cannot be read now, or the plan cannot be stored.
    """
    with TemporaryDirectory(dir=place.workspace) as folder:
        found = _described(source, Path(folder))
    size = max(size, -(-source.size // MOST))
    if found.text is not None:
        ranges = _text_ranges(found.text, source, size)
    else:
        assert found.parquet is not None  # noqa: S101 - it is the one or the other
        ranges = _row_ranges(found.parquet, source, size)
    found_ranges = list(ranges)
    parts = tuple(
        Part(
            run_id=run.run_id,
            range=number,
            ranges=len(found_ranges),
            first=first,
            after=after,
            first_row=row,
        )
        for number, (first, after, row) in enumerate(found_ranges)
    )
    if not parts:
        raise UnscorableFile(NO_ROWS)
    place.status.tell(format=found.format, content="customers")
    place.results.put(PLAN, found.model_dump_json().encode(), JSON)
    place.results.put(PARTS, _PARTS.dump_json(parts), JSON)
    return parts


def score_part(part: Part, source: Source, version: Version, place: Place) -> Partial:
    """Score one part and store what comes of it; once more, it stores the same.

    Raises:
        UnscorableFile: the file cannot be read there, or was replaced.
        StorageUnreachable: it cannot be read now, or its results cannot be written.
    """
    found = _stored_plan(place.results)
    words = Words.of(version.scorer.manifest, version.scorer.version)
    with (
        TemporaryDirectory(dir=place.workspace) as folder,
        _job(found, part, source, words, Path(folder)) as job,
        outputs(place.results, part.predictions, part.rejected, _OCTETS) as into,
    ):
        # How far a part is says nothing of the run.
        total = flow(job, version, place, into, None)
        into.complete()
    place.results.put(part.summary, total.to_bytes(), JSON)
    return total


def is_milestone(part: Part) -> bool:
    """Whether to look how far the run is, after this part: of thousands not after each."""
    return part.range % -(-part.ranges // _MILESTONES) == 0


def share_done(part: Part, results: Results) -> float:
    """The share of all parts that are done."""
    done = sum(name.endswith(".summary") for name in results.names(WORK))
    return done / part.ranges


def assemble(
    source: Source, packed_source: Callable[[str], Source], run: Run, version: Version, place: Place
) -> Summary:
    """Put the parts together: the results appear, and then the run's status says so.

    The parts stay, until they are cleared away.

    Args:
        source: the file.
        packed_source: reads an object of the run, by its name.
        run: what is run.
        version: that scored the parts.
        place: with room for a Parquet file, if it is one.

    Raises:
        UnscorableFile: all its lines are blank.
        RowsLost: a part is missing, or they do not follow each other.
        StorageUnreachable: the parts cannot be read, or the results cannot be written.
    """
    results, found = place.results, _stored_plan(place.results)
    parts = _stored_parts(results)
    total = merged(_partials(parts, results))
    if not total.rows:
        raise UnscorableFile(NO_ROWS)
    summary = summarised(total, run, version.scorer.manifest, version.predictor)
    predictions = f"{PREDICTIONS}{found.format}"
    if found.text is not None:
        results.assemble(
            predictions,
            [part.predictions for part in parts],
            found.text.head(),
            CONTENT_TYPES[found.format],
        )
    else:
        _assemble_parquet(source, packed_source, parts, version, place)
    results.assemble(REJECTED, [part.rejected for part in parts], rejected.HEADER, CSV)
    results.put(SUMMARY, summary.to_bytes(), JSON)
    place.status.succeeded(
        (predictions, REJECTED, SUMMARY),
        format=found.format,
        content="customers",
        rows=total.rows,
        predicted=total.predicted,
        rejected=total.rejected,
    )
    return summary


def clear(results: Results) -> None:
    """Take away what was kept for the assembly; there need not be any.

    Raises:
        StorageUnreachable: it cannot be taken away now.
    """
    results.remove(results.names(WORK))


def _assemble_parquet(
    source: Source,
    packed_source: Callable[[str], Source],
    parts: Sequence[Part],
    version: Version,
    place: Place,
) -> None:
    place.results.assemble(PACKED, [part.predictions for part in parts], b"", _OCTETS)
    with TemporaryDirectory(dir=place.workspace) as folder:
        local, answers = Path(folder, "source.parquet"), Path(folder, "answers.packed")
        source.download(local)
        packed_source(PACKED).download(answers)
        words = Words.of(version.scorer.manifest, version.scorer.version)
        output = place.results.create(f"{PREDICTIONS}parquet", CONTENT_TYPES["parquet"])
        try:
            write_parquet(local, answers, words, output)
            output.complete()
        finally:
            output.abandon()


def _partials(parts: Sequence[Part], results: Results) -> Iterator[Partial]:
    """What each part adds, where all are there and leave no gap."""
    behind = parts[0].first
    for part in parts:
        stored = results.get(part.summary)
        if stored is None or part.first != behind:
            raise RowsLost(
                f"part {part.range} (from row {part.first_row:,}) is missing: drop the file again"
            )
        behind = part.after
        yield Partial.from_bytes(stored.body)


def _described(source: Source, folder: Path) -> Plan:
    with closing(source.blocks()) as blocks:
        # No more than its beginning is unpacked.
        found = opened(blocks, sys.maxsize)
        if found.kind != "parquet":
            return Plan(text=recognise_text(found), parquet=None)
    footer = folder / "footer.parquet"
    sparse.fetch_footer(source, footer)
    return Plan(text=None, parquet=recognise_parquet(footer))


def _text_ranges(table: TextTable, source: Source, size: int) -> Iterator[tuple[int, int, int]]:
    with closing(source.blocks(table.first_byte)) as blocks:
        for found in split.ranges(blocks, table.dialect, table.first_row, size):
            start = table.first_byte
            yield start + found.first_byte, start + found.after_byte, found.first_row


def _row_ranges(layout: ParquetLayout, source: Source, size: int) -> Iterator[tuple[int, int, int]]:
    rows = max(1, layout.rows * size // max(source.size, 1))
    for first, after in row_ranges(layout, rows):
        yield first, after, first + 1


@contextmanager
def _job(plan: Plan, part: Part, source: Source, words: Words, folder: Path) -> Iterator[Job[Any]]:
    if plan.text is not None:
        with closing(source.blocks(part.first, part.after)) as blocks:
            yield plan.text.job(blocks, part.first_row, words)
    else:
        assert plan.parquet is not None  # noqa: S101 - it is the one or the other
        local = folder / "part.parquet"
        sparse.fetch(source, local, part.first, part.after)
        pieces = parquet_rows.pieces(plan.parquet, local, part.first, part.after)
        yield Job(pieces, parquet_rows.read, packed)


def _stored_plan(results: Results) -> Plan:
    return _stored(results, PLAN, Plan.model_validate_json)


def _stored_parts(results: Results) -> tuple[Part, ...]:
    return _stored(results, PARTS, _PARTS.validate_json)


def _stored(results: Results, name: str, parse: Callable[[bytes], T]) -> T:
    stored = results.get(name)
    try:
        return parse(stored.body if stored else b"")
    except ValidationError as error:
        raise StorageUnreachable(
            f"{name} of the run is missing, or of another runtime: drop the file again"
        ) from error
