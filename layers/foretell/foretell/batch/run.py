"""A run of a file that one place scores from its first byte to its last."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from foretell.batch import log, rejected
from foretell.batch.answers import Words
from foretell.batch.customers import CONTENT_TYPES, Table, TextFile, open_table
from foretell.batch.flow import NO_ROWS, Place, Version, flow, outputs, with_heads
from foretell.batch.log import LogReport
from foretell.batch.runs import PREDICTIONS, REJECTED, SUMMARY, Format, Run
from foretell.batch.storage.claims import Progress
from foretell.batch.storage.results import JSON
from foretell.batch.storage.source import FileSource, Source
from foretell.batch.summary.document import Summary
from foretell.batch.summary.finish import summarised
from foretell.batch.summary.partial import Partial
from foretell.problems import UnscorableFile

_UNPACKED: Final[dict[Format, Format]] = {"csv.gz": "csv", "jsonl.gz": "jsonl"}


def score(source: Source, run: Run, version: Version, place: Place) -> Summary:
    """Score a file: its results appear, and then its status says so.

    Raises:
        UnscorableFile: nothing in it can be scored.
        StorageUnreachable: it cannot be read now, or its results cannot be written.
    """
    with (
        TemporaryDirectory(dir=place.workspace) as folder,
        closing(source.blocks()) as blocks,
    ):
        here = replace(place, workspace=Path(folder))
        found = open_table(source, blocks, here.workspace, here.largest)
        here.status.tell(format=found.format, content=found.content)
        if found.content == "transactions":
            return _score_log(found, source, run, version, here)
        return _score(found, None, run, version, here)


def _score_log(found: Table, source: Source, run: Run, version: Version, place: Place) -> Summary:
    """Make customers of transactions, and score them."""
    folder = place.workspace
    transactions, customers = folder / "transactions", folder / "customers"
    if isinstance(found, TextFile):
        with transactions.open("wb") as file:
            file.writelines(found.opened.blocks)
    else:
        source.download(transactions)
    plain = _UNPACKED.get(found.format, found.format)
    with log.customers_of(transactions, plain, customers, folder) as report:
        transactions.unlink()
        described = FileSource(customers)
        with closing(described.blocks()) as blocks:
            table = open_table(described, blocks, folder, place.largest)
            if isinstance(table, TextFile):
                table = table.compressed_as(found.format)
            return _score(table, report, run, version, place)


def _score(
    table: Table,
    report: LogReport | None,
    run: Run,
    version: Version,
    place: Place,
) -> Summary:
    words = Words.of(version.scorer.manifest, version.scorer.version)
    predictions = f"{PREDICTIONS}{table.format}"
    with outputs(place.results, predictions, REJECTED, CONTENT_TYPES[table.format]) as into:
        into.predictions = table.output(into.predictions, words)
        with_heads(into, table.head(), _refused(report))
        total = flow(table.job(words), version, place, into, table.done)
        if not total.rows:
            raise UnscorableFile(NO_ROWS)
        summary = summarised(total, run, version.scorer.manifest, version.predictor)
        into.complete()
    place.results.put(SUMMARY, summary.to_bytes(), JSON)
    place.status.succeeded(
        (predictions, REJECTED, SUMMARY),
        **_accounts(total, report),
    )
    return summary


def _accounts(total: Partial, report: LogReport | None) -> Progress:
    """Rows in, and what became of them: of a log they are transactions, not customers."""
    if report is None:
        return {"rows": total.rows, "predicted": total.predicted, "rejected": total.rejected}
    return {
        "rows": report.rows,
        "predicted": total.predicted,
        "rejected": len(report.rejected) + total.rejected,
    }


def _refused(report: LogReport | None) -> Iterator[bytes]:
    """The lines of transactions that could not be used."""
    if report is not None:
        for number, faults, original in report.rejected:
            yield rejected.rejected_line(number, faults, original)
