"""The scripts of others: what is not installed, or outdated, is named with what to do."""

import json
from pathlib import Path

import pytest

from infra.site.errors import LibraryMissing
from infra.site.libraries import LIBRARIES, NODE_MODULES, library_files, without_source_map

LOCK = Path(__file__).parents[4] / "infra/site/package-lock.json"


@pytest.fixture
def node_modules(tmp_path):
    """All of the libraries as they are installed, to be changed."""
    for library in LIBRARIES:
        for name in ("package.json", "LICENSE", library.script):
            copy = tmp_path / library.package / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((NODE_MODULES / library.package / name).read_bytes())
    return tmp_path


def test_all_of_them_are_there_with_their_licences(node_modules):
    files = dict(library_files(node_modules))

    assert len(files) == 2 * len(LIBRARIES)
    assert all(files.values())


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("gone", ["package.json", "LICENSE", "script"])
def test_one_that_is_not_there_is_named_with_what_to_do(node_modules, library, gone):
    (node_modules / library.package / (library.script if gone == "script" else gone)).unlink()

    with pytest.raises(LibraryMissing, match=rf"{library.package}.*run `make setup`"):
        list(library_files(node_modules))


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_one_of_another_version_is_refused(node_modules, library):
    said = node_modules / library.package / "package.json"
    said.write_text(json.dumps(json.loads(said.read_text()) | {"version": "0.0.1"}))

    with pytest.raises(LibraryMissing, match=rf"{library.package} [1-9].*, and 0\.0\.1 is"):
        list(library_files(node_modules))


def test_every_package_is_locked_by_its_digest_and_to_no_address():
    packages = json.loads(LOCK.read_text())["packages"]
    del packages[""]

    assert {f"node_modules/{library.package}" for library in LIBRARIES} <= packages.keys()
    assert [name for name, said in packages.items() if "integrity" not in said] == []
    assert [name for name, said in packages.items() if "resolved" in said] == []


@pytest.mark.parametrize(
    "code", [b"run();\n//# sourceMappingURL=a.js.map\n", b"run();/*# sourceMappingURL=a.css.map*/"]
)
def test_the_name_of_a_map_is_cut_off(code):
    assert without_source_map(code) == b"run();\n"


def test_what_names_no_map_stays_as_it_is():
    code = b'say("//# sourceMappingURL=", x); run();'

    assert without_source_map(code) == code
