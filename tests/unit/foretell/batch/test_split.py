"""Rows of a text file: the same ones however it arrives, and wherever reading begins."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foretell.batch import split
from foretell.batch.rows import Piece
from foretell.batch.split import Dialect, Range, pieces, ranges

LONGEST = 40
"""Bytes of a row, so that files need not be large."""
MOST = 6
"""Rows of a piece."""

COMMAS = Dialect()
TEXTS = st.lists(
    st.sampled_from(
        [b"a", b"bc", b'"', b'""', b",", b",", b"\n", b"\n", b"\r\n", b"\r", b'"d",', b'\n"', b'",']
    ),
    max_size=60,
).map(b"".join)
# Quotes that the next such line neither closes nor leaves closed, and some that it does.
OPEN = st.lists(
    st.sampled_from([b'5" x,"a\n', b'5" x,"a\n', b"a,b\n", b'"\n', b'x"\n', b"x" * 20 + b"\n"]),
    max_size=30,
).map(b"".join)

Row = tuple[int, bytes, str | None]


@pytest.fixture(autouse=True, scope="module")
def _short_rows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "LONGEST_ROW", LONGEST)
        patch.setattr(split, "TOLD_OF_A_LONG_ROW", 20)
        patch.setattr(split, "_AFTER_A_BROKEN_ROW", 8)
        patch.setattr(split, "_MOST_ROWS", MOST)
        yield


def rows_as_specified(text: bytes, dialect: Dialect) -> list[Row]:
    """What the rule says, a byte at a time."""
    rows: list[Row] = []
    start = 0
    while start < len(text):
        line = text.find(dialect.terminator, start) + 1 or len(text)
        end = end_as_specified(text, start, dialect)
        broken = None
        if end is None:
            broken = split.OPEN_QUOTE if line - start <= LONGEST else split.TOO_LONG
            end = line
        content = text[start:end]
        if broken == split.TOO_LONG:
            content = content[: split.TOLD_OF_A_LONG_ROW]
        rows.append((len(rows) + 1, content, broken))
        start = end
    return rows


def end_as_specified(text: bytes, start: int, dialect: Dialect) -> int | None:
    """Where a row ends, None where it is broken."""
    state = "beginning"
    for place in range(start, min(start + LONGEST, len(text))):
        byte = text[place : place + 1]
        if state == "inside":
            state = "closed" if byte == b'"' else "inside"
        elif byte == b'"' and dialect.quotes and state in {"beginning", "closed"}:
            state = "inside"
        elif byte == dialect.terminator:
            return place + 1
        else:
            state = "beginning" if byte == dialect.separator else "text"
    whole = len(text) - start <= LONGEST
    return len(text) if whole and state != "inside" else None


def rows_of(found: list[Piece], text: bytes, dialect: Dialect) -> list[Row]:
    """The rows in pieces, each by itself."""
    rows: list[Row] = []
    for piece in found:
        if piece.broken:
            rows.append((piece.first_row, piece.content, piece.broken))
            continue
        for number, content, broken in rows_as_specified(piece.content, dialect):
            assert broken is None, "a piece is made of whole rows"
            rows.append((piece.first_row + number - 1, content, None))
    return rows


def blocks_of(text: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:stop] for start, stop in pairwise(places)]


class TestRows:
    """The rows are those of the rule, however the bytes arrive."""

    @given(
        text=TEXTS | OPEN,
        cuts=st.lists(st.integers(0, 200), max_size=8),
        target=st.integers(1, 100),
        dialect=st.builds(
            Dialect, st.just(b","), st.sampled_from([b"\n", b"\r"]), st.sampled_from([True, False])
        ),
    )
    @example(text=b'"' * 50 + b"\n\n", cuts=[], target=9, dialect=COMMAS)
    @example(text=b'5" x,"ab\n' * 30, cuts=[], target=100, dialect=COMMAS)
    @example(
        text=b',"a\n' + (b"x" * 19 + b"\n") * 2 + b'"\n' + b"a,b\n" * 20,
        cuts=[],
        target=40,
        dialect=COMMAS,
    )
    @example(text=b"a" * 40 + b"b\nc", cuts=[], target=4, dialect=COMMAS)
    @example(text=b"a" * 40, cuts=[], target=40, dialect=COMMAS)
    @example(text=b"a" * 900 + b"\nb\n", cuts=[300], target=40, dialect=COMMAS)
    def test_are_those_of_the_rule(
        self, text: bytes, cuts: list[int], target: int, dialect: Dialect
    ) -> None:
        found = list(pieces(blocks_of(text, cuts), dialect, 1, target))

        assert rows_of(found, text, dialect) == rows_as_specified(text, dialect)

    def test_arrive_a_byte_at_a_time(self) -> None:
        text = b'a,"b\n""c"\r\n5" pipe,d\n\n"e\nf'

        found = list(pieces([text[at : at + 1] for at in range(len(text))], COMMAS, 1, 4))

        assert rows_of(found, text, COMMAS) == [
            (1, b'a,"b\n""c"\r\n', None),
            (2, b'5" pipe,d\n', None),
            (3, b"\n", None),
            (4, b'"e\n', split.OPEN_QUOTE),
            (5, b"f", None),
        ]

    @pytest.mark.parametrize("text", [b"", b"\n", b"a", b'""'])
    def test_of_next_to_nothing(self, text: bytes) -> None:
        assert b"".join(piece.content for piece in pieces([text], COMMAS, 1)) == text

    def test_of_json_lines_are_lines_whatever_their_quotes(self) -> None:
        text = b'{"a": "b\\"\n{"c'

        assert [piece.content for piece in pieces([text], None, 1, 1)] == [b'{"a": "b\\"\n', b'{"c']

    def test_too_long_a_row_is_told_by_its_beginning_and_counts_as_one(self) -> None:
        text = b"a\n" + b"b" * 5_000 + b"\nc\n"

        found = list(pieces([text], None, 7, 10))

        assert found == [
            Piece(b"a\n", 7),
            Piece(b"b" * split.TOLD_OF_A_LONG_ROW, 8, split.TOO_LONG),
            Piece(b"c\n", 9),
        ]

    def test_that_are_short_come_in_pieces_of_so_many_that_their_faults_have_room(self) -> None:
        found = list(pieces([b"a\n" * 20], COMMAS, 1, 1_000))

        assert [piece.content.count(b"\n") for piece in found] == [6, 6, 6, 2]
        assert [piece.first_row for piece in found] == [1, 7, 13, 19]

    def test_behind_a_broken_one_soon_come_many_at_a_time_again(self) -> None:
        text = b'"\n' + (b"a" * 9 + b"\n") * 40

        found = list(pieces([text], COMMAS, 1, 1_000))

        assert found[0].broken == split.OPEN_QUOTE
        assert len(found) < 15


class TestRanges:
    """A range is read by itself as it is read with all the others."""

    @given(
        text=TEXTS | OPEN, size=st.integers(1, 120), cuts=st.lists(st.integers(0, 200), max_size=4)
    )
    def test_have_the_same_rows_as_the_file(self, text: bytes, size: int, cuts: list[int]) -> None:
        planned = list(ranges(blocks_of(text, cuts), COMMAS, 1, size))

        rows: list[Row] = []
        for each in planned:
            part = text[each.first_byte : each.after_byte]
            rows += rows_of(list(pieces([part], COMMAS, each.first_row, 30)), part, COMMAS)
            assert len(rows) == each.first_row + each.rows - 1
        assert rows == rows_as_specified(text, COMMAS)

    @given(text=TEXTS | OPEN, first=st.integers(0, 60), last=st.integers(0, 60))
    def test_may_begin_and_end_with_any_row(self, text: bytes, first: int, last: int) -> None:
        rows = rows_as_specified(text, COMMAS)
        some = rows[first:last]
        starts = [
            sum(len(content) for _, content, _ in rows[:at]) for at in (first, max(first, last))
        ]

        part = text[starts[0] : starts[1]]

        if any(broken == split.TOO_LONG for _, _, broken in rows):
            return  # of which the beginning alone is in the rows
        assert rows_of(list(pieces([part], COMMAS, first + 1, 20)), part, COMMAS) == some

    def test_are_about_as_large_as_asked_for_and_leave_nothing_out(self) -> None:
        found = list(ranges([b"a,b,c\n" * 15], COMMAS, 2, 36))

        assert found == [Range(0, 36, 2, 6), Range(36, 72, 8, 6), Range(72, 90, 14, 3)]
