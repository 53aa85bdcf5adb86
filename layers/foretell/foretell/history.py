"""The changes of the live version, each beside what its version says of itself."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from foretell.contract import ModelName
from foretell.manifest import Gate, Manifest, Metric, Pointer, Promotion
from foretell.problems import (
    DigestMismatch,
    IncompatibleVersion,
    RegistryError,
    VersionNotFound,
)
from foretell.registry import Registry
from foretell.versions import KnownVersions

MOST_CHANGES: Final = 20

_WHY_UNREADABLE: Final[Mapping[type[RegistryError], str]] = {
    VersionNotFound: "Its manifest is no longer in the registry.",
    DigestMismatch: "Its manifest is not the one that was published.",
    IncompatibleVersion: "It was published by another release, whose manifests this one cannot"
    " read.",
}


class ModelChange(BaseModel):
    """One change of the live version; null is what only its manifest could tell."""

    model_config = ConfigDict(frozen=True)

    version: str
    action: Literal["promote", "rollback"]
    at: datetime
    live: bool = Field(description="Whether it is the version in service now.")
    as_of: date | None = Field(None, description="Customers are described as of this day.")
    last_day: date | None = Field(None, description="The newest day in its transaction log.")
    customers: int | None = None
    transactions: int | None = None
    horizon_days: int | None = None
    metrics: dict[ModelName, tuple[Metric, ...]] | None = None
    gates: tuple[Gate, ...] | None = None
    forced: str | None = Field(
        None, description="Why it was made live although a gate failed; null where none did."
    )
    problem: str | None = Field(None, description="Why its manifest cannot be read.")


class ModelHistory(BaseModel):
    """How the live version came to be the live one, newest change first."""

    model_config = ConfigDict(frozen=True)

    model_version: str = Field(description="The version in service now.")
    changes: tuple[ModelChange, ...]
    complete: bool = Field(description="Whether these are all changes there ever were.")


Found = Mapping[str, Manifest | RegistryError]
"""A version's manifest, or why there is none to be read."""


def look_up(registry: Registry, known: KnownVersions) -> ModelHistory:
    """The history as the pointer and the manifests tell it.

    Raises:
        NoLiveVersion: nothing was ever promoted.
        IncompatibleVersion: the pointer is not one this runtime reads.
        RegistryUnreachable: S3 does not answer, or refuses.
    """
    seen = registry.live()
    assert seen is not None  # noqa: S101 - no tag was sent
    versions = {change.version for change in _newest(seen.pointer)}
    return told(seen.pointer, {version: _found(registry, known, version) for version in versions})


def told(pointer: Pointer, found: Found) -> ModelHistory:
    """The history of a pointer; `found` is of each version that changed it."""
    return ModelHistory(
        model_version=pointer.version,
        changes=tuple(
            _change(change, found[change.version], live=change.version == pointer.version)
            for change in _newest(pointer)
        ),
        complete=len(pointer.history) <= MOST_CHANGES,
    )


def _newest(pointer: Pointer) -> tuple[Promotion, ...]:
    return pointer.history[::-1][:MOST_CHANGES]


def _found(registry: Registry, known: KnownVersions, version: str) -> Manifest | RegistryError:
    try:
        return known.manifest(registry, version)
    except tuple(_WHY_UNREADABLE) as error:
        return error


def _change(change: Promotion, found: Manifest | RegistryError, *, live: bool) -> ModelChange:
    if isinstance(found, RegistryError):
        return ModelChange(**dict(change), live=live, problem=_WHY_UNREADABLE[type(found)])
    return ModelChange(
        **dict(change),
        live=live,
        as_of=found.data.as_of,
        last_day=found.data.last_day,
        customers=found.data.customers,
        transactions=found.data.transactions,
        horizon_days=found.horizon_days,
        metrics=found.metrics,
        gates=found.gates,
        forced=found.forced,
    )
