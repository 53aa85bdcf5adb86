"""`deploy`: from this folder to an API that answers, in steps that can all be repeated."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from foretell.problems import RegistryError
from infra.cloud import first_model, preflight, tools
from infra.cloud.aws import Aws
from infra.cloud.checks import check
from infra.cloud.errors import CloudError, NotReady, StackNotReadable, StepFailed
from infra.cloud.page_config import page_config
from infra.cloud.preflight import ARCHITECTURE, BATCH_CONCURRENCY
from infra.cloud.settings import Settings
from infra.cloud.site_upload import upload
from infra.cloud.stack import Stack
from infra.site.build import build
from infra.site.errors import SiteError
from training import terminal
from training.errors import HeldBack, InputError, LostRace, ParityError
from training.request import TrainingRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Check = Callable[[str], None]

_STEPS: Final = 6
_EXPECTED: Final = (
    BotoCoreError,
    ClientError,
    CloudError,
    HeldBack,
    InputError,
    LostRace,
    OSError,
    ParityError,
    RegistryError,
    SiteError,
)


@dataclass(frozen=True)
class Deployment:
    """A deployment, and what it works with."""

    settings: Settings
    region: str
    aws: Aws
    s3: "S3Client"
    given: Mapping[str, str] = field(default_factory=dict)
    """Template parameters of the command line."""
    request: TrainingRequest | None = None
    """What to train the first model on; None for a simulated shop."""
    run: tools.Run = tools.run
    check: Check = check


def deploy(deployment: Deployment) -> Stack:
    """Run all steps; the stack as it is then.

    Raises:
        StepFailed: one failed. Done again, those before it find their work done.
    """
    name = deployment.settings.stack
    with _step(1, "Looking at the account"):
        parameters = parameters_for(deployment)
    with _step(2, "Building the functions and layers"):
        deployment.run(_make_build(parameters))
    with _step(3, f"Deploying the stack {name}"):
        deployment.run(_sam_deploy(deployment, parameters))
        stack = read(deployment.aws, name)
    with _step(4, "Publishing the site"):
        publish_site(deployment.aws, deployment.s3, stack)
    with _step(5, "Looking for a model"):
        ensure_model(stack, deployment.request)
    with _step(6, "Asking the API"):
        deployment.check(stack.output("ApiUrl").rstrip("/"))
    return stack


def parameters_for(deployment: Deployment) -> dict[str, str]:
    """The template parameters to deploy with, as the account allows them.

    Raises:
        NotReady: AWS does not take the credentials, or a parameter makes no sense.
    """
    account = deployment.aws.account()
    terminal.console.print(f"  account {account}, region {deployment.region}")
    before = deployment.aws.stack(deployment.settings.stack)
    wished = preflight.chosen(
        preflight.carried_over(before.parameters if before else {}),
        deployment.settings.parameters,
        deployment.given,
    )
    if BATCH_CONCURRENCY not in wished:
        return wished
    executions = wished[BATCH_CONCURRENCY]
    if not executions.isdigit():
        raise NotReady(f"{BATCH_CONCURRENCY} is {executions!r}: give a whole number")
    decided = preflight.reservation(
        int(executions),
        deployment.aws.concurrency(),
        held=before.reserved(BATCH_CONCURRENCY) if before else 0,
    )
    if decided.note:
        terminal.console.print(f"  {decided.note}", style="yellow", soft_wrap=True)
    return wished | {BATCH_CONCURRENCY: str(decided.executions)}


def read(aws: Aws, name: str) -> Stack:
    """A stack that has to be there.

    Raises:
        StackNotReadable: it is not.
    """
    stack = aws.stack(name)
    if stack is None:
        raise StackNotReadable(
            f"there is no stack {name} in this account and region: deploy it, or look whether"
            " AWS_PROFILE and AWS_REGION are the right ones"
        )
    return stack


def publish_site(aws: Aws, s3: "S3Client", stack: Stack) -> None:
    """The site, with what it has to know of the stack, to where CloudFront finds it.

    Raises:
        SiteError: it cannot be built.
        StackNotReadable: the stack does not say where to, or what.
    """
    files = build(page_config(stack))
    done = upload(s3, stack.output("SiteBucket"), files)
    terminal.console.print(
        f"  {len(files)} files, {len(done.written)} of them written, {len(done.removed)} removed;"
        " all of them are there for everybody within a minute or two"
    )
    # Also where nothing was written: an upload before may have ended between the two.
    aws.invalidate(stack.output("DistributionId"), uuid.uuid4().hex)


def ensure_model(stack: Stack, request: TrainingRequest | None) -> None:
    """Train a first model, unless one is live.

    Raises:
        HeldBack: it was published, but a gate keeps it from being live.
        InputError: the tables cannot be trained on.
        RegistryError: the models' bucket cannot be used.
    """
    registry = first_model.registry_of(stack)
    live = first_model.live_version(registry)
    if live is None:
        first_model.train(registry, request)
        return
    terminal.console.print(f"  {live} is live and stays so")
    if request is not None:
        terminal.console.print(
            "  The log you named is not used: it is for the first model. To train on it:"
            f" foretell train --transactions ... --registry {registry.address}",
            style="yellow",
            soft_wrap=True,
        )


def _make_build(parameters: Mapping[str, str]) -> list[str]:
    # make hands on what it was called with; these ARGS are for this command and not for the build.
    command = ["make", "build", "ARGS="]
    if ARCHITECTURE in parameters:
        command.append(f"ARCHITECTURE={parameters[ARCHITECTURE]}")
    return command


def _sam_deploy(deployment: Deployment, parameters: Mapping[str, str]) -> list[str]:
    command = [
        tools.sam(),
        "deploy",
        *("--config-env", deployment.settings.env),
        *("--stack-name", deployment.settings.stack),
        *("--region", deployment.region),
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
    ]
    words = preflight.overrides(parameters)
    return [*command, "--parameter-overrides", *words] if words else command


@contextmanager
def _step(number: int, name: str) -> Iterator[None]:
    terminal.console.print(f"[bold]{number}/{_STEPS} {name}[/]")
    try:
        yield
    except _EXPECTED as error:
        raise StepFailed(
            f"step {number} of {_STEPS}, {name[0].lower()}{name[1:]}: {error}. {_going_on(number)}"
        ) from error


def _going_on(number: int) -> str:
    if number == 1:
        return "Nothing was changed"
    return "What was done before stays; put this right and deploy again: it goes on from here"
