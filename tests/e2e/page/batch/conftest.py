"""A platform that files are handed in to, and the view that takes them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.shared.page import homes
from tests.shared.serving import Running, start, stop


@pytest.fixture(scope="session")
def shop(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A platform that files are handed in to."""
    running = start(homes.copy(trained_home, tmp_path_factory.mktemp("shop")))
    yield running
    stop(running)


@pytest.fixture
def batch(shop: Running, open_page: Callable[..., Page]) -> Page:
    """The view, as somebody finds it."""
    page = open_page(shop, "/#/batch")
    expect(page.get_by_text("Drop files of customers here")).to_be_visible()
    return page
