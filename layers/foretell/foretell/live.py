"""The model in service: loaded once, and replaced when another version is promoted.

Each look at the registry runs in a thread of its own, so that a slow S3 costs a request no more
than a moment. Whoever asks for the model takes up what the last look has found, and reports it:
telemetry belongs to requests.
"""

import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from foretell import environment, predictor, registry
from foretell.contract import CustomerRecord, ModelName, to_matrix
from foretell.predictor import Predictor
from foretell.problems import IncompatibleVersion, RegistryUnreachable
from foretell.registry import Registry
from foretell.telemetry import count, logger, milliseconds

PATIENCE_SECONDS: Final = 0.25
"""How long a request waits for a look while a model is in service.

S3 says in 20 to 50 ms whether the pointer has changed, and loading takes little more. So the
first request after an idle hour, in which Lambda froze every thread, still answers from the
version that is live by now.
"""

FIRST_PATIENCE_SECONDS: Final = 7.0
"""How long is waited where no model is in service.

Long enough to be told what is the matter (registry.FOR_A_FUNCTION), and short enough to leave the
imports their part of the 10 s that Lambda gives a function to start; API Gateway waits for 30 s.
"""

_TRIAL: Final = (
    CustomerRecord(tenure_days=412, recency=21, frequency=0.95, monetary=1240.5),
    CustomerRecord(
        customer_id="trial",
        tenure_days=95,
        recency=60,
        frequency=0.3,
        monetary=89.9,
        age=37,
        account_type="Premium",
        avg_purchase_amount=44.95,
        email_open_rate=20,
        website_visits_per_month=2.5,
        support_tickets=1,
    ),
)
"""Two ordinary customers, one with the required fields only."""


@dataclass(frozen=True)
class _Serving:
    """What is in service, and the tag of the pointer that named it."""

    predictor: Predictor
    etag: str


@dataclass(frozen=True)
class _Found:
    """What is to be in service after a look."""

    serving: _Serving
    load_milliseconds: float | None = None
    """Absent if it was in service before."""


@dataclass(frozen=True)
class _Failed:
    """Why a look found nothing to serve."""

    reason: BaseException
    version: str | None = None
    """What the pointer names; absent if it could not be read."""


_Look = Future[_Found | _Failed]


class LiveModel:
    """Answers with the live version.

    It asks for the pointer at most once in `refresh_seconds`; a version that cannot be loaded, or
    fails its trial, leaves the one before in service. Requests keep the predictor they began
    with. Any number of threads may use it.
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
        self._refresh_seconds = (
            float(os.environ.get(environment.REFRESH_SECONDS, "60"))
            if refresh_seconds is None
            else refresh_seconds
        )
        self._clock = clock
        self._lock = threading.Lock()
        self._connect = connect
        self._registry = cache(connect)
        self._serving: _Serving | None = None
        self._look: _Look | None = None
        self._look_again_at = -math.inf

    def current(self) -> Predictor:
        """The predictor of the live version.

        While there is one, this takes at most PATIENCE_SECONDS, and seldom more than nothing;
        while there is none, at most FIRST_PATIENCE_SECONDS.

        Raises:
            RegistryError: no version was ever loaded, and none can be now.
        """
        with self._lock:
            self._take_up()
            if self._serving is not None and self._clock() < self._look_again_at:
                return self._serving.predictor
            self._look_again_at = self._clock() + self._refresh_seconds
            overdue = self._look
            look = self._look = overdue or self._begin_look()
            patience = FIRST_PATIENCE_SECONDS if self._serving is None else PATIENCE_SECONDS
        wait([look], patience)
        with self._lock:
            self._take_up()
            if self._serving is None:
                raise _reason(look)
            # It outlasts the time between two looks: somebody should hear of it before it ends.
            if overdue is not None and not overdue.done():
                self._report(_Failed(_reason(overdue)), self._serving)
            return self._serving.predictor

    def preload(self) -> None:
        """Load before the first request; what goes wrong now is told to that request."""
        try:
            self.current()
        except Exception as error:  # noqa: BLE001 - a function that cannot start tells nobody why
            logger.warning("No model could be loaded yet", reason=str(error))

    def forget_connection(self) -> None:
        """Let go of what time makes stale: sockets, credentials and a look that holds them."""
        with self._lock:
            self._registry = cache(self._connect)
            self._look = None

    def look_again(self) -> None:
        """Connect anew, and let the next request look, however short ago the last look was."""
        self.forget_connection()
        with self._lock:
            self._look_again_at = -math.inf
        # Now, because it would take up that request's patience. What goes wrong is told to it.
        with suppress(Exception):
            self._registry()

    def _begin_look(self) -> _Look:
        look: _Look = Future()
        connected, serving = self._registry, self._serving
        threading.Thread(
            target=lambda: look.set_result(_find_live(self.model, connected, serving)),
            name=f"look for {self.model}",
            daemon=True,
        ).start()
        return look

    def _take_up(self) -> None:
        if self._look is None or not self._look.done():
            return
        outcome = self._look.result()
        self._look = None
        if isinstance(outcome, _Found):
            self._serving = outcome.serving
            _report_load(outcome)
        elif self._serving is not None:
            self._report(outcome, self._serving)

    def _report(self, failed: _Failed, serving: _Serving) -> None:
        count("ModelRefreshFailed")
        logger.error(
            "The live version cannot be loaded; the one before stays in service",
            model=self.model,
            model_version=serving.predictor.version,
            refused_version=failed.version,
            reason=str(failed.reason),
            error_type=type(failed.reason).__name__,
        )


def _reason(look: _Look) -> BaseException:
    outcome = look.result() if look.done() else None
    if isinstance(outcome, _Failed):
        return outcome.reason
    return RegistryUnreachable(
        "S3 has not answered yet, and goes on being asked: try again in a few seconds"
    )


def _report_load(found: _Found) -> None:
    if found.load_milliseconds is None:
        return
    loaded = found.serving.predictor
    milliseconds("ModelLoad", found.load_milliseconds)
    logger.info(
        "Model loaded",
        model=loaded.model,
        model_version=loaded.version,
        milliseconds=found.load_milliseconds,
    )


def _find_live(
    model: ModelName, connected: Callable[[], Registry], serving: _Serving | None
) -> _Found | _Failed:
    version = None
    try:
        source = connected()
        found = source.live(unless=serving.etag if serving else None)
        if found is None:
            assert serving is not None  # noqa: S101 - without one no tag was sent
            return _Found(serving)
        version = found.pointer.version
        if serving and serving.predictor.version == version:
            return _Found(_Serving(serving.predictor, found.etag))
        started = time.perf_counter()
        loaded = _Serving(_load(source, model, version), found.etag)
        return _Found(loaded, (time.perf_counter() - started) * 1_000)
    except BaseException as error:  # noqa: BLE001 - it is raised, or reported, where it is asked for
        return _Failed(error, version)


def _load(source: Registry, model: ModelName, version: str) -> Predictor:
    loaded = predictor.load(source, model, version)
    _try(loaded)
    return loaded


def _try(loaded: Predictor) -> None:
    """Predict before anybody asks: this also takes from the first request what is done once.

    Raises:
        IncompatibleVersion: there is no answer, or it is no number.
    """
    try:
        columns = loaded.run(to_matrix(_TRIAL))
        finite = all(np.isfinite(column).all() for column in columns.values())
        for record in _TRIAL:
            loaded.predict([record], explain=True)
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise _unfit(loaded) from error
    if not finite:
        raise _unfit(loaded)


def _unfit(loaded: Predictor) -> IncompatibleVersion:
    return IncompatibleVersion(
        f"{loaded.model.graph_file} of version {loaded.version} cannot answer for an ordinary"
        " customer: promote another version, and train again"
    )
