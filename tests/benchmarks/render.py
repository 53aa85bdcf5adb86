"""The tables on a terminal, and the same as Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.benchmarks.table import Section

_INTRODUCTION: Final = """# What Foretell costs, beside a peer

Written by `make bench`: one run on one machine.
"""


def to_terminal(sections: Sequence[Section], console: Console) -> None:
    """Print the tables, each with its notes."""
    for section in sections:
        console.print(_table(section))
        for note in section.notes:
            console.print(f"[dim]{escape(note)}[/]")
        console.print()


def _table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", box=box.SIMPLE_HEAD)
    for number, name in enumerate(section.columns):
        table.add_column(name, justify="left" if number < section.words else "right")
    for row in section.rows:
        table.add_row(*map(escape, row))
    return table


def to_markdown(sections: Sequence[Section]) -> str:
    """The tables as a document."""
    return "\n".join([_INTRODUCTION, *(_markdown(section) for section in sections)])


def _markdown(section: Section) -> str:
    return "\n".join([f"## {section.title}", "", *_lines(section), "", *_paragraphs(section)])


def _lines(section: Section) -> Iterator[str]:
    numbers = range(len(section.columns))
    rule = ("---" if number < section.words else "---:" for number in numbers)
    for row in (section.columns, tuple(rule), *section.rows):
        yield f"| {' | '.join(row)} |"


def _paragraphs(section: Section) -> Iterator[str]:
    for note in section.notes:
        yield f"{note}\n"
