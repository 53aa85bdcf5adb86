"""The command line of training and of the registry.

Commands import what they need when they run, so that --help answers at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Unpack

import click

from foretell import environment
from foretell.manifest import CARD
from foretell.problems import BatchError, RegistryError
from foretell.registry import Registry, RegistryAddress, connect
from training import publish, terminal
from training.cli.options import TrainingOptions, training_options, training_request
from training.errors import HeldBack, InputError, LostRace, ParityError
from training.request import TrainingRequest

INTERRUPTED: Final = 130
LOST_RACE: Final = 3
HELD_BACK: Final = 4

LocalRegistry = Callable[[], str | None]
"""Makes the platform on this machine the one S3 speaks to, and says where its registry is."""

registry_option = click.option(
    "--registry",
    envvar=environment.REGISTRY,
    show_envvar=True,
    metavar="S3-ADDRESS",
    help="Registry such as s3://bucket/prefix; by default that of the running `foretell serve`.",
)


def main(commands: click.Group, local_registry: LocalRegistry) -> None:
    """Run a command; what a person got wrong is told in one line and by the exit code."""
    try:
        commands.main(standalone_mode=False, obj=local_registry)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        terminal.error("interrupted; the live version is as it was")
        sys.exit(INTERRUPTED)
    except LostRace as error:
        terminal.error(str(error))
        sys.exit(LOST_RACE)
    except HeldBack as error:
        terminal.error(str(error))
        sys.exit(HELD_BACK)
    except (BatchError, InputError, ParityError, RegistryError) as error:
        terminal.error(str(error))
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="foretell")
def commands() -> None:
    """Customer predictions from a transaction log: lifetime value, churn, personas."""


@commands.command(
    epilog="Example: foretell simulate --customers 20000 --seed 1 --out shop",
)
@click.option("--customers", type=click.IntRange(min=1), default=5_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for the tables."
)
def simulate(customers: int, seed: int, out: Path) -> None:
    """Write the raw tables of a made-up shop: transactions, customers, engagement.

    truth.csv holds what no real shop knows, each customer's real rate and the day they left, to
    check forecasts against; training does not read it.
    """
    from training import simulate as simulation  # noqa: PLC0415

    with terminal.step(f"Simulating {customers:,} customers"):
        shop = simulation.simulate(customers, seed)
        simulation.write(shop, out)
    terminal.console.print(terminal.shop_table(simulation.describe(shop)))
    terminal.console.print(f"Written to {out}: train with --transactions {out}/transactions.csv")


@commands.command(
    epilog=(
        "Example: foretell train --transactions orders.csv"
        ' --column "customer_id=CustomerID" --column "amount=Quantity * UnitPrice"'
    ),
)
@click.option(
    "--transactions",
    required=True,
    metavar="PATH",
    help="customer_id, timestamp, amount[, order_id]: CSV or Parquet; file, folder, S3 address.",
)
@training_options
@registry_option
@click.pass_obj
def train(
    local_registry: LocalRegistry,
    /,
    transactions: str,
    registry: str | None,
    **options: Unpack[TrainingOptions],
) -> None:
    """Train the models on a transaction log, publish them and make them live.

    Exit code 4: published but held back, because a gate failed. 3: published, but another version
    was made live meanwhile.
    """
    target = open_registry(registry, local_registry)
    train_and_tell(training_request(transactions, options), target)


@commands.command(epilog="Example: foretell versions --registry s3://bucket/prefix")
@registry_option
@click.pass_obj
def versions(local_registry: LocalRegistry, registry: str | None) -> None:
    """List the published versions; the live one is marked."""
    source = open_registry(registry, local_registry)
    published = source.versions()
    if not published:
        raise InputError(f"nothing is published in {source.address}: run `foretell train`")
    seen = publish.live_or_none(source)
    manifests = {version: source.manifest(version) for version in published}
    terminal.console.print(terminal.versions_table(manifests, seen.pointer if seen else None))


@commands.command(epilog="Example: foretell card --out card.html")
@click.argument("version", required=False)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("card.html"),
    show_default=True,
    help="File to write.",
)
@registry_option
@click.pass_obj
def card(
    local_registry: LocalRegistry, version: str | None, out: Path, registry: str | None
) -> None:
    """Fetch a version's model card, by default the live one's: a page for a browser."""
    source = open_registry(registry, local_registry)
    seen = publish.live_or_none(source)
    chosen = version or (seen.pointer.version if seen else None)
    if chosen is None:
        raise InputError(f"nothing is live in {source.address}: name a version, or train one")
    content = source.file(chosen, CARD, source.manifest(chosen))
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from error
    terminal.console.print(f"The card of {chosen} is in {out}: open it in a browser")


@commands.command(epilog="Example: foretell promote 2025-12-31-0123456789ab")
@click.argument("version")
@registry_option
@click.pass_obj
def promote(local_registry: LocalRegistry, version: str, registry: str | None) -> None:
    """Make a published version live."""
    target = open_registry(registry, local_registry)
    publish.promote(target, version, publish.live_or_none(target))
    terminal.console.print(f"Live: {version}")


@commands.command(epilog="Example: foretell rollback")
@registry_option
@click.pass_obj
def rollback(local_registry: LocalRegistry, registry: str | None) -> None:
    """Return to the version that was live before."""
    target = open_registry(registry, local_registry)
    terminal.console.print(f"Live again: {publish.rollback(target)}")


def train_and_tell(request: TrainingRequest, registry: Registry) -> None:
    """Train with progress on the terminal, then show what was dropped, measured and published.

    Raises:
        HeldBack: a gate failed; the live version is as it was.

    """
    from training.run import train as run  # noqa: PLC0415

    result = run(request, registry, terminal.step)
    terminal.console.print(
        terminal.cleaning_table(result.cleaning),
        terminal.metrics_table(result.manifest),
        terminal.personas_table(result.manifest.personas),
        terminal.gates_table(result.manifest),
    )
    if not result.promoted:
        raise HeldBack(
            f"version {result.version} is published but was not made live, because a gate failed"
            f" (see the table). Look at its model card, then `foretell promote {result.version}`,"
            ' or train again with --force "why"'
        )
    terminal.console.print(
        f"Live: [bold]{result.version}[/] in {registry.address}; `foretell card` fetches its card"
    )


def open_registry(address: str | None, local_registry: LocalRegistry) -> Registry:
    """The registry that was asked for, or that of this machine.

    Raises:
        InputError: none was asked for, and none runs here.
        RegistryNotConfigured: the address is not an S3 address.

    """
    chosen = address or local_registry()
    if chosen is None:
        raise InputError(
            "no registry: start `foretell serve` in another terminal,"
            f" or give --registry s3://bucket/prefix (or set {environment.REGISTRY})"
        )
    return connect(RegistryAddress.parse(chosen))
