# ruff: noqa: S608 - statements are made of quoted names and literals (see database.py)
"""A part of a Parquet file that lies elsewhere, as a local file of the same size full of holes.

Whoever scores some row groups of a file reads its footer and those groups, and no more; DuckDB
finds both where the footer says they are.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from foretell.batch.parquet.database import file, reading
from foretell.batch.parquet.layout import top_level
from foretell.batch.storage import refused
from foretell.problems import UnscorableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MAGIC: Final = b"PAR1"
_TAIL: Final = 8
"""Bytes at the very end: the length of the footer, and _MAGIC."""
_LONGEST_FOOTER: Final = 256 << 20

_GAP: Final = 1 << 20
"""Bytes that are quicker read than left out."""

Range = tuple[int, int]


class Source(Protocol):
    """What is asked of a file that lies elsewhere; see foretell.batch.storage.source.Source."""

    @property
    def size(self) -> int:
        """Bytes."""

    def blocks(self, first: int = 0, after: int | None = None) -> Iterator[bytes]:
        """The bytes [first, after), in blocks of bounded size."""

    def read(self, first: int, after: int) -> bytes:
        """The bytes [first, after)."""


def fetch_footer(source: Source, target: Path) -> None:
    """Make of `target` what layout.recognise reads: the footer, and holes.

    Raises:
        UnscorableFile: the file does not end as Parquet does.
        StorageUnreachable: it cannot be read, or written, now.
    """
    tail = source.read(max(source.size - _TAIL, 0), source.size)
    footer = int.from_bytes(tail[:4], "little") + _TAIL
    if tail[4:] != _MAGIC or footer > min(source.size - len(_MAGIC), _LONGEST_FOOTER):
        raise UnscorableFile(
            "the file does not end as a Parquet file does: it is cut off, or encrypted; export it"
            " again"
        )
    with refused.by_disk(target), target.open("wb") as local:
        local.truncate(source.size)
        local.write(_MAGIC)
    _fill(source, [(source.size - footer, source.size)], target)


def fetch(
    source: Source,
    target: Path,
    first: int = 0,
    after: int | None = None,
    columns: Collection[str] | None = None,
) -> None:
    """Make of `target` a file of which the rows from `first` to the one before `after` can be read.

    Only these columns can, named as in the layout; without them all can, as is needed for
    ParquetRows.original.

    Raises:
        UnscorableFile: the file is damaged.
        StorageUnreachable: it cannot be read, or written, now.
    """
    fetch_footer(source, target)
    with reading() as connection:
        places = list(_places(connection, target, first, after, columns))
    if any(start < 0 or end > source.size for start, end in places):
        raise UnscorableFile(
            "the Parquet file is shorter than its footer says: it is cut off; export it again"
        )
    _fill(source, _joined(places), target)


def _places(
    connection: "DuckDBPyConnection",
    path: Path,
    first: int,
    after: int | None,
    columns: Collection[str] | None,
) -> Iterator[Range]:
    """Where the column chunks lie that hold the rows."""
    leaves = [name for name, number in top_level(connection, path) for _ in range(number)]
    wanted = [place for place, name in enumerate(leaves) if columns is None or name in columns]
    yield from connection.execute(
        f"""WITH chunks AS (
            SELECT row_group_id, column_id, total_compressed_size AS size,
                -- Writers that know no dictionary may give its place as 0.
                CASE WHEN dictionary_page_offset >= {len(_MAGIC)}
                    THEN least(dictionary_page_offset, data_page_offset)
                    ELSE data_page_offset END AS start,
                row_group_num_rows AS rows
            FROM parquet_metadata({file(path)})
        ), row_groups AS (
            SELECT row_group_id, sum(rows) OVER (ORDER BY row_group_id) - rows AS first,
                first + rows AS after
            FROM (SELECT row_group_id, any_value(rows) AS rows FROM chunks GROUP BY row_group_id)
        )
        SELECT start, start + size FROM chunks JOIN row_groups USING (row_group_id)
        WHERE row_groups.after > $first AND ($after IS NULL OR row_groups.first < $after)
            AND list_contains($wanted, column_id)
        ORDER BY start""",
        {"first": first, "after": after, "wanted": wanted},
    ).fetchall()


def _joined(places: Iterable[Range]) -> list[Range]:
    """Neighbours, which come in order, as one."""
    joined: list[Range] = []
    for start, end in places:
        if joined and start <= joined[-1][1] + _GAP:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _fill(source: Source, places: Iterable[Range], target: Path) -> None:
    with refused.by_disk(target), target.open("r+b") as local:
        for start, end in places:
            local.seek(start)
            for block in source.blocks(start, end):
                local.write(block)
