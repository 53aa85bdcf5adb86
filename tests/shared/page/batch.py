"""What tests of the Batch view hand in, and where they look for what came of it."""

import urllib.request
from typing import Any, Final

from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from tests.shared.serving import PATIENCE, Running, ask

HEADER: Final = "customer_id,tenure_days,recency,frequency,monetary,age\n"
GOOD: Final = HEADER + "A-1,412,21,0.95,1240.5,44\nA-2,300,12,1.5,99,\n"


def file_of(name: str, content: str | bytes) -> FilePayload:
    """A file to be chosen."""
    body = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "", "buffer": body}


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_label("Choose files").set_input_files(list(files))


def card(page: Page, name: str) -> Locator:
    """What is said of a file of this visit."""
    return page.get_by_role("list", name="Files of this visit").locator("> li", has_text=name)


def expect_end(of_file: Locator, verdict: str) -> None:
    """The run of a file ends with this verdict, however busy the machine is."""
    expect(of_file.get_by_text(verdict, exact=True)).to_be_visible(timeout=1_000 * PATIENCE)


def newest_run(shop: Running, name: str) -> dict[str, Any]:
    """What the API says of the run of the file with that name that ended last."""
    _, page = ask(shop, "/portfolio/runs?limit=100")
    run = next(each for each in page["runs"] if each["key"].endswith(f"/{name}"))
    _, described = ask(shop, f"/portfolio/runs/{run['run_id']}")
    return dict(described)


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    """Name and content of what a link has the browser save."""
    with page.expect_download() as download:
        page.get_by_role("link", name=button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        return bytes(answer.read())


def requests_for(page: Page, part: str) -> list[Request]:
    """Filled with the requests whose address has a part."""
    found: list[Request] = []
    page.on("request", lambda each: found.append(each) if part in each.url else None)
    return found
