from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.graph import (
    circular,
    naming_what_is_not_there,
    passing_what_nobody_takes,
)


def direct_event(t: Breakable) -> None:
    """What is dropped invokes the function, which may read where it is dropped."""
    parameters = t.templates.deployed["infra/buckets.yaml"]["Parameters"]
    parameters["Scorer"] = {"Type": "String", "Description": "ARN of a function"}
    t("Buckets")["Parameters"]["Scorer"] = {"Fn::GetAtt": ["BatchFunction", "Arn"]}
    t.buckets("Uploads")["NotificationConfiguration"] = {
        "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": {"Ref": "Scorer"}}]
    }


def state_machine_by_reference(t: Breakable) -> None:
    variables = t("BatchFunction")["Environment"]["Variables"]
    variables["FORETELL_STATE_MACHINE"] = {"Ref": "BatchStateMachine"}


BREAKS: list[Break] = [
    (circular, direct_event),
    (circular, state_machine_by_reference),
    (circular, lambda t: t.body("Logs").update(DependsOn="ClvFunction")),
    (circular, lambda t: t("Site")["Parameters"].update(Domain={"Fn::Sub": "${Api}.example.com"})),
    (naming_what_is_not_there, lambda t: t("ClvFunction").update(Role={"Ref": "Nobody"})),
    (
        naming_what_is_not_there,
        lambda t: t("ClvFunction").update(Role={"Fn::Sub": "${Buckets.Outputs.Nothing}"}),
    ),
    (
        naming_what_is_not_there,
        lambda t: t("Site")["Parameters"].update(
            IssuerHost={"Fn::GetAtt": "SignIn.Outputs.Issuer"}
        ),
    ),
    (
        naming_what_is_not_there,
        lambda t: t.templates.deployed["template.yaml"]["Outputs"]["ServerClientId"].pop(
            "Condition"
        ),
    ),
    (passing_what_nobody_takes, lambda t: t("Buckets")["Parameters"].pop("UploadsDays")),
    (passing_what_nobody_takes, lambda t: t("Buckets")["Parameters"].update(Colour="red")),
]
