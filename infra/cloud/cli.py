"""The command line over a deployed stack: `python -m infra.cloud`."""

import os
import sys
from typing import TYPE_CHECKING, Final, Unpack

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from foretell.problems import RegistryError
from infra.cloud import checks
from infra.cloud import deploy as deployment
from infra.cloud import destroy as demolition
from infra.cloud import settings as samconfig
from infra.cloud.aws import Aws
from infra.cloud.costs import guide
from infra.cloud.errors import CloudError, NotReady
from infra.cloud.settings import Settings
from infra.cloud.stack import Stack
from infra.cloud.summary import summary
from infra.site.errors import SiteError
from training import terminal
from training.cli import TrainingOptions, training_options, training_request
from training.errors import HeldBack, InputError, LostRace, ParityError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INTERRUPTED: Final = 130
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")

env_option = click.option(
    "--env",
    default="dev",
    show_default=True,
    help="Environment of samconfig.toml: dev, prod, or one of your own.",
)
stack_option = click.option(
    "--stack-name", metavar="NAME", help="Another stack than the environment's."
)
region_option = click.option(
    "--region", metavar="REGION", help="By default AWS_REGION, or what the AWS profile says."
)
transactions_option = click.option(
    "--transactions",
    metavar="PATH",
    help="Log to train the first model on; without it, a simulated shop's.",
)


def main() -> None:
    """Entry point; what is the matter is told in one line and by the exit code."""
    try:
        commands.main(prog_name="python -m infra.cloud", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        terminal.error("interrupted; run the command again, it goes on from where it was")
        sys.exit(INTERRUPTED)
    except (
        BotoCoreError,
        ClientError,
        CloudError,
        HeldBack,
        InputError,
        LostRace,
        ParityError,
        RegistryError,
        SiteError,
    ) as error:
        terminal.error(str(error))
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Foretell in an AWS account: deploy it, fill it, look at it, take it down."""


@commands.command(
    epilog="Example: python -m infra.cloud deploy --env prod --set AlarmEmail=me@example.com"
)
@env_option
@stack_option
@region_option
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of template.yaml; repeat it for each. It counts before samconfig.toml.",
)
@transactions_option
@training_options
def deploy(
    *,
    env: str,
    stack_name: str | None,
    region: str | None,
    given: tuple[str, ...],
    transactions: str | None,
    **options: Unpack[TrainingOptions],
) -> None:
    """Build, deploy, publish the site, train a first model, and ask the API.

    Each step can be repeated: done again, it finds its work done.
    """
    chosen, where = _chosen(env, stack_name, region)
    stack = deployment.deploy(
        deployment.Deployment(
            settings=chosen,
            region=where,
            aws=Aws.connect(where),
            s3=_s3(),
            given=samconfig.parameters(given),
            request=training_request(transactions, options) if transactions else None,
        )
    )
    terminal.console.print(summary(stack, where), soft_wrap=True, highlight=False)


@commands.command(epilog="Example: python -m infra.cloud site --env prod")
@env_option
@stack_option
@region_option
def site(env: str, stack_name: str | None, region: str | None) -> None:
    """Publish the site anew, with what it has to know of the stack."""
    aws, stack, _ = _deployed(env, stack_name, region)
    deployment.publish_site(aws, _s3(), stack)


@commands.command(epilog="Example: python -m infra.cloud model --transactions orders.csv")
@env_option
@stack_option
@region_option
@transactions_option
@training_options
def model(
    *,
    env: str,
    stack_name: str | None,
    region: str | None,
    transactions: str | None,
    **options: Unpack[TrainingOptions],
) -> None:
    """Train the first model of a stack, unless one is live."""
    _, stack, _ = _deployed(env, stack_name, region)
    deployment.ensure_model(
        stack, training_request(transactions, options) if transactions else None
    )


@commands.command(epilog="Example: python -m infra.cloud check --env prod")
@env_option
@stack_option
@region_option
def check(env: str, stack_name: str | None, region: str | None) -> None:
    """Ask the API for its health, and whether it refuses strangers; tell its addresses."""
    _, stack, where = _deployed(env, stack_name, region)
    checks.check(stack.output("ApiUrl").rstrip("/"))
    terminal.console.print(summary(stack, where), soft_wrap=True, highlight=False)


@commands.command(epilog="Example: python -m infra.cloud destroy --env dev --confirm foretell-dev")
@env_option
@stack_option
@region_option
@click.option("--confirm", metavar="NAME", help="The stack's name, instead of being asked for it.")
def destroy(env: str, stack_name: str | None, region: str | None, confirm: str | None) -> None:
    """Delete the stack, but not the buckets that hold data; say so first, and ask."""
    chosen, where = _chosen(env, stack_name, region)
    aws = Aws.connect(where)
    aws.account()
    demolition.destroy(
        demolition.Demolition(settings=chosen, region=where, aws=aws, s3=_s3()),
        deployment.read(aws, chosen.stack),
        _asking(confirm),
    )


@commands.command(
    name="delete-bucket",
    epilog="Example: python -m infra.cloud delete-bucket foretell-dev-models-0123456789",
)
@click.argument("bucket")
@region_option
@click.option("--confirm", metavar="NAME", help="The bucket's name, instead of being asked for it.")
def delete_bucket(bucket: str, region: str | None, confirm: str | None) -> None:
    """Delete a bucket that a stack left behind, with every version of all that is in it."""
    _use(_region(region, None))
    deleted = demolition.delete_bucket(_s3(), bucket, _asking(confirm))
    terminal.console.print(f"Deleted {bucket} and the {deleted:,} versions in it")


@commands.command(epilog="Example: python -m infra.cloud costs --write")
@click.option("--write", is_flag=True, help="Write the tables into infra/DEPLOYING.md, too.")
def costs(*, write: bool) -> None:
    """What a month costs, with the arithmetic: the tables of infra/DEPLOYING.md."""
    tables = guide.tables()
    if write:
        guide.write(tables)
    click.echo(tables)


def _chosen(env: str, stack_name: str | None, region: str | None) -> tuple[Settings, str]:
    found = samconfig.read(samconfig.CONFIG, env)
    where = _region(region, found.region)
    _use(where)
    return (samconfig.named(found, stack_name) if stack_name else found), where


def _deployed(env: str, stack_name: str | None, region: str | None) -> tuple[Aws, Stack, str]:
    chosen, where = _chosen(env, stack_name, region)
    aws = Aws.connect(where)
    aws.account()
    return aws, deployment.read(aws, chosen.stack), where


def _region(asked: str | None, configured: str | None) -> str:
    said = (asked, *(os.environ.get(name) for name in _REGIONS), configured)
    found = next((region for region in said if region), None) or boto3.Session().region_name
    if found is None:
        raise NotReady("no region is set: give --region eu-central-1, say, or set AWS_REGION")
    return found


def _use(region: str) -> None:
    """Make what else is started here, and boto3, work in that region."""
    os.environ.update(dict.fromkeys(_REGIONS, region))


def _s3() -> "S3Client":
    return boto3.client("s3")


def _asking(confirm: str | None) -> demolition.Confirm:
    def ask(name: str) -> str:
        if confirm is not None:
            return confirm
        return str(click.prompt(f"Type {name} to delete it", default="", show_default=False))

    return ask
