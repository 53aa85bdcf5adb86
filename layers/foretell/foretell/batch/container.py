"""What is in a file, by its content and not by its name.

No more than a few blocks are ever held, and what unpacks to a terabyte is refused on the way.
"""

import codecs
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

from foretell.problems import UnscorableFile

BLOCK: Final = 1 << 20
"""Bytes of a block of content."""

Kind = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "utf-16"]

_AT_ONCE: Final = 1 << 16
"""Bytes that are unpacked at once; what is left over is copied for each block that comes of it."""
_QUICKEST: Final = 1
"""Tables with answers: four times as fast as level 6, for an eighth more bytes."""
_GZIP_BITS: Final = 31
"""zlib's name for a window of 32 KiB with the header and the checksum of gzip."""

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OF_WORKBOOKS: Final = (b"xl/", b"[Content_Types].xml", b"opendocument.spreadsheet")
_WORKBOOK: Final = "this is a workbook of a spreadsheet: save its sheet as CSV in UTF-8"
_ELSEWISE: Final = "the file is compressed in a way that is not read here: use gzip, or nothing"
_REFUSED: Final = (
    (b"\xd0\xcf\x11\xe0", _WORKBOOK),
    (b"%PDF-", "this is a PDF document: export the customers as CSV"),
    *((b"BZh%d1AY&SY" % level, _ELSEWISE) for level in range(1, 10)),
    (b"\xfd7zXZ\x00", _ELSEWISE),
    (b"7z\xbc\xaf\x27\x1c", _ELSEWISE),
    (b"\x28\xb5\x2f\xfd", _ELSEWISE),
    (_GZIP, "the file is compressed twice: compress it once"),
)
_NO_TABLE: Final = (
    (b"<", "this is a web page or XML: export the customers as CSV"),
    (b"[", "this is a JSON array: write one object a line, without the brackets and commas"),
)

_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SAVE_AS_UTF_8: Final = "save it as CSV in UTF-8"


@dataclass(frozen=True)
class Opened:
    """The content of a file, unpacked and in UTF-8; a byte-order mark stays."""

    kind: Kind
    compressed: bool
    encoding: Encoding
    """In which the file was written."""
    head: bytes
    """The first of the blocks."""
    blocks: Iterator[bytes]
    """All of the content, once; however the file arrived, each but the last has BLOCK bytes. Ends
    in UnscorableFile where the file turns out to be damaged or too large."""


def opened(blocks: Iterable[bytes], at_most: int) -> Opened:
    """Begin to read a file.

    Args:
        blocks: The bytes of the file, cut anywhere.
        at_most: Bytes that a compressed file may unpack to.

    Raises:
        UnscorableFile: it begins as no CSV, JSON Lines or Parquet file does, or is damaged there.
    """
    compressed, content = _unpacked(blocks, at_most)
    encoding, text = _transcoded(content)
    found = _reblocked(text)
    head = next(found, b"")
    kind = _kind(head)
    if kind == "parquet" and compressed:
        raise UnscorableFile("the Parquet file is compressed as a whole: unpack it")
    return Opened(kind, compressed, encoding, head, chain([head], found))


def gzip_member(content: bytes) -> bytes:
    """Content as a gzip file; several one after the other are one, too. The same for the same."""
    return zlib.compress(content, _QUICKEST, _GZIP_BITS)


def _kind(head: bytes) -> Kind:
    if head.startswith(_PARQUET):
        return "parquet"
    _refuse_what_is_no_text(head)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise UnscorableFile("the file is empty: export the customers once more")
    for start, advice in _NO_TABLE:
        if text.startswith(start):
            raise UnscorableFile(advice)
    return "jsonl" if text.startswith(b"{") else "csv"


def _refuse_what_is_no_text(head: bytes) -> None:
    if head.startswith(_ZIP):
        workbook = any(name in head for name in _OF_WORKBOOKS)
        raise UnscorableFile(_WORKBOOK if workbook else "this is a zip archive: unpack it")
    for start, advice in _REFUSED:
        if head.startswith(start):
            raise UnscorableFile(advice)
    # Of UTF-16 without its mark it is about half.
    if head.count(b"\x00") * 4 > len(head):
        raise UnscorableFile(f"the file is no text, it has too many NUL bytes: {_SAVE_AS_UTF_8}")


def _unpacked(blocks: Iterable[bytes], at_most: int) -> tuple[bool, Iterator[bytes]]:
    start, content = _begun(blocks, len(_GZIP))
    if start.startswith(_GZIP):
        return True, _bounded(_members(content), at_most)
    return False, content


def _bounded(unpacked: Iterable[bytes], at_most: int) -> Iterator[bytes]:
    left = at_most
    try:
        for content in unpacked:
            left -= len(content)
            if left < 0:
                raise UnscorableFile(
                    f"the file unpacks to more than {at_most:,} bytes: drop it in several parts"
                )
            yield content
    except zlib.error:
        raise UnscorableFile("the gzip file is damaged: compress it once more") from None


def _members(packed: Iterable[bytes]) -> Iterator[bytes]:
    member = None
    for portion in _cut(packed, _AT_ONCE):
        # Between members, and behind the last, there may be zeros.
        left = portion if member else portion.lstrip(b"\x00")
        while left:
            if member is None:
                member = zlib.decompressobj(_GZIP_BITS)
            yield member.decompress(left, BLOCK)
            left = member.unconsumed_tail
            if member.eof:
                left = member.unused_data.lstrip(b"\x00")
                member = None
    while member is not None:
        # What was read may not all have been handed out.
        content = member.decompress(b"", BLOCK)
        yield content
        if member.eof:
            member = None
        elif not content:
            raise UnscorableFile("the gzip file ends too early: drop it once more")


def _transcoded(content: Iterable[bytes]) -> tuple[Encoding, Iterator[bytes]]:
    start, content = _begun(content, len(codecs.BOM_UTF32_LE))
    if start.startswith(_UTF_32):
        raise UnscorableFile(f"the file is text in UTF-32: {_SAVE_AS_UTF_8}")
    codec = _UTF_16.get(start[:2])
    return ("utf-16", _in_utf_8(content, codec)) if codec else ("utf-8", content)


def _in_utf_8(content: Iterable[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    for block in content:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _begun(blocks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """At least `size` bytes, as far as there are so many, and everything."""
    left = iter(blocks)
    start = b""
    for block in left:
        start += block
        if len(start) >= size:
            break
    return start, chain([start], left)


def _cut(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]


def _reblocked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for part in _cut(blocks, BLOCK):
        if not pending and len(part) == BLOCK:
            yield part  # as most do arrive
            continue
        pending += part
        if len(pending) >= BLOCK:
            yield bytes(pending[:BLOCK])
            del pending[:BLOCK]
    if pending:
        yield bytes(pending)
