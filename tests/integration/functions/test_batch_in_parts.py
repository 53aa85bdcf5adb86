"""A file in parts comes to the same bytes as in one place, however many parts there are.

moto's Step Functions cannot call our function. So the state machine runs in this process, from the
file that is deployed (infra/batch.asl.json), by infra.local.state_machine: its tasks, its Map over
the parts in S3, its retries and catches are those of the file. What has no effect there, such as
MaxConcurrency and waiting times, is asserted from the file in tests/infra/test_state_machine.py.
"""

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell import environment
from foretell.batch import flow, parts, run, split
from foretell.batch.container import opened
from foretell.batch.flow import Place, Version
from foretell.batch.function import Tasks
from foretell.batch.runs import Run, SourceFile, Status
from foretell.batch.storage.claims import StatusFile
from foretell.batch.storage.folder import FolderResults
from foretell.batch.storage.source import FileSource
from foretell.batch.table import recognised
from foretell.problems import RowsLost, RunNotFound, StorageUnreachable, UnscorableFile
from foretell.registry import Registry, RegistryAddress, connect
from infra.local import state_machine
from infra.local.state_machine import ExecutionFailed
from infra.local.step_functions import step_functions
from tests.shared import batch_files as files
from tests.shared.batch_files import Buckets, Row, hard_file
from training.publish import promote, publish

ROOT = Path(__file__).parents[3]
DEPLOYED = json.loads((ROOT / "infra/batch.asl.json").read_text(encoding="utf-8"))
NOTES_ITS_INPUT = {
    "StartAt": "Note",
    "States": {
        "Note": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "any", "Payload": {"given.$": "$"}},
            "End": True,
        }
    },
}
LEFT_HERE = 900.0
"""Seconds."""
PATIENCE = 20.0
"""Seconds for what takes one or two."""

Outputs = dict[str, bytes]
Invoke = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def registry(s3_endpoint: str, trained: Any) -> Registry:
    """A registry in which the trained version is live."""
    found = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}", "shop"))
    found.s3.create_bucket(Bucket=found.address.bucket)
    publish(found, trained.manifest, trained.files)
    promote(found, trained.version, None)
    return found


@pytest.fixture(scope="module")
def version(registry: Registry, trained: Any) -> Version:
    return flow.load(registry, trained.version)


def part_size(content: bytes, ranges: int) -> int:
    """Bytes of each part for there to be so many, or a few more; 64 is a part for each row."""
    table = recognised(opened([content], len(content)))
    rows = content[table.first_byte :]
    sizes = (len(rows) // divisor for divisor in range(1, files.ROWS))
    enough = (
        size
        for size in sizes
        if sum(1 for _ in split.ranges([rows], table.dialect, 1, size)) >= ranges
    )
    return 1 if ranges == files.ROWS else next(enough)


@dataclass(frozen=True)
class Folder:
    """A run whose results are in a folder."""

    path: Path
    source: FileSource
    run: Run
    version: Version

    @classmethod
    def of(cls, path: Path, content: bytes, version: Version) -> "Folder":
        file = path / "file"
        file.write_bytes(content)
        source = SourceFile(bucket="b", key="incoming/file", version="1", size=len(content))
        begun = Run(source=source, model_version=version.scorer.version, received=datetime.now(UTC))
        return cls(path, FileSource(file), begun, version)

    def alone(self) -> Outputs:
        place = self._place("alone")
        run.score(self.source, self.run, self.version, place)
        return self._outputs(place)

    def in_parts(self, size: int) -> tuple[Outputs, int]:
        """What comes of it, and of how many parts."""
        place = self._place("in parts")
        found = parts.plan(self.source, self.run, place, size)
        for part in reversed(found):
            parts.score_part(part, self.source, self.version, place)
        assert parts.share_done(found[0], place.results) == 1
        parts.assemble(
            self.source,
            lambda name: FileSource(self.path / "in parts" / name),
            self.run,
            self.version,
            place,
        )
        parts.clear(place.results)
        return self._outputs(place), len(found)

    def _place(self, name: str) -> Place:
        results = FolderResults(self.path / name)
        now = datetime.now(UTC)
        first = Status(
            run_id=self.run.run_id,
            state="running",
            source=self.run.source,
            started=now,
            updated=now,
        )
        return Place(results, StatusFile(results, first), self.path, 1 << 30, lambda: LEFT_HERE, 1)

    def _outputs(self, place: Place) -> Outputs:
        return {
            name: (place.results.get(name) or pytest.fail(name)).body
            for name in place.results.names()
            if name != "status.json"
        }


CASES = [
    *((name, 7) for name in files.HARD_TEXTS),
    *(("quoted line breaks", ranges) for ranges in (1, 2, 64)),
    ("a quote that is never closed", 64),
]


@pytest.mark.parametrize(("name", "ranges"), CASES)
def test_a_text_comes_to_the_same_bytes(
    version: Version, tmp_path: Path, name: str, ranges: int
) -> None:
    content = hard_file(name)
    folder = Folder.of(tmp_path, content, version)

    outputs, found = folder.in_parts(part_size(content, ranges))

    assert found >= ranges
    assert outputs == folder.alone()
    assert outputs["rejected.csv"].count(b"\n") > 10


NOTES = st.text(st.sampled_from('",;\n\r a"é='), max_size=6)
CELLS = st.sampled_from(["1", "12.5", "-1", "", "x", '"3"', '"4'])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_table_comes_to_the_same_bytes(
    version: Version, tmp_path: Path, data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    row = st.builds(
        lambda cells, note: ",".join([*cells, note]), st.lists(CELLS, min_size=4, max_size=5), NOTES
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=12))
    content = end.join(["tenure_days,recency,frequency,monetary,note", *rows]).encode()
    size = data.draw(st.integers(4, len(content)))

    with TemporaryDirectory(dir=tmp_path) as folder:
        run_of_it = Folder.of(Path(folder), content, version)
        try:
            alone = run_of_it.alone()
        except UnscorableFile as error:
            with pytest.raises(UnscorableFile, match=str(error)):
                run_of_it.in_parts(size)
            return
        assert run_of_it.in_parts(size)[0] == alone


# Through the function, the state machine and S3.


@dataclass(frozen=True)
class Machine:
    """The function, and the state machine that it starts, which then waits to be run."""

    tasks: Tasks
    buckets: Buckets
    started: "SimpleQueue[Row]"
    """The inputs of executions."""

    def drop(self, name: str, content: bytes) -> str:
        """Drop a file that is to be shared out; its run."""
        event = self.buckets.drop(f"incoming/{name}", content)
        run_id = self.buckets.run_id(event)
        assert self.invoke(event) == {"run_id": run_id, "state": "shared out"}
        assert self.started.get(timeout=PATIENCE) == {"run_id": run_id}
        return run_id

    def execute(self, run_id: str, invoke: Invoke | None = None) -> None:
        """Run the deployed state machine to its end."""
        given = {"run_id": run_id}
        state_machine.run(
            DEPLOYED, given, invoke or self.invoke, self.buckets.s3, sleep=lambda _: None
        )

    def invoke(self, event: dict[str, Any]) -> Row:
        return self.tasks.perform(event, lambda: LEFT_HERE)

    def planned(self, run_id: str) -> list[Row]:
        """The parts, as the Map of the state machine reads them."""
        self.invoke({"task": "plan", "run_id": run_id})
        items: list[Row] = json.loads(self.buckets.output(run_id, "work/parts.json"))
        return items

    def score(self, part: Row) -> Row:
        return self.invoke({"task": "score", "item": part})

    def outputs(self, run_id: str) -> Outputs:
        """Whatever there is of a run, but for what tells how it went."""
        names = self.buckets.names(run_id) - {"run.json", "status.json"}
        return {name: self.buckets.output(run_id, name) for name in names}


@pytest.fixture(scope="module")
def machine(registry: Registry) -> Iterator[Machine]:
    """Files of any size are shared out."""
    buckets = Buckets(registry.s3, f"uploads-{uuid.uuid4().hex}", f"results-{uuid.uuid4().hex}")
    buckets.create()
    started: SimpleQueue[Row] = SimpleQueue()
    with (
        step_functions(
            "batch", NOTES_ITS_INPUT, lambda task: started.put(task["given"]), registry.s3
        ) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(environment.REGISTRY, str(registry.address))
        patch.setenv(environment.UPLOADS, buckets.uploads)
        patch.setenv(environment.RESULTS, buckets.results)
        patch.setenv(environment.SHARE_FROM, "1")
        patch.setenv(environment.STATE_MACHINE, running.state_machine_arn)
        patch.setenv("AWS_ENDPOINT_URL_SFN", running.endpoint_url)
        yield Machine(Tasks(), buckets, started)


@pytest.fixture
def alone(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Outputs]:
    """What comes of a file in one place, if it is dropped under the same name."""

    def outputs(name: str, content: bytes) -> Outputs:
        other = replace(machine.buckets, results=f"results-{uuid.uuid4().hex}")
        other.create()
        with monkeypatch.context() as patch:
            patch.setenv(environment.RESULTS, other.results)
            patch.delenv(environment.STATE_MACHINE)
            answer = machine.invoke(other.drop(f"incoming/{name}", content))
        assert answer["state"] == "succeeded"
        return replace(machine, buckets=other).outputs(answer["run_id"])

    return outputs


@pytest.fixture
def parquet(tmp_path: Path) -> bytes:
    """Three row groups, with impossible customers in each, next to their borders, too."""
    rows = files.customers(4_200)
    for place in (0, 7, 2_047, 2_048, 4_095, 4_096, 4_199):
        rows[place]["age"] = 200
    return files.as_parquet(rows, tmp_path, rows_of_a_group=2_048)


class TestMachine:
    """The state machine, from the event to the results."""

    @pytest.mark.parametrize(
        ("name", "ranges"),
        [
            ("quoted line breaks", 2),
            ("semicolons", 3),
            ("JSON Lines, others among them", 2),
        ],
    )
    def test_a_text_comes_to_the_same_bytes(
        self,
        machine: Machine,
        alone: Callable[[str, bytes], Outputs],
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        ranges: int,
    ) -> None:
        content = hard_file(name)
        monkeypatch.setenv(environment.PART, str(part_size(content, ranges)))

        run_id = machine.drop(name, content)
        machine.execute(run_id)

        status = machine.buckets.status(run_id)
        assert (status.state, status.content, status.progress) == ("succeeded", "customers", 1)
        assert status.rows == status.predicted + status.rejected > 0
        assert machine.outputs(run_id) == alone(name, content)

    def test_a_parquet_file_comes_to_the_same_bytes(
        self,
        machine: Machine,
        alone: Callable[[str, bytes], Outputs],
        monkeypatch: pytest.MonkeyPatch,
        parquet: bytes,
    ) -> None:
        monkeypatch.setenv(environment.PART, "1")

        run_id = machine.drop("customers.parquet", parquet)
        assert len(machine.planned(run_id)) == 3
        machine.execute(run_id)

        status = machine.buckets.status(run_id)
        assert (status.state, status.format) == ("succeeded", "parquet")
        assert (status.rows, status.predicted, status.rejected) == (4_200, 4_193, 7)
        assert machine.outputs(run_id) == alone("customers.parquet", parquet)

    def test_the_function_starts_the_machine_that_is_deployed(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(environment.PART, "2000")
        s3 = machine.buckets.s3
        with step_functions("foretell-batch", DEPLOYED, machine.invoke, s3) as running:
            monkeypatch.setenv(environment.STATE_MACHINE, running.state_machine_arn)
            monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", running.endpoint_url)
            event = machine.buckets.drop("incoming/started.csv", hard_file("Unicode"))
            run_id = str(machine.invoke(event)["run_id"])
            deadline = time.monotonic() + PATIENCE
            while machine.buckets.status(run_id).state == "running":
                assert time.monotonic() < deadline, "waited in vain"
                time.sleep(0.05)

        assert machine.buckets.status(run_id).state == "succeeded"

    @pytest.mark.parametrize("lines", [b"", b"\n\r\n\n"], ids=["none", "blank"])
    def test_a_file_without_rows_ends_with_a_status_that_says_so(
        self, machine: Machine, lines: bytes
    ) -> None:
        run_id = machine.drop("header.csv", files.HEADER + lines)

        with pytest.raises(ExecutionFailed, match="UnscorableFile"):
            machine.execute(run_id)

        failure = machine.buckets.status(run_id).failure
        assert failure is not None
        assert failure.title == "The file cannot be scored"
        assert "no rows" in failure.detail

    @pytest.mark.parametrize(
        "content",
        [
            gzip.compress(hard_file("Unicode")),
            b"customer_id,timestamp,amount\nA,2025-01-01,5\nA,2025-03-01,7\n",
            hard_file("Unicode").decode().encode("utf-16"),
        ],
        ids=["compressed", "log", "utf-16"],
    )
    def test_what_cannot_be_divided_is_scored_in_one_place(
        self, machine: Machine, content: bytes
    ) -> None:
        answer = machine.invoke(machine.buckets.drop("incoming/whole", content))

        assert answer["state"] == "succeeded"

    def test_what_is_small_is_scored_in_one_place(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = hard_file("Unicode")
        monkeypatch.setenv(environment.SHARE_FROM, str(len(content) + 1))

        answer = machine.invoke(machine.buckets.drop("incoming/small.csv", content))

        assert answer["state"] == "succeeded"


@pytest.fixture
def run_id(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The run of a file that is to be scored in two parts."""
    content = hard_file("doubled quotes")
    monkeypatch.setenv(environment.PART, str(part_size(content, 2)))
    return machine.drop(f"{uuid.uuid4().hex}.csv", content)


class TestFaults:
    """What goes wrong with a part, and what is done twice."""

    def test_a_part_that_fails_is_named_in_the_status(self, machine: Machine, run_id: str) -> None:
        def invoke(event: dict[str, Any]) -> Row:
            if event["task"] == "score" and event["item"]["range"] == 1:
                raise StorageUnreachable("S3 is away")
            return machine.invoke(event)

        with pytest.raises(ExecutionFailed):
            machine.execute(run_id, invoke)

        status = machine.buckets.status(run_id)
        assert (status.state, status.outputs) == ("failed", ())
        assert status.failure is not None
        assert status.failure.detail == "part 1 of the file: S3 is away"
        assert not {"summary.json", "rejected.csv"} & machine.buckets.names(run_id)

    def test_parts_that_go_on_elsewhere_leave_a_failure_as_it_is(
        self, machine: Machine, run_id: str
    ) -> None:
        items = machine.planned(run_id)
        fail = {"task": "fail", "run_id": run_id}
        machine.invoke(fail | {"range": 1, "error": caught("StorageUnreachable", "S3 is away")})

        machine.score(items[0])
        machine.invoke(fail | {"error": caught("States.ExceedToleratedFailureThreshold", "many")})

        status = machine.buckets.status(run_id)
        assert status.state == "failed"
        assert status.failure is not None
        assert status.failure.detail == "part 1 of the file: S3 is away"

    def test_an_error_that_nobody_foresaw_is_told_without_what_it_quotes(
        self, machine: Machine, run_id: str
    ) -> None:
        error = caught("ValueError", "could not convert 'Jane Doe'")

        machine.invoke({"task": "fail", "run_id": run_id, "range": 1, "error": error})

        said = machine.buckets.output(run_id, "status.json")
        assert b"part 1 of the file: " in said
        assert b"Jane" not in said

    def test_a_function_that_was_killed_is_told_of(self, machine: Machine, run_id: str) -> None:
        error = caught("Sandbox.Timedout", "Task timed out after 900.00 seconds")

        machine.invoke({"task": "fail", "run_id": run_id, "range": 1, "error": error})

        assert b"timed out after 900.00 seconds" in machine.buckets.output(run_id, "status.json")

    def test_an_execution_that_was_stopped_from_outside_is_told_of(
        self, machine: Machine, run_id: str
    ) -> None:
        machine.planned(run_id)
        detail = {"status": "ABORTED", "input": json.dumps({"run_id": run_id})}

        machine.invoke({"source": "aws.states", "detail": detail})

        status = machine.buckets.status(run_id)
        assert status.state == "failed"
        assert status.failure is not None
        assert "stopped by hand" in status.failure.detail

    def test_a_result_is_not_taken_back_by_a_late_word_of_its_execution(
        self, machine: Machine, run_id: str
    ) -> None:
        machine.execute(run_id)
        detail = {"status": "TIMED_OUT", "input": json.dumps({"run_id": run_id})}

        machine.invoke({"source": "aws.states", "detail": detail})

        assert machine.buckets.status(run_id).state == "succeeded"

    def test_progress_is_told_part_by_part(self, machine: Machine, run_id: str) -> None:
        items = machine.planned(run_id)

        progress = []
        for item in items:
            machine.score(item)
            progress.append(machine.buckets.status(run_id).progress)

        assert progress == pytest.approx([0.5, 0.99])

    def test_a_part_that_is_scored_twice_changes_nothing(
        self, machine: Machine, run_id: str
    ) -> None:
        items = machine.planned(run_id)
        for item in items:
            machine.score(item)
        before = machine.outputs(run_id)

        machine.score(items[1])

        assert machine.outputs(run_id) == before

    @pytest.mark.parametrize(
        ("missing", "error", "said"),
        [
            ("00001.summary", RowsLost, "part 1 "),
            ("00000.predictions", StorageUnreachable, "00000.predictions"),
        ],
    )
    def test_without_a_part_nothing_is_handed_out(
        self,
        machine: Machine,
        run_id: str,
        missing: str,
        error: type[Exception],
        said: str,
    ) -> None:
        for item in machine.planned(run_id):
            machine.score(item)
        buckets = machine.buckets
        buckets.s3.delete_object(Bucket=buckets.results, Key=f"runs/{run_id}/work/{missing}")

        with pytest.raises(error, match=said):
            machine.invoke({"task": "assemble", "run_id": run_id})

        status = buckets.status(run_id)
        assert (status.state, status.outputs) == ("failed", ())
        assert status.failure is not None
        assert said in status.failure.detail
        assert not {"predictions.csv", "summary.json"} & buckets.names(run_id)

    def test_an_assembly_whose_answer_was_lost_is_not_begun_anew(
        self, machine: Machine, run_id: str
    ) -> None:
        machine.execute(run_id)
        before = machine.outputs(run_id)

        answer = machine.invoke({"task": "assemble", "run_id": run_id})

        assert answer == {"run_id": run_id, "state": "succeeded"}
        assert machine.outputs(run_id) == before
        assert machine.buckets.status(run_id).state == "succeeded"

    def test_parts_that_cannot_be_cleared_away_undo_no_success(
        self, machine: Machine, run_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for item in machine.planned(run_id):
            machine.score(item)
        assemble = {"task": "assemble", "run_id": run_id}
        with monkeypatch.context() as patch:
            patch.setattr(parts, "clear", _unreachable)
            with pytest.raises(StorageUnreachable):
                machine.invoke(assemble)
        assert machine.buckets.status(run_id).state == "succeeded"

        machine.invoke(assemble)

        assert set(machine.outputs(run_id)) == {"predictions.csv", "rejected.csv", "summary.json"}

    def test_what_passes_leaves_no_trace_in_the_status(
        self, machine: Machine, run_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(parts, "plan", _unreachable)
            with pytest.raises(StorageUnreachable):
                machine.planned(run_id)
        assert machine.buckets.status(run_id).state == "failed"

        machine.execute(run_id)

        status = machine.buckets.status(run_id)
        assert (status.state, status.failure, status.format) == ("succeeded", None, "csv")

    def test_a_file_that_is_gone_before_its_parts_are_scored_is_told_of(
        self, machine: Machine, run_id: str
    ) -> None:
        machine.planned(run_id)
        source = machine.buckets.status(run_id).source
        machine.buckets.s3.delete_object(Bucket=source.bucket, Key=source.key)

        with pytest.raises(ExecutionFailed, match="UnscorableFile"):
            machine.execute(run_id)

        failure = machine.buckets.status(run_id).failure
        assert failure is not None
        assert "was deleted" in failure.detail

    def test_a_task_of_no_run_says_so(self, machine: Machine, run_id: str) -> None:
        with pytest.raises(RunNotFound, match="no-run-0123456789abcdef"):
            machine.invoke({"task": "plan", "run_id": "no-run-0123456789abcdef"})


class TestReplays:
    """The event comes again."""

    @pytest.fixture
    def event(self, machine: Machine) -> Row:
        event = machine.buckets.drop(f"incoming/{uuid.uuid4().hex}.csv", hard_file("formulas"))
        machine.invoke(event)
        machine.started.get(timeout=PATIENCE)
        return event

    def test_while_the_machine_runs_it_is_not_started_again(
        self, machine: Machine, event: Row
    ) -> None:
        assert machine.invoke(event)["state"] == "shared out"
        assert machine.buckets.status(machine.buckets.run_id(event)).state == "running"
        assert machine.started.empty()

    def test_after_success_it_changes_nothing(self, machine: Machine, event: Row) -> None:
        run_id = machine.buckets.run_id(event)
        machine.execute(run_id)
        before = machine.outputs(run_id), machine.buckets.status(run_id)

        assert machine.invoke(event) == {"run_id": run_id, "state": "succeeded"}
        assert (machine.outputs(run_id), machine.buckets.status(run_id)) == before

    def test_after_a_failure_the_machine_is_started_anew(
        self, machine: Machine, event: Row
    ) -> None:
        run_id = machine.buckets.run_id(event)
        error = caught("StorageUnreachable", "S3 is away")
        machine.invoke({"task": "fail", "run_id": run_id, "error": error})

        machine.invoke(event)

        assert machine.started.get(timeout=PATIENCE) == {"run_id": run_id}
        machine.execute(run_id)
        status = machine.buckets.status(run_id)
        assert (status.state, status.failure) == ("succeeded", None)


def caught(name: str, message: str) -> Row:
    """What the state machine catches where a task raises."""
    return {"Error": name, "Cause": json.dumps({"errorType": name, "errorMessage": message})}


def _unreachable(*_: object) -> None:
    raise StorageUnreachable("S3 is away")
