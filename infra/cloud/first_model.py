"""The first model of a deployed stack: trained here, published where the functions look for it."""

import tempfile
from pathlib import Path
from typing import Final

from foretell.registry import Registry, RegistryAddress, connect
from infra.cloud.stack import Stack
from training import simulate, terminal
from training.cli import train_and_tell
from training.publish import live_or_none
from training.request import TrainingRequest

SIMULATED_CUSTOMERS: Final = 5_000
SIMULATED: Final = (
    f"These are SIMULATED data: a made-up shop of {SIMULATED_CUSTOMERS:,} customers, so that the"
    " API has something to answer with. Train on your own log before anybody relies on an answer:"
    " foretell train --transactions orders.csv --registry {registry}"
)


def registry_of(stack: Stack) -> Registry:
    """The registry that the stack's functions read.

    Raises:
        StackNotReadable: the stack does not say where it is.
    """
    return connect(RegistryAddress(stack.output("ModelsBucket")))


def live_version(registry: Registry) -> str | None:
    """The version in service; None where nothing was ever made live."""
    seen = live_or_none(registry)
    return seen.pointer.version if seen else None


def train(registry: Registry, request: TrainingRequest | None) -> None:
    """Train on the log that was named, or on a simulated shop, and make the version live.

    Raises:
        InputError: the tables cannot be trained on.
        RegistryError: the bucket cannot be used.
        HeldBack: a gate failed; the version is published, and not live.
    """
    if request is not None:
        train_and_tell(request, registry)
        return
    told = SIMULATED.format(registry=registry.address)
    terminal.console.print(told, style="yellow", soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        train_and_tell(_simulated(Path(folder)), registry)


def _simulated(folder: Path) -> TrainingRequest:
    with terminal.step(f"Simulating a shop of {SIMULATED_CUSTOMERS:,} customers"):
        simulate.write(simulate.simulate(SIMULATED_CUSTOMERS, seed=1), folder)
    return TrainingRequest(simulate.sources(folder))
