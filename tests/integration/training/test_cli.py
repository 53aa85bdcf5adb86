"""What the commands refuse, and what they tell when a version is held back."""

from pathlib import Path
from typing import Any

import pytest

from foretell.contract import ModelName
from foretell.registry import Registry
from tests.shared.command_line import Foretell, Said, command_line
from training.gates import promotion
from training.publish import live_or_none


@pytest.fixture
def foretell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Foretell:
    """The command line, in this process; no platform runs on this machine."""
    return command_line(monkeypatch, capsys)


def live_version(registry: Registry) -> str:
    found = live_or_none(registry)
    assert found is not None
    return found.pointer.version


class TestRiskThresholds:
    """Three rising probabilities, or a message that says so."""

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ("0.5,0.25,0.75", "give three rising numbers between 0 and 1"),
            ("0.25,0.25,0.75", "give three rising numbers between 0 and 1"),
            ("0,0.5,0.75", "give three rising numbers between 0 and 1"),
            ("0.25,0.5,1", "give three rising numbers between 0 and 1"),
            ("25,50,75", "give three rising numbers between 0 and 1"),
            ("nan,0.5,0.75", "give three rising numbers between 0 and 1"),
            ("0.25,0.5", "is not three numbers such as 0.25,0.5,0.75"),
            ("0.1,0.2,0.3,0.4", "is not three numbers such as 0.25,0.5,0.75"),
            ("low,high,most", "is not three numbers such as 0.25,0.5,0.75"),
        ],
    )
    def test_others_are_refused_with_the_name_of_the_option(
        self, foretell: Foretell, given: str, told: str
    ) -> None:
        said = foretell("train", "--transactions", "orders.csv", "--risk-thresholds", given)

        assert said.code == 2
        assert "--risk-thresholds" in said.err
        assert told in said.err
        assert said.out == ""


class TestAVersionHeldBack:
    """Exit code 4, and both ways on."""

    @pytest.fixture
    def train(self, foretell: Foretell, remembered: Any, shop: Path, trained: Any) -> Foretell:
        def run(registry: Registry, *options: object) -> Said:
            tables = [
                (f"--{name}", shop / f"{name}.csv")
                for name in ("transactions", "customers", "engagement")
            ]
            with pytest.MonkeyPatch.context() as patch:
                remembered.use(patch)
                return foretell(
                    "train",
                    *(word for option in tables for word in option),
                    *("--registry", registry.address, *options),
                )

        return run

    @pytest.fixture
    def nothing_is_good_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        impossible = {(ModelName.CLV, "Gini"): promotion.Tolerance(difference=-1.0)}
        monkeypatch.setattr(promotion, "TOLERANCES", impossible)

    def test_it_is_told_by_the_exit_code_and_how_to_go_on(
        self,
        train: Foretell,
        foretell: Foretell,
        live_registry: Registry,
        trained: Any,
        nothing_is_good_enough: None,
    ) -> None:
        said = train(live_registry)

        (held_back,) = set(live_registry.versions()) - {trained.version}
        assert said.code == 4
        error = said.err.splitlines()[-1]
        assert f"version {held_back} is published but was not made live" in error
        assert f"`foretell promote {held_back}`" in error
        assert "--force" in error
        assert "failed" in said.out
        assert live_version(live_registry) == trained.version

        promoted = foretell("promote", held_back, "--registry", live_registry.address)

        assert promoted.code == 0
        assert live_version(live_registry) == held_back

    def test_a_reason_makes_it_live(
        self,
        train: Foretell,
        live_registry: Registry,
        trained: Any,
        nothing_is_good_enough: None,
    ) -> None:
        said = train(live_registry, "--force", "the shop was sold")

        assert said.code == 0
        assert live_version(live_registry) != trained.version
        assert "the shop was sold" in said.out

    def test_a_blank_reason_is_none(
        self,
        train: Foretell,
        live_registry: Registry,
        trained: Any,
        nothing_is_good_enough: None,
    ) -> None:
        said = train(live_registry, "--force", "  ")

        assert said.code == 4
        assert live_version(live_registry) == trained.version
