"""The runs in the results bucket, the one that was updated last first.

S3 lists keys in the order of the alphabet and tells when each object was written; a status is
written last when its run has come further. So all of them are listed, up to a limit, and the newest
are read.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from pydantic import ValidationError

from foretell.batch.runs import RUN_ID, RUNS, STATUS, SourceFile, Status
from foretell.portfolio.buckets import AT_ONCE, Buckets, translated_errors
from foretell.portfolio.documents import OBJECTS_LISTED, RunEntry, RunPage, RunsQuery
from foretell.portfolio.runs import read_status
from foretell.telemetry import logger

MOST_READ: Final = 200
"""How many statuses are read for one page, at most."""

_PAGE_SIZE: Final = 1_000
"""S3 lists no more at a time."""

_OF_FILE: Final = ("key", "size")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class _Place:
    """Where a run stands among the others."""

    updated: int
    """Microseconds since 1970."""
    run_id: str

    @classmethod
    def parse(cls, text: str) -> "_Place":
        updated, _, run_id = text.partition("-")
        return cls(int(updated), run_id)

    def __str__(self) -> str:
        return f"{self.updated}-{self.run_id}"


def page(buckets: Buckets, asked: RunsQuery) -> RunPage:
    """The runs that are asked for.

    A run whose status is gone by now, or was not written by this release, is left out.

    Raises:
        StorageUnreachable: S3 does not answer, or refuses.
    """
    places, complete = _list(buckets, _prefix(asked.key))
    if asked.after is not None:
        places = [place for place in places if place < _Place.parse(asked.after)]
    entries: list[RunEntry] = []
    looked_at: list[_Place] = []
    for place, status in islice(_read(buckets, places, min(asked.limit, AT_ONCE)), MOST_READ):
        looked_at.append(place)
        if status is not None and asked.key in {None, status.source.key}:
            entries.append(_entry(status))
        if len(entries) == asked.limit:
            break
    return RunPage(
        runs=tuple(entries),
        next=str(looked_at[-1]) if len(looked_at) < len(places) else None,
        complete=complete,
    )


def _prefix(key: str | None) -> str:
    if key is None:
        return RUNS
    # The id of a run begins with what is readable of the file's name, whatever its version.
    of_any_version = SourceFile(bucket="", key=key, version="", size=0).run_id
    return f"{RUNS}{of_any_version.rpartition('-')[0]}-"


def _list(buckets: Buckets, prefix: str) -> tuple[list[_Place], bool]:
    """All runs, newest first, and whether they are all."""
    found: list[_Place] = []
    complete = True
    with translated_errors(buckets.results):
        pages = buckets.s3.get_paginator("list_objects_v2").paginate(
            Bucket=buckets.results, Prefix=prefix, PaginationConfig={"PageSize": _PAGE_SIZE}
        )
        for listed in islice(pages, OBJECTS_LISTED // _PAGE_SIZE):
            for item in listed.get("Contents", ()):
                run_id, _, name = item["Key"].removeprefix(RUNS).partition("/")
                if name == STATUS and RUN_ID.fullmatch(run_id):
                    found.append(_Place(_microseconds(item["LastModified"]), run_id))
            complete = not listed["IsTruncated"]
    return sorted(found, reverse=True), complete


def _read(
    buckets: Buckets, places: Sequence[_Place], at_once: int
) -> Iterator[tuple[_Place, Status | None]]:
    """Statuses in the order of the places; no more are read than a few ahead."""
    with ThreadPoolExecutor(at_once) as pool:
        for start in range(0, len(places), at_once):
            some = places[start : start + at_once]
            yield from zip(some, pool.map(lambda place: _status(buckets, place), some), strict=True)


def _status(buckets: Buckets, place: _Place) -> Status | None:
    try:
        return read_status(buckets, place.run_id)
    except ValidationError:
        logger.warning("A run whose status cannot be read is left out", run_id=place.run_id)
        return None


def _entry(status: Status) -> RunEntry:
    same = {name: getattr(status, name) for name in RunEntry.model_fields if name not in _OF_FILE}
    return RunEntry(**same, **{name: getattr(status.source, name) for name in _OF_FILE})


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
