"""pandas' C parser, a chunk at a time."""

import re
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from tests.benchmarks.reading.source import (
    CODES,
    COLUMNS,
    ID,
    KIND,
    KINDS,
    NOTE,
    NUMBERS,
    RECORD,
    Matrix,
    Portion,
    Reader,
    Refusal,
    Source,
    again,
    sifted,
)

_ROWS: Final = 50_000
_SKIPPED: Final = re.compile(r"Skipping line (\d+): (.+)")
_TYPES: Final = {
    **dict.fromkeys(COLUMNS, "str"),
    **dict.fromkeys(NUMBERS, "float32"),
    KIND: pd.CategoricalDtype([*KINDS]),
}


def typed(source: Source) -> Iterator[Portion]:
    """Numbers as numbers."""
    for chunk, refused in _chunks(source, dtype=_TYPES):
        kinds = chunk[KIND].cat.codes.astype("float32")
        chunk[KIND] = kinds.where(kinds >= 0)
        matrix = chunk[[*RECORD]].to_numpy("float32")
        yield Portion(matrix, partial(_texts, chunk), refused)


def text(source: Source) -> Iterator[Portion]:
    """Cells as text, and numbers from it."""
    row = source.first_row
    for chunk, refused in _chunks(source, dtype="object", keep_default_na=False, na_filter=False):
        matrix = _matrix(chunk)
        wrong = (np.isnan(matrix) & (chunk[[*RECORD]] != "").to_numpy()).any(axis=1)
        portion = sifted(matrix, wrong, partial(_texts, chunk), row)
        yield Portion(portion.matrix, portion.texts, (*refused, *portion.refused))
        row += len(chunk)


def _matrix(chunk: pd.DataFrame) -> Matrix:
    matrix = np.empty((len(chunk), len(RECORD)), np.float32)
    for place, name in enumerate(RECORD):
        if name == KIND:
            matrix[:, place] = chunk[name].map(CODES).to_numpy("float32")
        else:
            matrix[:, place] = pd.to_numeric(chunk[name], errors="coerce").to_numpy("float32")
    return matrix


def _chunks(source: Source, **how: Any) -> Iterator[tuple[pd.DataFrame, tuple[Refusal, ...]]]:
    """Rows with too many cells are told of in warnings only."""
    reader = pd.read_csv(
        source.target,
        names=[*COLUMNS],
        header=0 if source.has_header else None,
        engine="c",
        chunksize=_ROWS,
        on_bad_lines="warn",
        encoding_errors="surrogateescape",
        index_col=False,
        **how,
    )
    while True:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            chunk = next(reader, None)
        if chunk is None:
            return
        found = (match for warning in told for match in _SKIPPED.finditer(str(warning.message)))
        yield chunk, tuple(Refusal(int(match[1]), match[2]) for match in found)


def _texts(chunk: pd.DataFrame) -> list[tuple[str, str]]:
    columns = ([again(str(cell)) for cell in chunk[name].tolist()] for name in (ID, NOTE))
    return list(zip(*columns, strict=True))


READERS: Final[dict[str, Reader]] = {"typed": typed, "text": text}
