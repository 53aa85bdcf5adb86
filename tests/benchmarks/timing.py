"""Several things timed in turn, so that a noisy moment of the machine meets all of them."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Final, TypeVar

_WARM_UP_ROUNDS: Final = 10
_TURN: Final = 0.05
"""Seconds: what is quick is called several times in its turn, what is slow at least once."""
_AT_MOST: Final = 50
"""Calls in one turn."""

Call = Callable[[], object]
Tell = Callable[[], None]
"""Told of each round that is done."""
Name = TypeVar("Name")


@dataclass(frozen=True)
class Timing:
    """What a call took, in milliseconds."""

    p50: float
    p95: float
    p99: float
    calls: int


def in_turn(calls: Mapping[Name, Call], rounds: int, tell: Tell) -> dict[Name, Timing]:
    """All calls, once around for each round."""
    # What simulation and training left behind is not the garbage of what is timed.
    gc.collect()
    gc.freeze()
    taken: dict[Name, list[float]] = {name: [] for name in calls}
    for number in range(_WARM_UP_ROUNDS + rounds):
        for name, call in calls.items():
            found = _turn(call)
            if number >= _WARM_UP_ROUNDS:
                taken[name] += found
        if number >= _WARM_UP_ROUNDS:
            tell()
    gc.unfreeze()
    return {name: _timing(values) for name, values in taken.items()}


def _turn(call: Call) -> list[float]:
    # Not timed: it finds the processor's caches, and the threads, as another row left them.
    call()
    taken: list[float] = []
    while len(taken) < _AT_MOST and sum(taken) < _TURN:
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def _timing(seconds: list[float]) -> Timing:
    cuts = quantiles((value * 1_000 for value in seconds), n=100)
    return Timing(cuts[49], cuts[94], cuts[98], len(seconds))
