"""What is decided before anything is deployed. Nothing here asks AWS or reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BATCH_CONCURRENCY: Final = "BatchConcurrency"
"""The template's parameter: how many executions are reserved for scoring files."""

ARCHITECTURE: Final = "Architecture"
"""The template's parameter: the processor that functions and layers are built for."""

LEFT_UNRESERVED: Final = 100
"""AWS refuses a reservation that leaves a region's other functions fewer executions than this."""


@dataclass(frozen=True)
class Concurrency:
    """Executions at once that Lambda allows an account in a region."""

    quota: int
    unreserved: int


@dataclass(frozen=True)
class Reservation:
    """How many executions are reserved for scoring files, and what is to be said about it."""

    executions: int
    note: str | None = None


def reservation(wanted: int, concurrency: Concurrency, *, held: int = 0) -> Reservation:
    """What can be reserved; `held` is what the stack has reserved already."""
    if wanted <= 0:
        return Reservation(0)
    left = concurrency.unreserved + held - wanted
    if left >= LEFT_UNRESERVED:
        return Reservation(wanted)
    return Reservation(
        0,
        f"No executions are reserved for files ({BATCH_CONCURRENCY}=0 instead of {wanted}): of this"
        f" account's {concurrency.quota}, {max(left, 0)} would be left unreserved, and AWS wants"
        f" {LEFT_UNRESERVED}. Files and requests share what there is. More can be had for the"
        " asking: Service Quotas, AWS Lambda, Concurrent executions",
    )


def carried_over(deployed: Mapping[str, str]) -> dict[str, str]:
    """What the stack was deployed with, as far as something is decided by it here.

    CloudFormation itself keeps the parameters that it is not told.
    """
    decisive = (ARCHITECTURE, BATCH_CONCURRENCY)
    return {name: value for name, value in deployed.items() if name in decisive}


def chosen(*sources: Mapping[str, str]) -> dict[str, str]:
    """Template parameters from several sources; what comes later counts."""
    return {name: value for source in sources for name, value in source.items()}


def overrides(parameters: Mapping[str, str]) -> list[str]:
    """Parameters as words for `sam deploy --parameter-overrides`.

    Each value stands in quotes: without them SAM drops, silently, what comes after a blank, and
    refuses an empty one.
    """
    return [f'{name}="{_escaped(value)}"' for name, value in sorted(parameters.items())]


def _escaped(value: str) -> str:
    return value.replace('"', '\\"')
