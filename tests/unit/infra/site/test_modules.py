"""What modules import of each other, as far as a browser can be told of it before."""

import re

import pytest

from infra.site.errors import SiteRefused
from infra.site.modules import check_imports, with_preloads

PAGE = '<html>\n  <head>\n    <script type="module" src="/assets/main.js"></script>\n  </head>\n'
SCRIPTS = {
    "assets/main.js": b'import "./shell.js";\nimport {\n  one,\n  two,\n} from "./parts/dom.js";\n',
    "assets/shell.js": b"import { one } from './parts/dom.js';\nconst v = () => import('./v.js');",
    "assets/parts/dom.js": b'export { three } from "../three.js";\nexport const at = "./none.js";',
    "assets/three.js": b'export const three = 3; // import "./four.js"\n',
    "assets/v.js": b"",
    "assets/alone.js": b"",
}


def preloaded(page, scripts=SCRIPTS):
    return re.findall(r'<link rel="modulepreload" href="/([^"]*)">', with_preloads(page, scripts))


def test_all_that_is_imported_at_the_start_is_named_the_nearest_first():
    assert preloaded(PAGE) == ["assets/parts/dom.js", "assets/shell.js", "assets/three.js"]


def test_it_is_named_in_the_head():
    page = with_preloads(PAGE, SCRIPTS)

    assert page.index("modulepreload") < page.index("</head>")


def test_modules_that_import_each_other_are_named_once():
    scripts = {
        "assets/main.js": b'import "./a.js";',
        "assets/a.js": b'import "./b.js";',
        "assets/b.js": b'import "./a.js";\nimport "./main.js";',
    }

    assert preloaded(PAGE, scripts) == ["assets/a.js", "assets/b.js"]


def test_what_a_module_imports_that_the_page_names_itself_is_named_too():
    scripts = SCRIPTS | {"assets/v.js": b'import "./w.js";', "assets/w.js": b""}
    page = PAGE.replace("<script", '<link rel="modulepreload" href="/assets/v.js">\n    <script')

    assert "assets/w.js" not in preloaded(PAGE, scripts)
    assert set(preloaded(page, scripts)) == {
        *preloaded(PAGE, scripts),
        "assets/v.js",
        "assets/w.js",
    }
    assert len(preloaded(page, scripts)) == len(set(preloaded(page, scripts)))


def test_a_page_without_modules_stays_as_it_is():
    page = '<head><script src="/assets/main.js"></script></head>'

    assert with_preloads(page, SCRIPTS) == page


@pytest.mark.parametrize(
    "code",
    [b"import './x.js';", b"export { x } from './x.js';", b"const x = () => import('./x.js');"],
)
def test_an_import_of_what_is_not_there_is_refused(code):
    with pytest.raises(SiteRefused, match=r"a/b\.js imports a/x\.js"):
        check_imports("a/b.js", code, {"x.js"})


@pytest.mark.parametrize("code", [b"export const x = './x.js';", b"// import './x.js';"])
def test_what_only_looks_like_an_import_is_none(code):
    check_imports("a/b.js", code, set())
