"""Names of files as people have them, and what of them is safe in a key, a path and a header."""

import re
import unicodedata
from typing import Final

CONTENT_TYPES: Final = {
    ".csv": "text/csv",
    ".csv.gz": "application/gzip",
    ".gz": "application/gzip",
    ".jsonl": "application/x-ndjson",
    ".jsonl.gz": "application/gzip",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}
"""What can be scored, by how its name ends, and what it is uploaded as where nobody says more."""

ENDINGS: Final = ", ".join(CONTENT_TYPES)

PATTERN: Final = "({})$".format(
    "|".join(
        re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", re.escape(ending))
        for ending in CONTENT_TYPES
    )
)
"""Which names are taken, for the API's document: the same as `extension` takes."""

LONGEST: Final = 200
"""Bytes of a name in UTF-8. File systems take 255, and some programs add to a name."""

_LONGEST_FIRST: Final = sorted(CONTENT_TYPES, key=len, reverse=True)
# What no Windows path may hold, and what S3 would replace in the key of a form: ${filename}.
_UNSAFE: Final = re.compile(r'[<>:"|?*${}]')
_LINE_BREAKS: Final = {"Zl", "Zp"}


def extension(name: str) -> str | None:
    """Which key of CONTENT_TYPES a name ends in, in whatever case; None where it is none."""
    lower = name.lower()
    return next((known for known in _LONGEST_FIRST if lower.endswith(known)), None)


def cleaned(name: str) -> str:
    """A name without folders and without what is unsafe, at most LONGEST bytes in UTF-8.

    Its extension stays as it is written.
    """
    ending = name[len(name) - len(extension(name) or "") :]
    return f"{stem(name, LONGEST - len(ending))}{ending}"


def stem(name: str, at_most: int) -> str:
    """What comes before the extension, cleaned, in at most so many bytes; never empty."""
    last = re.split(r"[/\\]", name[: len(name) - len(extension(name) or "")])[-1]
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", last))
    single = re.sub(r"\.{2,}", ".", re.sub(" {2,}", " ", kept)).strip(" .")
    return single.encode()[:at_most].decode(errors="ignore").rstrip(" .") or "file"


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    # Control and formatting characters, halves of characters, and what is none at all.
    if category.startswith("C") or category in _LINE_BREAKS:
        return ""
    return " " if category == "Zs" else _UNSAFE.sub("_", character)
