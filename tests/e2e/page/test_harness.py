"""The harness itself, on pages that are made to be faulty: what it lets pass nobody would see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from infra.site import policy
from tests.shared.page import accessibility, opening
from tests.shared.page.opening import Reader
from tests.shared.page.watch import PageWatch
from tests.shared.serving import Running, ask, stop
from tests.shared.small_server import Answer, SmallServer

pytestmark = pytest.mark.slow

FAULTLESS = '<button type="button">Call</button>'
SCRIPT = """
const told = document.querySelector("output");
document.querySelector("button").addEventListener("click", async () => {
  told.textContent = "asking";
  const answer = await fetch("/model").catch(() => null);
  told.textContent = answer ? `${answer.status} ${(await answer.json()).detail}` : "unreachable";
});
"""


@pytest.fixture
def tiny() -> Iterator[SmallServer]:
    """A page of a button that asks, and of whatever a test puts in its body."""
    server = SmallServer()
    server.body = FAULTLESS  # type: ignore[attr-defined]

    def answer(method: str, path: str, *_: object) -> Answer:
        headers = {"Content-Security-Policy": policy.on_this_machine("http://127.0.0.1:1")}
        files = {
            "/": ("text/html", _document(server.body)),  # type: ignore[attr-defined]
            "/ask.js": ("text/javascript", SCRIPT),
            "/model": ("application/json", '{"detail": "from the server"}'),
        }
        if path not in files:
            return Answer(404, headers)
        kind, text = files[path]
        return Answer(200, headers | {"Content-Type": kind}, text.encode())

    server.answer = answer
    with server.open():
        yield server


def _document(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><title>Tiny</title><link rel="icon" href="data:,">'
        f"</head><body><main><h1>Tiny</h1>{body}<output></output></main>"
        '<script type="module" src="/ask.js"></script></body></html>'
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param("<script>1</script>", "script-src", id="inline-script"),
        pytest.param('<p style="color: red">x</p>', "style-src", id="inline-style"),
        pytest.param('<button onclick="f()">x</button>', "script-src", id="inline-handler"),
        pytest.param('<img src="http://127.0.0.1:9/x.png" alt="">', "img-src", id="foreign-image"),
        pytest.param('<img src="/missing.png" alt="">', "status of 404", id="missing-file"),
        pytest.param('<iframe src="/" title="x"></iframe>', "frame-src|default-src", id="frame"),
    ],
)
def test_what_the_browser_refuses_is_a_fault(
    browser: Browser, tiny: SmallServer, body: str, told: str
) -> None:
    # Given a page with something in it that its policy forbids, or that is not there
    tiny.body = FAULTLESS + body  # type: ignore[attr-defined]
    watch = PageWatch()
    context = opening.new_context(browser, Reader(), watch)

    opening.visit(context, tiny.origin, "/", None).wait_for_load_state("networkidle")
    context.close()

    assert watch.unexpected()
    watch.expect(told)
    assert [fault for fault in watch.faults if fault not in watch.unexpected()], watch.faults


@pytest.mark.parametrize(
    ("script", "told"),
    [
        pytest.param("console.error('out of order')", "out of order", id="console"),
        pytest.param("setTimeout(() => { throw new Error('thrown') })", "thrown", id="error"),
        pytest.param("Promise.reject(new Error('rejected')) && 0", "rejected", id="rejection"),
        pytest.param("fetch('http://127.0.0.1:9/').catch(() => 0)", "connect-src", id="fetch"),
        pytest.param("fetch('http://127.0.0.1:1/').catch(() => 0)", "request failed", id="nobody"),
    ],
)
def test_what_a_script_does_wrong_is_a_fault(
    browser: Browser, tiny: SmallServer, script: str, told: str
) -> None:
    watch = PageWatch()
    context = opening.new_context(browser, Reader(), watch)
    page = opening.visit(context, tiny.origin, "/", None)

    page.evaluate(f"() => {{ {script}; }}")
    page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
    context.close()

    assert any(told in fault for fault in watch.faults), watch.faults
    watch.expect(told)
    assert not [fault for fault in watch.unexpected() if told in fault]


def test_a_faultless_page_has_no_fault(tiny: SmallServer, open_page, axe) -> None:
    page = open_page(tiny.origin, "/")

    page.get_by_role("button").click()

    expect(page.get_by_role("status")).to_have_text("200 from the server")
    axe(page)


def test_what_keeps_people_out_is_told_with_rule_and_place(tiny: SmallServer, open_page) -> None:
    tiny.body = "<button></button><input>"  # type: ignore[attr-defined]
    page = open_page(tiny.origin, "/")

    found = accessibility.violations(page)

    assert {"button-name", "label"} <= {rule["id"] for rule in found}
    assert "critical: button-name" in accessibility.told(found)
    with pytest.raises(AssertionError, match="button-name"):
        accessibility.assert_accessible(page)


def test_an_answer_in_the_apis_place(tiny: SmallServer, open_page, answers) -> None:
    page = open_page(tiny.origin, "/")

    answers(page).problem("**/model", 503, detail="nothing is live")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("503 nothing is live")

    answers(page).real("**/model")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("200 from the server")


def test_nobody_there_and_no_network(tiny: SmallServer, open_page, answers) -> None:
    page = open_page(tiny.origin, "/")

    answers(page).down("**/model")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("unreachable")

    answers(page).real("**/model")
    answers(page).offline()
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("unreachable")

    answers(page).offline(offline=False)
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("200 from the server")


def test_an_answer_is_held_until_the_test_has_seen_enough(
    tiny: SmallServer, open_page, answers
) -> None:
    page = open_page(tiny.origin, "/")

    let_go = answers(page).held("**/model")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("asking")

    let_go()
    expect(page.get_by_role("status")).to_have_text("200 from the server")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_says_what_it_shows(
    tiny: SmallServer, open_page, screenshot, tmp_path: Path, monkeypatch, theme: str
) -> None:
    monkeypatch.setenv("FORETELL_ARTEFACTS", str(tmp_path))
    page = open_page(tiny.origin, "/", width=360, theme=theme)

    taken = screenshot(page, "tiny")

    assert taken == tmp_path / f"page/tiny-360-{theme}.png"
    assert taken.read_bytes().startswith(b"\x89PNG")


def test_an_api_that_is_stopped_answers_nobody(
    own_platform: Running, open_page, page_watch
) -> None:
    page_watch.expect("favicon.ico")
    page = open_page(own_platform, "/health")
    assert stop(own_platform) == 0

    reached = page.evaluate("() => fetch('/health').then(() => true, () => false)")

    assert not reached
    page_watch.expect("ERR_CONNECTION_REFUSED")


def test_a_platform_with_runs_one_without_and_one_without_a_model(
    platform: Running, unscored_platform: Running, empty_platform: Running
) -> None:
    found = [
        (ask(running, "/model")[0], len(ask(running, "/portfolio/runs")[1]["runs"]))
        for running in (platform, unscored_platform, empty_platform)
    ]

    assert found == [(200, 2), (200, 0), (503, 0)]
    assert "foretell train" in ask(empty_platform, "/model")[1]["detail"]
