"""Runs a command and prints what it took: seconds, and its peak memory in MB.

    python -m tests.benchmarks.watched all|one COMMAND ...

A process of its own, because a child is said to have needed at least the memory of its parent.
"""

import json
import os
import subprocess
import sys
import time


def main(cores: str, *command: str) -> int:
    """On all cores or on one; the command's exit code."""
    if cores == "one":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": used.ru_maxrss / 1024}))  # noqa: T201
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
