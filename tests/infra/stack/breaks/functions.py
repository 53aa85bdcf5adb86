from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.functions import (
    cramped,
    environment_of_another,
    flooding,
    hoarded_versions,
    left_to_defaults,
    of_another_processor,
    other_runtimes,
    reading_elsewhere,
    slow_to_start,
    snapshots_unused,
    stale_versions,
    unpublished,
    without_log_group,
    wrong_timeouts,
)


def variables(t: Breakable, function: str) -> dict:
    return t(function)["Environment"]["Variables"]


def layer(t: Breakable) -> str:
    """SAM puts a digest behind its name."""
    names = t.templates.deployed["template.yaml"]["Resources"]
    return next(name for name in names if name.startswith("RuntimeLayer"))


def without_alias(t: Breakable) -> None:
    resources = t.templates.deployed["template.yaml"]["Resources"]
    resources["ClvFunctionAliaslive"]["Properties"]["FunctionName"] = {"Ref": "ChurnFunction"}


def keep_versions(t: Breakable) -> None:
    for body in t.templates.deployed["template.yaml"]["Resources"].values():
        if body["Type"] == "AWS::Lambda::Version":
            body["DeletionPolicy"] = "Retain"


def around_the_alias(t: Breakable) -> None:
    integration = t.route("post", "/predict/clv")["x-amazon-apigateway-integration"]
    integration["uri"] = {
        "Fn::Sub": "arn:${AWS::Partition}:lambda:path/${ClvFunction.Arn}/invocations"
    }


BREAKS: list[Break] = [
    (other_runtimes, lambda t: t("ClvFunction").update(Runtime="python3.12")),
    (other_runtimes, lambda t: t("ClvFunction").update(Handler="app.lambda_handler")),
    (other_runtimes, lambda t: t("ClvFunction")["Layers"].pop()),
    (other_runtimes, lambda t: t("ClvFunction").update(Layers=t("BatchFunction")["Layers"])),
    (wrong_timeouts, lambda t: t("ClvFunction").pop("Timeout")),
    (wrong_timeouts, lambda t: t("ClvFunction").update(Timeout=30)),
    (wrong_timeouts, lambda t: t("BatchFunction").update(Timeout=300)),
    (left_to_defaults, lambda t: t("ChurnFunction").pop("MemorySize")),
    (left_to_defaults, lambda t: t("ChurnFunction").update(TracingConfig={"Mode": "PassThrough"})),
    (left_to_defaults, lambda t: t("ChurnFunction").pop("Description")),
    (without_log_group, lambda t: t("SegmentFunction").pop("LoggingConfig")),
    (
        without_log_group,
        lambda t: t("SegmentFunction").update(LoggingConfig={"LogGroup": "/aws/lambda/segment"}),
    ),
    (environment_of_another, lambda t: variables(t, "ClvFunction").pop("FORETELL_REGISTRY")),
    (environment_of_another, lambda t: variables(t, "ClvFunction").update(FORETELL_UPLOADS="x")),
    (environment_of_another, lambda t: variables(t, "BatchFunction").update(FORETEL_PART="1")),
    (environment_of_another, lambda t: variables(t, "BatchFunction").pop("FORETELL_STATE_MACHINE")),
    (reading_elsewhere, lambda t: variables(t, "PortfolioFunction").update(FORETELL_RESULTS="x")),
    (
        reading_elsewhere,
        lambda t: variables(t, "PortfolioFunction").update(
            FORETELL_UPLOADS={"Fn::GetAtt": ["Buckets", "Outputs.Results"]}
        ),
    ),
    (reading_elsewhere, lambda t: t("BatchStateMachine").update(StateMachineName="other")),
    (reading_elsewhere, lambda t: t("BatchStateMachine").pop("DefinitionSubstitutions")),
    (
        stale_versions,
        lambda t: t.source()["Resources"]["ClvFunction"]["Properties"].pop(
            "AutoPublishAliasAllProperties"
        ),
    ),
    (of_another_processor, lambda t: t("ClvFunction").pop("Architectures")),
    (of_another_processor, lambda t: t(layer(t)).update(CompatibleArchitectures=["x86_64"])),
    (slow_to_start, lambda t: t("SegmentFunction").pop("SnapStart")),
    (cramped, lambda t: t("BatchFunction").pop("EphemeralStorage")),
    (snapshots_unused, without_alias),
    (snapshots_unused, lambda t: t("ClvFunction").update(EphemeralStorage={"Size": 1024})),
    (hoarded_versions, keep_versions),
    (unpublished, around_the_alias),
    (flooding, lambda t: t("BatchFunction").pop("ReservedConcurrentExecutions")),
]
