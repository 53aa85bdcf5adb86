"""`foretell serve`: S3, training and the HTTP API in this one process."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn

from foretell import environment
from foretell.registry import RegistryAddress, connect
from infra.local import home
from infra.local.errors import PortTaken
from infra.local.gateway import function_apps, gateway
from infra.local.home import Platform
from infra.local.object_store import object_store
from training import simulate, terminal
from training.cli import train_and_tell
from training.publish import live_or_none
from training.request import TrainingRequest
from training.tables import Sources

HOST: Final = "127.0.0.1"
REGISTRY: Final = RegistryAddress("foretell-models")
SIMULATED_CUSTOMERS: Final = 5_000
"""Enough for figures that mean something, in a few seconds."""


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 is any free port."""

    api: int
    s3: int


def serve(ports: Ports, request: TrainingRequest | None) -> None:
    """Run until interrupted; train first where asked to, or where nothing was ever trained.

    Raises:
        LocalPlatformError: a port is taken, or another platform uses the folder.
        InputError, RegistryError, ParityError: the training failed.

    """
    with _listening(ports.api) as listener, object_store(home.BUCKETS, ports.s3) as store:
        platform = Platform(
            api_url=f"http://{HOST}:{listener.getsockname()[1]}",
            s3_url=store.endpoint_url,
            registry=str(REGISTRY),
        )
        _prepare_environment(platform)
        registry = connect(REGISTRY)
        registry.s3.create_bucket(Bucket=REGISTRY.bucket)
        if request is not None or live_or_none(registry) is None:
            train_and_tell(request or _simulated(), registry)
        with home.announced(platform):
            _run(platform, listener)
    terminal.console.print("Stopped. The buckets are kept in .foretell.")


def _simulated() -> TrainingRequest:
    folder = home.SIMULATED_SHOP
    with terminal.step(f"Simulating a shop of {SIMULATED_CUSTOMERS:,} customers"):
        simulate.write(simulate.simulate(SIMULATED_CUSTOMERS, seed=1), folder)
    return TrainingRequest(
        Sources(
            transactions=str(folder / "transactions.csv"),
            customers=str(folder / "customers.csv"),
            engagement=str(folder / "engagement.csv"),
        )
    )


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Taken before anything else is done, so that a taken port is told at once."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(128)
        except OSError as error:
            raise PortTaken(
                f"port {port} cannot be used ({error.strerror}): stop what listens there,"
                " or choose another with --port"
            ) from error
        yield listener


def _prepare_environment(platform: Platform) -> None:
    """What the template gives the deployed functions, as fits this machine."""
    home.use(platform)
    os.environ.update(
        {
            environment.REGISTRY: platform.registry,
            environment.REFRESH_SECONDS: "1",
            "POWERTOOLS_SERVICE_NAME": "foretell",
            # Metrics go to CloudWatch, which is not here.
            "POWERTOOLS_METRICS_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }
    )


def _run(platform: Platform, listener: socket.socket) -> None:
    config = uvicorn.Config(
        gateway(function_apps()), lifespan="off", log_level="warning", access_log=False
    )
    terminal.console.print(
        f"\n[bold]Foretell is running.[/] Stop it with Ctrl-C.\n"
        f"  API and documentation  {platform.api_url}/docs\n"
        f"  S3                     {platform.s3_url}  (registry {platform.registry})\n"
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn stops in good order and then hands the interrupt on.
        return
