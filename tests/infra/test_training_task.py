"""The scheduled training: what no machine but Fargate would show is read from its template.

The rules are in training/rules.py, and each is tried on templates that were broken on purpose.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.stack.evaluation import Template
from tests.infra.training.rules import (
    RULES,
    Rule,
    confusing_ends,
    costing_while_idle,
    letting_in,
    letting_out_more_than_https,
    losing_what_cannot_be_delivered,
    of_a_size_nobody_sells,
    passing_other_roles,
    privileged,
    saying_what_training_does_not_know,
    starting_only_once,
    unreadable,
    with_images_that_change,
    with_wildcard,
    without_end,
    writing_elsewhere,
)
from tests.infra.training.task import container, resources, stack, template


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_deployed_training_keeps_the_rule(rule: Rule) -> None:
    assert rule(template()) == []


Change = Callable[[Template], object]


def said(of: Template, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = of["Resources"][name]["Properties"]
    return properties


def said_of_container(of: Template) -> dict[str, Any]:
    (found,) = said(of, "TaskDefinition")["ContainerDefinitions"]
    return dict(found) if not isinstance(found, dict) else found


def statement(of: Template, role: str, policy: int, number: int) -> dict[str, Any]:
    document = said(of, role)["Policies"][policy]["PolicyDocument"]
    found: dict[str, Any] = document["Statement"][number]
    return found


def command(of: Template) -> list[Any]:
    words: list[Any] = said_of_container(of)["Command"]["Fn::Split"][1]["Fn::Join"][1]
    return words


def alternatives(of: Template) -> list[Any]:
    found: list[Any] = said(of, "Failed")["EventPattern"]["detail"]["$or"]
    return found


def transformer(of: Template, rule: str) -> dict[str, Any]:
    found: dict[str, Any] = said(of, rule)["Targets"][0]["InputTransformer"]
    return found


BROKEN: list[tuple[Rule, Change]] = [
    (
        letting_in,
        lambda t: said(t, "SecurityGroup")["SecurityGroupIngress"].append({"FromPort": 22}),
    ),
    (letting_in, lambda t: said(t, "SecurityGroup").pop("SecurityGroupIngress")),
    (
        letting_in,
        lambda t: t["Resources"].update(Door={"Type": "AWS::EC2::SecurityGroupIngress"}),
    ),
    (
        letting_out_more_than_https,
        lambda t: said(t, "SecurityGroup")["SecurityGroupEgress"][0].update(FromPort=0),
    ),
    (
        letting_out_more_than_https,
        lambda t: said(t, "SecurityGroup")["SecurityGroupEgress"].clear(),
    ),
    (costing_while_idle, lambda t: t["Resources"].update(Nat={"Type": "AWS::EC2::NatGateway"})),
    (costing_while_idle, lambda t: said(t, "ToS3").update(VpcEndpointType="Interface")),
    (privileged, lambda t: said_of_container(t).pop("User")),
    (privileged, lambda t: said_of_container(t).update(User="root")),
    (privileged, lambda t: said_of_container(t).update(User="0:0")),
    (privileged, lambda t: said_of_container(t).update(ReadonlyRootFilesystem=False)),
    (privileged, lambda t: said_of_container(t).update(Privileged=True)),
    (privileged, lambda t: said_of_container(t).pop("LinuxParameters")),
    (privileged, lambda t: said_of_container(t).pop("MountPoints")),
    (without_end, lambda t: said_of_container(t).update(EntryPoint=["foretell"])),
    (without_end, lambda t: said_of_container(t)["EntryPoint"].__setitem__(2, "6h")),
    (of_a_size_nobody_sells, lambda t: t["Mappings"]["Sizes"]["small"].update(Memory="2048")),
    (of_a_size_nobody_sells, lambda t: t["Mappings"]["Sizes"]["large"].update(Memory="65536")),
    (of_a_size_nobody_sells, lambda t: t["Mappings"]["Sizes"]["medium"].update(Cpu="3072")),
    (of_a_size_nobody_sells, lambda t: t["Mappings"]["Sizes"]["small"].update(Disk=20)),
    (saying_what_training_does_not_know, lambda t: command(t).insert(1, "--models=here")),
    (saying_what_training_does_not_know, lambda t: command(t).__setitem__(0, "fit")),
    (
        saying_what_training_does_not_know,
        lambda t: command(t)[3]["Fn::If"].__setitem__(1, "--clients=s3://tables/customers/"),
    ),
    (confusing_ends, lambda t: t["Resources"].pop("HeldBack")),
    (confusing_ends, lambda t: t["Resources"].pop("Failed")),
    (confusing_ends, lambda t: alternatives(t).pop(0)),
    (confusing_ends, lambda t: alternatives(t).pop(1)),
    (
        confusing_ends,
        lambda t: alternatives(t)[0]["containers"].update(exitCode=[{"anything-but": 0}]),
    ),
    (confusing_ends, lambda t: said(t, "Failed")["EventPattern"]["detail"].pop("clusterArn")),
    (confusing_ends, lambda t: said(t, "HeldBack")["EventPattern"]["detail"].pop("lastStatus")),
    (confusing_ends, lambda t: said(t, "HeldBack")["Targets"][0].update(Arn="arn:of:a:queue")),
    (unreadable, lambda t: said(t, "Failed")["Targets"][0].pop("InputTransformer")),
    (unreadable, lambda t: transformer(t, "Failed")["InputPathsMap"].pop("code")),
    (unreadable, lambda t: transformer(t, "HeldBack").update(InputTemplate='"It is done: <task>"')),
    (
        losing_what_cannot_be_delivered,
        lambda t: said(t, "Timetable")["Target"].pop("DeadLetterConfig"),
    ),
    (
        losing_what_cannot_be_delivered,
        lambda t: said(t, "HeldBack")["Targets"][0].pop("DeadLetterConfig"),
    ),
    (losing_what_cannot_be_delivered, lambda t: t["Resources"].pop("NotStarted")),
    (losing_what_cannot_be_delivered, lambda t: said(t, "NotStarted").update(AlarmActions=[])),
    (losing_what_cannot_be_delivered, lambda t: said(t, "NotStarted").update(Threshold=10)),
    (losing_what_cannot_be_delivered, lambda t: t["Resources"].pop("UndeliveredPolicy")),
    (
        losing_what_cannot_be_delivered,
        lambda t: said(t, "Undelivered").pop("MessageRetentionPeriod"),
    ),
    (starting_only_once, lambda t: said(t, "Timetable")["Target"].pop("RetryPolicy")),
    (with_wildcard, lambda t: statement(t, "TaskRole", 1, 0).update(Action="s3:*")),
    (with_wildcard, lambda t: statement(t, "TaskRole", 0, 0).update(Resource="*")),
    (with_wildcard, lambda t: statement(t, "TaskRole", 0, 0).update(Resource="arn:aws:s3:::*")),
    (with_wildcard, lambda t: statement(t, "ExecutionRole", 0, 0).update(Resource="*")),
    (with_wildcard, lambda t: statement(t, "SchedulerRole", 0, 0).update(Resource="*")),
    (
        writing_elsewhere,
        lambda t: statement(t, "TaskRole", 0, 0).update(Action=["s3:GetObject", "s3:PutObject"]),
    ),
    (
        writing_elsewhere,
        lambda t: statement(t, "TaskRole", 1, 1).update(Action="s3:DeleteObject"),
    ),
    (passing_other_roles, lambda t: statement(t, "SchedulerRole", 0, 1).pop("Condition")),
    (
        passing_other_roles,
        lambda t: statement(t, "SchedulerRole", 0, 1)["Resource"].append("arn:of:an:admin"),
    ),
    (
        passing_other_roles,
        lambda t: statement(t, "SchedulerRole", 0, 0).update(Resource="arn:of:another:task"),
    ),
    (with_images_that_change, lambda t: said(t, "Repository").pop("ImageTagMutability")),
    (with_images_that_change, lambda t: said(t, "Repository").pop("ImageScanningConfiguration")),
]


@pytest.mark.parametrize(
    ("rule", "change"), BROKEN, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(BROKEN)]
)
def test_a_training_that_breaks_the_rule_is_found(rule: Rule, change: Change) -> None:
    broken = template()

    change(broken)

    assert rule(broken) != []


def test_every_rule_is_tried() -> None:
    assert {rule for rule, _ in BROKEN} == set(RULES)


class TestWhatIsTrainedOn:
    """The tables that are said to be there, and the options that are given, and no empty words."""

    @pytest.mark.parametrize(
        ("tables", "optional"),
        [
            ("transactions", []),
            ("transactions+customers", ["customers"]),
            ("transactions+engagement", ["engagement"]),
            ("transactions+customers+engagement", ["customers", "engagement"]),
        ],
    )
    def test_a_table_is_read_where_there_is_one(self, tables: str, optional: list[str]) -> None:
        words = container(stack(Tables=tables, TablesPrefix="raw/"))["Command"]

        assert words == [
            "train",
            "--registry=s3://models",
            "--transactions=s3://tables/raw/transactions/",
            *(f"--{name}=s3://tables/raw/{name}/" for name in optional),
        ]

    def test_options_with_spaces_and_commas_stay_whole(self) -> None:
        options = "--column=amount=round(Quantity * UnitPrice, 2);--timezone=Europe/Berlin"

        words = container(stack(Options=options))["Command"]

        assert words[3:] == options.split(";")

    @pytest.mark.parametrize("options", ["", "--horizon-days=90", "--a=b;--column=c=d; e"])
    def test_options_are_written_so_that_each_is_one_word(self, options: str) -> None:
        pattern = template()["Parameters"]["Options"]["AllowedPattern"]

        assert (re.fullmatch(pattern, options) is not None) == ("; e" not in options)


class TestWhereItRuns:
    """In a network that is made for it, or in one that is there."""

    def test_in_a_network_of_its_own_it_has_a_public_address_to_reach_aws_by(self) -> None:
        made = resources(stack())
        target = made["Timetable"]["Properties"]["Target"]["EcsParameters"]
        network = target["NetworkConfiguration"]["AwsvpcConfiguration"]

        assert network["Subnets"] == ["${SubnetA}", "${SubnetB}"]
        assert network["AssignPublicIp"] == "ENABLED"
        assert made["SecurityGroup"]["Properties"]["VpcId"] == "${Vpc}"

    def test_in_a_given_network_nothing_is_made_but_the_security_group(self) -> None:
        given = stack(VpcId="vpc-1", Subnets="subnet-1,subnet-2")

        there = resources(given)

        network = [name for name, body in there.items() if body["Type"].startswith("AWS::EC2::")]
        assert network == ["SecurityGroup"]
        assert there["SecurityGroup"]["Properties"]["VpcId"] == "vpc-1"
        target = there["Timetable"]["Properties"]["Target"]["EcsParameters"]
        assert target["NetworkConfiguration"]["AwsvpcConfiguration"] == {
            "Subnets": ["subnet-1", "subnet-2"],
            "SecurityGroups": ["${SecurityGroup}"],
            "AssignPublicIp": "DISABLED",
        }

    @pytest.mark.parametrize(
        ("parameters", "network"),
        [
            (
                {},
                "subnets=[${SubnetA},${SubnetB}],securityGroups=[${SecurityGroup}],assignPublicIp=ENABLED",
            ),
            (
                {"VpcId": "vpc-1", "Subnets": "subnet-1,subnet-2"},
                "subnets=[subnet-1,subnet-2],securityGroups=[${SecurityGroup}],assignPublicIp=DISABLED",
            ),
        ],
        ids=["made", "given"],
    )
    def test_one_command_trains_now(self, parameters: dict[str, str], network: str) -> None:
        told_command = stack(**parameters).output("RunOnce")

        assert told_command == (
            "aws ecs run-task --cluster ${Cluster} --task-definition ${TaskDefinition}"
            f' --launch-type FARGATE --network-configuration "awsvpcConfiguration={{{network}}}"'
        )


@pytest.mark.parametrize(("asked", "named"), [("x86_64", "X86_64"), ("arm64", "ARM64")])
def test_the_task_runs_on_the_processor_of_the_stack(asked: str, named: str) -> None:
    task = resources(stack(Architecture=asked))["TaskDefinition"]["Properties"]

    assert task["RuntimePlatform"]["CpuArchitecture"] == named
