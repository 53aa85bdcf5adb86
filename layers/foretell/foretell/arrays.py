"""Dataclasses of arrays as bytes: numpy's npz, and nothing in it that could be unpickled."""

import io
from dataclasses import fields
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

Arrays = TypeVar("Arrays")


def packed(arrays: Any) -> bytes:  # noqa: ANN401 - any dataclass, which has no type
    """An npz file of the fields; the same arrays give the same bytes."""
    file = io.BytesIO()
    np.savez(file, **{field.name: getattr(arrays, field.name) for field in fields(arrays)})
    return file.getvalue()


def unpacked(kind: type[Arrays], content: bytes) -> Arrays:
    """From what `packed` made of one of that kind.

    Raises:
        ValueError: it is something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
            return kind(**{name: arrays[name] for name in names})
    # A file of numpy's that is no archive of arrays has the wrong type.
    except (BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"these bytes are no {kind.__name__}") from error
