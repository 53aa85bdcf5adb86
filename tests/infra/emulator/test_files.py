"""The built functions for files, under Lambda's emulator: S3's events in, results in S3."""

import importlib
import json
import time
import uuid
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from foretell import environment
from foretell.contract import ModelName
from foretell.predictor import Predictor, load
from foretell.registry import Registry
from infra.local.function import batch_function
from infra.local.step_functions import step_functions
from tests.infra.artefacts.built import ROOT
from tests.infra.emulator.emulator import PATIENCE, Emulated, Start
from tests.shared import batch_files as files
from tests.shared.batch_files import Buckets, Row
from tests.shared.lambda_events import Context, http_event

pytestmark = pytest.mark.slow

IMPOSSIBLE = 7
"""The place of a customer that cannot be."""

DEPLOYED = json.loads((ROOT / "infra/batch.asl.json").read_text(encoding="utf-8"))
AS_OF = date(2025, 6, 30)
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def batch(start: Start) -> Emulated:
    return start("BatchFunction")


@pytest.fixture(scope="module")
def portfolio(start: Start) -> Emulated:
    return start("PortfolioFunction")


@pytest.fixture(scope="module")
def predictor(live: Registry, trained: Any) -> Predictor:
    """What the API answers with."""
    return load(live, ModelName.COMPREHENSIVE, trained.version)


@pytest.fixture(scope="module")
def elsewhere(buckets: Buckets) -> Buckets:
    """Another bucket for the results of the same files."""
    found = replace(buckets, results=f"results-{uuid.uuid4().hex}")
    found.s3.create_bucket(Bucket=found.results)
    return found


@dataclass(frozen=True)
class Scored:
    """A file that was dropped, and what the function answered."""

    run_id: str
    event: Row
    answer: Row


def score(batch: Emulated, buckets: Buckets, key: str, content: bytes) -> Scored:
    event = buckets.drop(f"incoming/{key}", content)
    return Scored(buckets.run_id(event), event, batch.invoke(event))


def customers() -> list[Row]:
    rows = files.customers(40)
    rows[IMPOSSIBLE]["age"] = 200
    return rows


def orders() -> bytes:
    """A transaction log of twelve customers."""
    rows = [
        f"C{number:02},{AS_OF - timedelta(days=number + 90 * age)},{10.5 * (age + 1)}\n"
        for number in range(12)
        for age in range(3)
    ]
    return "".join(["customer_id,timestamp,amount\n", *rows]).encode()


class TestFiles:
    """Dropped, told of by EventBridge, scored."""

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_customers_are_told_what_the_api_answers(
        self, batch: Emulated, buckets: Buckets, predictor: Predictor, ending: str, tmp_path: Path
    ) -> None:
        # given a file with one customer that cannot be
        rows = customers()
        content = files.as_csv(rows) if ending == "csv" else files.as_parquet(rows, tmp_path)

        # when S3 tells of it
        scored = score(batch, buckets, f"customers.{ending}", content)

        # then the others are told what the API would answer, and it is accounted for
        assert scored.answer == {"run_id": scored.run_id, "state": "succeeded"}
        status = buckets.status(scored.run_id)
        assert (status.rows, status.predicted, status.rejected) == (40, 39, 1)
        written = buckets.output(scored.run_id, f"predictions.{ending}")
        found = (
            files.csv_rows(written) if ending == "csv" else files.parquet_rows(written, tmp_path)
        )
        del rows[IMPOSSIBLE]
        answers = predictor.predict([files.record_of(row) for row in rows])
        for row, answer in zip(found, answers, strict=True):
            assert files.disagreements(row, answer) == {}

    @pytest.mark.parametrize("kind", ["customers", "transactions"])
    def test_the_results_are_those_of_this_process(
        self,
        batch: Emulated,
        buckets: Buckets,
        elsewhere: Buckets,
        in_process: None,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
    ) -> None:
        content = files.as_csv(customers()) if kind == "customers" else orders()
        scored = score(batch, buckets, f"same-{kind}.csv", content)
        assert scored.answer["state"] == "succeeded"

        monkeypatch.setenv(environment.RESULTS, elsewhere.results)
        importlib.reload(importlib.import_module("functions.batch.app"))
        batch_function()(scored.event)

        status = buckets.status(scored.run_id)
        assert status.content == kind
        for name in status.outputs:
            assert buckets.output(scored.run_id, name) == elsewhere.output(scored.run_id, name)

    def test_a_large_one_goes_through_the_state_machine_to_the_same_bytes(
        self, start: Start, batch: Emulated, buckets: Buckets
    ) -> None:
        # given a file, and a function to which everything is large
        content = files.hard_file("Unicode")
        alone = score(batch, buckets, "alone.csv", content)
        small = {environment.SHARE_FROM: "1", environment.PART: "2000"}
        shared: Emulated

        def perform(task: Row) -> object:
            return shared.invoke(task)

        # when S3 tells it of the same file
        with step_functions("batch", DEPLOYED, perform, buckets.s3) as machine:
            variables = {environment.STATE_MACHINE: machine.state_machine_arn, **small}
            variables["AWS_ENDPOINT_URL_SFN"] = machine.endpoint_url
            shared = start("BatchFunction", **variables)
            scored = score(shared, buckets, "shared.csv", content)

            # then it has the state machine do it
            assert scored.answer["state"] == "shared out"
            deadline = time.monotonic() + PATIENCE
            while buckets.status(scored.run_id).state == "running":
                assert time.monotonic() < deadline, "waited in vain"
                time.sleep(0.05)

        for name in ("predictions.csv", "rejected.csv"):
            assert buckets.output(scored.run_id, name) == buckets.output(alone.run_id, name)

    def test_an_event_that_is_delivered_twice_changes_nothing(
        self, batch: Emulated, buckets: Buckets
    ) -> None:
        scored = score(batch, buckets, "twice.csv", files.as_csv(customers()))
        before = buckets.status(scored.run_id)

        assert batch.invoke(scored.event) == scored.answer

        assert buckets.status(scored.run_id) == before

    def test_a_file_that_holds_no_customers_ends_with_the_reason(
        self, batch: Emulated, buckets: Buckets
    ) -> None:
        scored = score(batch, buckets, "phones.csv", b"name,phone\nZoe,1\n")

        assert scored.answer["state"] == "failed"
        failure = buckets.status(scored.run_id).failure
        assert failure is not None
        assert "its columns are: name, phone" in failure.detail

    def test_where_s3_refuses_the_invocation_fails_so_that_lambda_tries_again(
        self, start: Start, buckets: Buckets
    ) -> None:
        lost = start("BatchFunction", FORETELL_RESULTS="nobody-made-this-bucket")

        answer = lost.invoke(buckets.drop("incoming/lost.csv", files.as_csv(customers())))

        assert answer["errorType"] == "StorageUnreachable"
        assert "nobody-made-this-bucket" in answer["errorMessage"]

    def test_the_log_names_no_customer(self, batch: Emulated, buckets: Buckets) -> None:
        rows = [row | {"customer_id": "Ada Lovelace"} for row in customers()]
        score(batch, buckets, "logged.csv", files.as_csv(rows))

        told = [json.loads(line) for line in batch.log()]

        assert "Invocation" in {line["message"] for line in told}
        assert "Ada" not in json.dumps(told)
        assert "C-0001" not in json.dumps(told)


class TestPortfolio:
    """A form to upload with, and what came of it."""

    def test_from_the_form_to_the_result(
        self, portfolio: Emulated, batch: Emulated, buckets: Buckets
    ) -> None:
        # given leave to upload
        form = asked(portfolio, http_event("POST", "/portfolio/uploads", {"file_name": "may.csv"}))

        # when the file is posted with the form and S3 tells of it
        content = files.as_csv(customers())
        fields = {**form["fields"], "file": ("may.csv", content)}
        assert HTTP.request("POST", form["url"], fields=fields).status == 204
        stored = buckets.s3.head_object(Bucket=buckets.uploads, Key=form["key"])
        assert stored["ContentLength"] == len(content)
        scored = score(batch, buckets, form["key"].removeprefix("incoming/"), content)

        # then the run is listed, told of, and can be downloaded
        runs = asked(portfolio, http_event("GET", "/portfolio/runs"))["runs"]
        assert scored.run_id in {run["run_id"] for run in runs}
        run = asked(portfolio, http_event("GET", f"/portfolio/runs/{scored.run_id}"))
        assert (run["status"]["state"], run["summary"]["predicted"]) == ("succeeded", 39)
        predictions = HTTP.request("GET", run["links"]["predictions"]).data
        assert predictions == buckets.output(scored.run_id, "predictions.csv")

    @pytest.mark.parametrize(
        ("event", "status"),
        [
            (http_event("POST", "/portfolio/uploads", {"file_name": "../a.exe"}), 422),
            (http_event("GET", "/portfolio/runs/a-0123456789abcdef"), 404),
            (http_event("GET", "/portfolio"), 404),
            (http_event("GET", "/portfolio/uploads"), 405),
        ],
        ids=["no such kind of file", "unknown run", "unknown route", "another method"],
    )
    def test_what_is_refused_is_refused_in_the_same_words(
        self, portfolio: Emulated, in_process: None, event: dict[str, Any], status: int
    ) -> None:
        module = importlib.reload(importlib.import_module("functions.portfolio.app"))

        built = portfolio.invoke(event)

        assert built["statusCode"] == status
        assert built == module.handler(event, Context())


def asked(portfolio: Emulated, event: Row) -> Row:
    answer = portfolio.invoke(event)
    assert answer["statusCode"] == 200, answer["body"]
    return dict(json.loads(answer["body"]))
