"""Who starts `foretell serve` finds a portfolio: the customers of the log that was trained on."""

import csv
import re
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.shared.serving import PATIENCE, Running, ask, start, stop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("portfolio")


@pytest.fixture(scope="module")
def platform(folder: Path, shop: Path) -> Iterator[Running]:
    """Started on a log with all its tables, and once more without one."""
    tables = ("transactions", "customers", "engagement")
    named = [part for table in tables for part in (f"--{table}", str(shop / f"{table}.csv"))]
    running = start(folder, *named, portfolio=True)
    scored(running)
    yield running
    if running.process.poll() is None:
        stop(running)


def scored(running: Running) -> list[dict[str, Any]]:
    """What there is to say of the two runs, the newer one first, once they have ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        runs = ask(running, "/portfolio/runs")[1]["runs"]
        if len(runs) == 2 and all(run["state"] != "running" for run in runs):
            return [ask(running, f"/portfolio/runs/{run['run_id']}")[1] for run in runs]
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)


def buyers(transactions: Path, until: date) -> set[str]:
    """Who has bought by the end of a day: a day's orders that were all taken back are none."""
    amounts = defaultdict(list)
    with transactions.open(newline="") as file:
        for row in csv.DictReader(file):
            amounts[row["customer_id"], row["timestamp"][:10]].append(Decimal(row["amount"]))
    return {
        customer
        for (customer, day), paid in amounts.items()
        if customer and day <= f"{until}" and (sum(paid) > 0 or min(paid) >= 0)
    }


def uploaded(running: Running) -> list[tuple[str, str]]:
    """Key and time of what lies in the uploads bucket."""
    address = f"{running.s3}/foretell-uploads?list-type=2"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
        listing = answer.read().decode()
    return re.findall(r"<Key>(.*?)</Key><LastModified>(.*?)</LastModified>", listing)


def test_the_log_becomes_two_runs_a_month_apart(platform: Running, shop: Path) -> None:
    now, before = scored(platform)

    _, model = ask(platform, "/model")
    last = date.fromisoformat(model["data"]["last_day"])
    for run, day in ((now, last), (before, last - timedelta(days=30))):
        status, summary = run["status"], run["summary"]
        assert status["state"] == "succeeded"
        assert status["source"]["key"].endswith(f"/customers as of {day}.csv")
        assert status["model_version"] == model["model_version"]
        expected = len(buyers(shop / "transactions.csv", day))
        assert (status["rows"], status["predicted"], status["rejected"]) == (expected, expected, 0)
        assert summary["totals"]["customers"] == expected
    assert now["summary"]["totals"] != before["summary"]["totals"]
    assert now["summary"]["predicted"] > before["summary"]["predicted"]


def test_customers_come_with_all_that_is_known_of_them(platform: Running) -> None:
    now, _ = scored(platform)

    for field in now["summary"]["drift"]["fields"]:
        # These are the customers that the version was trained on, so nothing of them is new.
        assert field["verdict"] == "stable", field
        assert field["psi"] == pytest.approx(0, abs=1e-3)
        assert field["missing"] == pytest.approx(field["missing_in_training"], abs=1e-6)
        assert field["missing"] < 1, field


def test_a_restart_without_a_training_drops_nothing(platform: Running, folder: Path) -> None:
    before = uploaded(platform)
    assert len(before) == 2
    assert stop(platform) == 0

    restarted = start(folder, portfolio=True)
    try:
        runs = scored(restarted)
        assert uploaded(restarted) == before
        assert {run["status"]["state"] for run in runs} == {"succeeded"}
    finally:
        stop(restarted)
