"""The browser that pages are tested in: this machine's, or one that Playwright has installed.

python -m tests.shared.browser    fails where there is none, for `make browser`
"""

import functools
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT = f"no browser: none of {', '.join(NAMES)}; `make browser` installs one"


@functools.cache
def executable() -> str | None:
    """Its path; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None) or _of_playwright()


def _of_playwright() -> str | None:
    # Not before: it starts a process of its own, for which there is mostly no need.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(executable() is None)
