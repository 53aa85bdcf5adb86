"""The rows of a text file once more, as they stand there."""

from collections.abc import Iterator

from foretell.tables.dialect import TextLayout
from foretell.tables.jsonlines import JsonLayout
from foretell.tables.reading import LoadedFile
from foretell.tables.rewrite import records
from foretell.tables.survey import open_text


def originals(file: LoadedFile) -> Iterator[str]:
    """Every row of a text file without its line end, in the file's order.

    The first is what a spreadsheet shows as row 1: the header and blank lines are rows here.
    """
    layout = file.layout
    if isinstance(layout, JsonLayout):
        yield from _lines(layout, layout.encoding)
    elif isinstance(layout, TextLayout):
        encoding = layout.survey.encoding
        if file.content.rows_are_lines:
            yield from _lines(layout, encoding)
            return
        with open_text(layout.file, encoding) as stream:
            for _, text in records(stream, layout.separator):
                yield text.removesuffix("\n")


def _lines(layout: JsonLayout | TextLayout, encoding: str) -> Iterator[str]:
    with open_text(layout.file, encoding) as stream:
        for line in stream:
            yield line.removesuffix("\n")
