"""Look through a text file once: its encoding, and whether DuckDB can take its lines as rows."""

import gzip
import io
import zlib
from dataclasses import dataclass
from typing import BinaryIO, TextIO, cast

from foretell.tables.errors import InputError
from foretell.tables.files import SourceFile

BLOCK = 1 << 20
LONGEST_LINE = 16 << 20
UTF_8 = "utf-8-sig"  # also reads UTF-8 without the mark
# Latin-1 reads anything, so the list always has an answer.
ENCODINGS = ("utf-8", "cp1252", "latin-1")

_TOO_LONG = f"a line of more than {LONGEST_LINE >> 20} MB is no row; export the table once more"


@dataclass(frozen=True)
class Survey:
    """`tidy`: one kind of line end, no blank line, every quote closed on its own line.

    `lines` counts the lines of a tidy file, so that its reader can be held to account.
    """

    encoding: str
    tidy: bool
    lines: int


def open_bytes(file: SourceFile) -> BinaryIO:
    """Open a plain or gzipped file for reading bytes."""
    if file.format == "gzip":
        return cast("BinaryIO", gzip.open(file.path, "rb"))
    return file.path.open("rb")


def open_text(file: SourceFile, encoding: str) -> TextIO:
    """Open for reading text; every kind of line end becomes a newline."""
    return io.TextIOWrapper(open_bytes(file), encoding=encoding)


def survey(file: SourceFile) -> Survey:
    """Read the whole file once, in blocks of whole lines.

    Raises:
        InputError: it is damaged, or no text.
    """
    try:
        with open_bytes(file) as stream:
            return _survey(file, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file.name}: cannot be read to its end ({error})") from error


def _survey(file: SourceFile, stream: BinaryIO) -> Survey:
    encoding, tidy, lines, ends = "utf-8", True, 0, set[str]()
    while block := stream.read(BLOCK) + stream.readline(LONGEST_LINE):
        if lines == 0 and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            return _survey_utf_16(file)
        if len(block) >= BLOCK + LONGEST_LINE:
            raise InputError(f"{file.name}: {_TOO_LONG}")
        if lines == 0 and b"\0" in block:
            raise InputError(f"{file.name}: this is no text file; export it as CSV or Parquet")
        encoding = _encoding(block, encoding)
        ends |= _line_ends(block)
        tidy = tidy and _is_tidy(block)
        lines += block.count(b"\n") + (not block.endswith(b"\n"))
    one_end = ends in ({"\n"}, {"\r\n"}, set())
    name = UTF_8 if encoding == "utf-8" else encoding
    return Survey(name, tidy=tidy and one_end, lines=lines)


def _survey_utf_16(file: SourceFile) -> Survey:
    try:
        with open_text(file, "utf-16") as stream:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise InputError(f"{file.name}: {_TOO_LONG}")
    except UnicodeError as error:
        raise InputError(
            f"{file.name}: this is not the UTF-16 text that its first bytes announce; save it as"
            " UTF-8"
        ) from error
    return Survey("utf-16", tidy=False, lines=0)


def _encoding(block: bytes, so_far: str) -> str:
    """The first encoding that reads this block, no earlier in the list than the blocks before."""
    remaining = ENCODINGS[ENCODINGS.index(so_far) :]
    return next(encoding for encoding in remaining if _decodes(block, encoding))


def _decodes(block: bytes, encoding: str) -> bool:
    try:
        block.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _line_ends(block: bytes) -> set[str]:
    both, feeds, returns = block.count(b"\r\n"), block.count(b"\n"), block.count(b"\r")
    present = {"\r\n": both, "\n": feeds - both, "\r": returns - both}
    return {end for end, count in present.items() if count}


def _is_tidy(block: bytes) -> bool:
    if block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block:
        return False
    return b'"' not in block or not any(line.count(b'"') % 2 for line in block.split(b"\n"))
