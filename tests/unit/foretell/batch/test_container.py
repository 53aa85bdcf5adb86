"""What is in a file is found out by its content, in bounded memory, or refused with advice."""

import gzip
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch.container import BLOCK, Opened, gzip_member, opened
from foretell.problems import UnscorableFile

ENOUGH = 1 << 32
CSV = "customer_id,name\n1,Zoë\n2,新\n".encode()
SMALL = gzip.compress(CSV, mtime=0)


def whole(content: bytes, at_most: int = ENOUGH) -> Opened:
    """A file that arrives at once."""
    return opened([content], at_most)


def text(found: Opened) -> bytes:
    return b"".join(found.blocks)


class TestKinds:
    """CSV, JSON Lines and Parquet are told apart; so is what they come in."""

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (CSV, "csv"),
            (b"one line", "csv"),
            (b"\n\n;a;b\n", "csv"),
            (b"PK,customer_id\n", "csv"),
            (b"BZh,customer_id\n", "csv"),
            (b"a,b\n\x00,\xff\n", "csv"),
            (b'{"a": 1}\n', "jsonl"),
            (b'\xef\xbb\xbf\n {"a": 1}', "jsonl"),
            (b"PAR1\x15\x00\x00", "parquet"),
        ],
    )
    def test_the_first_bytes_tell(self, content: bytes, kind: str) -> None:
        found = whole(content)

        assert (found.kind, found.compressed, found.encoding) == (kind, False, "utf-8")
        assert found.head == content
        assert text(found) == content

    @pytest.mark.parametrize(("content", "kind"), [(CSV, "csv"), (b'{"a": 1}\n', "jsonl")])
    def test_gzip_is_unpacked(self, content: bytes, kind: str) -> None:
        found = whole(gzip.compress(content, mtime=0))

        assert (found.kind, found.compressed, found.encoding) == (kind, True, "utf-8")
        assert found.head == text(found) == content

    @pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("packed", [False, True])
    def test_utf_16_becomes_utf_8(self, codec: str, *, packed: bool) -> None:
        content = ("\ufeff" + CSV.decode()).encode(codec)

        found = whole(gzip.compress(content, mtime=0) if packed else content)

        assert (found.kind, found.compressed, found.encoding) == ("csv", packed, "utf-16")
        assert text(found) == "\ufeff".encode() + CSV

    def test_damaged_utf_16_is_read_as_far_as_it_is_text(self) -> None:
        found = whole(b"\xff\xfea\x00\x00\xd8b\x00c")

        assert text(found).decode() == "\ufeffa\ufffdb\ufffd"


class TestRefusals:
    """What cannot be scored is named, with what to do instead."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b" \r\n\t\n" * 9, "empty"),
            (gzip.compress(b"", mtime=0), "empty"),
            (b"\xff\xfe", "empty"),
            (b"\x00" * 999, "NUL bytes: save it as CSV in UTF-8"),
            (CSV.decode().encode("utf-16-le"), "NUL bytes"),
            (CSV.decode().encode("utf-32"), "UTF-32"),
            (b"PK\x03\x04....[Content_Types].xml....xl/workbook.xml", "workbook.*save its sheet"),
            (b"PK\x03\x04....customers.csv", "zip archive: unpack it"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
            (b"%PDF-1.7\n", "PDF"),
            (b"<!DOCTYPE html>", "web page"),
            (b"\n  <html>", "web page"),
            (b'\n[{"a": 1},', "one object a line"),
            (b"BZh91AY&SY...", "use gzip"),
            (b"\xfd7zXZ\x00...", "use gzip"),
            (b"\x28\xb5\x2f\xfd...", "use gzip"),
            (gzip.compress(SMALL, mtime=0), "compressed twice"),
            (gzip.compress(b"PAR1\x15", mtime=0), "unpack it"),
        ],
    )
    def test_with_advice(self, content: bytes, said: str) -> None:
        with pytest.raises(UnscorableFile, match=said):
            whole(content)

    def test_a_file_without_any_block_is_empty(self) -> None:
        with pytest.raises(UnscorableFile, match="empty"):
            opened([], ENOUGH)


class TestGzip:
    """Everything is unpacked, or it is said that it cannot be."""

    def test_members_one_after_the_other_are_one_file(self) -> None:
        found = whole(
            gzip.compress(b"a,b\n", mtime=0) + gzip.compress(b"") + gzip.compress(b"1,2\n")
        )

        assert text(found) == b"a,b\n1,2\n"

    @pytest.mark.parametrize("cut", [1, 7, 1 << 16])
    def test_zeros_behind_it_are_no_damage(self, cut: int) -> None:
        content = SMALL + bytes(513)

        assert text(opened(pieces(content, cut), ENOUGH)) == CSV

    @pytest.mark.parametrize("size", range(2, len(SMALL)))
    def test_one_that_ends_too_early_is_refused(self, size: int) -> None:
        with pytest.raises(UnscorableFile, match="ends too early"):
            text(whole(SMALL[:size]))

    def test_a_second_member_that_ends_too_early_is_refused(self) -> None:
        with pytest.raises(UnscorableFile, match="ends too early"):
            text(whole(SMALL + SMALL[:5]))

    @pytest.mark.parametrize("damaged", [SMALL[:-6] + b"??" + SMALL[-4:], SMALL + b"something"])
    def test_a_damaged_one_is_refused(self, damaged: bytes) -> None:
        with pytest.raises(UnscorableFile, match="damaged"):
            text(whole(damaged))

    def test_damage_is_found_where_it_is_and_what_came_before_is_read(self) -> None:
        content = bytes(range(1, 256)) * (3 * BLOCK // 255)
        found = whole(gzip.compress(content, 0, mtime=0)[: 2 * BLOCK])

        assert next(found.blocks) == content[:BLOCK]
        with pytest.raises(UnscorableFile, match="ends too early"):
            list(found.blocks)

    def test_exactly_what_is_allowed_may_come_of_it(self) -> None:
        assert text(whole(SMALL, len(CSV))) == CSV

        with pytest.raises(UnscorableFile, match=f"more than {len(CSV) - 1:,} bytes"):
            text(whole(SMALL, len(CSV) - 1))

    def test_a_bomb_costs_no_memory(self) -> None:
        packed = gzip.compress(b"1,2\n" * (12 * BLOCK), 1, mtime=0)
        tracemalloc.start()
        try:
            found = whole(packed, 40 * BLOCK)
            with pytest.raises(UnscorableFile, match="unpacks to more than 41,943,040 bytes"):
                for _ in found.blocks:
                    pass
            assert tracemalloc.get_traced_memory()[1] < 10 * BLOCK
        finally:
            tracemalloc.stop()


class TestBlocks:
    """What follows does not depend on how the file arrived."""

    @settings(max_examples=40, deadline=None)
    @given(
        size=st.integers(1, 3 * BLOCK),
        cuts=st.lists(st.integers(1, 3 * BLOCK), max_size=5),
        packed=st.sampled_from([None, 0, 1, 9]),
        in_utf_16=st.booleans(),
    )
    def test_any_cut_of_a_file_gives_the_same_blocks(
        self, size: int, cuts: list[int], packed: int | None, *, in_utf_16: bool
    ) -> None:
        content = ("a,é\n" * (size // 5 + 1)).encode()
        file = ("\ufeff" + content.decode()).encode("utf-16-le") if in_utf_16 else content
        file = file if packed is None else gzip.compress(file, packed, mtime=0)

        found = opened(slices(file, cuts), ENOUGH)

        blocks = list(found.blocks)
        assert found.head == blocks[0]
        assert b"".join(blocks).removeprefix(b"\xef\xbb\xbf") == content
        assert {len(block) for block in blocks[:-1]} <= {BLOCK}
        assert 0 < len(blocks[-1]) <= BLOCK

    @pytest.mark.parametrize("file", [CSV, SMALL + SMALL, CSV.decode().encode("utf-16")])
    def test_a_file_may_arrive_byte_by_byte(self, file: bytes) -> None:
        arriving = itertools.chain.from_iterable((b"", byte) for byte in pieces(file, 1))

        assert text(opened(arriving, ENOUGH)) == text(whole(file))

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from([b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00", SMALL[:20], SMALL, b"\xff\xfe"]),
        st.binary(max_size=60),
        st.integers(1, 70),
    )
    def test_no_bytes_end_in_anything_but_content_or_a_refusal(
        self, start: bytes, rest: bytes, cut: int
    ) -> None:
        with suppress(UnscorableFile):
            text(opened(pieces(start + rest, cut), 1_000))


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def slices(content: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    ends = [0, *sorted(cut for cut in cuts if cut < len(content)), len(content)]
    return (content[start:end] for start, end in itertools.pairwise(ends))


class TestMembers:
    """What is written compressed can be put together from parts."""

    def test_a_member_is_a_gzip_file_that_tells_no_time(self) -> None:
        member = gzip_member(CSV)

        assert gzip.decompress(member) == CSV
        assert member[4:8] == bytes(4)
        assert gzip_member(CSV) == member

    @given(st.lists(st.binary(max_size=50), max_size=4))
    def test_members_are_one_file(self, parts: list[bytes]) -> None:
        assert gzip.decompress(b"".join(map(gzip_member, parts))) == b"".join(parts)
