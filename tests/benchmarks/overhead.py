"""What the handler costs around the call of onnxruntime, beside a handler that does nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from tests.benchmarks.timing import Call, Tell

ROUNDS: Final = 2_000
_WARM_UP_ROUNDS: Final = 200
_BETWEEN_SIGNS_OF_LIFE: Final = 100
SIGNS_OF_LIFE: Final = (_WARM_UP_ROUNDS + ROUNDS) // _BETWEEN_SIGNS_OF_LIFE


@dataclass(frozen=True)
class Overhead:
    """Medians in milliseconds."""

    empty: float
    whole: float
    onnx: float
    """Within the whole, the call of the session."""
    around: float
    """The whole without that call."""

    @property
    def ratio(self) -> float:
        """How many empty handlers that is."""
        return self.around / self.empty


def measure(empty: Call, whole: Call, session: Any, tell: Tell) -> Overhead:
    """Both handlers in turn, one call each: so they find the processor in the same state.

    `session` is the onnxruntime session that `whole` calls once.
    """
    taken: list[tuple[float, float, float]] = []
    with _timed(session) as calls:
        for number in range(_WARM_UP_ROUNDS + ROUNDS):
            of_empty = _seconds(empty)
            calls.clear()
            of_whole = _seconds(whole)
            [of_session] = calls
            if number >= _WARM_UP_ROUNDS:
                taken.append((of_empty, of_whole, of_session))
            if number % _BETWEEN_SIGNS_OF_LIFE == 0:
                tell()
    return Overhead(
        empty=_middle([row[0] for row in taken]),
        whole=_middle([row[1] for row in taken]),
        onnx=_middle([row[2] for row in taken]),
        around=_middle([row[1] - row[2] for row in taken]),
    )


@contextmanager
def _timed(session: Any) -> Iterator[list[float]]:
    calls: list[float] = []
    run = session.run

    def timed(*arguments: object, **options: object) -> object:
        started = time.perf_counter()
        answer = run(*arguments, **options)
        calls.append(time.perf_counter() - started)
        return answer

    session.run = timed
    try:
        yield calls
    finally:
        del session.run


def _seconds(call: Call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _middle(seconds: list[float]) -> float:
    return median(seconds) * 1_000
