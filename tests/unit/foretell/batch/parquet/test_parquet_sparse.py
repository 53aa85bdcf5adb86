"""A part of a Parquet file: what is fetched of it, and that it reads as the whole does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.batch.parquet.layout import recognise, row_ranges
from foretell.batch.parquet.rows import pieces, read
from foretell.batch.parquet.sparse import fetch, fetch_footer
from foretell.problems import UnscorableFile

Write = Callable[..., Path]

ROWS = 9_000
CUSTOMERS = """SELECT 'c' || i AS customer_id, 400 AS tenure_days, i % 450 AS recency,
    1.5::FLOAT AS frequency, i * 1.25 AS monetary, ['Basic', 'Premium'][i % 2 + 1] AS account_type,
    {{'deep, er': [i], 'text': {text}}} AS "a, b", i AS number
    FROM range({rows}) AS t(i)"""


@dataclass
class Bytes:
    """A file elsewhere that remembers what was read of it."""

    content: bytes
    read_ranges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, first: int, after: int) -> bytes:
        self.read_ranges.append((first, min(after, self.size)))
        return self.content[first:after]

    def blocks(self, first: int = 0, after: int | None = None) -> Iterator[bytes]:
        end = self.size if after is None else after
        for start in range(first, end, 50_000):
            yield self.read(start, min(start + 50_000, end))

    @property
    def fetched(self) -> int:
        return sum(after - first for first, after in self.read_ranges)


@pytest.fixture(scope="module")
def whole(write: Write) -> Path:
    """A file of five row groups."""
    return write(CUSTOMERS.format(rows=ROWS, text="'x' || i"), row_group=2048)


@pytest.fixture(scope="module")
def large(write: Write) -> Path:
    """One of which parts are worth leaving out."""
    # Does not compress: a row group is 4 MB.
    text = "array_to_string([md5((i * 60 + x)::VARCHAR) FOR x IN range(60)], '')"
    return write(CUSTOMERS.format(rows=ROWS, text=text), row_group=2048)


def test_a_footer_tells_what_the_whole_file_does(whole: Path, tmp_path: Path) -> None:
    source, target = Bytes(whole.read_bytes()), tmp_path / "footer"

    fetch_footer(source, target)

    assert recognise(target) == recognise(whole)
    assert target.stat().st_size == source.size
    assert source.fetched < source.size / 10


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)).map(sorted))
def test_the_rows_of_a_part_are_those_of_the_whole(
    whole: Path, tmp_path: Path, wanted: list[int]
) -> None:
    first, after = wanted
    source, target = Bytes(whole.read_bytes()), tmp_path / "part"

    fetch(source, target, first, after)

    layout = recognise(whole)
    parts = map(read, pieces(layout, target, first, after, rows=2048))
    expected = map(read, pieces(layout, whole, first, after, rows=2048))
    for one, other in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(one.records, other.records)
        assert [*one.faults] == [*other.faults]
        assert one.customer_id(0) == other.customer_id(0)
        if other.faults:
            position = next(iter(other.faults))
            assert one.original(position) == other.original(position)


def test_of_other_row_groups_nothing_is_fetched(large: Path, tmp_path: Path) -> None:
    layout = recognise(large)
    sizes = []
    for first, after in row_ranges(layout, 2048):
        source, target = Bytes(large.read_bytes()), tmp_path / "part"
        fetch(source, target, first, after)
        sizes.append(source.fetched)
        assert target.stat().st_blocks * 512 < source.fetched + 100_000  # the rest is a hole

    assert len(sizes) == 5
    assert sum(sizes) < 1.2 * large.stat().st_size


def test_of_other_columns_nothing_is_fetched(large: Path, tmp_path: Path) -> None:
    layout = recognise(large)
    source, target = Bytes(large.read_bytes()), tmp_path / "part"

    fetch(source, target, columns=[column.name for column in layout.fields.values()])

    assert source.fetched < source.size / 20
    (found,) = map(read, pieces(layout, target))
    assert found.customer_id(ROWS - 1) == f"c{ROWS - 1}"
    with pytest.raises(UnscorableFile):
        found.original(0)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" * 3, b"x" * 100, b"PAR1\xff\xff\xff\xffPAR1"]
)
def test_what_does_not_end_as_parquet_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnscorableFile, match="does not end as"):
        fetch_footer(Bytes(content), tmp_path / "footer")


def test_a_file_that_lost_its_middle_is_refused(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()

    with pytest.raises(UnscorableFile, match="shorter than its footer says"):
        fetch(Bytes(content[:4] + content[-8_000:]), tmp_path / "part")
