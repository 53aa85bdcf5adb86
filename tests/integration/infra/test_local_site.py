"""The site as `foretell serve` answers with it: what CloudFront would say, from memory."""

import gzip
import http.client
import re
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from infra.local.gateway import gateway
from infra.local.site import LocalSite
from infra.site.build import build
from infra.site.config import ON_THIS_MACHINE
from infra.site.policy import HEADERS, on_this_machine

POLICY = on_this_machine("http://127.0.0.1:8001")
LARGE = "export const words = [" + "'again', " * 500 + "];"


async def api(scope, receive, send):
    """In the API's place: says that it was asked."""
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"the API"})


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    """A page of one's own."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "assets").mkdir()
    (folder / "docs").mkdir()
    (folder / "assets/app.js").write_text(LARGE)
    (folder / "index.html").write_text('<script type="module" src="/assets/app.js"></script>')
    (folder / "404.html").write_text("nothing is here")
    (folder / "docs/index.html").write_text("the documentation")
    return folder


@contextmanager
def serving(dashboard):
    """A function that asks the site for a path; gives status, headers and body."""
    application = gateway(
        {"comprehensive": api, "portfolio": api}, LocalSite(ON_THIS_MACHINE, POLICY, dashboard)
    )
    config = uvicorn.Config(application, port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def ask(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    try:
        yield ask
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def ask(dashboard):
    with serving(dashboard) as asking:
        yield asking


def script_of(page):
    return re.findall(r'src="([^"]*)"', page.decode())[0]


class TestWhatIsThere:
    """Every file that is published in a bucket is served here, with the same type and age."""

    def test_every_file_is_as_it_would_be_published(self, ask, dashboard):
        for file in build(ON_THIS_MACHINE, dashboard):
            status, headers, body = ask(f"/{file.key}")
            assert (status, body) == (200, file.body), file.key
            assert headers["Content-Type"] == file.content_type
            assert headers["Cache-Control"] == file.cache_control

    @pytest.mark.parametrize(("path", "text"), [("/", b"app.js"), ("/docs/", b"documentation")])
    def test_a_folder_is_its_index(self, ask, path, text):
        status, _, body = ask(path)

        assert status == 200
        assert text in body

    @pytest.mark.parametrize(("path", "to"), [("/docs", "/docs/"), ("//evil", "/evil/")])
    def test_a_folder_without_its_slash_is_sent_there(self, ask, path, to):
        status, headers, _ = ask(path)

        assert (status, headers["Location"]) == (308, to)

    @pytest.mark.parametrize("path", ["/nothing.html", "/nothing/", "/assets/gone.js", "/../x.py"])
    def test_what_is_not_there_is_told_by_a_page(self, ask, path):
        status, headers, body = ask(path)

        assert (status, body) == (404, b"nothing is here")
        assert headers["Content-Type"] == "text/html; charset=utf-8"

    def test_head_says_all_but_the_body(self, ask):
        _, full, body = ask("/")

        status, headers, nothing = ask("/", "HEAD")

        assert (status, nothing) == (200, b"")
        assert int(headers["Content-Length"]) == len(body)
        assert headers["ETag"] == full["ETag"]


class TestWhoAnswers:
    """Page and API share an address; what is the API's is never the site's."""

    @pytest.mark.parametrize(
        "path", ["/health", "/model", "/predict/clv", "/portfolio/runs", "/model/nothing"]
    )
    def test_the_api_answers_on_its_paths(self, ask, path):
        assert ask(path)[2] == b"the API"

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_the_site_is_only_looked_at(self, ask, method):
        assert ask("/", method)[2] == b"the API"


class TestHeaders:
    """Whatever is answered, a browser is told what it may do with it."""

    @pytest.mark.parametrize("path", ["/", "/docs", "/nothing.html", "/config.json"])
    def test_every_answer_has_them(self, ask, path):
        _, headers, _ = ask(path)

        assert headers["Content-Security-Policy"] == POLICY
        assert {name: headers[name] for name in HEADERS} == HEADERS


class TestNotSentTwice:
    """What a browser has is not sent again."""

    @pytest.mark.parametrize("known", ["{}", '"other", {}', "*"])
    def test_what_is_known_is_not_sent(self, ask, known):
        _, before, _ = ask("/")

        status, headers, body = ask("/", If_None_Match=known.format(before["ETag"]))

        assert (status, body) == (304, b"")
        assert headers["ETag"] == before["ETag"]
        assert headers["Content-Security-Policy"] == POLICY

    def test_what_was_something_else_is_sent(self, ask):
        assert ask("/", If_None_Match='W/"other"')[0] == 200

    def test_what_is_not_there_is_not_there_for_those_who_know_the_page(self, ask):
        _, before, _ = ask("/nothing.html")

        assert ask("/nothing.html", If_None_Match=before["ETag"])[0] == 404


class TestCompressed:
    """Sent small to who takes it."""

    @pytest.mark.parametrize("offered", ["gzip", "br, gzip;q=0.5", "deflate, GZIP"])
    def test_who_takes_gzip_gets_it(self, ask, offered):
        script = script_of(ask("/")[2])

        _, headers, body = ask(script, Accept_Encoding=offered)

        assert headers["Content-Encoding"] == "gzip"
        assert headers["Vary"] == "Accept-Encoding"
        assert int(headers["Content-Length"]) == len(body) < len(LARGE)
        assert gzip.decompress(body).decode() == LARGE

    @pytest.mark.parametrize("offered", ["identity", "br", "gzip;q=0", "gzip; q=0.0"])
    def test_who_does_not_gets_it_as_it_is(self, ask, offered):
        script = script_of(ask("/")[2])

        _, headers, body = ask(script, Accept_Encoding=offered)

        assert "Content-Encoding" not in headers
        assert body.decode() == LARGE

    @pytest.mark.parametrize("path", ["/config.json", "/404.html"])
    def test_what_is_small_stays_as_it_is(self, ask, path):
        assert "Content-Encoding" not in ask(path, Accept_Encoding="gzip")[1]


class TestAtWork:
    """Whoever changes the page sees it by loading it again."""

    @pytest.fixture
    def asking(self, tmp_path):
        (tmp_path / "assets").mkdir()
        (tmp_path / "assets/app.js").write_text("one();")
        (tmp_path / "index.html").write_text('<script src="/assets/app.js"></script>')
        (tmp_path / "404.html").write_text("nothing is here")
        with serving(tmp_path) as ask:
            yield ask, tmp_path

    def test_a_changed_script_is_there_and_the_old_one_still_is(self, asking):
        ask, folder = asking
        before = script_of(ask("/")[2])
        (folder / "assets/app.js").write_text("another();")

        after = script_of(ask("/")[2])

        assert ask(after)[2] == b"another();"
        assert ask(before)[2] == b"one();"

    def test_what_does_not_go_together_is_told_until_it_does(self, asking):
        ask, folder = asking
        (folder / "index.html").write_text('<script src="/assets/new.js"></script>')

        status, _, told = ask("/")

        assert (status, told) == (500, b"index.html refers to /assets/new.js, which is not there\n")
        (folder / "assets/new.js").write_text("new();")
        assert ask(script_of(ask("/")[2]))[2] == b"new();"
