"""`foretell evaluate` on a shop whose truth is known, and how good the forecasts have to be."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from foretell import tables
from foretell.contract import ModelName
from foretell.manifest import Metric
from foretell.tables import Sources
from tests.shared.command_line import Foretell, Said, command_line
from training import simulate, terminal
from training.evaluate import figures, protocol
from training.evaluate.comparison import TRUTH
from training.evaluate.hold_out import CLASSIC, FORETELL, NAIVE
from training.evaluate.peers import PEERS
from training.periods import half, period
from training.simulate.parameters import PARAMETERS

METHODS = {FORETELL, NAIVE, *(peer.name for peer in PEERS)}
CUTOFF = "2025-07-04"
HORIZON = 180


@pytest.fixture
def foretell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Foretell:
    """The command line, in this process."""
    return command_line(monkeypatch, capsys)


@pytest.fixture
def fitted_once(remembered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered.use(monkeypatch)


def log_of(shop: Path) -> tuple[object, ...]:
    return ("--transactions", shop / "transactions.csv")


def days(cutoff: str = CUTOFF, horizon: int = HORIZON) -> tuple[object, ...]:
    return ("--cutoff", cutoff, "--horizon-days", horizon)


class TestTheComparison:
    """Ours beside the classic models, for a program and for a person."""

    @pytest.fixture
    def found(self, foretell: Foretell, fitted_once: None, shop: Path) -> tuple[Any, Said]:
        said = foretell(
            "evaluate",
            *log_of(shop),
            *days(),
            *("--protocol", "temporal", "--seeds", 2),
            *("--truth", shop / "truth.csv", "--json"),
        )
        assert said.code == 0, said.err
        return json.loads(said.out), said

    def test_as_json_it_holds_every_figure_of_every_method(self, found: tuple[Any, Said]) -> None:
        """One run, because it fits nine models: what it says is looked at from all sides."""
        told, said = found
        compared = {(each["model"], each["metric"]): each for each in told["figures"]}

        assert "Seed 2 of 2" in said.err
        assert told["not_fitted"] == {}
        assert set(compared) == {
            (model.value, measure.name)
            for model, measures in figures.MEASURES.items()
            for measure in measures
        }
        for (_, name), each in compared.items():
            of_intervals = name in {"Interval coverage", "Upper miss"}
            assert set(each["methods"]) == ({FORETELL} if of_intervals else {*METHODS, TRUTH})
            for spread in each["methods"].values():
                one, other = spread["by_seed"]
                assert spread["mean"] == pytest.approx((one + other) / 2)
                # Student's t with one degree of freedom: 12.7 standard errors |one - other| / 2.
                assert spread["half_width_95"] == pytest.approx(6.3531 * abs(one - other), rel=1e-4)

        _learns_only_from_before(told)
        _says_where_peers_are_ahead(told, compared)
        _is_bounded_by_the_truth(compared)
        assert sum(told["personas"].values()) == pytest.approx(1)
        for agreement in told["stability"].values():
            assert 0.5 < agreement["worst"] <= agreement["mean"] <= 1

    def test_as_tables_it_names_every_method_and_where_a_peer_does_better(
        self,
        foretell: Foretell,
        fitted_once: None,
        shop: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(terminal, "console", Console(width=250, highlight=False))

        said = foretell("evaluate", *log_of(shop), *days(), "--protocol", "temporal", "--seeds", 1)

        assert said.code == 0, said.err
        for measures in figures.MEASURES.values():
            for measure in measures:
                assert measure.name in said.out
        for name in (FORETELL, NAIVE, "BG", "Pareto", "classic", "all"):
            assert name in said.out
        assert TRUTH not in said.out
        _, _, honest = said.out.partition("Where a peer does better")
        assert "does better (" in honest or "Nowhere." in honest


def _learns_only_from_before(told: Any) -> None:
    assert told["protocol"] == "temporal"
    assert (told["cutoff"], told["horizon_days"]) == (CUTOFF, HORIZON)
    learnt = date.fromisoformat(told["learnt"]["cutoff"])
    assert learnt + timedelta(days=told["learnt"]["horizon_days"]) <= date.fromisoformat(CUTOFF)


def _says_where_peers_are_ahead(told: Any, compared: Any) -> None:
    def loss(each: Any, method: str) -> float:
        value = each["methods"][method]["mean"]
        if each["better"] == "near":
            return abs(value - each["target"])
        return value if each["better"] == "lower" else -value

    expected = {
        key
        for key, each in compared.items()
        if any(
            loss(each, name) < loss(each, FORETELL)
            for name in set(each["methods"]) - {FORETELL, TRUTH}
        )
    }
    ahead = {(each["model"], each["metric"]): each["peer"] for each in told["peers_ahead"]}
    assert set(ahead) == expected
    for key, peer in ahead.items():
        assert loss(compared[key], peer) < loss(compared[key], FORETELL)


def _is_bounded_by_the_truth(compared: Any) -> None:
    """Nobody orders customers better than who knows when they leave."""
    bias = compared["clv", "Bias"]["methods"]
    assert bias[TRUTH]["mean"] == pytest.approx(1, abs=0.1)
    for model, name in (("clv", "Gini"), ("clv", "Spearman"), ("churn", "AUC")):
        methods = compared[model, name]["methods"]
        assert methods[TRUTH]["mean"] == max(spread["mean"] for spread in methods.values())


class TestWhatIsRefused:
    """One line that names the option, and nothing computed for long."""

    @pytest.mark.parametrize(
        ("cutoff", "horizon", "told"),
        [
            ("2026-01-01", 30, r"--cutoff 2026-01-01: the transactions run from 2023-"),
            ("2020-01-01", 30, r"--cutoff 2020-01-01: the transactions run from 2023-"),
            ("2025-12-01", 90, r"--horizon-days 90: only 30 days .* earlier --cutoff"),
            ("2023-03-01", 90, r"--cutoff 2023-03-01: only \d+ customers had bought"),
        ],
    )
    def test_days_that_the_log_cannot_answer_for(
        self, foretell: Foretell, shop: Path, cutoff: str, horizon: int, told: str
    ) -> None:
        said = foretell("evaluate", *log_of(shop), *days(cutoff, horizon), "--json")

        _refused(said, told)

    def test_nothing_to_learn_from_before_the_cutoff(
        self, foretell: Foretell, shop: Path, tmp_path: Path
    ) -> None:
        log = pd.read_csv(shop / "transactions.csv")
        day = pd.to_datetime(log["timestamp"]).dt.normalize()
        log[day > day.max() - pd.Timedelta(days=41)].to_csv(
            tmp_path / "transactions.csv", index=False
        )

        said = foretell(
            "evaluate",
            *log_of(tmp_path),
            *days("2025-12-11", 20),
            *("--protocol", "temporal", "--json"),
        )

        _refused(said, r"--cutoff 2025-12-11: the log begins on 2025-11-2\d, .*--protocol split")

    def test_the_truth_of_another_shop(
        self, foretell: Foretell, shop: Path, tmp_path: Path
    ) -> None:
        truth = tmp_path / "truth.csv"
        pd.read_csv(shop / "truth.csv").iloc[10:].to_csv(truth, index=False)

        said = foretell("evaluate", *log_of(shop), *days(), "--truth", truth, "--json")

        _refused(said, r"--truth: it does not know \d+ of the customers, C0000\d\d for one")


def _refused(said: Said, told: str) -> None:
    assert said.code == 1
    assert said.out == ""
    errors = [line for line in said.err.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1
    assert errors[0] == said.err.splitlines()[-1]
    assert "Traceback" not in said.err
    assert re.search(told, errors[0]), errors[0]


class TestAccuracy:
    """How good the forecasts have to be, on a log everybody has and on one whose truth is known."""

    @pytest.mark.slow
    def test_on_cdnow_it_is_better_than_what_it_corrects(self, cdnow: Path) -> None:
        columns = ("timestamp=date", "amount=dollar_value")
        with tables.load(Sources(str(cdnow / "CDNOW_master.txt"), columns=columns)) as loaded:
            found = period(loaded, date(1997, 9, 30), 273)

        measured = figures.measured(protocol.measure(found, found, half(0)))

        clv, churn = (
            {metric.name: metric for metric in measured[model]}
            for model in (ModelName.CLV, ModelName.CHURN)
        )
        assert ahead(clv["Gini"]) >= 0.001
        assert 0.93 < clv["Bias"].value < 1.07
        assert 0.77 < clv["Interval coverage"].value < 0.87
        assert 0.08 < clv["Upper miss"].value < 0.12
        assert ahead(churn["AUC"]) >= 0.004
        assert churn["Calibration error"].value <= 0.02

    @pytest.mark.slow
    def test_it_recovers_what_a_simulated_shop_is_made_of(self, tmp_path: Path) -> None:
        """Each half of 8,000 customers is asked about by the other's example.

        A forecast is of what customers will buy; the truth is told net of the orders that come
        back later, which the labels do not take off, so those are added again.
        """
        shop = simulate.simulate(8_000, seed=3)
        simulate.write(shop, tmp_path)
        names = ("transactions", "customers", "engagement")
        with tables.load(Sources(*(str(tmp_path / f"{name}.csv") for name in names))) as loaded:
            found = period(loaded, loaded.last_day - timedelta(days=HORIZON), HORIZON)
        window = found.cutoff + timedelta(days=1), found.cutoff + timedelta(days=HORIZON)
        everybody = found.customer_ids.to_list()
        net = simulate.expected_spend(shop.truth, *window).loc[everybody]
        silent = simulate.no_purchase_probability(shop.truth, *window).loc[everybody]

        one, other = (
            protocol.measure(found, found, unseen).forecasts[FORETELL]
            for unseen in (half(0), lambda customer_ids: ~half(0)(customer_ids))
        )

        spend = one.spend.sum() + other.spend.sum()
        churn = np.concatenate([one.churn, other.churn])
        assert len(churn) == len(everybody)
        assert spend == pytest.approx(net.sum() / (1 - PARAMETERS.return_share), rel=0.05)
        assert churn.mean() == pytest.approx(silent.mean(), rel=0.05)


def ahead(metric: Metric) -> float:
    """By how much more than the forecast that the trees correct."""
    return metric.value - metric.peers[CLASSIC]
