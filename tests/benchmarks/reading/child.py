"""One reader in a process of its own: `child MODULE READER large FILE [FIRST_BYTE]`.

Or, instead of `large`, `bad FILES`. Runs in the reader's environment, on one core. Prints one line
of JSON.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.reading.source import RECORD, Portion, Reader, Source


def main(module: str, name: str, task: str, *arguments: str) -> None:
    """Import, read, tell."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    readers = importlib.import_module(f"tests.benchmarks.reading.{module}").READERS
    imported = time.perf_counter() - started
    if task == "large":
        told = _large(readers[name], *arguments) | {"imported": imported}
    else:
        told = {file: _bad(readers[name], Path(file)) for file in arguments}
    print(json.dumps(told))  # noqa: T201


def _large(reader: Reader, file: str, first_byte: str = "0") -> dict[str, Any]:
    started, used = time.perf_counter(), time.process_time()
    rows, sums = 0, np.zeros(len(RECORD))
    for portion in reader(Source(Path(file), int(first_byte))):
        rows += len(portion.matrix)
        sums += np.nansum(portion.matrix, axis=0, dtype=np.float64)
    return {
        "seconds": time.perf_counter() - started,
        "used": time.process_time() - used,
        "peak_mb": _peak_mb(),
        "rows": rows,
        "sums": sums.tolist(),
    }


def _bad(reader: Reader, file: Path) -> dict[str, Any]:
    kept: list[tuple[str, str, list[float]]] = []
    refused: list[tuple[int | None, str, str | None]] = []
    try:
        for portion in reader(Source(file)):
            kept += _rows(portion)
            refused += [(told.row, told.reason, told.original) for told in portion.refused]
    except Exception as error:  # noqa: BLE001 - of six libraries
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"kept": kept, "refused": refused}


def _rows(portion: Portion) -> list[tuple[str, str, list[float]]]:
    cells = zip(portion.texts(), portion.matrix.tolist(), strict=True)
    return [(*texts, numbers) for texts, numbers in cells]


def _peak_mb() -> float:
    """Of this process alone: what getrusage tells, a fork has from its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
