"""Quoting: everything that enters a statement as text passes through here."""

from pathlib import Path

# Names no export uses, beside a source's own columns: the number of the file a row is from, and
# the row's place in the raw table.
FILE = '"foretell file"'
ROW = '"foretell row"'


def name(identifier: str) -> str:
    """An identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def path(file: Path) -> str:
    """A path as a string literal, in which *, ? and [ stand for themselves."""
    literal = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(file))
    return text(literal)


def numbers(values: tuple[int, ...]) -> str:
    """A list for IN; never empty, since SQL has no empty list."""
    return "(" + ", ".join(str(value) for value in values or (-1,)) + ")"
