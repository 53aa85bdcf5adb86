from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.policies import (
    dead_ends_that_take_nothing,
    letting_anybody_invoke,
    letting_anybody_send,
    not_let_in,
    queues_without_tls,
    topics_that_take_nothing,
    unreachable_topics,
)


def queue(t: Breakable) -> dict:
    return t("FailuresPolicy")["PolicyDocument"]["Statement"][0]


def topic(t: Breakable) -> dict:
    return t.monitoring("TopicPolicy")["PolicyDocument"]["Statement"][0]


def remove(t: Breakable, name: str) -> None:
    del t.templates.deployed["template.yaml"]["Resources"][name]


def unpermitted(t: Breakable) -> None:
    remove(t, "ClvFunctionOnePermission")
    remove(t, "ClvFunctionManyPermission")


BREAKS: list[Break] = [
    (letting_anybody_invoke, lambda t: t("ClvFunctionOnePermission").pop("SourceArn")),
    (letting_anybody_invoke, lambda t: t("ClvFunctionOnePermission").update(SourceArn="arn:aws:*")),
    (letting_anybody_invoke, lambda t: t("ClvFunctionOnePermission").update(Principal="*")),
    (letting_anybody_invoke, lambda t: t.add("Url", "AWS::Lambda::Url", AuthType="NONE")),
    (letting_anybody_send, lambda t: queue(t).update(Principal="*")),
    (letting_anybody_send, lambda t: queue(t).pop("Condition")),
    (letting_anybody_send, lambda t: queue(t).update(Action="sqs:*")),
    (letting_anybody_send, lambda t: topic(t).pop("Condition")),
    (
        letting_anybody_send,
        lambda t: topic(t).update(
            Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}}
        ),
    ),
    (not_let_in, unpermitted),
    (not_let_in, lambda t: t("BatchFunctionDroppedPermission").pop("SourceArn")),
    (not_let_in, lambda t: t("ClvFunctionOnePermission").update(FunctionName={"Ref": "Logs"})),
    (dead_ends_that_take_nothing, lambda t: remove(t, "FailuresPolicy")),
    (
        dead_ends_that_take_nothing,
        lambda t: queue(t).update(Principal={"Service": "sns.amazonaws.com"}),
    ),
    (
        dead_ends_that_take_nothing,
        lambda t: queue(t)["Condition"]["ArnEquals"]["aws:SourceArn"].pop(),
    ),
    (letting_anybody_send, lambda t: queue(t).update(Resource="*")),
    (topics_that_take_nothing, lambda t: topic(t).update(Effect="Deny")),
    (topics_that_take_nothing, lambda t: t.monitoring("TopicPolicy").update(Topics=[])),
    (
        topics_that_take_nothing,
        lambda t: t.monitoring("TopicPolicy")["PolicyDocument"]["Statement"].pop(),
    ),
    (
        queues_without_tls,
        lambda t: t("FailuresPolicy")["PolicyDocument"]["Statement"].pop(),
    ),
    (
        queues_without_tls,
        lambda t: t("FailuresPolicy")["PolicyDocument"]["Statement"][1].pop("Condition"),
    ),
    (unreachable_topics, lambda t: t.monitoring("Topic").update(KmsMasterKeyId="alias/aws/sns")),
]
