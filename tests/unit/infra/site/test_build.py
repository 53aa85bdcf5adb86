"""The files of the site: what they are, how they are served, and that the policy lets them run."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from infra.cloud.page_config import page_config
from infra.site.build import DASHBOARD, build
from infra.site.config import ON_THIS_MACHINE
from infra.site.errors import SiteRefused
from tests.shared import deployed

ROOT = Path(__file__).parents[4]


class Inline(HTMLParser):
    """Finds what a strict content security policy does not let run."""

    def __init__(self, page):
        super().__init__()
        self.found, self._within = [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        names = {name for name, _ in attributes}
        self.found += [
            f"{tag} {name}" for name in names if name == "style" or name.startswith("on")
        ]
        self._within = tag if tag == "style" or (tag == "script" and "src" not in names) else None
        if self._within:
            self.found.append(tag)


def site(dashboard=DASHBOARD, **outputs):
    return build(page_config(deployed.stack(**outputs)), dashboard)


def by_key(files):
    return {file.key: file for file in files}


@pytest.fixture
def dashboard(tmp_path):
    """A page of one's own, with a script."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.js").write_text("import './api.js';")
    (tmp_path / "assets" / "api.js").write_text("export const one = 1;")
    (tmp_path / "index.html").write_text(
        '<head><script type="module" src="/assets/app.js"></script></head>'
    )
    (tmp_path / "404.html").write_text("nothing")
    (tmp_path / ".notes").write_text("not published")
    return tmp_path


class TestThePage:
    """What is in the repository goes together."""

    def test_every_file_a_page_refers_to_is_there(self):
        files = by_key(site())

        for page in (file for file in files.values() if file.key.endswith(".html")):
            references = re.findall(r'(?:src|href)="/([^"#?]*)', page.body.decode())
            assert references
            for key in references:
                there = key in files or f"{key}index.html" in files
                assert there, (page.key, key)

    def test_there_is_a_page_for_what_is_not_there(self):
        assert b"nothing at this address" in by_key(site())["404.html"].body

    def test_the_documentation_is_under_docs(self):
        assert b"documentation" in by_key(site())["docs/index.html"].body


class TestLibraries:
    """The scripts of others lie beside the page's own, each with its licence."""

    @pytest.mark.parametrize("name", ["plotly", "oidc-client"])
    def test_each_is_there_with_its_licence(self, name):
        keys = {re.sub(r"/[0-9a-f]{16}/", "/", file.key) for file in site()}

        assert {f"assets/libraries/{name}.js", f"assets/libraries/{name}.LICENSE.txt"} <= keys

    def test_none_sends_the_browser_for_a_map(self):
        assert not [file.key for file in site() if b"# sourceMappingURL=" in file.body[-500:]]


class TestDocument:
    """The committed document, with this stack's API in it."""

    @pytest.fixture
    def document(self):
        return json.loads(by_key(site())["openapi.json"].body)

    def test_requests_go_to_the_stacks_api(self, document):
        assert document["servers"] == [{"url": deployed.OUTPUTS["ApiUrl"]}]

    def test_every_operation_but_health_wants_a_token(self, document):
        wants = {
            path: operation["security"]
            for path, item in document["paths"].items()
            for operation in item.values()
        }

        assert wants.pop("/health") == []
        assert all(security == [{"token": []}] for security in wants.values())

    def test_on_this_machine_it_is_the_committed_one(self):
        committed = json.loads((ROOT / "infra/api/openapi.json").read_text())

        assert json.loads(by_key(build(ON_THIS_MACHINE))["openapi.json"].body) == committed

    def test_all_else_is_as_committed(self, document):
        committed = json.loads((ROOT / "infra/api/openapi.json").read_text())

        assert document["components"]["schemas"] == committed["components"]["schemas"]
        assert document["paths"].keys() == committed["paths"].keys()


class TestServing:
    """Types, and how long anybody may keep a copy."""

    @pytest.mark.parametrize(
        ("suffix", "content_type"),
        [
            (".html", "text/html; charset=utf-8"),
            (".js", "text/javascript; charset=utf-8"),
            (".css", "text/css; charset=utf-8"),
            (".txt", "text/plain; charset=utf-8"),
            (".json", "application/json"),
            (".png", "image/png"),
        ],
    )
    def test_each_kind_of_file_has_its_type(self, suffix, content_type):
        found = {file.content_type for file in site() if file.key.endswith(suffix)}

        assert found == {content_type}

    def test_what_has_a_digest_in_its_name_is_kept_for_ever_and_nothing_else(self):
        for file in site():
            digest = re.match(r"assets/[0-9a-f]{16}/", file.key)
            assert ("immutable" in file.cache_control) == bool(digest), file.key
            assert digest or file.cache_control == "no-cache"

    def test_pages_come_after_what_they_refer_to_and_the_configuration_last(self):
        keys = [file.key for file in site()]
        pages = [number for number, key in enumerate(keys) if key.endswith(".html")]
        assets = [number for number, key in enumerate(keys) if key.startswith("assets/")]

        assert max(assets) < min(pages)
        assert keys[-1] == "config.json"

    def test_no_page_holds_a_script_or_a_style(self):
        for file in site():
            if file.key.endswith(".html"):
                assert Inline(file.body.decode()).found == [], file.key

    def test_that_check_finds_what_it_looks_for(self):
        page = '<style>p {}</style><p style="a" onclick="b"><script>1</script><script src="/a">'

        assert sorted(Inline(page).found) == ["p onclick", "p style", "script", "style"]


class TestAFolder:
    """Whatever page is in a folder is published."""

    def test_its_files_lie_together_so_that_they_find_each_other(self, dashboard):
        keys = [file.key for file in site(dashboard)]
        folder = next(key for key in keys if key.endswith("/app.js")).removesuffix("app.js")

        assert f"{folder}api.js" in keys
        assert f'src="/{folder}app.js"'.encode() in by_key(site(dashboard))["index.html"].body

    def test_a_changed_file_changes_the_address_of_all(self, dashboard):
        before = {file.key for file in site(dashboard) if file.immutable}
        (dashboard / "assets" / "api.js").write_text("export const one = 2;")

        after = {file.key for file in site(dashboard) if file.immutable}

        assert not before & after

    def test_the_same_files_have_the_same_addresses(self, dashboard):
        assert site(dashboard) == site(dashboard)

    def test_hidden_files_stay_where_they_are(self, dashboard):
        assert not any(".notes" in file.key for file in site(dashboard))

    def test_a_reference_to_nothing_is_refused(self, dashboard):
        (dashboard / "index.html").write_text('<script src="/assets/gone.js"></script>')

        with pytest.raises(SiteRefused, match=r"index\.html refers to /assets/gone\.js"):
            site(dashboard)

    @pytest.mark.parametrize("code", ["import './gone.js';", "later(() => import('./gone.js'));"])
    def test_an_import_of_nothing_is_refused(self, dashboard, code):
        (dashboard / "assets" / "api.js").write_text(code)

        with pytest.raises(SiteRefused, match=r"assets/api\.js imports assets/gone\.js"):
            site(dashboard)

    def test_a_page_names_what_its_scripts_import(self, dashboard):
        files = by_key(site(dashboard))
        folder = next(key for key in files if key.endswith("/app.js")).removesuffix("app.js")

        page = files["index.html"].body.decode()

        assert f'<link rel="modulepreload" href="/{folder}api.js">' in page

    @pytest.mark.parametrize("name", ["config.json", "openapi.json", "assets/favicon.png"])
    def test_a_name_that_is_taken_is_refused(self, dashboard, name):
        (dashboard / name).write_text("{}")

        with pytest.raises(SiteRefused, match=name):
            site(dashboard)

    @pytest.mark.parametrize("name", ["index.html", "404.html"])
    def test_without_what_cloudfront_answers_with_it_is_refused(self, dashboard, name):
        (dashboard / name).unlink()

        with pytest.raises(SiteRefused, match=name):
            site(dashboard)
