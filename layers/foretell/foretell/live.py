"""The model in service: loaded once, and replaced when another version is promoted."""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from foretell import environment, predictor, registry
from foretell.contract import ModelName
from foretell.predictor import Predictor
from foretell.problems import RegistryError
from foretell.registry import Registry
from foretell.telemetry import count, logger, milliseconds


class LiveModel:
    """Answers with the live version.

    It asks for the pointer at most once in `refresh_seconds`; a version that cannot be loaded
    leaves the one before in service. Requests keep the predictor they began with.
    """

    def __init__(
        self,
        model: ModelName,
        connect: Callable[[], Registry] = registry.from_environment,
        *,
        refresh_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model: Final = model
        self._connect = connect
        self._refresh_seconds = (
            float(os.environ.get(environment.REFRESH_SECONDS, "60"))
            if refresh_seconds is None
            else refresh_seconds
        )
        self._clock = clock
        self._lock = threading.Lock()
        self._registry: Registry | None = None
        self._predictor: Predictor | None = None
        self._etag: str | None = None
        self._look_again_at = 0.0

    def current(self) -> Predictor:
        """The predictor of the live version.

        Raises:
            RegistryError: no version was ever loaded, and none can be now.
        """
        with self._lock:
            serving = self._predictor
            if serving is None:
                return self._refresh()
            if self._clock() < self._look_again_at:
                return serving
            return self._refresh_or_keep(serving)

    def preload(self) -> None:
        """Load before the first request; what goes wrong now is told to that request."""
        try:
            self.current()
        except RegistryError as error:
            logger.warning("No model could be loaded yet", reason=str(error))

    def _refresh_or_keep(self, serving: Predictor) -> Predictor:
        try:
            return self._refresh()
        except RegistryError as error:
            count("ModelRefreshFailed")
            logger.error(
                "The live version cannot be loaded; the one before stays in service",
                model_version=serving.version,
                reason=str(error),
            )
            return serving

    def _refresh(self) -> Predictor:
        self._look_again_at = self._clock() + self._refresh_seconds
        if self._registry is None:
            self._registry = self._connect()
        found = self._registry.live(unless=self._etag)
        if found is not None and not self._serves(found.pointer.version):
            self._predictor = self._load(self._registry, found.pointer.version)
        if found is not None:
            self._etag = found.etag
        assert self._predictor is not None  # noqa: S101 - without one no tag was sent
        return self._predictor

    def _serves(self, version: str) -> bool:
        return self._predictor is not None and self._predictor.version == version

    def _load(self, source: Registry, version: str) -> Predictor:
        started = time.perf_counter()
        loaded = predictor.load(source, self.model, version)
        elapsed = (time.perf_counter() - started) * 1_000
        milliseconds("ModelLoad", elapsed)
        logger.info("Model loaded", model=self.model, model_version=version, milliseconds=elapsed)
        return loaded
