from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.alarms import (
    ambiguous_alarms,
    endless_logs,
    unheard_topics,
    unwatched,
    without_action,
)
from tests.infra.stack.rules.metrics import unknown_metrics, without_one_result


def remove(t: Breakable, name: str) -> None:
    del t.templates.deployed["infra/monitoring.yaml"]["Resources"][name]


def picture(t: Breakable, written: str, otherwise: str) -> None:
    dashboard = t.monitoring("Dashboard")
    body = dashboard["DashboardBody"]["Fn::Sub"]
    assert written in body
    dashboard["DashboardBody"]["Fn::Sub"] = body.replace(written, otherwise)


BREAKS: list[Break] = [
    (without_action, lambda t: t.monitoring("Errors").pop("AlarmActions")),
    (without_action, lambda t: t.monitoring("Errors").update(AlarmActions=["arn:aws:sns:::x"])),
    (without_action, lambda t: t.monitoring("Errors").update(ActionsEnabled=False)),
    (without_action, lambda t: t.training("NotStarted").pop("AlarmActions")),
    (ambiguous_alarms, lambda t: t.monitoring("Slow").pop("TreatMissingData")),
    (ambiguous_alarms, lambda t: t.monitoring("Slow").pop("AlarmDescription")),
    (unwatched, lambda t: remove(t, "Slow")),
    (unwatched, lambda t: remove(t, "OldModel")),
    (unwatched, lambda t: remove(t, "Drifted")),
    (unwatched, lambda t: t.monitoring("FunctionErrors")["Metrics"].pop()),
    (unwatched, lambda t: t.monitoring("Throttled")["Metrics"].pop()),
    (unheard_topics, lambda t: remove(t, "Told")),
    (endless_logs, lambda t: t("Logs").pop("RetentionInDays")),
    (endless_logs, lambda t: t.training("Logs").pop("RetentionInDays")),
    (without_one_result, lambda t: t.monitoring("Throttled")["Metrics"].pop(0)),
    (without_one_result, lambda t: t.monitoring("Throttled")["Metrics"][1].pop("ReturnData")),
    (unknown_metrics, lambda t: t.monitoring("OldModel").update(MetricName="ModelAges")),
    (unknown_metrics, lambda t: t.monitoring("OldModel").update(Namespace="Foretel")),
    (unknown_metrics, lambda t: t.monitoring("OldModel")["Dimensions"].pop()),
    (unknown_metrics, lambda t: t.monitoring("OldModel")["Dimensions"][1].update(Value="batch")),
    (unknown_metrics, lambda t: t.monitoring("OldModel")["Dimensions"][0].update(Value="other")),
    (unknown_metrics, lambda t: t.monitoring("Errors").update(MetricName="5XXError")),
    (
        unknown_metrics,
        lambda t: t.monitoring("Errors")["Dimensions"][0].update(Value={"Ref": "FailuresQueue"}),
    ),
    (unknown_metrics, lambda t: t.monitoring("Errors")["Dimensions"][0].update(Name="ApiName")),
    (unknown_metrics, lambda t: picture(t, '"ColdStart"', '"ColdStarts"')),
    (unknown_metrics, lambda t: picture(t, '["...", "churn"]', '["...", "chrn"]')),
]
