from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.asynchronous import (
    deaf_rules,
    unencrypted_queues,
    unheard_dead_ends,
    unheard_executions,
    unheard_files,
    unheard_tasks,
    unmarked_runs,
    without_dead_end,
    without_retries,
)


def dropped(t: Breakable) -> dict:
    return t("BatchFunctionDropped")["Targets"][0]


def config(t: Breakable) -> dict:
    return t("BatchFunctionEventInvokeConfig")


def executions(t: Breakable) -> list:
    return t.monitoring("LargeFileFailed")["Metrics"]


def silent_trainings(t: Breakable) -> None:
    for name in ("HeldBack", "Failed"):
        t.training(name)["EventPattern"]["source"] = ["aws.ec2"]


BREAKS: list[Break] = [
    (without_retries, lambda t: dropped(t).pop("RetryPolicy")),
    (without_retries, lambda t: dropped(t)["RetryPolicy"].update(MaximumRetryAttempts=0)),
    (without_retries, lambda t: config(t).pop("MaximumRetryAttempts")),
    (without_retries, lambda t: t.training("Timetable")["Target"].pop("RetryPolicy")),
    (without_dead_end, lambda t: dropped(t).pop("DeadLetterConfig")),
    (without_dead_end, lambda t: dropped(t)["DeadLetterConfig"].update(Arn={"Ref": "Logs"})),
    (without_dead_end, lambda t: config(t).pop("DestinationConfig")),
    (without_dead_end, lambda t: config(t).update(Qualifier="live")),
    (without_dead_end, lambda t: t.training("Timetable")["Target"].pop("DeadLetterConfig")),
    (unheard_dead_ends, lambda t: t.monitoring("FailuresWaiting").pop("AlarmActions")),
    (
        unheard_dead_ends,
        lambda t: t.monitoring("FailuresWaiting").update(MetricName="NumberOfMessagesSent"),
    ),
    (unheard_dead_ends, lambda t: t("Failures").pop("MessageRetentionPeriod")),
    (unheard_dead_ends, lambda t: t.training("NotStarted").update(Dimensions=[])),
    (unheard_executions, lambda t: executions(t).pop()),
    (unheard_executions, lambda t: t.monitoring("LargeFileFailed").update(AlarmActions=[])),
    (unheard_tasks, silent_trainings),
    (unencrypted_queues, lambda t: t("Failures").pop("SqsManagedSseEnabled")),
    (unencrypted_queues, lambda t: t("Failures").update(SqsManagedSseEnabled=False)),
    (unheard_files, lambda t: t("BatchFunctionDropped").pop("Targets")),
    (unheard_files, lambda t: t("BatchFunctionDropped")["EventPattern"].pop("source")),
    (unmarked_runs, lambda t: t("BatchFunctionStopped")["EventPattern"]["detail"]["status"].pop()),
    (
        unmarked_runs,
        lambda t: t("BatchFunctionStopped")["EventPattern"]["detail"].pop("stateMachineArn"),
    ),
    (deaf_rules, lambda t: t.buckets("Uploads").pop("NotificationConfiguration")),
    (deaf_rules, lambda t: t("BatchFunctionDropped")["EventPattern"]["detail"].pop("bucket")),
    (
        deaf_rules,
        lambda t: t("BatchFunctionDropped")["EventPattern"].update(
            {"detail-type": ["Object created"]}
        ),
    ),
    (
        deaf_rules,
        lambda t: t("BatchFunctionDropped")["EventPattern"]["detail"].update(
            object={"key": [{"prefix": "inbox/"}]}
        ),
    ),
]
