"""Write side of the model registry: versions that never change, and the pointer that moves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from foretell.manifest import Manifest, Pointer, Promotion, version_id
from foretell.problems import DigestMismatch, NoLiveVersion
from foretell.registry import PointerRead, Registry, error_code, translated_errors
from training.errors import InputError, LostRace

_CONTENT_TYPES: Final = {"json": "application/json", "html": "text/html; charset=utf-8"}
_REFUSED_BY_CONDITION: Final = {"PreconditionFailed", "ConditionalRequestConflict"}


def publish(registry: Registry, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Store a version and return its id; nobody sees it before its manifest, which comes last.

    Storing the same version again changes nothing.

    Raises:
        DigestMismatch: another file is stored where one of this version's belongs.
        RegistryUnreachable: S3 does not answer, or refuses.

    """
    content = manifest.to_bytes()
    version = version_id(manifest.data.as_of, content)
    for name, body in files.items():
        _store(registry, version, name, body)
    _store(registry, version, "manifest.json", content)
    return version


def live_or_none(registry: Registry) -> PointerRead | None:
    """The pointer, or None where nothing was ever promoted."""
    try:
        return registry.live()
    except NoLiveVersion:
        return None


def promote(registry: Registry, version: str, seen: PointerRead | None) -> None:
    """Make a version live, provided that the pointer still is as it was seen.

    Promoting the live version again changes nothing.

    Raises:
        RegistryError: the version is missing or damaged.
        LostRace: another version was promoted in the meantime; it stays live.

    """
    _verify(registry, version)
    if seen is None or seen.pointer.version != version:
        _move_pointer(registry, version, "promote", seen)


def rollback(registry: Registry) -> str:
    """Return to the version that was live before; its id.

    Raises:
        InputError: there is no version before.
        RegistryError: nothing was ever promoted, or the version before is missing or damaged.
        LostRace: the live version was changed in the meantime.

    """
    seen = live_or_none(registry)
    before = seen.pointer.before() if seen else None
    if before is None:
        raise InputError(f"{registry.address} has no earlier version to go back to")
    _verify(registry, before)
    _move_pointer(registry, before, "rollback", seen)
    return before


def _verify(registry: Registry, version: str) -> None:
    manifest = registry.manifest(version)
    for name in manifest.files:
        registry.file(version, name, manifest)


def _store(registry: Registry, version: str, name: str, body: bytes) -> None:
    key = registry.address.file(version, name)
    with translated_errors(registry.address):
        if _put(registry, key, body, seen=None):
            return
        stored = registry.s3.get_object(Bucket=registry.address.bucket, Key=key)["Body"].read()
    if stored != body:
        raise DigestMismatch(
            f"{key} in {registry.address} holds other bytes than this version's {name}:"
            " someone wrote there by hand; remove that object and train again"
        )


def _move_pointer(
    registry: Registry,
    version: str,
    action: Literal["promote", "rollback"],
    seen: PointerRead | None,
) -> None:
    history = seen.pointer.history if seen else ()
    change = Promotion(version=version, action=action, at=datetime.now(UTC))
    pointer = Pointer(version=version, history=(*history, change))
    body = f"{pointer.model_dump_json(indent=2)}\n".encode()
    with translated_errors(registry.address):
        if not _put(registry, registry.address.pointer, body, seen):
            raise LostRace(
                f"version {version} is published but was not made live: another version was"
                f" promoted in the meantime. Compare them with `foretell versions`, then"
                f" `foretell promote {version}` if it should be the live one"
            )


def _put(registry: Registry, key: str, body: bytes, seen: PointerRead | None) -> bool:
    """Write only where nothing is, or where what was seen still is; whether it was written."""
    address = registry.address
    suffix = key.rpartition(".")[2]
    content_type = _CONTENT_TYPES.get(suffix, "application/octet-stream")
    try:
        if seen is None:
            registry.s3.put_object(
                Bucket=address.bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        else:
            registry.s3.put_object(
                Bucket=address.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                IfMatch=seen.etag,
            )
    except registry.s3.exceptions.ClientError as error:
        if error_code(error) in _REFUSED_BY_CONDITION:
            return False
        raise
    return True
