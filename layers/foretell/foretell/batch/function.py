"""The batch function: files that were dropped, tasks of the state machine, and how that ended.

What is wrong with a file ends with a status that says so. What is wrong with the infrastructure
ends with a failed invocation, too, so that Lambda tries again and at last tells the failure queue.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mangum.types import LambdaContext

from foretell import environment, registry
from foretell.batch import events, flow, parts, run
from foretell.batch.failures import ending
from foretell.batch.flow import Place, RunStatus, Version
from foretell.batch.parts import PARTS, Part
from foretell.batch.runs import RUNS, Run, SourceFile, Status
from foretell.batch.storage.bucket import S3Results
from foretell.batch.storage.claims import StatusFile, claimed, stored_run, stored_status
from foretell.batch.storage.s3_source import S3Source, connect, look_up
from foretell.batch.summary.document import Summary
from foretell.problems import TABLE, NoLiveVersion, RunNotFound, StorageUnreachable, UnscorableFile
from foretell.registry import Registry
from foretell.telemetry import Handler, count, fact, index, logger, observed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LARGEST: Final = 8 << 30
"""Bytes of content that one function scores, if it is not shared out."""

_SHARE_FROM: Final = 256 << 20
_PART: Final = 64 << 20

Event = Mapping[str, Any]
Answer = dict[str, Any]
Clock = Callable[[], float]


def lambda_handler() -> Handler:
    """The handler of the batch function."""
    tasks = Tasks()

    def handler(event: Event, context: LambdaContext) -> Answer:
        ends = time.monotonic() + context.get_remaining_time_in_millis() / 1_000
        return tasks.perform(event, lambda: ends - time.monotonic())

    return observed(handler, "batch")


class Tasks:
    """What the function is asked for; connections and the version last used are kept."""

    def __init__(self) -> None:
        self._loaded: Version | None = None

    def perform(self, event: Event, seconds_left: Clock) -> Answer:
        """One invocation.

        Raises:
            StorageUnreachable, RegistryError: try again.
            UnscorableFile: a task of the state machine cannot be done, however often it is tried.
        """
        asked = events.read(event, _setting(environment.UPLOADS))
        if asked is None:
            logger.warning("An event of no file under incoming/ was left alone")
            return {"state": "ignored"}
        if isinstance(asked, SourceFile):
            return self._run(asked, seconds_left)
        return _TASKS[asked["task"]](self, asked, seconds_left)

    def plan(self, event: Event, seconds_left: Clock) -> Answer:
        """Find the parts of a large file."""
        begun, place = self._resumed(event["run_id"], seconds_left)
        with _ending(place.status):
            size = _bytes(environment.PART, _PART)
            found = parts.plan(S3Source(self._s3, begun.source), begun, place, size)
        key = f"{RUNS}{begun.run_id}/{PARTS}"
        plan = {"bucket": _setting(environment.RESULTS), "key": key}
        return {"run_id": begun.run_id, "ranges": len(found), "plan": plan}

    def score(self, event: Event, seconds_left: Clock) -> Answer:
        """Score one part of a large file."""
        part = Part.model_validate(event["item"])
        begun, place = self._resumed(part.run_id, seconds_left)
        source = S3Source(self._s3, begun.source)
        total = parts.score_part(part, source, self._version(begun), place)
        before = stored_status(place.results)
        # Where another part was given up, the run has failed, and stays so.
        if (before is None or before.state == "running") and parts.is_milestone(part):
            place.status.tell(progress=min(parts.share_done(part, place.results), _NEARLY))
        return {"run_id": begun.run_id, "range": part.range, "rows": total.rows}

    def assemble(self, event: Event, seconds_left: Clock) -> Answer:
        """Put the parts of a large file together."""
        begun, place = self._resumed(event["run_id"], seconds_left)
        # Where that was said, it was done before, and the answer was lost.
        if not _has_succeeded(stored_status(place.results)):
            with _ending(place.status):
                summary = parts.assemble(
                    S3Source(self._s3, begun.source),
                    lambda name: self._result(begun.run_id, name),
                    begun,
                    self._version(begun),
                    place,
                )
                _measure(summary)
        parts.clear(place.results)
        return {"run_id": begun.run_id, "state": "succeeded"}

    def fail(self, event: Event, seconds_left: Clock) -> Answer:
        """Say of a large file that it was given up, and where."""
        _, place = self._resumed(event["run_id"], seconds_left)
        place.status.failed(events.given_up(event))
        return {"run_id": event["run_id"], "state": "failed"}

    def _run(self, dropped: SourceFile, seconds_left: Clock) -> Answer:
        results = self._results(dropped.run_id)
        fact("run_id", dropped.run_id)
        place = self._place(_begins(dropped, datetime.now(UTC)), results, seconds_left)
        try:
            with _ending(place.status):
                state = self._attempt(dropped, place)
        except _FINAL:
            # The status says why; tried again, it would be no better.
            state = "failed"
        return {"run_id": dropped.run_id, "state": state}

    def _attempt(self, dropped: SourceFile, place: Place) -> str:
        before = stored_status(place.results)
        if _has_succeeded(before):
            return "succeeded"
        begun = claimed(place.results, self._new_run(dropped))
        return self._score(begun, place, _execution(dropped.run_id, before))

    def _score(self, begun: Run, place: Place, execution: str) -> str:
        source = S3Source(self._s3, begun.source)
        place.status.tell(model_version=begun.model_version)
        if self._is_shared_out(source, place):
            self._start_state_machine(begun.run_id, execution)
            return "shared out"
        _measure(run.score(source, begun, self._version(begun), place))
        return "succeeded"

    def _is_shared_out(self, source: S3Source, place: Place) -> bool:
        large = source.size >= _bytes(environment.SHARE_FROM, _SHARE_FROM)
        if not large or not os.environ.get(environment.STATE_MACHINE):
            return False
        with tempfile.TemporaryDirectory(dir=place.workspace) as folder:
            return parts.divisible(source, Path(folder))

    def _start_state_machine(self, run_id: str, execution: str) -> None:
        import boto3  # noqa: PLC0415 - most files need none
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            boto3.client("stepfunctions").start_execution(
                stateMachineArn=_setting(environment.STATE_MACHINE),
                name=execution,
                input=json.dumps({"run_id": run_id}),
            )
        except (BotoCoreError, ClientError) as error:
            # It runs, or has run: this event was delivered before.
            if registry.error_code(error) != "ExecutionAlreadyExists":
                raise StorageUnreachable(
                    f"the state machine for large files cannot be started ({error}): see"
                    f" {environment.STATE_MACHINE} and the function's permissions"
                ) from error

    def _new_run(self, dropped: SourceFile) -> Run:
        live = self._registry.live()
        assert live is not None  # noqa: S101 - no tag was sent
        version = live.pointer.version
        return Run(source=dropped, model_version=version, received=datetime.now(UTC))

    def _resumed(self, run_id: str, seconds_left: Clock) -> tuple[Run, Place]:
        results = self._results(run_id)
        begun = stored_run(results)
        if begun is None:
            raise RunNotFound(f"there is no run {run_id}: drop the file again")
        fact("run_id", run_id)
        before = stored_status(results) or _begins(begun.source, begun.received)
        # If an attempt has failed, this is the next one.
        running = before.model_copy(update={"state": "running", "failure": None})
        return begun, self._place(running, results, seconds_left)

    def _place(self, first: Status, results: S3Results, seconds_left: Clock) -> Place:
        before = (datetime.now(UTC) - first.started).total_seconds()
        return Place(
            results=results,
            status=StatusFile(results, first, seconds_before=before),
            workspace=Path(tempfile.gettempdir()),
            largest=LARGEST,
            seconds_left=seconds_left,
        )

    def _version(self, begun: Run) -> Version:
        if self._loaded is None or self._loaded.scorer.version != begun.model_version:
            self._loaded = flow.load(self._registry, begun.model_version)
        return self._loaded

    def _results(self, run_id: str) -> S3Results:
        return S3Results(self._s3, _setting(environment.RESULTS), f"{RUNS}{run_id}/")

    def _result(self, run_id: str, name: str) -> S3Source:
        found = look_up(self._s3, _setting(environment.RESULTS), f"{RUNS}{run_id}/{name}")
        return S3Source(self._s3, found)

    @cached_property
    def _s3(self) -> "S3Client":
        return connect()

    @cached_property
    def _registry(self) -> Registry:
        return registry.from_environment()


_TASKS: Final[Mapping[str, Callable[[Tasks, Event, Clock], Answer]]] = {
    "plan": Tasks.plan,
    "score": Tasks.score,
    "assemble": Tasks.assemble,
    "fail": Tasks.fail,
}

_FINAL: Final = (UnscorableFile, NoLiveVersion)
_NEARLY: Final = 0.99


@contextmanager
def _ending(status: RunStatus) -> Iterator[None]:
    """As `ending`; the log and the metrics say so, too."""
    try:
        with ending(status):
            yield
    except Exception as error:
        count("RunsFailed")
        reason = str(error) if type(error) in TABLE else ""
        logger.error("A run ended without a result", error_type=type(error).__name__, reason=reason)
        raise


def _measure(summary: Summary) -> None:
    count("CustomersScored", summary.predicted)
    count("RowsRejected", summary.rejected)
    compared = [field.psi for field in summary.drift.fields if field.verdict != "too few rows"]
    index("Drift", max((psi for psi in compared if psi is not None), default=0.0))


def _begins(source: SourceFile, started: datetime) -> Status:
    return Status(
        run_id=source.run_id,
        state="running",
        source=source,
        started=started,
        updated=started,
    )


def _has_succeeded(status: Status | None) -> bool:
    return status is not None and status.state == "succeeded"


def _execution(run_id: str, before: Status | None) -> str:
    """The name of the state machine's execution, of 80 characters at most.

    One that has failed keeps its name: what is tried after it needs another.
    """
    if before is None or before.state != "failed":
        return run_id
    return f"{run_id}-{before.updated:%Y%m%d%H%M%S}"


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise StorageUnreachable(f"set {name}: without it there is nowhere to read or to write")
    return value


def _bytes(name: str, otherwise: int) -> int:
    text = os.environ.get(name) or str(otherwise)
    if not text.isdecimal() or int(text) == 0:
        raise StorageUnreachable(f"{name} is no number of bytes: set it to one such as {otherwise}")
    return int(text)
