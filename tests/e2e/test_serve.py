"""`foretell serve` as a stranger meets it: started, asked, trained on, interrupted, killed."""

import csv
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shared.serving import PATIENCE, Running, ask, foretell, start, stop

ROOT = Path(__file__).parents[2]
CUSTOMER = {"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5}


def live_version(running: Running) -> str:
    status, body = ask(running, "/health")
    assert status == 200
    return str(body["model_version"])


def wait_for_version(running: Running, version: str) -> None:
    deadline = time.monotonic() + 10
    while live_version(running) != version:
        assert time.monotonic() < deadline, f"{version} was not taken up"
        time.sleep(0.1)


def listens(url: str) -> bool:
    port = int(url.rpartition(":")[2])
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The platform with its defaults: a simulated shop of 5,000 customers."""
    running = start(tmp_path_factory.mktemp("platform"))
    yield running
    if running.process.poll() is None:
        stop(running)


def readme_examples() -> list[tuple[str, Any]]:
    """Each curl line of the README and the answer printed below it."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    pairs = re.findall(r"^\$ (curl .*)\n(\{.*\})$", "\n".join(blocks), re.MULTILINE)
    return [(command, json.loads(answer)) for command, answer in pairs]


def test_the_readme_has_its_examples() -> None:
    assert len(readme_examples()) == 3


@pytest.mark.parametrize(("command", "printed"), readme_examples())
def test_a_curl_line_of_the_readme_answers_as_printed(
    platform: Running, command: str, printed: dict[str, Any]
) -> None:
    here = command.replace("localhost:8000", platform.api)

    answer = subprocess.run(
        shlex.split(here), capture_output=True, text=True, check=True, timeout=30
    )

    told = json.loads(answer.stdout)
    if "model_version" in printed:
        assert told.pop("model_version")[:10] == printed.pop("model_version")[:10]
    assert list(told) == list(printed)
    for name, value in printed.items():
        # Other processors round the last digits of a fitted model otherwise.
        expected = pytest.approx(value, rel=0.02) if isinstance(value, float) else value
        assert told[name] == expected, name


def test_a_dropped_file_is_scored_as_the_readme_tells(platform: Running) -> None:
    readme = (ROOT / "README.md").read_text()
    drop, listing, details = re.findall(r"^(curl .*?)(?: +#.*)?$", readme, re.MULTILINE)[:3]
    curl(platform, drop)

    deadline = time.monotonic() + PATIENCE
    while not (runs := curl(platform, listing)["runs"]) or runs[0]["state"] == "running":
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)
    (run,) = runs
    assert run["state"] == "succeeded", run

    found = curl(platform, details.replace("RUN_ID", run["run_id"]))
    with urllib.request.urlopen(found["links"]["predictions"], timeout=30) as answer:  # noqa: S310
        rows = list(csv.DictReader(answer.read().decode().splitlines()))
    assert len(rows) == run["predicted"] == found["summary"]["totals"]["customers"] > 4_000
    assert {row["model_version"] for row in rows} == {found["status"]["model_version"]}
    with urllib.request.urlopen(found["links"]["rejected"], timeout=30) as answer:  # noqa: S310
        assert len(answer.read().decode().splitlines()) == run["rejected"] + 1


def curl(running: Running, command: str) -> Any:
    """A curl line of the README, for this platform; its decoded answer."""
    here = command.replace("localhost:8000", running.api).replace("localhost:8001", running.s3)
    answer = subprocess.run(
        shlex.split(here),
        cwd=running.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(answer.stdout) if answer.stdout else None


def test_a_file_is_scored_without_s3(platform: Running) -> None:
    file = platform.folder / "customers.csv"
    row = "C-1;412;21;0,95;1240,5;kind\r\n"
    file.write_text(
        "customer_id;tenure_days;recency;frequency;monetary;note\r\n" + row + "C-2;1;2;3;4;x\r\n"
    )

    scored = foretell(platform.folder, "score", "customers.csv", "--out", "scored")

    assert scored.returncode == 0, scored.stderr
    out = platform.folder / "scored"
    lines = (out / "predictions.csv").read_bytes().decode().splitlines(keepends=True)
    assert lines[1].startswith(row.removesuffix("\r\n") + ";")
    assert lines[1].endswith("\r\n")
    assert len(lines) == 2
    assert "at most tenure_days" in (out / "rejected.csv").read_text()
    told = json.loads((out / "status.json").read_text())
    assert (told["rows"], told["predicted"], told["rejected"]) == (2, 1, 1)


def test_a_file_that_cannot_be_scored_is_told_in_one_line(platform: Running) -> None:
    (platform.folder / "wrong.csv").write_text("a,b\n1,2\n")

    refused = foretell(platform.folder, "score", "wrong.csv", "--out", "refused")

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "tenure_days" in refused.stderr
    told = json.loads((platform.folder / "refused/status.json").read_text())
    assert told["state"] == "failed"
    assert "tenure_days" in told["failure"]["detail"]


def test_the_page_may_ask_this_platform_and_nobody_else(platform: Running) -> None:
    with urllib.request.urlopen(f"{platform.api}/", timeout=30) as answer:  # noqa: S310
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]

    assert "<title>" in page
    assert f"connect-src 'self' {platform.s3};" in policy
    assert ask(platform, "/config.json") == (
        200,
        {"api_url": "", "sign_in": None, "currency": None},
    )


def test_the_documentation_needs_nothing_from_elsewhere(platform: Running) -> None:
    with urllib.request.urlopen(f"{platform.api}/docs", timeout=30) as answer:  # noqa: S310
        page = answer.read().decode()

    sources = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert len(sources) >= 2
    for source in sources:
        assert source.startswith("/")
        with urllib.request.urlopen(f"{platform.api}{source}", timeout=30) as part:  # noqa: S310
            assert part.status == 200


def test_one_document_describes_all_functions(platform: Running) -> None:
    _, document = ask(platform, "/openapi.json")

    assert document == json.loads((ROOT / "infra/api/openapi.json").read_text(encoding="utf-8"))


def test_a_second_platform_in_the_same_folder_is_refused_in_one_line(platform: Running) -> None:
    refused = foretell(platform.folder, "serve", "--port", "0", "--s3-port", "0")

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "Another `foretell serve`" in refused.stderr


@pytest.mark.parametrize(("option", "service"), [("--port", "api"), ("--s3-port", "s3")])
def test_a_taken_port_is_told_in_one_line(
    platform: Running, tmp_path: Path, option: str, service: str
) -> None:
    taken = getattr(platform, service).rpartition(":")[2]
    ports = {"--port": "0", "--s3-port": "0", option: taken}

    refused = foretell(tmp_path, "serve", *(part for pair in ports.items() for part in pair))

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert taken in refused.stderr
    assert option in refused.stderr


@pytest.mark.slow
def test_a_real_log_becomes_the_live_version_and_back(platform: Running, cdnow: Path) -> None:
    before = live_version(platform)

    trained = foretell(
        platform.folder,
        *("train", "--transactions", str(cdnow / "CDNOW_master.txt")),
        *("--column", "timestamp=date", "--column", "amount=dollar_value"),
    )

    assert trained.returncode == 0, trained.stderr
    version = re.findall(r"Live: (\S+)", trained.stdout)[0]
    wait_for_version(platform, version)
    _, model = ask(platform, "/model")
    assert model["data"]["customers"] == 23_570
    status, answer = ask(platform, "/predict/comprehensive", CUSTOMER)
    assert (status, answer["model_version"]) == (200, version)
    listed = foretell(platform.folder, "versions").stdout
    assert [line for line in listed.splitlines() if "●" in line and version in line]
    assert before in listed

    assert foretell(platform.folder, "rollback").returncode == 0
    wait_for_version(platform, before)
    assert foretell(platform.folder, "promote", version).returncode == 0
    wait_for_version(platform, version)
    assert foretell(platform.folder, "rollback").returncode == 0
    wait_for_version(platform, before)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["promote", "2020-01-01-000000000000"], "2020-01-01-000000000000"),
        (["train", "--transactions", "missing.csv"], "missing.csv"),
        (["train", "--transactions", "x.csv", "--as-of", "tomorrow"], "--as-of"),
        (["train", "--transactions", "x.csv", "--registry", "http://x"], "s3://bucket/prefix"),
        (["train"], "--transactions"),
        (["serve", "--horizon-days", "90"], "--horizon-days goes with --transactions"),
        (["versions", "--registry", "s3://no-such-bucket-here"], "s3://no-such-bucket-here"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    platform: Running, arguments: list[str], told: str
) -> None:
    refused = foretell(platform.folder, *arguments)

    assert refused.returncode != 0
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout


def test_without_the_pages_libraries_serve_says_what_to_do(tmp_path: Path) -> None:
    elsewhere = (
        f"import sys; sys.prefix = {str(tmp_path)!r}; from infra.local.cli import main; main()"
    )
    refused = subprocess.run(
        [sys.executable, "-c", elsewhere, "serve", "--port", "0", "--s3-port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert refused.returncode == 1
    assert "plotly.js-basic-dist-min" in refused.stderr
    assert "make setup" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_a_platform_a_command_says_what_to_do(tmp_path: Path) -> None:
    refused = foretell(tmp_path, "versions")

    assert refused.returncode == 1
    assert "foretell serve" in refused.stderr
    assert "--registry" in refused.stderr


@pytest.mark.parametrize(
    "command",
    [
        "",
        "simulate",
        "train",
        "evaluate",
        "serve",
        "containers",
        "score",
        "versions",
        "card",
        "promote",
        "rollback",
    ],
)
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    shown = foretell(tmp_path, *command.split(), "--help")

    assert shown.returncode == 0
    assert "Usage: foretell" in shown.stdout
    assert not command or f"Example: foretell {command}" in shown.stdout


def test_a_failed_training_ends_serve_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("customer_id,timestamp,amount\nA,2025-01-01,5\n")

    refused = foretell(
        tmp_path, "serve", "--port", "0", "--s3-port", "0", "--transactions", "log.csv"
    )

    assert refused.returncode == 1
    assert "horizon" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_what_was_trained_outlives_the_platform(tmp_path: Path, shop: Path) -> None:
    running = start(tmp_path, "--transactions", str(shop / "transactions.csv"))
    version = live_version(running)

    for how, code in (
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, 0),
        (signal.SIGINT, 0),
    ):
        assert stop(running, how) == code
        assert not listens(running.api)
        assert not listens(running.s3)
        refused = foretell(tmp_path, "versions")
        assert "start `foretell serve`" in refused.stderr

        running = start(tmp_path)
        assert live_version(running) == version
        assert ask(running, "/predict/clv", CUSTOMER)[0] == 200

    assert stop(running) == 0
