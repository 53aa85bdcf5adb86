"""The portfolio function: a form to upload a file with, the runs, and what came out of one."""

import base64
import gzip
import importlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from foretell.batch.runs import Failure, SourceFile, Status
from foretell.portfolio import buckets, file_names, listing
from foretell.portfolio.buckets import Buckets
from foretell.web import lambda_handler
from foretell.web.portfolio import portfolio_app
from infra.api import portfolio_examples
from tests.shared.faulty_s3 import Fault, faulty_s3
from tests.shared.lambda_events import Context, http_event

SUMMARY = portfolio_examples.SUCCEEDED.value["summary"]
STARTED = datetime(2026, 3, 12, 19, 3, 58, tzinfo=UTC)
ENDINGS = sorted(file_names.CONTENT_TYPES)
HTTP = urllib3.PoolManager(retries=False)


@dataclass(frozen=True)
class Answer:
    """What the function answered."""

    status: int
    body: dict[str, Any]
    media_type: str

    @property
    def problem(self) -> str:
        assert self.media_type == "application/problem+json"
        assert self.body["status"] == self.status
        return str(self.body["type"]).rpartition(":")[2]

    @property
    def faulty(self) -> list[str]:
        return [fault["field"] for fault in self.body["errors"]]


@dataclass(frozen=True)
class Function:
    """The function, started on buckets of its own."""

    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    buckets: Buckets

    def get(self, path: str, **query: object) -> Answer:
        return self.invoke(http_event("GET", path) | {"rawQueryString": urlencode(query)})

    def upload(self, body: object, content_type: str | None = "application/json") -> Answer:
        return self.invoke(http_event("POST", "/portfolio/uploads", body, content_type))

    def invoke(self, event: dict[str, Any]) -> Answer:
        answer = self.handler(event, Context())
        assert not answer["isBase64Encoded"]
        return Answer(
            answer["statusCode"], json.loads(answer["body"]), answer["headers"]["content-type"]
        )

    def run(self, key: str, state: str = "succeeded", **said: Any) -> str:
        """Leave what a run leaves; its id."""
        source = SourceFile(bucket=self.buckets.uploads, key=key, version=uuid.uuid4().hex, size=9)
        outputs = ("predictions.csv", "rejected.csv", "summary.json")
        status = Status.model_validate(
            {
                "run_id": source.run_id,
                "state": state,
                "source": source,
                "started": STARTED,
                "updated": STARTED + timedelta(seconds=2),
                "outputs": outputs if state == "succeeded" else (),
                **said,
            }
        )
        self.put(f"runs/{source.run_id}/status.json", status.model_dump_json().encode())
        return source.run_id

    def put(self, key: str, content: bytes) -> None:
        self.buckets.s3.put_object(Body=content, **self.at(key))

    def at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.buckets.results, "Key": key}


@pytest.fixture(scope="module")
def function(s3_endpoint: str) -> Iterator[Function]:
    """The function as Lambda starts it, with empty buckets that the tests of this module share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETELL_UPLOADS", f"uploads-{uuid.uuid4().hex}")
        patch.setenv("FORETELL_RESULTS", f"results-{uuid.uuid4().hex}")
        found = buckets.from_environment()
        for name in (found.uploads, found.results):
            found.s3.create_bucket(Bucket=name)
        started = Function(importlib.import_module("functions.portfolio.app").handler, found)
        assert started.get("/portfolio/runs").body == {"runs": [], "next": None, "complete": True}
        yield started


@pytest.fixture
def alone(function: Function) -> Function:
    """The function with a results bucket that no other test knows."""
    found = replace(function.buckets, results=f"results-{uuid.uuid4().hex}")
    found.s3.create_bucket(Bucket=found.results)
    return on(found)


def on(found: Buckets) -> Function:
    """The function on these buckets."""
    return Function(lambda_handler(portfolio_app(lambda: found)), found)


def policy(upload: dict[str, Any]) -> dict[str, Any]:
    """What S3 is asked to hold an upload against."""
    return dict(json.loads(base64.b64decode(upload["fields"]["policy"])))


def is_safe(name: str) -> bool:
    """Whether a name can be a path's last component anywhere, and a key's."""
    return (
        0 < len(name.encode()) <= 200
        and name not in {".", ".."}
        and ".." not in name
        and name.isprintable()
        and not set(name) & set('/\\<>:"|?*${}')
        and name == name.strip()
    )


class TestUploads:
    """Leave to upload one file to one place."""

    def test_a_file_that_is_posted_with_the_form_is_where_the_answer_says(
        self, function: Function
    ) -> None:
        content = "customer_id,recency\r\nÄ-1,3".encode()
        upload = function.upload({"file_name": "customers november ü+.csv"}).body
        assert upload["key"].endswith("/customers november ü+.csv")

        told = HTTP.request(
            "POST",
            upload["url"],
            fields={**upload["fields"], "file": ("C:\\elsewhere.csv", content)},
        )

        assert told.status == 204
        found = function.buckets.s3.get_object(Bucket=function.buckets.uploads, Key=upload["key"])
        assert found["Body"].read() == content
        assert found["ContentType"] == "text/csv"

    def test_the_form_is_good_for_one_key_one_type_and_a_quarter_of_an_hour(
        self, function: Function
    ) -> None:
        before = datetime.now(UTC)

        upload = function.upload({"file_name": "november.csv"}).body

        signed = policy(upload)
        conditions = signed["conditions"]
        assert {"bucket": function.buckets.uploads} in conditions
        assert {"key": upload["key"]} in conditions
        assert {"Content-Type": "text/csv"} in conditions
        assert ["content-length-range", 1, 5 << 30] in conditions
        assert upload["at_most_bytes"] == 5 << 30
        assert not [each for each in conditions if "starts-with" in each]
        assert upload["fields"]["key"] == upload["key"]
        expires = datetime.fromisoformat(upload["expires"])
        assert (
            timedelta(0)
            <= expires - before + timedelta(seconds=1) - timedelta(minutes=15)
            <= timedelta(seconds=5)
        )
        assert expires <= datetime.fromisoformat(signed["expiration"])
        assert datetime.fromisoformat(signed["expiration"]) - expires <= timedelta(seconds=5)

    def test_no_more_is_taken_than_was_announced(self, function: Function) -> None:
        upload = function.upload({"file_name": "a.csv", "size": 123_456.0}).body

        assert ["content-length-range", 1, 123_456] in policy(upload)["conditions"]
        assert upload["at_most_bytes"] == 123_456

    def test_two_uploads_of_the_same_name_do_not_meet(self, function: Function) -> None:
        first, second = (function.upload({"file_name": "a.csv"}).body["key"] for _ in range(2))

        assert first != second
        assert re.fullmatch(
            rf"incoming/{datetime.now(UTC):%Y-%m}-\d\d-[0-9a-f]{{16}}/a\.csv", first
        )

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_the_name_decides_what_it_is_sent_as(self, function: Function, ending: str) -> None:
        upload = function.upload({"file_name": f"Customers{ending.upper()}"}).body

        assert upload["key"].endswith(f"/Customers{ending.upper()}")
        assert {"Content-Type": file_names.CONTENT_TYPES[ending]} in policy(upload)["conditions"]

    def test_what_a_browser_calls_it_is_what_it_is_sent_as(self, function: Function) -> None:
        said = {"file_name": "a.csv", "content_type": "application/vnd.ms-excel", "size": None}

        upload = function.upload(said).body

        assert upload["fields"]["Content-Type"] == said["content_type"]
        assert {"Content-Type": said["content_type"]} in policy(upload)["conditions"]

    @given(
        name=st.text(max_size=300) | st.text("./\\\0 ${}aé\u202e", max_size=20),
        ending=st.sampled_from([*ENDINGS, ".CSV", ""]),
    )
    @example(name="../../runs/x/status", ending=".csv")
    @example(name="..\\..\\boot", ending=".csv")
    @example(name="${filename}", ending=".csv")
    @example(name="é" * 300, ending=".csv.gz")
    @example(name="..", ending=".csv")
    @example(name="\ud800", ending=".csv")
    def test_whatever_it_is_called_its_key_is_one_safe_name_in_a_folder_of_its_own(
        self, function: Function, name: str, ending: str
    ) -> None:
        answer = function.upload({"file_name": name + ending})

        if answer.status == 422:
            assert answer.faulty == ["file_name"]
            assert not ending or name == "\ud800"
        else:
            incoming, folder, last = answer.body["key"].split("/")
            assert (incoming, answer.status) == ("incoming", 200)
            assert re.fullmatch(r"\d{4}-\d\d-\d\d-[0-9a-f]{16}", folder)
            assert is_safe(last)
            assert last.endswith(ending)

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("/home/ada/november.csv", "november.csv"),
            ("C:\\Users\\Ada\\november.csv", "november.csv"),
            (" ..november . .csv", "november.csv"),
            ("\u202efdp.no\tvember\u00a0 2.csv", "fdp.november 2.csv"),
            (".csv", "file.csv"),
            ("e\u0301té 顧客 🎉.parquet", "été 顧客 🎉.parquet"),
            ("é" * 200 + ".csv.gz", "é" * 96 + ".csv.gz"),
        ],
    )
    def test_a_name_keeps_what_a_person_knows_it_by(
        self, function: Function, name: str, kept: str
    ) -> None:
        assert function.upload({"file_name": name}).body["key"].rpartition("/")[2] == kept


class TestRefusedUploads:
    """What cannot be uploaded, and why."""

    @pytest.mark.parametrize("name", ["customers.xlsx", "customers", "csv", "a.csv ", "a.csv/"])
    def test_a_name_of_something_else(self, function: Function, name: str) -> None:
        answer = function.upload({"file_name": name})

        assert (answer.status, answer.problem, answer.faulty) == (
            422,
            "invalid-record",
            ["file_name"],
        )
        assert all(ending in answer.body["errors"][0]["reason"] for ending in ENDINGS)

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, ["file_name"]),
            ({"file_name": 7}, ["file_name"]),
            ({"file_name": None}, ["file_name"]),
            ({"file_name": "a.csv", "key": "runs/x"}, ["key"]),
            ({"file_name": "a.csv", "size": 0}, ["size"]),
            ({"file_name": "a.csv", "size": "12"}, ["size"]),
            ({"file_name": "a.csv", "size": True}, ["size"]),
            ({"file_name": "a.csv", "size": 1.5}, ["size"]),
            ('{"file_name": "a.csv", "size": 1e999}', ["size"]),
            ({"file_name": "a.csv", "size": (5 << 30) + 1}, ["size"]),
            ({"file_name": "a.csv", "content_type": "text/html"}, ["content_type"]),
            ({"file_name": "x", "size": -1, "acl": "public"}, ["file_name", "size", "acl"]),
            ('{"file_name": "a.csv", "file_name": "b.csv"}', ["file_name"]),
            ([], ["body"]),
            ("", ["body"]),
            ("null", ["body"]),
            ("customer_id,recency", ["body"]),
        ],
    )
    def test_every_faulty_field_is_named(
        self, function: Function, body: object, fields: list[str]
    ) -> None:
        answer = function.upload(body)

        assert answer.status == 422
        assert answer.problem in {"invalid-record", "malformed-body"}
        assert answer.faulty == fields

    def test_a_huge_body(self, function: Function) -> None:
        answer = function.upload({"file_name": "x" * 70_000})

        assert (answer.status, answer.problem) == (413, "content-too-large")

    @pytest.mark.parametrize("content_type", [None, "text/csv", "multipart/form-data"])
    def test_the_file_itself(self, function: Function, content_type: str | None) -> None:
        answer = function.upload("customer_id,recency\n1,2\n", content_type)

        assert (answer.status, answer.problem) == (415, "unsupported-media-type")
        assert "the file itself goes to the address in the answer" in answer.body["detail"]


class TestRuns:
    """The runs, the one that was updated last first."""

    def test_those_updated_last_come_first_and_pages_join_up(self, alone: Function) -> None:
        goes_on, *older = [alone.run(f"incoming/{letter}.csv") for letter in "mza"]
        alone.put("runs/x/status.json", b"not where a run is")
        alone.put(f"runs/{goes_on}/work/status.json", b"not of a run")
        time.sleep(1.01)  # S3 tells when an object was written in whole seconds
        newer = [alone.run("incoming/k.csv"), goes_on]
        alone.buckets.s3.copy_object(
            **alone.at(f"runs/{goes_on}/status.json"),
            CopySource=alone.at(f"runs/{goes_on}/status.json"),
            MetadataDirective="REPLACE",
        )

        pages = [alone.get("/portfolio/runs", limit=2).body]
        while pages[-1]["next"]:
            pages.append(alone.get("/portfolio/runs", limit=2, after=pages[-1]["next"]).body)

        listed = [[run["run_id"] for run in page["runs"]] for page in pages]
        assert [len(page) for page in listed] == [2, 2]
        assert [set(page) for page in listed] == [set(newer), set(older)]
        assert all(page["complete"] for page in pages)

    def test_a_run_is_told_as_its_status_says(self, function: Function) -> None:
        key = f"incoming/{uuid.uuid4().hex}/ü.csv"
        said = {"rows": 10, "predicted": 7, "rejected": 3, "progress": 0.5, "model_version": "v"}
        run_id = function.run(key, "running", **said)

        page = function.get("/portfolio/runs", key=key).body

        assert page == {
            "runs": [
                {
                    "run_id": run_id,
                    "state": "running",
                    "key": key,
                    "size": 9,
                    "started": "2026-03-12T19:03:58Z",
                    "updated": "2026-03-12T19:04:00Z",
                    **said,
                }
            ],
            "next": None,
            "complete": True,
        }

    def test_a_key_finds_its_runs_among_files_of_the_same_name(self, function: Function) -> None:
        keys = [f"incoming/{number}/Ä same name.csv" for number in range(12)]
        made = {key: {function.run(key)} for key in keys}
        made[keys[0]].add(function.run(keys[0]))

        for key in (keys[0], keys[-1]):
            page = function.get("/portfolio/runs", key=key).body
            assert {run["run_id"] for run in page["runs"]} == made[key]
        assert function.get("/portfolio/runs", key=keys[0] + "x").body["runs"] == []

    def test_looking_for_a_key_ends_and_can_go_on(
        self, function: Function, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listing, "MOST_READ", 2)
        keys = [f"incoming/{number}/far behind.csv" for number in range(4)]
        wanted, *_ = [function.run(key) for key in keys]

        first = function.get("/portfolio/runs", key=keys[0]).body
        second = function.get("/portfolio/runs", key=keys[0], after=first["next"]).body

        assert second["next"] is None
        assert [run["run_id"] for page in (first, second) for run in page["runs"]] == [wanted]

    def test_a_bucket_of_more_objects_than_are_looked_through_is_told(
        self, alone: Function, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listing, "_PAGE_SIZE", 2)
        monkeypatch.setattr(listing, "OBJECTS_LISTED", 4)
        made = [alone.run(f"incoming/{letter}.csv") for letter in "abcd"]
        assert alone.get("/portfolio/runs").body["complete"]

        alone.run("incoming/e.csv")

        page = alone.get("/portfolio/runs").body
        assert not page["complete"]
        assert [run["run_id"] for run in page["runs"]] == made[::-1]

    def test_a_status_that_cannot_be_read_hides_no_other_run(self, alone: Function) -> None:
        made = [alone.run(f"incoming/{letter}.csv") for letter in "abc"]
        alone.put(f"runs/{made[1]}/status.json", b"{")

        page = alone.get("/portfolio/runs", limit=2).body

        assert {run["run_id"] for run in page["runs"]} == {made[0], made[2]}
        itself = alone.get(f"/portfolio/runs/{made[1]}")
        assert (itself.status, itself.problem) == (503, "storage-unreachable")
        assert made[1] in itself.body["detail"]

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("limit=0", ["limit"]),
            ("limit=101", ["limit"]),
            ("limit=many", ["limit"]),
            ("limit=", ["limit"]),
            ("key=", ["key"]),
            ("after=yesterday", ["after"]),
            ("after=1-../../x", ["after"]),
            ("state=failed", ["state"]),
            ("limit=2&limit=3", ["limit"]),
            ("limit=x&prefix=y", ["limit", "prefix"]),
        ],
    )
    def test_a_question_that_makes_no_sense(
        self, function: Function, query: str, fields: list[str]
    ) -> None:
        answer = function.invoke(http_event("GET", "/portfolio/runs") | {"rawQueryString": query})

        assert (answer.status, answer.problem, answer.faulty) == (422, "invalid-record", fields)


class TestOneRun:
    """All there is to say of a run."""

    def test_the_links_download_the_very_bytes_under_a_readable_name(
        self, function: Function
    ) -> None:
        run_id = function.run('incoming/x/Kunden "März".csv')
        files = {
            "predictions.csv": b"\xef\xbb\xbfid,clv\r\n",
            "rejected.csv": bytes(range(256)),
            "summary.json": json.dumps(SUMMARY).encode(),
        }
        for name, content in files.items():
            function.put(f"runs/{run_id}/{name}", content)

        answer = function.get(f"/portfolio/runs/{run_id}").body

        assert answer["status"]["run_id"] == run_id
        assert answer["summary"] == SUMMARY
        expires = datetime.fromisoformat(answer["links"].pop("expires"))
        assert timedelta(minutes=14) < expires - datetime.now(UTC) <= timedelta(minutes=15)
        assert set(answer["links"]) == {"predictions", "rejected", "summary"}
        for link, (name, content) in zip(answer["links"].values(), files.items(), strict=True):
            told = HTTP.request("GET", link)
            assert told.data == content
            assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["900"]
            said = told.headers["content-disposition"]
            assert said.startswith(f'attachment; filename="Kunden _M_rz_ {name}"; ')
            assert said.endswith(f"filename*=UTF-8''{quote(f'Kunden _März_ {name}')}")

    def test_it_is_compressed_for_whoever_takes_it_so(self, function: Function) -> None:
        # Given a summary of a length that is worth it
        run_id = function.run("incoming/x/customers.csv")
        kinds = [
            {"field": f"f{n}", "reason": "-" * 80, "rows": n, "first_row": n} for n in range(99)
        ]
        summary = {**SUMMARY, "rejections": kinds}
        function.put(f"runs/{run_id}/summary.json", json.dumps(summary).encode())
        event = http_event("GET", f"/portfolio/runs/{run_id}")

        plain = function.invoke(event)
        event["headers"]["accept-encoding"] = "br, gzip"
        answer = function.handler(event, Context())

        # Then it is the same, as API Gateway sends what is not text
        assert answer["headers"]["content-encoding"] == "gzip"
        assert answer["headers"]["vary"] == "Accept-Encoding"
        assert answer["isBase64Encoded"]
        sent = base64.b64decode(answer["body"])
        assert json.loads(gzip.decompress(sent))["summary"] == plain.body["summary"]
        assert len(sent) < len(json.dumps(plain.body)) / 3

    @pytest.mark.parametrize("state", ["running", "failed"])
    def test_a_run_without_a_result_has_no_links(self, function: Function, state: str) -> None:
        failure = Failure(title="The file cannot be scored", detail="it has no rows")
        said = {"failure": failure} if state == "failed" else {}
        run_id = function.run("incoming/a.csv", state, **said)

        answer = function.get(f"/portfolio/runs/{run_id}").body

        assert (answer["status"]["state"], answer["summary"], answer["links"]) == (
            state,
            None,
            None,
        )
        assert answer["status"]["failure"] == (failure.model_dump() if said else None)

    def test_a_summary_of_another_release_can_still_be_downloaded(self, function: Function) -> None:
        run_id = function.run("incoming/old.csv")
        function.put(f"runs/{run_id}/summary.json", b'{"customers": 3}')

        answer = function.get(f"/portfolio/runs/{run_id}").body

        assert answer["summary"] is None
        assert HTTP.request("GET", answer["links"]["summary"]).data == b'{"customers": 3}'

    @pytest.mark.parametrize(
        "run_id", ["a-0123456789abcdef", "x", "..", "a-0123456789ABCDEF", "a-0123456789abcdef\n"]
    )
    def test_there_is_no_run_of_that_id(self, function: Function, run_id: str) -> None:
        answer = function.get(f"/portfolio/runs/{run_id}")

        assert (answer.status, answer.problem) == (404, "run-not-found")

    @given(run_id=st.text(min_size=1).filter(lambda text: "/" not in text))
    def test_what_is_no_id_never_gets_as_far_as_s3(self, function: Function, run_id: str) -> None:
        asked: list[object] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Buckets, "result", lambda _, key: asked.append(key))
            answer = function.get(f"/portfolio/runs/{run_id}")

        assert answer.status == 404
        assert asked == []


class TestUnreachable:
    """Where there is nothing true to be told, it is said why."""

    def test_a_bucket_that_is_not_configured_is_named(self, function: Function) -> None:
        started = replace(function, handler=lambda_handler(portfolio_app()))
        for variable in ("FORETELL_UPLOADS", "FORETELL_RESULTS"):
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv(variable)
                answers = started.get("/portfolio/runs"), started.upload({"file_name": "a.csv"})
            for answer in answers:
                assert (answer.status, answer.problem) == (503, "storage-unreachable")
                assert variable in answer.body["detail"]

        assert started.get("/portfolio/runs").status == 200

    def test_s3_that_does_not_do_as_it_is_asked(
        self, alone: Function, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_id = alone.run("incoming/a.csv")
        with faulty_s3(s3_endpoint) as s3:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
            behind = on(replace(alone.buckets, s3=buckets.from_environment().s3))
            assert behind.get(f"/portfolio/runs/{run_id}").status == 200
            for fault in (Fault.ACCESS_DENIED, Fault.GARBAGE, Fault.TRUNCATED, Fault.REFUSED):
                s3.behave(fault)
                for path in ("/portfolio/runs", f"/portfolio/runs/{run_id}"):
                    answer = behind.get(path)
                    assert (answer.status, answer.problem) == (503, "storage-unreachable"), fault

    def test_a_bucket_that_is_not_there(self, function: Function) -> None:
        answer = on(replace(function.buckets, results="gone")).get("/portfolio/runs")

        assert (answer.status, answer.problem) == (503, "storage-unreachable")
        assert "s3://gone does not exist" in answer.body["detail"]


def test_in_aws_a_browser_is_sent_to_the_region_of_the_bucket(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")

    upload = on(buckets.from_environment()).upload({"file_name": "a.csv"}).body

    bucket = function.buckets.uploads
    assert urlsplit(upload["url"]).netloc == f"{bucket}.s3.eu-central-1.amazonaws.com"
    assert upload["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/portfolio/uploads", 405),
        ("POST", "/portfolio/runs", 405),
        ("DELETE", "/portfolio/runs/a-0123456789abcdef", 405),
        ("GET", "/portfolio", 404),
        ("GET", "/portfolio/runs/a/b", 404),
        ("POST", "/predict/clv", 404),
        ("GET", "/health", 404),
    ],
)
def test_what_is_not_served(function: Function, method: str, path: str, status: int) -> None:
    answer = function.invoke(http_event(method, path))

    assert answer.status == status
    assert answer.problem in {"not-found", "method-not-allowed"}


def test_an_invocation_is_told_in_one_line_without_the_name_of_the_file(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    function.upload({"file_name": "Ada Lovelace.csv"})

    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told["message"], told["model"], told["status"]) == ("Invocation", "portfolio", "200")
    assert told["UploadsAllowed"] == 1
    assert "Ada" not in json.dumps(told)
