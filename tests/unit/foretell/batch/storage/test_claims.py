"""One event, delivered twice: who decides, and who has the last word."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from foretell.batch.runs import Failure, Run, SourceFile, Status
from foretell.batch.storage import (
    FolderResults,
    StatusFile,
    Stored,
    claimed,
    claims,
    stored_run,
    stored_status,
)
from foretell.problems import StorageUnreachable

SOURCE = SourceFile(bucket="uploads", key="incoming/may.csv", version="0" * 32, size=100)
AT = datetime(2024, 5, 1, tzinfo=UTC)
STARTED = Status(run_id=SOURCE.run_id, state="running", source=SOURCE, started=AT, updated=AT)
BROKEN = Failure(title="The file cannot be scored", detail="It is no table.")
OUTPUTS = ("predictions.csv", "rejected.csv", "summary.json")


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Unreliable:
    """Results that do not answer while they are down, and count what was written to them."""

    folder: FolderResults
    down: bool = False
    written: list[bytes] = field(default_factory=list)
    before_put: list = field(default_factory=list)

    def get(self, name):
        self._answer()
        return self.folder.get(name)

    def put(self, name, body, content_type, expected):
        self._answer()
        for act in self.before_put:
            act()
        tag = self.folder.put(name, body, content_type, expected)
        if tag is not None:
            self.written.append(body)
        return tag

    def _answer(self):
        if self.down:
            raise StorageUnreachable("results cannot be reached")


@pytest.fixture
def results(tmp_path) -> Unreliable:
    return Unreliable(FolderResults(tmp_path))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def delivery(results, clock):
    """delivery(): another delivery of the same event."""
    return lambda: StatusFile(results, STARTED, every_seconds=2, clock=clock)


@pytest.fixture
def warnings(monkeypatch) -> list[str]:
    said = []
    monkeypatch.setattr(claims.logger, "warning", lambda message, **_: said.append(message))
    return said


def run_by(version: str) -> Run:
    return Run(source=SOURCE, model_version=version, received=AT)


def state(results) -> str:
    return stored_status(results.folder).state


def test_whoever_comes_second_keeps_to_what_the_first_decided(results):
    assert claimed(results, run_by("first")) == run_by("first")
    assert claimed(results, run_by("second")) == run_by("first")
    assert stored_run(results) == run_by("first")


def test_a_claim_that_cannot_be_understood_is_told(results, warnings):
    results.folder.put("run.json", b"{}", "application/json")

    with pytest.raises(StorageUnreachable, match=r"run\.json of run may-csv-.*: remove it"):
        claimed(results, run_by("first"))
    assert stored_run(results) is None
    assert warnings


def test_what_was_never_written_is_absent(results):
    assert stored_run(results) is None
    assert stored_status(results) is None


def test_progress_is_told_at_once_and_then_now_and_then(results, delivery, clock):
    status = delivery()

    for seconds in range(7):
        clock.seconds = seconds
        status.tell(rows=1_000 * seconds, predicted=900 * seconds, progress=seconds / 10)

    told = [Status.model_validate_json(body) for body in results.written]
    assert [each.rows for each in told] == [0, 2_000, 4_000, 6_000]
    assert told[-1].predicted == 5_400
    assert told[-1].progress == 0.6
    assert [each.rows_per_second for each in told] == [0, 1_000, 1_000, 1_000]
    assert told[-1].started == AT < told[-1].updated


def test_the_end_is_told_at_once_with_all_that_is_known(results, delivery):
    status = delivery()
    status.tell(format="csv", content="customers", rows=1)
    status.succeeded(OUTPUTS, rows=10, predicted=9, rejected=1)

    told = stored_status(results)
    assert (told.state, told.progress, told.outputs) == ("succeeded", 1.0, OUTPUTS)
    assert (told.format, told.content) == ("csv", "customers")
    assert (told.rows, told.predicted, told.rejected) == (10, 9, 1)


def test_a_run_may_fail_before_it_told_anything(results, delivery):
    delivery().failed(BROKEN)

    assert state(results) == "failed"
    assert stored_status(results).failure == BROKEN


def test_nothing_is_written_over_a_success(results, delivery, clock):
    late, later = delivery(), delivery()
    late.tell(rows=1)
    delivery().succeeded(OUTPUTS, rows=10)

    for seconds in (5, 10):
        clock.seconds = seconds
        late.tell(rows=5)
        later.tell(rows=5)
    late.failed(BROKEN)
    later.failed(BROKEN)
    later.succeeded(OUTPUTS, rows=99)
    delivery().tell(rows=1)

    assert state(results) == "succeeded"
    assert stored_status(results).rows == 10


def test_a_failure_yields_to_a_delivery_that_runs_and_to_no_other_failure(results, delivery, clock):
    running, failing = delivery(), delivery()
    failing.failed(BROKEN)
    delivery().failed(Failure(title="another", detail="failure"))
    assert stored_status(results).failure == BROKEN

    clock.seconds = 5
    running.tell(rows=5)
    assert state(results) == "running"
    assert stored_status(results).failure is None
    failing.failed(BROKEN)
    assert state(results) == "failed"
    running.succeeded(OUTPUTS, rows=10)
    assert state(results) == "succeeded"


def test_two_deliveries_that_run_go_on_quietly(results, delivery, clock, warnings):
    one, other = delivery(), delivery()

    for seconds in range(0, 12, 3):
        clock.seconds = seconds
        one.tell(rows=seconds)
        other.tell(rows=seconds + 1)

    assert stored_status(results).rows == 10
    assert warnings == []


def test_a_run_goes_on_where_its_progress_cannot_be_written(results, delivery, clock, warnings):
    status = delivery()
    results.down = True

    status.tell(rows=1)
    clock.seconds = 1
    status.tell(rows=2)

    assert len(warnings) == 1
    results.down = False
    clock.seconds = 5
    status.tell(rows=3)
    assert stored_status(results).rows == 3


def test_a_success_that_cannot_be_written_is_none(results, delivery):
    status = delivery()
    status.tell(rows=1)
    results.down = True

    with pytest.raises(StorageUnreachable, match="cannot be reached"):
        status.succeeded(OUTPUTS)
    assert state(results) == "running"


def test_a_success_is_written_although_others_write_all_the_time(results, delivery, clock):
    status, noisy = delivery(), StatusFile(results.folder, STARTED, every_seconds=0, clock=clock)
    rounds = iter(range(3))

    def interfere():
        if next(rounds, None) is not None:
            noisy.tell(rows=77)

    results.before_put = [interfere]
    status.succeeded(OUTPUTS, rows=10)
    assert state(results) == "succeeded"


def test_a_status_that_never_gets_a_turn_is_told(results, delivery, clock):
    noisy = StatusFile(results.folder, STARTED, every_seconds=0, clock=clock)
    counter = iter(range(1_000))
    results.before_put = [lambda: noisy.tell(rows=next(counter))]

    with pytest.raises(StorageUnreachable, match="others write it all the time"):
        delivery().succeeded(OUTPUTS)


def test_a_success_whose_answer_was_lost_is_a_success(results, delivery, monkeypatch):
    status = delivery()
    status.tell(rows=1)
    put = FolderResults.put

    def put_and_ask_again(self, name, body, content_type, expected):
        put(self, name, body, content_type, expected)
        return put(self, name, body, content_type, expected)

    monkeypatch.setattr(FolderResults, "put", put_and_ask_again)
    status.succeeded(OUTPUTS, rows=10)

    assert state(results) == "succeeded"


def test_a_status_that_cannot_be_understood_is_replaced(results, delivery, warnings):
    results.folder.put("status.json", b'{"state": "succeeded"', "application/json")
    assert stored_status(results) is None

    delivery().tell(rows=1)

    assert state(results) == "running"
    assert len(warnings) == 2


def test_a_share_a_little_above_one_is_one(results, delivery):
    delivery().tell(progress=1.0000001)

    assert stored_status(results) is not None
    assert isinstance(results.get("status.json"), Stored)
