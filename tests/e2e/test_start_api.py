"""Genuine `sam local start-api` on the S3 of `foretell serve`, as the README starts it.

What is built for AWS answers from Lambda's containers, behind SAM's rendering of API Gateway. It
asks for no token: that every route has its authorizer is held on the template.
"""

import json
import os
import re
import shlex
import signal
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.artefacts.built import Built, cloud_tools_or_skip, made_once, sam_build
from tests.infra.emulator import python313
from tests.shared.engine import Engine, engine_or_skip
from tests.shared.serving import FORETELL, Running, ask, start, stop

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LINE = ".venv/bin/foretell containers -- sam local start-api"
"""As the README says it; samconfig.toml adds --warm-containers and --skip-pull-image."""

PAGE = "http://shop.localhost:5173"
"""A page that may call the API."""

PATIENCE = 300  # seconds; SAM builds images first, half a minute on two quiet cores
REQUESTS = 30
CUSTOMER = {
    "customer_id": "C-1042",
    "tenure_days": 412,
    "recency": 21,
    "frequency": 0.95,
    "monetary": 1240.5,
    "account_type": "Premium",
    "support_tickets": 1,
}


@dataclass(frozen=True)
class Answer:
    """What came over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class StartedApi:
    """`sam local start-api` in its containers."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path
    seconds: float
    """From its start to the first answer of a function."""

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}{path}", data, {"Content-Type": "application/json"} | given, method=method
        )
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)  # noqa: S310
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return Answer(answer.status, answer.headers, answer.read().decode())

    @property
    def containers(self) -> set[str]:
        """Ids of those that it has started."""
        return set(re.findall(r"^SAM_CONTAINER_ID: (\w+)$", self.log.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_or_skip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """What is deployed."""
    cloud_tools_or_skip()
    python = python313.found(tmp_path_factory)
    return Built(made_once(tmp_path_factory, "built", lambda into: sam_build(into, python)))


@pytest.fixture(scope="module")
def platform(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`make run`, in a folder of its own."""
    running = start(tmp_path_factory.mktemp("platform"))
    yield running
    stop(running)


@pytest.fixture(scope="module")
def api(engine: Engine, built: Built, platform: Running) -> Iterator[StartedApi]:
    """The README's line, for this folder, with ports that are free and a page that may call."""
    port = free_port()
    options = [
        f"--template={built.folder / 'template.yaml'}",
        f"--config-file={ROOT / 'samconfig.toml'}",
        f"--port={port}",
        f"--parameter-overrides=AllowedOrigins={PAGE}",
    ]
    _, command, *words = shlex.split(LINE)
    log = platform.folder / "start-api.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [FORETELL, command, "--port=0", *words, *options],
            cwd=platform.folder,
            # As in a shell of somebody who has no account with AWS.
            env={name: os.environ[name] for name in ("PATH", "HOME")}
            | engine.environment()
            | {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": str(PATIENCE)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_an_answer(process, f"http://127.0.0.1:{port}/health", log)
        yield StartedApi(process, f"http://127.0.0.1:{port}", log, time.monotonic() - began)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_an_answer(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE).close()  # noqa: S310
        except urllib.error.HTTPError as refused:
            pytest.fail(f"{url}: {refused.code} {refused.read()!r}")
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        else:
            return


def curl(*words: str) -> str:
    """What a person gets who does this on the machine outside the containers."""
    said = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def test_the_readme_starts_it_so() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert LINE in [line.partition("#")[0].strip() for line in readme.splitlines()]


def test_a_model_answers(api: StartedApi, platform: Running) -> None:
    health = api.ask("GET", "/health")

    assert health.status == 200
    assert health.body == ask(platform, "/health")[1]


@pytest.mark.parametrize("kind", ["clv", "churn", "segment", "comprehensive"])
@pytest.mark.parametrize("query", ["", "?explain=false"])
def test_a_prediction_is_the_same_to_the_last_digit(
    api: StartedApi, platform: Running, kind: str, query: str
) -> None:
    predicted = api.ask("POST", f"/predict/{kind}{query}", CUSTOMER)

    assert predicted.status == 200
    assert predicted.body == ask(platform, f"/predict/{kind}{query}", CUSTOMER)[1]
    assert predicted.body["customer_id"] == "C-1042"


def test_a_list_is_the_same_to_the_last_digit(api: StartedApi, platform: Running) -> None:
    customers = {"records": [CUSTOMER, CUSTOMER | {"recency": 200}, CUSTOMER | {"monetary": 9}]}

    predicted = api.ask("POST", "/predict/comprehensive/batch", customers)

    assert predicted.status == 200
    assert predicted.body == ask(platform, "/predict/comprehensive/batch", customers)[1]


@pytest.mark.parametrize("path", ["/model", "/model/history"])
def test_the_model_tells_of_itself(api: StartedApi, platform: Running, path: str) -> None:
    assert api.ask("GET", path).body == ask(platform, path)[1]


def test_an_impossible_record_is_refused_with_field_and_reason(
    api: StartedApi, platform: Running
) -> None:
    impossible = CUSTOMER | {"recency": 500, "age": -3}

    refused = api.ask("POST", "/predict/churn", impossible)

    assert refused.status == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.body == ask(platform, "/predict/churn", impossible)[1]
    assert {error["field"] for error in refused.body["errors"]} == {"recency", "age"}


def test_a_route_that_is_not_there_is_not_found(api: StartedApi) -> None:
    unknown = api.ask("GET", "/predict/fortune")

    # API Gateway answers 404 {"message":"Not Found"}; SAM says it like this.
    assert (unknown.status, unknown.body) == (403, {"message": "Missing Authentication Token"})


def test_a_page_that_may_call_learns_so_beforehand(api: StartedApi) -> None:
    allowed = api.ask(
        "OPTIONS",
        "/predict/clv",
        Origin=PAGE,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,content-type",
    )

    assert allowed.status == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"].split(",")
    headers = allowed.headers["Access-Control-Allow-Headers"].split(",")
    assert {"authorization", "content-type"} <= set(headers)
    assert api.ask("GET", "/model", Origin=PAGE).headers["Access-Control-Allow-Origin"] == PAGE


def test_a_page_that_may_not_call_learns_nothing(api: StartedApi) -> None:
    refused = api.ask(
        "OPTIONS",
        "/predict/clv",
        Origin="http://evil.example",
        Access_Control_Request_Method="POST",
    )

    assert not [name for name in refused.headers if name.startswith("Access-Control")]


def test_a_file_is_uploaded_with_a_form_and_its_run_is_seen(
    api: StartedApi, tmp_path: Path
) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("customer_id,tenure_days,recency,frequency,monetary\nC-1,412,21,0.95,1240.5\n")

    form = api.ask("POST", "/portfolio/uploads", {"file_name": file.name}).body
    fields = [f"{name}={value}" for name, value in form["fields"].items()]
    parts = [word for field in (*fields, f"file=@{file}") for word in ("--form", field)]
    curl(form["url"], *parts)

    run = wait_for_the_run(api, form["key"])
    assert (run["state"], run["rows"], run["predicted"]) == ("succeeded", 1, 1)
    found = api.ask("GET", f"/portfolio/runs/{run['run_id']}").body
    _, row = curl(found["links"]["predictions"]).splitlines()
    assert row.startswith("C-1,412,21,0.95,1240.5,")


def wait_for_the_run(api: StartedApi, key: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        runs: list[dict[str, Any]] = api.ask("GET", "/portfolio/runs").body["runs"]
        finished = [run for run in runs if run["key"] == key and run["state"] != "running"]
        if finished:
            return finished[0]
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)


def test_how_long_it_takes_is_told(
    api: StartedApi, record_property: Callable[[str, object], None]
) -> None:
    def request() -> float:
        began = time.perf_counter()
        assert api.ask("POST", "/predict/comprehensive", CUSTOMER).status == 200
        return (time.perf_counter() - began) * 1_000

    request()  # loads the model, if no other test has yet
    warm = statistics.median(request() for _ in range(REQUESTS))
    record_property(
        "figure",
        f"sam local start-api: {api.seconds:.0f} s from start to the first 200,"
        f" warm comprehensive request {warm:.0f} ms (median of {REQUESTS})",
    )


def test_when_it_is_stopped_no_container_is_left(api: StartedApi, engine: Engine) -> None:
    started = api.containers
    assert len(started) == 5  # of the API: one each
    assert started <= engine.containers()

    api.process.send_signal(signal.SIGTERM)

    assert api.process.wait(60) == 0, api.log.read_text()
    assert not started & engine.containers()
