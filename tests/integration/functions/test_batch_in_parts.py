"""A file in parts comes to the same bytes as in one place, however many parts there are.

moto's Step Functions cannot call our function. So the state machine runs in this process, from the
file that is deployed (infra/batch.asl.json), by infra.local.state_machine: its tasks, its Map over
the parts in S3, its retries and catches are those of the file. What has no effect there, such as
MaxConcurrency and waiting times, is asserted from the file in tests/infra/test_state_machine.py.
"""

import gzip
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell import environment
from foretell.batch import flow, parts, run, split
from foretell.batch.container import opened
from foretell.batch.flow import Place, Version
from foretell.batch.function import Tasks
from foretell.batch.runs import Run, SourceFile, Status
from foretell.batch.storage.claims import StatusFile
from foretell.batch.storage.folder import FolderResults
from foretell.batch.storage.source import FileSource
from foretell.batch.table import recognised
from foretell.problems import RowsLost, RunNotFound, StorageUnreachable, UnscorableFile
from foretell.registry import Registry, RegistryAddress, connect
from infra.local import state_machine
from infra.local.state_machine import ExecutionFailed
from infra.local.step_functions import step_functions
from tests.shared import batch_files as files
from tests.shared.batch_files import Buckets, Row
from training.publish import promote, publish

DEPLOYED = json.loads(Path("infra/batch.asl.json").read_text(encoding="utf-8"))
ENDS_AT_ONCE = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
LEFT_HERE = 900.0
"""Seconds."""
PATIENCE = 20.0
"""Seconds for what takes one or two."""
ROWS = 64
RESULTS = ("predictions", "rejected.csv", "summary.json")

Outputs = dict[str, bytes]


@pytest.fixture(scope="module")
def registry(s3_endpoint: str, trained: Any) -> Registry:
    """A registry in which the trained version is live."""
    found = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}", "shop"))
    found.s3.create_bucket(Bucket=found.address.bucket)
    publish(found, trained.manifest, trained.files)
    promote(found, trained.version, None)
    return found


@pytest.fixture(scope="module")
def version(registry: Registry, trained: Any) -> Version:
    return flow.load(registry, trained.version)


# Files of 64 rows, in which it is hard to tell where a row ends, and which of them are refused.

HEADER = "customer_id,tenure_days,recency,frequency,monetary,note"


def lines(note: Callable[[int], str], end: str = "\n") -> str:
    """A CSV file whose every fifth customer is impossible."""
    return HEADER + end + "".join(line(place, note(place)) + end for place in range(ROWS))


def line(place: int, note: str) -> str:
    recency = 9_999 if place % 5 == 4 else place
    return f"C{place},{100 + place},{recency},{place / 16},{place * 10.25},{note}"


def semicolons(text: str) -> str:
    return text.replace(",", ";").replace(".", ",")


TEXTS: Mapping[str, str | bytes] = {
    "quoted line breaks": lines(lambda place: '"' + "one,\n" * (place % 4) + '"'),
    "quoted line ends of Windows": lines(lambda place: f'"a\r\nb{place}\r\n"', "\r\n"),
    "doubled quotes": lines(lambda place: '"' + '""' * (place % 5) + '\n"""'),
    "stray quotes": lines(lambda place: ('5" pipe', '"5" pipe', 'a""b', '"a"b""')[place % 4]),
    "a quote that is never closed": lines(lambda place: '"open' if place == 20 else "shut"),
    "a quote that the last row opens": lines(lambda place: '"' if place == ROWS - 1 else ""),
    "no final newline": lines(lambda place: "x" * place).removesuffix("\n"),
    "no final newline and a quote": lines(lambda place: '"\n"').removesuffix("\n"),
    "Unicode": "\ufeff" + lines(lambda place: "Ελλάδα 🙂\u2028é\x85"[: place % 13]),
    "Windows-1252": lines(lambda place: "größe €").encode("cp1252"),
    "blank lines": lines(lambda place: "x").replace("\nC3", "\n\n\r\nC3").replace("x\nC5", "x\nC5"),
    "line ends of an old Mac": lines(lambda place: '"\n"' if place % 3 else "", "\r"),
    "semicolons": semicolons(lines(lambda place: '"a;b"', "\r\n")),
    "cells too many and too few": lines(lambda place: ",,"[: place % 3]),
    "formulas": lines(lambda place: ("=1+1", "-5", '"@a\n"')[place % 3]),
    "JSON Lines": "".join(
        json.dumps(dict(zip(HEADER.split(","), cells, strict=True)), ensure_ascii=False) + end
        for cells, end in (
            ([f"C{place}", 100 + place, 9_999 if place % 5 == 4 else place, 1, 10.25, "é\n"], "\n")
            for place in range(ROWS)
        )
    ),
    "JSON Lines, broken and blank ones among them": "".join(
        ('{"tenure_days": 9, "recency": 1, "frequency": 2, "monetary": 3}\r\n', "{\n", "\n", '"a"\n')[
            place % 4
        ]
        for place in range(ROWS)
    ).removesuffix("\n"),
}


def content_of(name: str) -> bytes:
    text = TEXTS[name]
    return text if isinstance(text, bytes) else text.encode()


def part_size(content: bytes, ranges: int) -> int:
    """Bytes of each part, for there to be so many."""
    table = recognised(opened([content], len(content)))
    rows = content[table.first_byte :]

    def found(size: int) -> int:
        return sum(1 for _ in split.ranges([rows], table.dialect, table.first_row, size))

    sizes = (len(rows) // divisor for divisor in range(1, len(rows) + 1))
    return next(size for size in sizes if found(max(size, 1)) >= ranges)


@dataclass(frozen=True)
class Folder:
    """A run whose results are in a folder."""

    path: Path
    source: FileSource
    run: Run
    version: Version

    @classmethod
    def of(cls, path: Path, content: bytes, version: Version) -> "Folder":
        file = path / "file"
        file.write_bytes(content)
        source = SourceFile(bucket="b", key="incoming/file", version="1", size=len(content))
        begun = Run(source=source, model_version=version.scorer.version, received=datetime.now(UTC))
        return cls(path, FileSource(file), begun, version)

    def alone(self) -> Outputs:
        place = self._place("alone")
        run.score(self.source, self.run, self.version, place)
        return self._outputs(place)

    def in_parts(self, size: int) -> tuple[Outputs, int]:
        """What comes of it, and of how many parts."""
        place = self._place("in parts")
        found = parts.plan(self.source, self.run, place, size)
        for part in reversed(found):
            parts.score_part(part, self.source, self.version, place)
        assert parts.share_done(place.results) == 1
        parts.assemble(self.source, lambda name: FileSource(self.path / "in parts" / name), self.run, self.version, place)
        return self._outputs(place), len(found)

    def _place(self, name: str) -> Place:
        results = FolderResults(self.path / name)
        now = datetime.now(UTC)
        first = Status(run_id=self.run.run_id, state="running", source=self.run.source, started=now, updated=now)
        return Place(results, StatusFile(results, first), self.path, 1 << 30, lambda: LEFT_HERE, 1)

    def _outputs(self, place: Place) -> Outputs:
        return {name: (place.results.get(name) or pytest.fail(name)).body for name in place.results.names() if name != "status.json"}


class TestText:
    """Planned, scored and assembled by what the function calls, in a folder."""

    @pytest.mark.parametrize("ranges", [1, 2, 7, 64])
    @pytest.mark.parametrize("name", TEXTS)
    def test_it_is_the_same_bytes(self, version, tmp_path, name, ranges):
        content = content_of(name)
        folder = Folder.of(tmp_path, content, version)
        t0=time.perf_counter()
        alone = folder.alone()
        t1=time.perf_counter()
        size=part_size(content, ranges)
        t2=time.perf_counter()
        outputs, found = folder.in_parts(size)
        t3=time.perf_counter()
        print(name, ranges, found, round(t1-t0,3), round(t2-t1,3), round(t3-t2,3))
        assert outputs == alone
