from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.iam import (
    managed_policies,
    passing_any_role,
    trusting,
    wildcard_actions,
    wildcard_resources,
)
from tests.infra.stack.rules.permissions import in_another_role, of_nobody, other_than_expected

TRAINING = "infra/training.yaml"


def allow(t: Breakable, role: str, action: object, resource: object, **more: object) -> None:
    t.statements(role, 0).append(
        {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    )


def beside_its_role(t: Breakable) -> None:
    statement = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "${Buckets}/*"}
    t.add(
        "Extra",
        "AWS::IAM::Policy",
        Roles=[{"Ref": "PredictionRole"}],
        PolicyDocument={"Statement": statement},
    )


def pass_role(t: Breakable) -> dict:
    return t.statements("SchedulerRole", 0, TRAINING)[1]


def trust(t: Breakable, role: str) -> dict:
    return t(role)["AssumeRolePolicyDocument"]["Statement"][0]


BREAKS: list[Break] = [
    (wildcard_actions, lambda t: t.statements("PredictionRole", 0)[0].update(Action="s3:*")),
    (wildcard_actions, lambda t: t.statements("BatchRole", 1)[0].update(Action=["s3:Get*"])),
    (wildcard_actions, lambda t: allow(t, "PortfolioRole", "*", {"Fn::GetAtt": "Failures.Arn"})),
    (wildcard_actions, lambda t: t.statements("PredictionRole", 0)[0].update(NotAction="s3:Put")),
    (wildcard_resources, lambda t: t.statements("PredictionRole", 0)[0].update(Resource="*")),
    (
        wildcard_resources,
        lambda t: allow(t, "BatchRole", "s3:GetObject", "arn:aws:s3:::*/models/*"),
    ),
    (
        wildcard_resources,
        lambda t: allow(
            t, "BatchRole", "sqs:SendMessage", {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:*"}
        ),
    ),
    (
        wildcard_resources,
        lambda t: allow(t, "BatchRole", ["xray:PutTraceSegments", "s3:GetObject"], "*"),
    ),
    (wildcard_resources, lambda t: t.statements("BatchRole", 1)[0].update(NotResource="x")),
    (
        managed_policies,
        lambda t: t("PredictionRole").update(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
        ),
    ),
    (passing_any_role, lambda t: pass_role(t).update(Resource="*")),
    (passing_any_role, lambda t: pass_role(t).pop("Condition")),
    (trusting, lambda t: trust(t, "PredictionRole").update(Principal="*")),
    (trusting, lambda t: trust(t, "PredictionRole").update(Principal={"AWS": "111122223333"})),
    (trusting, lambda t: t("BatchRole")["AssumeRolePolicyDocument"].update(Statement=[])),
    (trusting, lambda t: trust(t, "BatchStateMachineRole").pop("Condition")),
    (
        other_than_expected,
        lambda t: t.statements("PredictionRole", 0)[0].update(
            Action=["s3:GetObject", "s3:PutObject"]
        ),
    ),
    (
        other_than_expected,
        lambda t: t.statements("PredictionRole", 0)[0].update(
            Resource={"Fn::Sub": "${Buckets.Outputs.ModelsArn}/*"}
        ),
    ),
    (other_than_expected, lambda t: t.statements("BatchRole", 1).pop()),
    (other_than_expected, beside_its_role),
    (
        other_than_expected,
        lambda t: t.add(
            "OtherRole",
            "AWS::IAM::Role",
            AssumeRolePolicyDocument={
                "Statement": {"Principal": {"Service": "lambda.amazonaws.com"}}
            },
        ),
    ),
    (of_nobody, lambda t: t.templates.deployed[TRAINING]["Resources"].pop("TaskRole")),
    (in_another_role, lambda t: t("ClvFunction").update(Role={"Fn::GetAtt": ["BatchRole", "Arn"]})),
    (in_another_role, lambda t: t("ClvFunction").pop("Role")),
    (in_another_role, lambda t: t.training("TaskDefinition").pop("TaskRoleArn")),
]
