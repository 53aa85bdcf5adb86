"""Scoring a file piece by piece: reading, scoring and writing side by side, in bounded memory.

Pieces are cut in this thread, read, scored and written down by as many threads as there are cores
(numpy and onnxruntime let go of the interpreter), and what comes of them leaves in their order.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

from foretell.batch.answers import Answers, Words
from foretell.batch.rejected import rejected_rows
from foretell.batch.rows import Rows
from foretell.batch.scorer import Scorer
from foretell.batch.summary.partial import Partial, partial

AHEAD: Final = 1
"""Pieces for each thread that wait to be scored or to be taken away; more cost memory and no time
is saved."""

P = TypeVar("P")


@dataclass(frozen=True)
class Job(Generic[P]):
    """The pieces of a file in order, how one is read, and how its answers are written."""

    pieces: Iterable[P]
    read: Callable[[P], Rows]
    written: Callable[[Rows, Answers], bytes]


@dataclass(frozen=True)
class Scored:
    """What came of a piece."""

    predictions: bytes
    rejected: bytes
    partial: Partial


def scored(job: Job[P], scorer: Scorer, threads: int) -> Iterator[Scored]:
    """What comes of each piece, in their order."""
    words = Words.of(scorer.manifest, scorer.version)
    waiting: deque[Future[Scored]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="scorer")
    try:
        for piece in job.pieces:
            waiting.append(pool.submit(_scored, piece, job, scorer, words))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """How many this process may use."""
    # A container's share; Lambda shows as many as the memory pays for.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _scored(piece: P, job: Job[P], scorer: Scorer, words: Words) -> Scored:
    rows = job.read(piece)
    answers = scorer.score(_possible(rows))
    return Scored(
        predictions=job.written(rows, answers),
        rejected=rejected_rows(rows),
        partial=partial(rows, answers, words, scorer.manifest.drift_baseline),
    )


def _possible(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The records of the rows without faults."""
    return np.delete(rows.records, list(rows.faults), axis=0) if rows.faults else rows.records
