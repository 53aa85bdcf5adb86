"""What the figures were measured on. Names neither the machine nor anybody's folders."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

_CPU_INFO: Final = Path("/proc/cpuinfo")
_LIBRARIES: Final = (
    "onnxruntime",
    "numpy",
    "fastapi",
    "pydantic",
    "mangum",
    "aws-lambda-powertools",
    "boto3",
    "pandas",
    "scikit-learn",
    "xgboost-cpu",
    "joblib",
)


def described() -> dict[str, str]:
    """The machine, its software and the day."""
    return {
        "Date": f"{datetime.now(UTC).date()}",
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{_memory_gib():.0f} GiB",
        "System": f"{_system()}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Libraries": ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES),
    }


def _processor() -> str:
    if _CPU_INFO.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", _CPU_INFO.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown"


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
