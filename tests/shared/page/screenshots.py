"""Pictures of the page for people to look at, in artefacts/page/ or $FORETELL_ARTEFACTS/page/."""

import os
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.shared.page import charts

_FOLDER: Final = Path(__file__).parents[3] / "artefacts"


def screenshot(page: Page, view: str) -> Path:
    """The whole page with its charts as VIEW-WIDTH-THEME.png, in the place of the one before."""
    charts.draw_all(page)
    folder = Path(os.environ.get("FORETELL_ARTEFACTS", _FOLDER)) / "page"
    folder.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size is not None
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    path = folder / f"{view}-{size['width']}-{'dark' if dark else 'light'}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")
    return path
