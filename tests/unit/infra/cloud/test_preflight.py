"""What is decided about an account before anything is deployed to it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cloud.preflight import Concurrency, carried_over, chosen, overrides, reservation

SAM_PYTHON = Path(sys.prefix) / "cloud" / "bin" / "python"


class TestReservation:
    """AWS wants a hundred executions left unreserved; a new account has ten."""

    @pytest.mark.parametrize(
        ("quota", "unreserved", "wanted", "held", "reserved"),
        [
            (1_000, 1_000, 50, 0, 50),
            (1_000, 150, 50, 0, 50),  # a hundred are left
            (1_000, 149, 50, 0, 0),
            (1_000, 149, 50, 50, 50),  # they are this stack's already
            (1_000, 100, 50, 30, 0),  # twenty more are not to be had
            (10, 10, 50, 0, 0),
            (10, 10, 0, 0, 0),
        ],
    )
    def test_what_can_be_reserved_is(self, quota, unreserved, wanted, held, reserved):
        decided = reservation(wanted, Concurrency(quota, unreserved), held=held)

        assert decided.executions == reserved

    def test_a_refused_wish_is_said_with_what_to_do(self):
        decided = reservation(50, Concurrency(10, 10))

        assert decided.note is not None
        assert "BatchConcurrency=0 instead of 50" in decided.note
        assert "Service Quotas" in decided.note

    @pytest.mark.parametrize("wanted", [0, 50])
    def test_nothing_is_said_of_a_wish_that_is_granted(self, wanted):
        assert reservation(wanted, Concurrency(1_000, 1_000)).note is None


class TestParameters:
    """What is closest to the command counts."""

    def test_the_command_line_counts_before_the_file_and_the_file_before_the_stack(self):
        deployed = carried_over(
            {"Architecture": "arm64", "BatchConcurrency": "7", "AlarmEmail": "x"}
        )

        found = chosen(
            deployed, {"BatchConcurrency": "50", "SnapStart": "None"}, {"SnapStart": "X"}
        )

        assert found == {"Architecture": "arm64", "BatchConcurrency": "50", "SnapStart": "X"}

    def test_they_become_words_in_one_order(self):
        assert overrides({"B": "2", "A": "a b"}) == ['A="a b"', 'B="2"']

    @pytest.mark.skipif(not SAM_PYTHON.exists(), reason="no SAM CLI: `make cloud` installs it")
    def test_sam_reads_them_as_they_were_given(self):
        given = {
            "TrainingSchedule": "cron(0 3 ? * MON *)",
            "TrainingOptions": '--timezone=Europe/Berlin;--column=amount=Quantity * "Unit Price"',
            "OidcIssuer": "",
            "OidcAudience": "one,two",
            "AlarmEmail": "me+foretell@example.com",
        }
        reading = (
            "import json, sys; from samcli.cli.types import CfnParameterOverridesType as Type;"
            "print(json.dumps(Type().convert(tuple(sys.argv[1:]), None, None)))"
        )

        read = subprocess.run(
            [SAM_PYTHON, "-c", reading, *overrides(given)],
            capture_output=True,
            text=True,
            check=True,
        )

        assert json.loads(read.stdout) == given
