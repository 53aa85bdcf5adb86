"""What the deployed training keeps: each rule is a function from a template to what breaks it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.infra.stack.evaluation import Template
from tests.infra.training.ends import listed, matches, stopped
from tests.infra.training.task import PARAMETERS, container, resources, stack
from training import cli
from training.cli.commands import HELD_BACK, INTERRUPTED, LOST_RACE

Rule = Callable[[Template], list[str]]

# What Fargate sells (AWS, "Task definition parameters"): memory in MiB by processor units.
FARGATE = {
    256: [512, 1024, 2048],
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16_384 + 1, 1024),
    4096: range(8192, 30_720 + 1, 1024),
    8192: range(16_384, 61_440 + 1, 4096),
    16_384: range(32_768, 122_880 + 1, 8192),
}
DISKS = range(21, 200 + 1)  # GiB
LONGEST_KEPT = 1_209_600  # seconds
WITHOUT_RESOURCES = ["ecr:GetAuthorizationToken"]
BELOW = re.compile(r"arn:\$\{AWS::Partition\}:s3:::[^*/]+/[^*]+/\*")  # a prefix of one bucket
HTTPS_OUT = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
TOPIC = PARAMETERS["Topic"]


def of_type(of: Template, kind: str, **parameters: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in resources(stack(of, **parameters)).items():
        if body["Type"] == kind:
            yield name, body["Properties"]


def statements(of: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for role, properties in of_type(of, "AWS::IAM::Role"):
        for policy in properties["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield role, statement


def told(of: Template, event: dict[str, Any]) -> list[str]:
    """The names of the rules that send an event to the topic."""
    return [
        name
        for name, properties in of_type(of, "AWS::Events::Rule")
        if matches(properties["EventPattern"], event)
        and [target["Arn"] for target in properties["Targets"]] == [TOPIC]
    ]


def letting_in(of: Template) -> list[str]:
    found = [
        name
        for name, properties in of_type(of, "AWS::EC2::SecurityGroup")
        if properties.get("SecurityGroupIngress") != []
    ]
    return found + [name for name, _ in of_type(of, "AWS::EC2::SecurityGroupIngress")]


def letting_out_more_than_https(of: Template) -> list[str]:
    return [
        name
        for name, properties in of_type(of, "AWS::EC2::SecurityGroup")
        if not all(HTTPS_OUT.items() <= rule.items() for rule in properties["SecurityGroupEgress"])
        or len(properties["SecurityGroupEgress"]) != 1
    ]


def costing_while_idle(of: Template) -> list[str]:
    """Nothing in the network costs while nothing trains."""
    return [
        name
        for name, body in resources(stack(of)).items()
        if body["Type"] in {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::ECS::Service"}
        or body["Properties"].get("VpcEndpointType", "Gateway") != "Gateway"
    ]


def privileged(of: Template) -> list[str]:
    """A container may write to /tmp, as a user who is nobody, and nothing else."""
    said = container(stack(of))
    user, _, group = said.get("User", "").partition(":")
    kept = {
        "User": user.isdecimal() and group.isdecimal() and int(user) > 0 and int(group) > 0,
        "ReadonlyRootFilesystem": said.get("ReadonlyRootFilesystem") is True,
        "Privileged": not said.get("Privileged", False),
        "Capabilities": said.get("LinuxParameters", {}).get("Capabilities") == {"Drop": ["ALL"]},
        "MountPoints": [each["ContainerPath"] for each in said.get("MountPoints", [])] == ["/tmp"],  # noqa: S108
    }
    return [name for name, is_kept in kept.items() if not is_kept]


def without_end(of: Template) -> list[str]:
    """Fargate ends no task by itself."""
    entry = container(stack(of, MaxHours="2"))["EntryPoint"]
    return [] if entry == ["timeout", "--kill-after=60", "2h", "foretell"] else [str(entry)]


def of_a_size_nobody_sells(of: Template) -> list[str]:
    found = []
    for size in of["Parameters"]["Size"]["AllowedValues"]:
        for _, task in of_type(of, "AWS::ECS::TaskDefinition", Size=size):
            sold = int(task["Memory"]) in FARGATE.get(int(task["Cpu"]), ())
            if not sold or task["EphemeralStorage"]["SizeInGiB"] not in DISKS:
                found.append(size)
    return found


def saying_what_training_does_not_know(of: Template) -> list[str]:
    known = {name for option in cli.commands.commands["train"].params for name in option.opts}
    found = []
    for tables in of["Parameters"]["Tables"]["AllowedValues"]:
        command, *options = container(stack(of, Tables=tables))["Command"]
        found += [] if command == "train" else [command]
        found += [option for option in options if option.partition("=")[0] not in known]
    return found


def confusing_ends(of: Template) -> list[str]:
    """Each end that is not a success is told once, and what the gates did by its own message."""
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        (stopped(0), []),
        (stopped(HELD_BACK), ["HeldBack"]),
        *((stopped(code), ["Failed"]) for code in (1, 2, LOST_RACE, 124, INTERRUPTED, 137)),
        (stopped(None, "TaskFailedToStart"), ["Failed"]),
        (stopped(None, "ServiceSchedulerInitiated"), ["Failed"]),
    ]
    for code in (1, HELD_BACK):
        elsewhere, running = stopped(code), stopped(code)
        elsewhere["detail"]["clusterArn"] = "arn:of:another:cluster"
        running["detail"]["lastStatus"] = "DEPROVISIONING"
        wanted += [(elsewhere, []), (running, [])]
    return [json.dumps(event["detail"]) for event, rules in wanted if told(of, event) != rules]


def unreadable(of: Template) -> list[str]:
    """A message is a sentence, every blank of it is filled, and it says where to look."""
    found = []
    for name, properties in of_type(of, "AWS::Events::Rule"):
        (target,) = properties["Targets"]
        transformer = target.get("InputTransformer", {"InputPathsMap": {}, "InputTemplate": "{}"})
        text = transformer["InputTemplate"]
        blanks = set(re.findall(r"<(\w+)>", text))
        message = json.loads(text)
        says_where = isinstance(message, str) and "The training of shop" in message
        if blanks != transformer["InputPathsMap"].keys() or not says_where or "${Logs}" not in text:
            found.append(name)
        if name == "HeldBack" and "held back by its gates" not in text:
            found.append(name)
    return found


def losing_what_cannot_be_delivered(of: Template) -> list[str]:
    """What could not be started or told is in a queue that takes it, and that somebody hears of."""
    heard = {
        dimension["Value"].removesuffix(".QueueName}") + ".Arn}"
        for _, alarm in of_type(of, "AWS::CloudWatch::Alarm")
        for dimension in alarm["Dimensions"]
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and alarm["AlarmActions"] == [TOPIC]
        and alarm["Threshold"] == 1
    }
    deliveries = [
        (name, target)
        for name, rule in of_type(of, "AWS::Events::Rule")
        for target in rule["Targets"]
    ] + [(name, each["Target"]) for name, each in of_type(of, "AWS::Scheduler::Schedule")]
    taken = {
        source.removesuffix(".Arn}").removeprefix("${")
        for _, policy in of_type(of, "AWS::SQS::QueuePolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for source in statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    } | {"Timetable"}  # the scheduler sends as its role
    lost = [
        name
        for name, target in deliveries
        if target.get("DeadLetterConfig", {}).get("Arn") not in heard or name not in taken
    ]
    return lost + [
        name
        for name, queue in of_type(of, "AWS::SQS::Queue")
        if queue.get("MessageRetentionPeriod") != LONGEST_KEPT
    ]


def starting_only_once(of: Template) -> list[str]:
    return [
        name
        for name, schedule in of_type(of, "AWS::Scheduler::Schedule")
        if schedule["Target"].get("RetryPolicy", {}).get("MaximumRetryAttempts", 0) < 1
    ]


def with_wildcard(of: Template) -> list[str]:
    """Named actions on named resources: of objects, those below a prefix."""
    found = []
    for role, statement in statements(of):
        actions = listed(statement["Action"])
        found += [f"{role}: {action}" for action in actions if "*" in action]
        for resource in listed(statement["Resource"]):
            if "*" in resource and not BELOW.fullmatch(resource) and actions != WITHOUT_RESOURCES:
                found.append(f"{role}: {resource}")
    return found


def writing_elsewhere(of: Template) -> list[str]:
    """The task writes to the registry's models, and nowhere else."""
    models = "arn:${AWS::Partition}:s3:::models/models/*"
    return [
        f"{role}: {statement['Action']} on {statement['Resource']}"
        for role, statement in statements(of)
        if role == "TaskRole"
        and set(listed(statement["Action"])) - {"s3:GetObject", "s3:ListBucket"}
        and (statement["Resource"] != models or "s3:PutObject" not in statement["Action"])
    ]


def passing_other_roles(of: Template) -> list[str]:
    """Whoever may start tasks may start this one, as these roles, and hand them to ECS alone."""
    found = []
    for role, statement in statements(of):
        if statement["Action"] == "iam:PassRole":
            only = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
            roles = ["${TaskRole.Arn}", "${ExecutionRole.Arn}"]
            if statement.get("Condition") != only or statement["Resource"] != roles:
                found.append(role)
        if statement["Action"] == "ecs:RunTask" and statement["Resource"] != "${TaskDefinition}":
            found.append(role)
    return found


def with_images_that_change(of: Template) -> list[str]:
    return [
        name
        for name, repository in of_type(of, "AWS::ECR::Repository")
        if repository.get("ImageTagMutability") != "IMMUTABLE"
        or repository.get("ImageScanningConfiguration") != {"ScanOnPush": True}
        or not json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    ]


RULES: tuple[Rule, ...] = (
    letting_in,
    letting_out_more_than_https,
    costing_while_idle,
    privileged,
    without_end,
    of_a_size_nobody_sells,
    saying_what_training_does_not_know,
    confusing_ends,
    unreadable,
    losing_what_cannot_be_delivered,
    starting_only_once,
    with_wildcard,
    writing_elsewhere,
    passing_other_roles,
    with_images_that_change,
)
