"""The `foretell` command: training, the registry, and the platform on this machine."""

import signal
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Unpack

import click
from click.core import ParameterSource

from infra.local import home
from infra.local.errors import LocalPlatformError
from training import cli, terminal


@click.command(epilog="Example: foretell serve --transactions orders.csv --horizon-days 90")
@click.option(
    "--transactions",
    metavar="PATH",
    help="Train on this log; by default on a simulated shop, once, and never again.",
)
@cli.training_options
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True)
@click.option("--s3-port", type=click.IntRange(0, 65_535), default=8001, show_default=True)
@click.option(
    "--portfolio/--no-portfolio",
    default=True,
    show_default=True,
    help="After training, score the log's customers: as they are, and as they were a month ago.",
)
def serve(
    transactions: str | None,
    port: int,
    s3_port: int,
    *,
    portfolio: bool,
    **options: Unpack[cli.TrainingOptions],
) -> None:
    """Run the whole platform on this machine: S3, training, the HTTP API and the page."""
    # Brings moto and the models along, which --help can do without.
    from infra.local.serve import Ports  # noqa: PLC0415
    from infra.local.serve import serve as run  # noqa: PLC0415

    if transactions is None:
        _refuse_given(options)
    request = cli.training_request(transactions, options) if transactions else None
    run(Ports(port, s3_port), request, portfolio=portfolio)


@click.command(
    epilog="Example: foretell containers -- sam local start-api",
    context_settings={"ignore_unknown_options": True},
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8002, show_default=True)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def containers(port: int, command: tuple[str, ...]) -> None:
    """Let `sam local` run the built functions in containers, on the S3 of `foretell serve`.

    COMMAND is one of `sam local`; it gets the addresses and the variables that it needs. Without
    it, what to run is shown. Docker or Podman has to run.
    """
    from infra.local.containers import containers as run  # noqa: PLC0415 - as above

    if command and "local" not in command:
        raise click.UsageError("COMMAND has to be one of `sam local`")
    sys.exit(run(port, command))


def _refuse_given(options: Iterable[str]) -> None:
    """Options that say how to train on a log are not to be ignored where no log is given."""
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in options and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} goes with --transactions: name the log")


def main() -> None:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _stop)
    cli.commands.add_command(serve)
    cli.commands.add_command(containers)
    try:
        cli.main(cli.commands, home.running_registry)
    except LocalPlatformError as error:
        terminal.error(str(error))
        sys.exit(1)


def _stop(_: int, __: FrameType | None) -> None:
    """End as Ctrl-C does, so that what was started is stopped."""
    raise KeyboardInterrupt
