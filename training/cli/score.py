"""`foretell score`: a file on this machine, scored as the batch function scores those in S3."""

import hashlib
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

import click

from training import terminal
from training.cli.commands import LocalRegistry, open_registry, registry_option
from training.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from foretell.batch.runs import Failure, Run, Status
    from foretell.batch.storage.claims import Progress, StatusFile
    from foretell.batch.storage.results import Results
    from foretell.registry import Registry

_NO_LIMIT: Final = 1 << 60


@click.command(epilog="Example: foretell score customers.csv --out scored")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for predictions, rejected.csv, summary.json and status.json.",
)
@click.option("--version", "chosen", metavar="VERSION", help="By default the live one.")
@registry_option
@click.pass_obj
def score(
    local_registry: LocalRegistry, file: Path, out: Path, chosen: str | None, registry: str | None
) -> None:
    """Score a file of customers, or of transactions, on this machine and without S3.

    CSV as spreadsheets write it, CSV.gz, Parquet, JSON Lines. The predictions have the format of
    the file; rows that cannot be scored are in rejected.csv, each with the reason.
    """
    source = open_registry(registry, local_registry)
    status = _score(file, out, chosen, source)
    terminal.console.print(terminal.run_table(status), f"Written to {out}")


def _score(file: Path, out: Path, chosen: str | None, registry: "Registry") -> "Status":
    from foretell.batch import flow  # noqa: PLC0415 - brings onnxruntime along
    from foretell.batch import run as runs  # noqa: PLC0415
    from foretell.batch.runs import RUN, STATUS  # noqa: PLC0415
    from foretell.batch.storage.claims import claimed, stored_status  # noqa: PLC0415
    from foretell.batch.storage.folder import FolderResults  # noqa: PLC0415
    from foretell.batch.storage.source import FileSource  # noqa: PLC0415

    version = chosen or _live(registry)
    with terminal.step(f"Loading version {version}"):
        loaded = flow.load(registry, version)
    out.mkdir(parents=True, exist_ok=True)
    results = FolderResults(out)
    results.remove([RUN, STATUS])
    run = claimed(results, _run(file, version))
    with _shown(run, results) as status:
        place = flow.Place(
            results=results,
            status=status,
            workspace=Path(tempfile.gettempdir()),
            largest=_NO_LIMIT,
            seconds_left=lambda: math.inf,
        )
        runs.score(FileSource(file), run, loaded, place)
    done = stored_status(results)
    assert done is not None  # noqa: S101 - it was written just now
    return done


def _live(registry: "Registry") -> str:
    live = registry.live()
    assert live is not None  # noqa: S101 - no tag was sent
    return live.pointer.version


def _run(file: Path, version: str) -> "Run":
    from foretell.batch.runs import Run, SourceFile  # noqa: PLC0415

    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    source = SourceFile(bucket="", key=file.name, version=digest, size=file.stat().st_size)
    return Run(source=source, model_version=version, received=datetime.now(UTC))


class _Shown:
    """Tells how far a run is twice: to whoever reads its status, and to whoever waits for it."""

    def __init__(self, status: "StatusFile", bar: "Bar") -> None:
        self._status = status
        self._bar = bar
        self._task = bar.add_task("Scoring", total=1.0, rows=0)

    def tell(self, **progress: "Unpack[Progress]") -> None:
        self._status.tell(**progress)
        rows, done = progress.get("rows", 0), progress.get("progress", 0)
        self._bar.update(self._task, completed=done, rows=rows)

    def succeeded(self, outputs: tuple[str, ...], **progress: "Unpack[Progress]") -> None:
        self._status.succeeded(outputs, **progress)
        self._bar.update(self._task, completed=1.0, rows=progress.get("rows", 0))

    def failed(self, failure: "Failure", **progress: "Unpack[Progress]") -> None:
        self._status.failed(failure, **progress)


@contextmanager
def _shown(run: "Run", results: "Results") -> Iterator[_Shown]:
    """Progress on the terminal; where the run ends without a result, its status says so."""
    from foretell.batch.failures import ending  # noqa: PLC0415
    from foretell.batch.runs import Status  # noqa: PLC0415
    from foretell.batch.storage.claims import StatusFile  # noqa: PLC0415

    first = Status(
        run_id=run.run_id,
        state="running",
        source=run.source,
        model_version=run.model_version,
        started=run.received,
        updated=run.received,
    )
    with terminal.progress() as bar:
        shown = _Shown(StatusFile(results, first), bar)
        with ending(shown):
            yield shown
