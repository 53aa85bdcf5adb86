"""Manifests and model cards of published versions, whether they are live or not."""

import threading
from typing import Final

from foretell.manifest import CARD, Manifest
from foretell.problems import CardNotFound, IncompatibleVersion, VersionNotFound
from foretell.registry import Registry

_MOST_KEPT: Final = 32


class KnownVersions:
    """Manifests, kept once they were verified: they never change; for any number of threads."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._most = most
        self._kept: dict[str, Manifest] = {}
        self._lock = threading.Lock()

    def manifest(self, registry: Registry, version: str) -> Manifest:
        """The verified manifest of a version; raises as `Registry.manifest` does."""
        with self._lock:
            kept = self._kept.get(version)
        return kept or self._keep(version, registry.manifest(version))

    def _keep(self, version: str, found: Manifest) -> Manifest:
        with self._lock:
            self._kept[version] = found
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return found


def card(registry: Registry, known: KnownVersions, version: str) -> bytes:
    """The verified model card of a version, as HTML.

    Raises:
        CardNotFound: there is no such version, or no card of it that can be verified.
        DigestMismatch: the manifest or the card is not the one that was published.
        RegistryUnreachable: S3 does not answer, or refuses.
    """
    try:
        manifest = known.manifest(registry, version)
    except VersionNotFound:
        raise CardNotFound(
            "no version has that id: GET /model/history lists those that were live"
        ) from None
    except IncompatibleVersion:
        raise CardNotFound(
            f"version {version} was published by another release, and its card cannot be verified"
            " by this one: use that release's `foretell card`"
        ) from None
    return card_of(registry, version, manifest)


def card_of(registry: Registry, version: str, manifest: Manifest) -> bytes:
    """The same, where the manifest is at hand."""
    if CARD not in manifest.files:
        raise CardNotFound(f"version {version} was published without a model card")
    try:
        return registry.file(version, CARD, manifest)
    except VersionNotFound:
        raise CardNotFound(f"the model card of version {version} is no longer there") from None
