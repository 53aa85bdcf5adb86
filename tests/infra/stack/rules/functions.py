"""How the functions run: runtime, time, memory, environment, versions, logs."""

from collections.abc import Iterator, Mapping

from aws_lambda_powertools.shared import constants

from foretell import environment
from tests.infra.stack.deployment import Deployment, Resource, listed
from tests.infra.stack.rules.routes import routes

FUNCTION = "AWS::Lambda::Function"
ALIAS = "AWS::Lambda::Alias"
RUNTIME = "python3.13"
BATCH = "BatchFunction"
NO_STORE, NO_ANSWER = 7, 30
"""Seconds: a function waits so long for S3 before it says so; API Gateway for a function."""
LONGEST = 900  # seconds
MOST_DISK = 10_240  # MB
LAYERS = {"RuntimeLayer", "ForetellLayer"}
ANSWERING = ("ClvFunction", "ChurnFunction", "SegmentFunction", "ComprehensiveFunction")
NEEDED: Mapping[str, set[str]] = {
    **{name: {environment.REGISTRY} for name in ANSWERING},
    "PortfolioFunction": {environment.UPLOADS, environment.RESULTS},
    BATCH: {
        environment.REGISTRY,
        environment.UPLOADS,
        environment.RESULTS,
        environment.STATE_MACHINE,
    },
}
"""What each function does not work without."""
POSSIBLE: Mapping[str, set[str]] = {
    **{name: {environment.REFRESH_SECONDS} for name in ANSWERING},
    BATCH: {environment.SHARE_FROM, environment.PART},
}
"""What has a value of its own where it is not set."""
_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine"
MEANT: Mapping[str, str] = {
    environment.REGISTRY: "s3://${Buckets.Models}",
    environment.UPLOADS: "${Buckets.Uploads}",
    environment.RESULTS: "${Buckets.Results}",
    environment.STATE_MACHINE: f"{_STATES}:${{AWS::StackName}}-batch",
}
_POWERTOOLS = {value for name, value in vars(constants).items() if name.endswith("_ENV")}


def other_runtimes(deployment: Deployment) -> Iterator[str]:
    """What the layers were built for."""
    for function in deployment.of(FUNCTION):
        said = function.properties
        if said.get("Runtime") != RUNTIME:
            yield function.finding(f"runs {said.get('Runtime')}: the layers are of {RUNTIME}")
        if said.get("Handler") != "app.handler":
            yield function.finding(f"begins at {said.get('Handler')}, not at app.handler")
        used = {each.name for arn in said.get("Layers", []) if (each := deployment.named_in(arn))}
        wanted = LAYERS | ({"DuckdbLayer"} if function.name == BATCH else set())
        if {_without_digest(name) for name in used} != wanted:
            yield function.finding(f"has {sorted(used)}, needs {sorted(wanted)}")


def wrong_timeouts(deployment: Deployment) -> Iterator[str]:
    """Longer than S3 is waited for, shorter than API Gateway waits; a file has all there is."""
    for function in deployment.of(FUNCTION):
        seconds = int(function.properties.get("Timeout", 3))
        if function.name == BATCH:
            if seconds != LONGEST:
                yield function.finding(f"has {seconds} s: a file may take {LONGEST}")
        elif not NO_STORE < seconds < NO_ANSWER:
            yield function.finding(f"has {seconds} s: set {NO_STORE + 1} to {NO_ANSWER - 1}")


def left_to_defaults(deployment: Deployment) -> Iterator[str]:
    """Memory is a decision, and a request can be followed."""
    for function in deployment.of(FUNCTION):
        if int(function.properties.get("MemorySize", 128)) < 512:
            yield function.finding("has too little memory for onnxruntime: set MemorySize")
        if function.properties.get("TracingConfig", {}).get("Mode") != "Active":
            yield function.finding("is not traced: set Tracing: Active")
        if not function.properties.get("Description"):
            yield function.finding("does not say what it is for: set Description")


def without_log_group(deployment: Deployment) -> Iterator[str]:
    """A function whose log group nobody made gets one that is kept for ever."""
    for function in deployment.of(FUNCTION):
        group = deployment.named_in(
            function.properties.get("LoggingConfig", {}).get("LogGroup", "")
        )
        if group is None or group.type != "AWS::Logs::LogGroup":
            yield function.finding("logs for ever: set LoggingConfig to a group with retention")


def environment_of_another(deployment: Deployment) -> Iterator[str]:
    """What a function reads is set, and what is set is read."""
    for function in deployment.of(FUNCTION):
        variables = set(function.properties.get("Environment", {}).get("Variables", {}))
        needed = NEEDED.get(function.name, set())
        known = needed | POSSIBLE.get(function.name, set()) | _POWERTOOLS
        yield from [
            function.finding(f"reads {name}: set it") for name in sorted(needed - variables)
        ]
        yield from [
            function.finding(f"has {name}, which nothing in it reads: remove it")
            for name in sorted(variables - known)
        ]


def reading_elsewhere(deployment: Deployment) -> Iterator[str]:
    """Each variable leads to the bucket, or the state machine, that it is about."""
    for function in deployment.of(FUNCTION):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        for name, meant in MEANT.items():
            if name in variables and variables[name] != meant:
                yield function.finding(f"has {name}: {variables[name]}, should have {meant}")
    for machine in deployment.of("AWS::StepFunctions::StateMachine"):
        name = machine.properties.get("StateMachineName")
        if not MEANT[environment.STATE_MACHINE].endswith(f":{name}"):
            yield machine.finding(f"is called {name}: the batch function starts another")
        scorer = machine.properties.get("DefinitionSubstitutions", {})
        if scorer != {"BatchFunctionArn": "${BatchFunction.Arn}"}:
            yield machine.finding("does not get what infra/batch.asl.json has to be told")


def stale_versions(deployment: Deployment) -> Iterator[str]:
    """The code is in layers: without this an alias keeps to the layers it was made with."""
    source = deployment.sources[deployment.root]
    for name, body in source["Resources"].items():
        said = body.get("Properties", {})
        if "AutoPublishAlias" in said and said.get("AutoPublishAliasAllProperties") is not True:
            yield (
                f"{deployment.root}: {name}: publishes no version for new layers: set"
                " AutoPublishAliasAllProperties: true"
            )


def of_another_processor(deployment: Deployment) -> Iterator[str]:
    """Functions and layers are of the processor that was chosen, or of any."""
    chosen = [deployment.stacks[0].value({"Ref": "Architecture"})]
    for function in deployment.of(FUNCTION):
        if function.properties.get("Architectures") != chosen:
            yield function.finding(f"is not of {chosen}: set Architectures to the parameter")
    for layer in deployment.of("AWS::Lambda::LayerVersion"):
        if layer.properties.get("CompatibleArchitectures", chosen) != chosen:
            yield layer.finding(f"is not of {chosen}: set CompatibleArchitectures to the parameter")


def slow_to_start(deployment: Deployment) -> Iterator[str]:
    """The functions that predict have a snapshot, unless somebody wants none."""
    chosen = deployment.stacks[0].value({"Ref": "SnapStart"})
    for function in deployment.of(FUNCTION):
        said = function.properties.get("SnapStart", {}).get("ApplyOn")
        if function.name in ANSWERING and said != chosen:
            yield function.finding("starts from nothing: set SnapStart to the parameter")


def cramped(deployment: Deployment) -> Iterator[str]:
    """A log of transactions, or a Parquet file, lies on the disk while it is scored."""
    for function in deployment.of(FUNCTION):
        disk = int(function.properties.get("EphemeralStorage", {}).get("Size", 512))
        if function.name == BATCH and disk < MOST_DISK:
            yield function.finding(f"has no room for large files: EphemeralStorage {MOST_DISK}")


def snapshots_unused(deployment: Deployment) -> Iterator[str]:
    """Only a published version has a snapshot: requests go to the alias of one."""
    for function in deployment.of(FUNCTION):
        if function.properties.get("SnapStart", {}).get("ApplyOn") != "PublishedVersions":
            continue
        if not any(
            function.is_named_in(a.properties["FunctionName"]) for a in deployment.of(ALIAS)
        ):
            yield function.finding("publishes no version: set AutoPublishAlias")
        if int(function.properties.get("EphemeralStorage", {}).get("Size", 512)) > 512:
            yield function.finding("SnapStart allows no EphemeralStorage over 512 MB")


def hoarded_versions(deployment: Deployment) -> Iterator[str]:
    """SAM keeps each version that ever was, and AWS charges for the snapshots of all of them."""
    for version in deployment.of("AWS::Lambda::Version"):
        if version.attributes.get("DeletionPolicy") != "Delete":
            yield version.finding("stays with its snapshot: DeletionPolicy: Delete on its function")


def unpublished(deployment: Deployment) -> list[str]:
    """A deployment is taken back by its alias: no route goes around it."""
    return [
        route.finding("goes to $LATEST: set AutoPublishAlias on its function")
        for route in routes(deployment)
        if not any(each.type == ALIAS for each in _named(deployment, route.said))
    ]


def flooding(deployment: Deployment) -> list[str]:
    """A thousand files at once must not take all of the account's executions from the API."""
    return [
        function.finding("takes all executions there are: set ReservedConcurrentExecutions")
        for function in deployment.of(FUNCTION)
        if function.name == BATCH
        and "ReservedConcurrentExecutions" not in function.properties
        and deployment.stacks[0].value({"Ref": "BatchConcurrency"}) != 0
    ]


def _named(deployment: Deployment, said: object) -> Iterator[Resource]:
    uri = said["x-amazon-apigateway-integration"]["uri"] if isinstance(said, dict) else ""
    for text in listed(uri):
        found = deployment.named_in(text)
        if found is not None:
            yield found


def _without_digest(name: str) -> str:
    """SAM names the version of a layer after its content."""
    return next((layer for layer in LAYERS | {"DuckdbLayer"} if name.startswith(layer)), name)


RULES = (
    other_runtimes,
    wrong_timeouts,
    left_to_defaults,
    without_log_group,
    environment_of_another,
    reading_elsewhere,
    stale_versions,
    of_another_processor,
    slow_to_start,
    cramped,
    snapshots_unused,
    hoarded_versions,
    unpublished,
    flooding,
)
