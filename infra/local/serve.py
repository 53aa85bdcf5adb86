"""`foretell serve`: S3, training, the HTTP API, the page and batch scoring in one process."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from foretell import environment
from foretell.batch.runs import INCOMING, RUNS
from foretell.registry import Registry, RegistryAddress, connect
from infra.local import home
from infra.local.delivery import RESULTS, UPLOADS, Delivery, undelivered
from infra.local.errors import LocalPlatformError, PortTaken
from infra.local.function import Invoke, batch_function
from infra.local.gateway import function_apps, gateway
from infra.local.home import Platform
from infra.local.object_store import object_store
from infra.local.portfolio import drop_customers
from infra.local.site import LocalSite
from infra.local.step_functions import step_functions
from infra.site.config import ON_THIS_MACHINE
from infra.site.errors import SiteError
from infra.site.policy import on_this_machine
from training import simulate, terminal
from training.cli import train_and_tell
from training.publish import live_or_none
from training.request import TrainingRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOST: Final = "127.0.0.1"
REGISTRY: Final = RegistryAddress("foretell-models")
SIMULATED_CUSTOMERS: Final = 5_000
"""Enough for figures that mean something, in a few seconds."""

_STATE_MACHINE: Final = Path(__file__).parents[1] / "batch.asl.json"
_FAILURES: Final = home.HOME / "failures.jsonl"


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 is any free port."""

    api: int
    s3: int


def serve(ports: Ports, request: TrainingRequest | None, *, portfolio: bool) -> None:
    """Run until interrupted; train first where asked to, or where nothing was ever trained.

    With `portfolio`, the customers of the log that was trained on are scored in the background.

    Raises:
        LocalPlatformError: a port is taken, another platform uses the folder, or the page's
            libraries are missing.
        InputError, RegistryError, ParityError: the training failed.

    """
    invoke = batch_function()
    delivery = Delivery(invoke, _FAILURES)
    with (
        _listening(ports.api) as listener,
        object_store(home.BUCKETS, ports.s3, delivery.dropped) as store,
    ):
        platform = Platform(
            api_url=f"http://{HOST}:{listener.getsockname()[1]}",
            s3_url=store.endpoint_url,
            registry=str(REGISTRY),
        )
        site = _site(platform)
        _prepare_environment(platform)
        registry = connect(REGISTRY)
        for bucket in (REGISTRY.bucket, UPLOADS, RESULTS):
            registry.s3.create_bucket(Bucket=bucket)
        trained_on = _train_where_needed(request, registry)
        with _scoring_files(delivery, invoke, registry.s3), home.announced(platform):
            if portfolio and trained_on is not None:
                _drop_customers(trained_on, registry)
            _run(platform, listener, site)
    terminal.console.print("Stopped. The buckets are kept in .foretell.")


def _train_where_needed(
    request: TrainingRequest | None, registry: Registry
) -> TrainingRequest | None:
    """What was trained on; None where there was no need to train."""
    if request is None and live_or_none(registry) is not None:
        return None
    trained_on = request or _simulated()
    train_and_tell(trained_on, registry)
    return trained_on


def _drop_customers(trained_on: TrainingRequest, registry: Registry) -> None:
    live = live_or_none(registry)
    if live is None:
        return
    with terminal.step("Handing in the customers of the log, to be scored in the background"):
        drop_customers(trained_on, live.pointer.version, registry.s3)


def _simulated() -> TrainingRequest:
    folder = home.SIMULATED_SHOP
    with terminal.step(f"Simulating a shop of {SIMULATED_CUSTOMERS:,} customers"):
        simulate.write(simulate.simulate(SIMULATED_CUSTOMERS, seed=1), folder)
    return TrainingRequest(simulate.sources(folder))


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Taken before anything else is done, so that a taken port is told at once."""
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named: else each
    # on a kept connection waits 40 ms for the other side's acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
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


def _site(platform: Platform) -> LocalSite:
    """Read before anything is trained, so that what is missing is told at once."""
    try:
        return LocalSite(ON_THIS_MACHINE, on_this_machine(platform.s3_url))
    except SiteError as error:
        raise LocalPlatformError(str(error)) from error


def _prepare_environment(platform: Platform) -> None:
    """What the template gives the deployed functions, as fits this machine."""
    home.use(platform)
    os.environ.update(
        {
            environment.REGISTRY: platform.registry,
            environment.REFRESH_SECONDS: "1",
            environment.UPLOADS: UPLOADS,
            environment.RESULTS: RESULTS,
            "POWERTOOLS_SERVICE_NAME": "foretell",
            # Metrics go to CloudWatch, which is not here.
            "POWERTOOLS_METRICS_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }
    )


@contextmanager
def _scoring_files(delivery: Delivery, invoke: Invoke, s3: "S3Client") -> Iterator[None]:
    """Score what is dropped, and what was dropped before and is not scored yet."""
    definition = json.loads(_STATE_MACHINE.read_text(encoding="utf-8"))
    with step_functions("foretell-batch", definition, invoke, s3) as machine:
        os.environ.update(
            {
                "AWS_ENDPOINT_URL_SFN": machine.endpoint_url,
                environment.STATE_MACHINE: machine.state_machine_arn,
            }
        )
        for change in undelivered(s3):
            delivery.dropped(change)
        delivery.start()
        try:
            yield
        finally:
            delivery.close()


def _run(platform: Platform, listener: socket.socket, site: LocalSite) -> None:
    config = uvicorn.Config(
        gateway(function_apps(), site), lifespan="off", log_level="warning", access_log=False
    )
    terminal.console.print(
        f"\n[bold]Foretell is running.[/] Stop it with Ctrl-C.\n"
        f"  Page                   {platform.api_url}/\n"
        f"  API documentation      {platform.api_url}/docs/\n"
        f"  S3                     {platform.s3_url}  (registry {platform.registry})\n"
        f"  To score a file        curl -T customers.csv {platform.s3_url}/{UPLOADS}/{INCOMING}\n"
        f"  To see what comes      curl {platform.api_url}/portfolio/runs\n"
        f"   or in S3              {_aws(platform)} ls --recursive s3://{RESULTS}/{RUNS}\n",
        soft_wrap=True,  # a command that is broken in two cannot be copied
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn stops in good order and then hands the interrupt on.
        return


def _aws(platform: Platform) -> str:
    return f"aws --endpoint-url {platform.s3_url} s3"
