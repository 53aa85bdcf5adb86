# ruff: noqa: S608 - statements are made of quoted names and literals (see database.py)
"""What the footer of a Parquet file says: its columns, and how many rows lie in which group."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from foretell.batch import columns
from foretell.batch.parquet.database import file, reading, table
from foretell.batch.runs import Content
from foretell.problems import UnscorableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROW: Final = "file_row_number"
"""DuckDB's name for the place of a row in its file, from 0."""

ACCOUNT_TYPE: Final = "account_type"

TEXT: Final = "VARCHAR"
NOTHING: Final = '"NULL"'
"""The type of a column that holds nothing in any row."""

_NUMBER: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)")
_NESTED: Final = re.compile(r".*\]|(STRUCT|MAP|UNION)\(.*|VARIANT|GEOMETRY.*", re.DOTALL)


class ParquetColumn(BaseModel):
    """A column, nested or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str = Field(description="As DuckDB calls it, such as DECIMAL(9,2).")

    @property
    def is_number(self) -> bool:
        """Whether each of its values is one."""
        return _NUMBER.fullmatch(self.type) is not None

    @property
    def is_nested(self) -> bool:
        """Whether its values have parts."""
        return _NESTED.fullmatch(self.type) is not None


class ParquetLayout(BaseModel):
    """What is to be known of a Parquet file to read any of its rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[ParquetColumn, ...]
    row_groups: tuple[int, ...] = Field(description="Rows of each group, none of which is empty.")

    @property
    def rows(self) -> int:
        """Of the whole file."""
        return sum(self.row_groups)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def content(self) -> Content:
        """What its columns say it holds.

        Raises:
            UnscorableFile: neither customers nor transactions.
        """
        return columns.content_of(self.names)

    @cached_property
    def fields(self) -> dict[str, ParquetColumn]:
        """The columns that hold fields of the customer record, by the field's name."""
        return {
            field: self.columns[place] for field, place in columns.field_columns(self.names).items()
        }


def recognise(path: Path) -> ParquetLayout:
    """What a file's footer says; nothing else of the file is read.

    Raises:
        UnscorableFile: it is damaged, its columns are neither those of customers nor those of
            transactions, or a field of the customer record is of a type that cannot hold it.
    """
    with reading() as connection:
        layout = ParquetLayout(
            columns=tuple(
                ParquetColumn(name=name, type=kind)
                for name, kind, *_ in connection.execute(
                    f"DESCRIBE SELECT * FROM {table(path)}"
                ).fetchall()
            ),
            row_groups=_row_groups(connection, path),
        )
        names = [column for column, _ in top_level(connection, path)]
    _refuse_ambiguous(names)
    if layout.content == "customers":
        _refuse_unfit(layout)
    return layout


def row_ranges(layout: ParquetLayout, rows: int) -> list[tuple[int, int]]:
    """All rows in ranges of whole row groups, each the first row and the one after the last.

    A range has at most `rows` rows, or is a single group.
    """
    borders = [0]
    end = 0
    for group in layout.row_groups:
        if end > borders[-1] and end + group - borders[-1] > rows:
            borders.append(end)
        end += group
    if end:
        borders.append(end)
    return list(pairwise(borders))


def top_level(connection: "DuckDBPyConnection", path: Path) -> Iterator[tuple[str, int]]:
    """Each column's name as it stands in the file, and the number of leaves below it."""
    elements = connection.execute(
        f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({file(path)})"
    ).fetchall()
    place = 1  # behind the root
    while place < len(elements):
        after, leaves = _subtree(elements, place)
        yield elements[place][0], leaves
        place = after


def _subtree(elements: Sequence[tuple[str, int]], place: int) -> tuple[int, int]:
    """The place behind an element and all below it, and the number of its leaves."""
    open_elements, leaves = 1, 0
    while open_elements and place < len(elements):
        children = elements[place][1]
        open_elements += children - 1
        leaves += not children
        place += 1
    return place, leaves


def _row_groups(connection: "DuckDBPyConnection", path: Path) -> tuple[int, ...]:
    groups = connection.execute(
        f"""SELECT any_value(row_group_num_rows) FROM parquet_metadata({file(path)})
        GROUP BY row_group_id ORDER BY row_group_id"""
    ).fetchall()
    rows = tuple(number for (number,) in groups)
    told = connection.execute(
        f"SELECT num_rows FROM parquet_file_metadata({file(path)})"
    ).fetchall()
    if min(rows, default=0) < 0 or [(sum(rows),)] != told:
        raise UnscorableFile(
            "the footer of the Parquet file contradicts itself on the number of rows:"
            " export it again"
        )
    return tuple(number for number in rows if number)


def _refuse_ambiguous(names: Sequence[str]) -> None:
    times = Counter(name.lower() for name in names)
    twice = next((name for name in names if times[name.lower()] > 1), None)
    if twice is not None:
        raise UnscorableFile(
            f"the column {twice} is there more than once (capitals make no difference):"
            " rename or leave out one"
        )
    if ROW in times:
        raise UnscorableFile(
            f"the column {ROW} has a name that the reader of Parquet needs for itself: rename it"
        )


def _refuse_unfit(layout: ParquetLayout) -> None:
    for field, column in layout.fields.items():
        if field == columns.CUSTOMER_ID:
            fits, wanted = not column.is_nested, "text or numbers"
        elif field == ACCOUNT_TYPE:
            fits, wanted = column.type in {TEXT, NOTHING}, "text"
        else:
            # What is text is no number in any row that holds some; there need not be one.
            fits, wanted = column.is_number or column.type in {TEXT, NOTHING}, "numbers"
        if not fits:
            raise UnscorableFile(
                f"the column {column.name} is of type {column.type}: write it as {wanted}"
            )
