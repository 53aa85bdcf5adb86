"""What a month costs: cases worked out by hand, and the guide's tables."""

import re
from pathlib import Path
from typing import get_args

import pytest

from foretell.contract.predictions import RiskCategory, ValueTier
from infra.cloud.costs import bill, guide, prices, usage
from infra.cloud.costs.bill import Line
from infra.cloud.costs.usage import DEV, PROD
from infra.cloud.errors import NotReady

ROOT = Path(__file__).parents[4]
EACH = [(n, setting) for n in guide.WORKLOADS for setting in (DEV, PROD)]


def dollars(lines, what):
    return {line.what: line.dollars for line in lines}[what]


class TestArithmetic:
    """A line is a quantity times a price."""

    def test_a_line_is_its_quantity_at_its_price(self):
        assert Line("x", 2_500_000, prices.LAMBDA_REQUESTS).dollars == pytest.approx(0.50)

    def test_a_bill_is_the_sum_of_its_lines(self):
        lines = [Line("x", 1_000_000, prices.API_REQUESTS), Line("y", 3, prices.DASHBOARDS)]

        assert bill.total(lines) == pytest.approx(10.0)

    def test_a_warm_request_is_billed_in_whole_milliseconds_of_its_share_of_a_core(self):
        # 1.21 ms of a whole core are 2.09 ms of 1024/1769 of one, and billed as 3.
        assert usage.billed_seconds() == 0.003

    @pytest.mark.parametrize(
        ("requests", "cold"), [(0, 0), (400, 400), (1_000, 1_000), (10_001_000, 11_000)]
    )
    def test_cold_starts(self, requests, cold):
        assert usage.cold_starts(requests) == pytest.approx(cold)

    @pytest.mark.parametrize(
        ("requests", "traces"),
        [(1_000, 1_000), (2_592_000, 2_592_000), (3_592_000, 2_642_000)],
    )
    def test_one_request_a_second_is_traced_and_one_in_twenty_beyond(self, requests, traces):
        assert usage.traced(requests) == pytest.approx(traces)


class TestMonth:
    """Ten million predictions with a token an hour, by hand."""

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            ("API Gateway", 10.00),  # 10 million at 1.00 a million
            ("Lambda, requests", 2.00),
            ("Lambda, compute", 10e6 * 0.003 * 0.0000166667),  # at 1 GB
            ("SnapStart, restores", 10_999 * 0.0001397998),
            ("SnapStart, snapshots kept", 4 * 2_592_000 * 0.0000015046),
            ("CloudWatch, logs written", 10e6 * (761 + 352 + 292) / 1e9 * 0.50),
            ("CloudWatch, our metrics", 15 * 0.30),
            ("CloudWatch, alarms", 2.40),
            ("X-Ray", (2_592_000 + 0.05 * 7_408_000) * 5 / 1e6),
            ("Data to the internet", 31.73 * 0.09),
            ("Cognito, the server's client", 6.00),
            ("Cognito, a token an hour", 720 * 2.25 / 1_000),
            ("Fargate, processors", 30 / 7 * 5 / 60 * 2 * 0.04048),
        ],
    )
    def test_ten_million_in_prod(self, what, expected):
        assert dollars(bill.month(10_000_000, PROD), what) == pytest.approx(expected)

    def test_without_snapstart_initialisations_are_computed_and_no_snapshot_is_kept(self):
        lines = bill.month(1_000, DEV)

        assert dollars(lines, "Lambda, compute") == pytest.approx(
            (1_000 * 0.003 + 1_000 * 0.504) * 0.0000166667
        )
        assert not any("SnapStart" in line.what for line in lines)

    def test_an_idle_month_costs_only_what_is_kept_and_watched(self):
        idle = {line.what for line in bill.month(0, DEV) if line.dollars}

        assert idle == {
            "CloudWatch, alarms",
            "CloudWatch, dashboard",
            "CloudFront, data",
            "CloudFront, requests",
            "Cognito, a token an hour",
            "Cognito, the server's client",
            "Cognito, users",
            "S3, models",
        }

    def test_few_requests_pay_for_metrics_by_the_hour(self):
        assert dollars(bill.month(72, DEV), "CloudWatch, our metrics") == pytest.approx(0.45)

    @pytest.mark.parametrize(("requests", "setting"), EACH, ids=lambda value: str(value)[:20])
    def test_each_line_stands_once(self, requests, setting):
        names = [line.what for line in bill.month(requests, setting)]

        assert len(names) == len(set(names))


class TestFile:
    """Ten million customers in a file, by hand: 630 MB are ten parts."""

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            ("Lambda, compute", 131 * 2.9375 * 0.0000166667),
            ("Step Functions", 24 * 0.025 / 1_000),
            ("S3, storage", (0.63 + 2.29 * 400 / 30) * 0.023),
        ],
    )
    def test_ten_million_rows(self, what, expected):
        assert dollars(bill.file(10_000_000), what) == pytest.approx(expected)


class TestTemplate:
    """What is counted here is what the templates have."""

    @pytest.mark.parametrize(
        ("file", "metrics"),
        [
            ("monitoring.yaml", usage.ALARM_METRICS),
            ("training.yaml", usage.TRAINING_ALARM_METRICS),
        ],
    )
    def test_metrics_that_alarms_watch(self, file, metrics):
        alarms = (ROOT / "infra" / file).read_text().partition("DashboardBody")[0]

        assert len(re.findall(r"\bMetricName:", alarms)) == metrics

    def test_what_trains(self):
        cpu, memory = usage.TRAINING_CPUS * 1_024, usage.TRAINING_MEMORY_GB * 1_024

        assert (
            f'small: {{ Cpu: "{cpu}", Memory: "{memory}"'
            in (ROOT / "infra/training.yaml").read_text()
        )

    @pytest.mark.parametrize(
        "said",
        [
            "MemorySize: 1024",
            "MemorySize: 3008",
            "EphemeralStorage: { Size: 10240 }",
            "Tracing: Active",
        ],
    )
    def test_what_a_function_has_is_as_in_the_template(self, said):
        assert said in (ROOT / "template.yaml").read_text()

    def test_functions_with_a_snapshot(self):
        template = (ROOT / "template.yaml").read_text()

        assert template.count("SnapStart: { ApplyOn: !Ref SnapStart }") == usage.SNAPSHOTS

    def test_metrics_of_a_function(self):
        # Latency, ModelLatency, ModelLoad, ModelAge, ColdStart, Predictions, ValidationFailed
        tiers = len(get_args(ValueTier)) + len(get_args(RiskCategory))

        assert tiers == usage.FUNCTION_METRICS - 7


class TestGuide:
    """infra/DEPLOYING.md shows what the function computes."""

    def test_the_guide_holds_the_computed_tables(self):
        assert guide.written(guide.GUIDE.read_text()) == guide.tables()

    def test_the_tables_replace_those_before(self, tmp_path):
        path = tmp_path / "guide.md"
        path.write_text(f"before\n{guide.BEGIN}\nold\n{guide.END}\nafter\n")

        guide.write("new\n", path)

        assert path.read_text() == f"before\n{guide.BEGIN}\nnew\n{guide.END}\nafter\n"

    def test_a_guide_without_a_place_for_them_is_refused(self):
        with pytest.raises(NotReady, match="no place for tables"):
            guide.written("nothing")

    def test_every_price_says_where_it_was_read_or_that_it_was_not(self):
        tables = guide.tables()

        for line in (*bill.month(1, PROD), *bill.file(1)):
            assert line.what in tables.partition("Where the prices were read")[2]
        assert "from memory, checked nowhere" in tables
