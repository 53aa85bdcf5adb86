"""The batch function on a real S3 server: files in, results or a status that says why not."""

import gzip
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from foretell import environment
from foretell.batch.answers import COLUMNS
from foretell.batch.function import Tasks, lambda_handler
from foretell.batch.runs import RUN_ID, Status
from foretell.batch.summary.drift import LEAST_ROWS as DRIFT_ROWS
from foretell.contract import CustomerRecord, ModelName
from foretell.predictor import Predictor, load
from foretell.problems import StorageUnreachable
from foretell.registry import Registry, RegistryAddress, connect
from infra.local.function import batch_function
from tests.shared import batch_files as files
from tests.shared.batch_files import Buckets, Row
from tests.shared.lambda_events import Context
from training.publish import promote, publish

OUTPUTS = {"run.json", "status.json", "rejected.csv", "summary.json"}
LEFT_HERE = 900.0
"""Seconds."""

IMPOSSIBLE: Mapping[int, tuple[Row, set[str]]] = {
    3: ({"recency": 99_999.0}, {"recency"}),
    17: ({"monetary": None}, {"monetary"}),
    38: ({"age": 200, "tenure_days": -1.0}, {"age", "tenure_days"}),
}
"""What is wrong with which customers, and the fields that are to be named."""


@pytest.fixture(scope="module")
def registry(s3_endpoint: str, trained: Any) -> Registry:
    """A registry in which the trained version is live."""
    found = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}", "shop"))
    found.s3.create_bucket(Bucket=found.address.bucket)
    publish(found, trained.manifest, trained.files)
    promote(found, trained.version, None)
    return found


@pytest.fixture(scope="module")
def buckets(registry: Registry) -> Iterator[Buckets]:
    found = Buckets(registry.s3, f"uploads-{uuid.uuid4().hex}", f"results-{uuid.uuid4().hex}")
    found.create()
    found.keep_versions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(environment.REGISTRY, str(registry.address))
        patch.setenv(environment.UPLOADS, found.uploads)
        patch.setenv(environment.RESULTS, found.results)
        patch.delenv(environment.STATE_MACHINE, raising=False)
        yield found


@pytest.fixture(scope="module")
def tasks(buckets: Buckets) -> Tasks:
    """The function, warm: as if Lambda kept its process for the next file."""
    return Tasks()


@pytest.fixture(scope="module")
def predictor(registry: Registry, trained: Any) -> Predictor:
    """What the API answers with."""
    return load(registry, ModelName.COMPREHENSIVE, trained.version)


@pytest.fixture(scope="module")
def shop_rows() -> list[Row]:
    """Sixty customers, three of them impossible."""
    rows = files.customers(60)
    for place, (wrong, _) in IMPOSSIBLE.items():
        rows[place] |= wrong
    return rows


@dataclass(frozen=True)
class Export:
    """A file that holds the shop's customers, and what is to be known of its format."""

    format: str
    content: bytes
    first_row: int = 1
    separator: str = ","

    def rows(self, predictions: bytes, folder: Path) -> list[Any]:
        plain = gzip.decompress(predictions) if self.format.endswith(".gz") else predictions
        match self.format.removesuffix(".gz"):
            case "csv":
                return files.csv_rows(plain, self.separator)
            case "jsonl":
                return files.jsonl_rows(plain)
        return files.parquet_rows(plain, folder)


def _csv(rows: list[Row], folder: Path) -> Export:
    return Export("csv", files.as_csv(rows), first_row=2)


def _csv_gz(rows: list[Row], folder: Path) -> Export:
    return Export("csv.gz", gzip.compress(files.as_csv(rows), mtime=0), first_row=2)


def _csv_of_a_german_spreadsheet(rows: list[Row], folder: Path) -> Export:
    content = files.as_csv(rows, separator=";", decimal=",", line_end="\r\n")
    return Export("csv", b"\xef\xbb\xbf" + content, first_row=2, separator=";")


def _jsonl(rows: list[Row], folder: Path) -> Export:
    return Export("jsonl", files.as_jsonl(rows))


def _jsonl_gz(rows: list[Row], folder: Path) -> Export:
    return Export("jsonl.gz", gzip.compress(files.as_jsonl(rows), mtime=0))


def _parquet(rows: list[Row], folder: Path) -> Export:
    return Export("parquet", files.as_parquet(rows, folder))


@dataclass(frozen=True)
class Result:
    """A file that was scored, and what came of it."""

    export: Export
    run_id: str
    status: Status
    rows: list[Any]
    predictions: bytes


@pytest.fixture(
    scope="module",
    params=[_csv, _csv_gz, _csv_of_a_german_spreadsheet, _jsonl, _jsonl_gz, _parquet],
    ids=lambda make: make.__name__.strip("_"),
)
def result(
    request: pytest.FixtureRequest,
    tasks: Tasks,
    buckets: Buckets,
    shop_rows: list[Row],
    tmp_path_factory: pytest.TempPathFactory,
) -> Result:
    """The same customers in every format."""
    folder = tmp_path_factory.mktemp("export")
    export: Export = request.param(shop_rows, folder)
    # Formats are recognised by what is in a file: its name may say anything.
    status = scored(tasks, buckets, f"incoming/{request.param.__name__}.txt", export.content)
    predictions = buckets.output(status.run_id, f"predictions.{export.format}")
    rows = export.rows(predictions, folder)
    return Result(export, status.run_id, status, rows, predictions)


def scored(tasks: Tasks, buckets: Buckets, key: str, content: bytes) -> Status:
    """A file that was dropped and is done."""
    event = buckets.drop(key, content)
    answer = tasks.perform(event, lambda: LEFT_HERE)
    status = buckets.status(buckets.run_id(event))
    assert answer == {"run_id": status.run_id, "state": status.state}
    return status


class TestCustomers:
    """What comes of them, whatever the format."""

    def test_the_status_accounts_for_every_row(self, result: Result, trained: Any) -> None:
        status = result.status

        assert (status.state, status.failure) == ("succeeded", None)
        assert (status.rows, status.predicted, status.rejected) == (60, 57, 3)
        assert (status.format, status.content) == (result.export.format, "customers")
        assert (status.progress, status.model_version) == (1.0, trained.version)

    def test_there_is_what_the_status_names_and_nothing_else(
        self, result: Result, buckets: Buckets
    ) -> None:
        predictions = f"predictions.{result.export.format}"

        assert set(result.status.outputs) == {predictions, "rejected.csv", "summary.json"}
        assert buckets.names(result.run_id) == OUTPUTS | {predictions}

    def test_each_customer_is_told_what_the_api_answers(
        self, result: Result, predictor: Predictor, shop_rows: list[Row]
    ) -> None:
        kept = [row for place, row in enumerate(shop_rows) if place not in IMPOSSIBLE]
        answers = predictor.predict([files.record_of(row) for row in kept])

        assert [row["customer_id"] for row in result.rows] == [row["customer_id"] for row in kept]
        for row, answer in zip(result.rows, answers, strict=True):
            assert files.disagreements(row, answer) == {}

    def test_what_the_shop_knows_beside_passes_through(
        self, result: Result, shop_rows: list[Row]
    ) -> None:
        kept = [row for place, row in enumerate(shop_rows) if place not in IMPOSSIBLE]

        assert [row["note"] for row in result.rows] == [row["note"] for row in kept]
        assert list(result.rows[0]) == [*shop_rows[0], *COLUMNS]

    def test_the_refused_rows_are_told_with_their_numbers_and_fields(
        self, result: Result, buckets: Buckets
    ) -> None:
        refused = files.csv_rows(buckets.output(result.run_id, "rejected.csv"))

        told = {int(row["row"]): set(row["field"].split("; ")) for row in refused}
        assert told == {
            place + result.export.first_row: fields for place, (_, fields) in IMPOSSIBLE.items()
        }
        for row, place in zip(refused, IMPOSSIBLE, strict=True):
            assert f"C-{place:04}" in row["original row"]

    def test_the_summary_adds_up(self, result: Result, buckets: Buckets) -> None:
        summary = json.loads(buckets.output(result.run_id, "summary.json"))

        assert (summary["rows"], summary["predicted"], summary["rejected"]) == (60, 57, 3)
        assert sum(persona["customers"] for persona in summary["personas"]) == 57
        assert sum(kind["rows"] for kind in summary["rejections"]) == 4
        values = [str(row["customer_lifetime_value"]).replace(",", ".") for row in result.rows]
        total = summary["totals"]["customer_lifetime_value"]
        assert total == pytest.approx(sum(map(float, values)), abs=0.005)

    def test_the_dialect_stays_what_it_was(self, result: Result) -> None:
        if result.export.separator != ";":
            return
        assert result.predictions.startswith(b"\xef\xbb\xbfcustomer_id;tenure_days")
        records = result.predictions.replace(b"two\nlines", b"").split(b"\n")
        assert all(line.endswith(b"\r") for line in records[:-1])


AS_OF = date(2025, 6, 30)
"""The last day of the log."""


@dataclass(frozen=True)
class ScoredLog:
    """A log of transactions, and what came of it."""

    status: Status
    rows: list[Any]
    first_row: int


def _orders() -> list[Row]:
    """Twenty customers with three purchases each, and two rows that are none."""
    orders = [
        {
            "Customer ID": f"C{number:02}",
            "Timestamp": str(AS_OF - timedelta(days=number + 90 * age)),
            "Amount": str(10.5 * (age + 1)),
        }
        for number in range(20)
        for age in range(3)
    ]
    orders[7:7] = [
        {"Customer ID": "C99", "Timestamp": "yesterday", "Amount": "5"},
        {"Customer ID": "C98", "Timestamp": "2025-01-01", "Amount": "a lot"},
    ]
    return orders


@pytest.fixture(
    scope="module", params=[_csv_gz, _jsonl, _parquet], ids=lambda make: make.__name__.strip("_")
)
def scored_log(
    request: pytest.FixtureRequest,
    tasks: Tasks,
    buckets: Buckets,
    tmp_path_factory: pytest.TempPathFactory,
) -> ScoredLog:
    """Transactions, of which customers are made first."""
    folder = tmp_path_factory.mktemp("log")
    export: Export = request.param(_orders(), folder)
    status = scored(tasks, buckets, "incoming/orders", export.content)
    predictions = buckets.output(status.run_id, f"predictions.{export.format}")
    return ScoredLog(status, export.rows(predictions, folder), export.first_row)


class TestLog:
    """What comes of a log, whatever the format."""

    def test_the_status_accounts_for_transactions_and_customers(
        self, scored_log: ScoredLog
    ) -> None:
        status = scored_log.status

        assert (status.state, status.failure) == ("succeeded", None)
        assert status.content == "transactions"
        assert (status.rows, status.predicted, status.rejected) == (62, 20, 2)

    def test_each_customer_is_told_what_the_api_answers(
        self, scored_log: ScoredLog, predictor: Predictor
    ) -> None:
        known = [
            CustomerRecord(
                customer_id=f"C{number:02}",
                tenure_days=number + 180,
                recency=number,
                frequency=30 * 3 / (number + 180),
                monetary=63,
                avg_purchase_amount=21,
            )
            for number in range(20)
        ]

        answers = predictor.predict(known)
        assert [row["customer_id"] for row in scored_log.rows] == [
            record.customer_id for record in known
        ]
        for row, answer in zip(scored_log.rows, answers, strict=True):
            assert files.disagreements(row, answer) == {}

    def test_transactions_that_cannot_be_used_are_told(
        self, scored_log: ScoredLog, buckets: Buckets
    ) -> None:
        refused = files.csv_rows(buckets.output(scored_log.status.run_id, "rejected.csv"))

        assert [(int(row["row"]) - scored_log.first_row, row["field"]) for row in refused] == [
            (7, "timestamp"),
            (8, "amount"),
        ]


def test_cells_that_a_spreadsheet_would_run_are_defused(tasks: Tasks, buckets: Buckets) -> None:
    notes = ["=1+1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "-2.5", "+49 30 1", "plain"]
    rows = files.customers(len(notes))
    for row, note in zip(rows, notes, strict=True):
        row["note"] = note
    impossible = {**rows[0], "customer_id": "=A1", "age": 200}

    status = scored(tasks, buckets, "incoming/formulas.csv", files.as_csv([*rows, impossible]))

    predictions = files.csv_rows(buckets.output(status.run_id, "predictions.csv"))
    assert [row["note"] for row in predictions] == [
        "'=1+1",
        "'@SUM(A1)",
        '\'=HYPERLINK("http://x","y")',
        "-2.5",
        "'+49 30 1",
        "plain",
    ]
    (refused,) = files.csv_rows(buckets.output(status.run_id, "rejected.csv"))
    assert refused["original row"].startswith("'=A1,")


def test_a_file_whose_rows_are_all_impossible_is_accounted_for(
    tasks: Tasks, buckets: Buckets
) -> None:
    rows = [row | {"age": -1} for row in files.customers(5)]

    status = scored(tasks, buckets, "incoming/impossible.csv", files.as_csv(rows))

    assert (status.state, status.rows, status.rejected) == ("succeeded", 5, 5)
    assert files.csv_rows(buckets.output(status.run_id, "predictions.csv")) == []


@pytest.mark.parametrize(
    "name",
    [
        "All customers, May.csv",
        "a+b%20c.csv",
        "größe 100%/Ελλάδα 🙂.csv",
        "../../escape.csv",
        "a//b/./c.csv",
        "...",
        "'\"&<x>?#=.csv",
    ],
)
def test_whatever_a_key_looks_like_its_results_lie_under_its_run(
    tasks: Tasks, buckets: Buckets, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    empty = replace(buckets, results=f"results-{uuid.uuid4().hex}")
    empty.create()
    monkeypatch.setenv(environment.RESULTS, empty.results)

    status = scored(tasks, empty, f"incoming/{name}", files.as_csv(files.customers(3)))

    assert (status.state, status.predicted) == ("succeeded", 3)
    assert status.source.key == f"incoming/{name}"
    assert RUN_ID.fullmatch(status.run_id)
    stored = empty.s3.list_objects_v2(Bucket=empty.results)["Contents"]
    names = OUTPUTS | {"predictions.csv"}
    assert {item["Key"] for item in stored} == {f"runs/{status.run_id}/{name}" for name in names}


HEADER = b"customer_id,tenure_days,recency,frequency,monetary\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b"name,phone\nZoe,1\n", "its columns are: name, phone"),
        (HEADER, "no rows"),
        (HEADER + b"\n\r\n\n", "no rows"),
        (HEADER.replace(b"customer_id", b"recency") + b"1,2,3,4,5\n", "both recency"),
        (b"PK\x03\x04\x14\x00" + b"[Content_Types].xml xl/workbook.xml", "workbook"),
        (b"PAR1 and no more", "Parquet"),
        (gzip.compress(HEADER + b"1,2,3,4,5\n", mtime=0)[:-6], "ends too early"),
        (b"\x00\x01\x02" * 99, "NUL"),
    ],
)
def test_a_file_that_nobody_can_score_ends_with_a_status_that_says_so(
    tasks: Tasks, buckets: Buckets, content: bytes, said: str
) -> None:
    status = scored(tasks, buckets, f"incoming/{uuid.uuid4().hex}.csv", content)

    assert status.state == "failed"
    assert status.failure is not None
    assert status.failure.title == "The file cannot be scored"
    assert said in status.failure.detail
    assert status.outputs == ()
    assert buckets.names(status.run_id) == {"run.json", "status.json"}


def test_a_file_that_is_gone_before_it_is_read_ends_with_a_status_that_says_so(
    tasks: Tasks, buckets: Buckets
) -> None:
    event = buckets.drop("incoming/gone.csv", files.as_csv(files.customers(3)))
    buckets.s3.delete_object(Bucket=buckets.uploads, Key="incoming/gone.csv")

    tasks.perform(event, lambda: LEFT_HERE)

    failure = buckets.status(buckets.run_id(event)).failure
    assert failure is not None
    assert "deleted before it was read" in failure.detail


def test_without_a_live_model_the_status_says_so(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.REGISTRY, f"s3://{buckets.uploads}/nothing/published")

    status = scored(Tasks(), buckets, "incoming/early.csv", files.as_csv(files.customers(3)))

    assert (status.state, status.model_version) == ("failed", None)
    assert status.failure is not None
    assert status.failure.title == "No model is in service"


def test_without_time_enough_the_status_says_so(tasks: Tasks, buckets: Buckets) -> None:
    event = buckets.drop("incoming/slow.csv", files.as_csv(files.customers(3)))

    assert tasks.perform(event, lambda: 1.0)["state"] == "failed"

    run_id = buckets.run_id(event)
    failure = buckets.status(run_id).failure
    assert failure is not None
    assert "could not be scored in the time" in failure.detail
    assert buckets.names(run_id) == {"run.json", "status.json"}


def test_a_run_is_counted_and_measured(
    buckets: Buckets, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = files.customers(DRIFT_ROWS)
    event = buckets.drop("incoming/measured.csv", files.as_csv([*rows, {**rows[0], "age": -1}]))

    handler = lambda_handler()
    handler({}, Context())  # tells what other tests have counted

    handler(event, Context())

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["CustomersScored"], told["RowsRejected"]) == (DRIFT_ROWS, 1)
    drift = json.loads(buckets.output(buckets.run_id(event), "summary.json"))["drift"]["fields"]
    assert told["Drift"] == max(field["psi"] for field in drift)
    [declared] = told["_aws"]["CloudWatchMetrics"]
    assert {"CustomersScored", "RowsRejected", "Drift"} <= {
        metric["Name"] for metric in declared["Metrics"]
    }


class TestDelivery:
    """Events come at least once, and not only those of files to be scored."""

    def test_a_replayed_event_changes_nothing(self, tasks: Tasks, buckets: Buckets) -> None:
        event = buckets.drop("incoming/twice.csv", files.as_csv(files.customers(20)))
        tasks.perform(event, lambda: LEFT_HERE)
        before = buckets.written(buckets.run_id(event))

        answer = tasks.perform(event, lambda: LEFT_HERE)

        assert answer["state"] == "succeeded"
        assert buckets.written(buckets.run_id(event)) == before

    def test_two_deliveries_at_the_same_time_write_the_same(self, buckets: Buckets) -> None:
        event = buckets.drop("incoming/at once.csv", files.as_csv(files.customers(20)))
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(lambda tasks: tasks.perform(event, lambda: LEFT_HERE), [Tasks(), Tasks()])
            )

        assert [answer["state"] for answer in answers] == ["succeeded"] * 2
        run_id = buckets.run_id(event)
        assert buckets.status(run_id).state == "succeeded"
        versions = buckets.s3.list_object_versions(
            Bucket=buckets.results, Prefix=f"runs/{run_id}/predictions.csv"
        )["Versions"]
        assert len({version["ETag"] for version in versions}) == 1

    def test_a_file_that_was_refused_is_looked_at_again_and_refused_again(
        self, tasks: Tasks, buckets: Buckets
    ) -> None:
        event = buckets.drop("incoming/poison.csv", b"no,table\n1,2\n")
        tasks.perform(event, lambda: LEFT_HERE)
        first = buckets.status(buckets.run_id(event)).failure

        assert tasks.perform(event, lambda: LEFT_HERE)["state"] == "failed"
        assert buckets.status(buckets.run_id(event)).failure == first

    def test_what_is_wrong_with_the_infrastructure_fails_the_invocation_until_it_passes(
        self, tasks: Tasks, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = buckets.drop("incoming/later.csv", files.as_csv(files.customers(3)))
        with monkeypatch.context() as patch:
            patch.setenv(environment.REGISTRY, "s3://no-such-bucket/shop")
            with pytest.raises(Exception, match="no-such-bucket"):
                Tasks().perform(event, lambda: LEFT_HERE)
        failed = buckets.status(buckets.run_id(event))
        assert (failed.state, failed.outputs) == ("failed", ())

        tasks.perform(event, lambda: LEFT_HERE)

        passed = buckets.status(buckets.run_id(event))
        assert (passed.state, passed.failure, passed.predicted) == ("succeeded", None, 3)

    def test_a_retry_keeps_to_the_version_of_the_first_attempt(
        self, buckets: Buckets, registry: Registry, trained: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = buckets.drop("incoming/pinned.csv", files.as_csv(files.customers(3)))
        tasks = Tasks()
        with monkeypatch.context() as patch:
            # The first attempt dies where it would begin to score.
            patch.setattr(tasks, "_version", _killed)
            with pytest.raises(KeyboardInterrupt):
                tasks.perform(event, lambda: LEFT_HERE)

        newer = trained.manifest.model_copy(update={"forced": "as good as the one before"})
        version = publish(registry, newer, trained.files)
        promote(registry, version, registry.live())
        try:
            tasks.perform(event, lambda: LEFT_HERE)
            of_next = scored(tasks, buckets, "incoming/next.csv", files.as_csv(files.customers(3)))
        finally:
            promote(registry, trained.version, registry.live())

        run_id = buckets.run_id(event)
        assert buckets.status(run_id).model_version == trained.version
        predictions = files.csv_rows(buckets.output(run_id, "predictions.csv"))
        assert {row["model_version"] for row in predictions} == {trained.version}
        assert json.loads(buckets.output(run_id, "summary.json"))["model_version"] == (
            trained.version
        )
        assert of_next.model_version == version

    @pytest.mark.parametrize(
        ("bucket", "key"),
        [
            (None, "elsewhere/a.csv"),
            (None, "incoming/"),
            (None, "incoming/folder/"),
            (None, "Incoming/a.csv"),
            ("others", "incoming/a.csv"),
        ],
    )
    def test_other_events_are_left_alone(
        self, tasks: Tasks, buckets: Buckets, bucket: str | None, key: str
    ) -> None:
        event = buckets.drop(key, b"")
        event["detail"]["bucket"]["name"] = bucket or buckets.uploads

        assert tasks.perform(event, lambda: LEFT_HERE) == {"state": "ignored"}
        assert buckets.names(buckets.run_id(event)) == set()

    def test_without_its_buckets_named_the_invocation_says_which_is_missing(
        self, tasks: Tasks, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = buckets.drop("incoming/a.csv", b"x")
        monkeypatch.delenv(environment.RESULTS)

        with pytest.raises(StorageUnreachable, match=environment.RESULTS):
            tasks.perform(event, lambda: LEFT_HERE)


def test_the_deployed_handler_scores_a_file_and_logs_nobody(
    buckets: Buckets, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = files.customers(4)
    rows[1]["age"] = 999
    event = buckets.drop("incoming/by handler.csv", files.as_csv(rows))

    answer = batch_function()(event)

    run_id = buckets.run_id(event)
    assert answer == {"run_id": run_id, "state": "succeeded"}
    said = capsys.readouterr().out
    assert json.loads(said.splitlines()[-1])["run_id"] == run_id
    assert not any(row["customer_id"] in said for row in rows)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
