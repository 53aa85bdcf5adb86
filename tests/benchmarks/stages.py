"""Where the time goes when a file is scored: each stage alone, on one core, piece by piece.

python -m tests.benchmarks.stages customers.csv VERSION stages.json
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from foretell import environment
from foretell.batch import container, flow, table
from foretell.batch.answers import Answers, Words
from foretell.batch.csv import rows as csv_rows
from foretell.batch.rejected import rejected_rows
from foretell.batch.render import Renderer, csv_style
from foretell.batch.rows import Records
from foretell.batch.scorer import Outputs, Scorer, portions
from foretell.batch.storage.source import FileSource
from foretell.batch.summary.partial import merged, partial
from foretell.registry import RegistryAddress, connect

STAGES: Final = (
    "cutting into rows",
    "reading into a matrix",
    "scoring: features",
    "scoring: trees",
    "scoring: answers",
    "writing: figures as text",
    "writing: rows with figures",
    "summary",
)


class _Stages:
    """Seconds spent on each stage."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.thread_time()
        yield
        self.spent[name] += time.thread_time() - started  # type: ignore[assignment]

    def scored(self, scorer: Scorer, records: Records) -> Answers:
        """As Scorer.score, in three stages."""
        parts = []
        for some in portions(records):
            with self.stage("scoring: features"):
                seen = scorer.models.seen(some)
            with self.stage("scoring: trees"):
                grown = scorer.models.grown(seen)
            with self.stage("scoring: answers"):
                parts.append(scorer.models.corrected(seen, grown))
        with self.stage("scoring: answers"):
            return scorer.told(
                Outputs(
                    **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
                )
            )


def main(file: str, version: str, target: str) -> None:
    """Write down microseconds a row of each stage, as JSON."""
    loaded = flow.load(connect(RegistryAddress.parse(os.environ[environment.REGISTRY])), version)
    manifest = loaded.scorer.manifest
    words = Words.of(manifest, version)
    opened = container.opened(FileSource(Path(file)).blocks(), 1 << 40)
    found = table.recognised(opened)
    assert found.layout is not None
    job = found.job(found.rows_of(opened), found.first_row, words)
    pieces = iter(job.pieces)
    renderer = Renderer(words, csv_style(found.layout.separator, b"\n", found.layout.decimal))
    stages, rows, parts = _Stages(), 0, []
    while True:
        with stages.stage("cutting into rows"):
            piece = next(pieces, None)
        if piece is None:
            break
        with stages.stage("reading into a matrix"):
            read = csv_rows.read(piece, found.layout)
        answers = stages.scored(loaded.scorer, read.records)
        with stages.stage("writing: figures as text"):
            suffixes = renderer.suffixes(answers)
        with stages.stage("writing: rows with figures"):
            csv_rows.written(read, suffixes)
            rejected_rows(read)
        with stages.stage("summary"):
            parts = [merged([*parts, partial(read, answers, words, manifest.drift_baseline)])]
        rows += len(read.numbers)
    told = {name: 1e6 * spent / rows for name, spent in stages.spent.items()}
    Path(target).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
