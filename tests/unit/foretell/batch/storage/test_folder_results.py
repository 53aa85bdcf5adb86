"""What a run writes to a folder: whole or not at all."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from foretell.batch.storage import ANYTHING, NOTHING, FolderResults
from foretell.problems import StorageUnreachable

JSON = "application/json"


@pytest.fixture
def results(tmp_path) -> FolderResults:
    return FolderResults(tmp_path / "out")


def files(results) -> list[str]:
    """All that there is, hidden or not."""
    return sorted(path.name for path in results.path.rglob("*") if path.is_file())


def test_an_output_appears_whole_when_it_is_complete(results):
    output = results.create("predictions.csv", "text/csv")
    output.write(b"a,b\n")
    output.write(b"1,2\n")
    assert results.names() == ()

    output.complete()
    output.complete()
    output.abandon()

    assert files(results) == ["predictions.csv"]
    assert results.get("predictions.csv").body == b"a,b\n1,2\n"


def test_an_abandoned_output_leaves_nothing(results):
    results.put("predictions.csv", b"older", "text/csv")
    output = results.create("predictions.csv", "text/csv")
    output.write(b"newer")

    output.abandon()
    output.abandon()

    assert files(results) == ["predictions.csv"]
    assert results.get("predictions.csv").body == b"older"


def test_files_can_be_read_by_whom_the_umask_allows(results):
    results.put("summary.json", b"{}", JSON)
    (results.path / "another").touch()

    assert (results.path / "summary.json").stat().st_mode == (
        results.path / "another"
    ).stat().st_mode


def test_a_condition_is_kept_or_nothing_is_written(results):
    first = results.put("status.json", b"1", JSON, NOTHING)

    assert first is not None
    assert results.put("status.json", b"2", JSON, NOTHING) is None
    second = results.put("status.json", b"3", JSON, first)
    assert second is not None
    assert results.put("status.json", b"4", JSON, first) is None
    assert results.get("status.json").body == b"3"
    assert results.get("status.json").tag == second
    assert results.put("status.json", b"5", JSON, ANYTHING) is not None
    assert results.put("no status.json", b"6", JSON, second) is None
    assert results.get("no status.json") is None


def test_of_many_who_write_where_nothing_is_one_does(results):
    with ThreadPoolExecutor(8) as pool:
        tags = pool.map(
            lambda number: results.put("run.json", str(number).encode(), JSON, NOTHING), range(32)
        )

    assert sum(tag is not None for tag in tags) == 1


def test_names_are_listed_in_order_and_removed(results):
    assert results.names() == ()
    for name in ("work/2", "run.json", "work/1", "worked.csv"):
        results.put(name, b"", JSON)

    assert results.names() == ("run.json", "work/1", "work/2", "worked.csv")
    assert results.names("work/") == ("work/1", "work/2")
    results.remove(["work/1", "never there"])
    assert results.names("work/") == ("work/2",)


def test_parts_become_one_file(results):
    for name, body in {"1": b"one", "2": b"", "3": b"three"}.items():
        results.put(f"work/{name}", body, JSON)

    results.assemble("all", ["work/3", "work/2", "work/1", "work/3"], b"head,")
    results.assemble("none", [])

    assert results.get("all").body == b"head,threeonethree"
    assert results.get("none").body == b""
    with pytest.raises(StorageUnreachable, match="work/4"):
        results.assemble("all", ["work/1", "work/4"])
    assert results.get("all").body == b"head,threeonethree"
    assert files(results) == ["1", "2", "3", "all", "none"]


@pytest.mark.parametrize("name", ["../elsewhere", "work/../../elsewhere", "/etc/passwd", ""])
def test_a_name_leads_nowhere_else(results, name):
    with pytest.raises(StorageUnreachable, match="names nothing in"):
        results.put(name, b"", JSON)
    with pytest.raises(StorageUnreachable, match="names nothing in"):
        results.get(name)


def test_what_the_disk_refuses_is_told_and_leaves_nothing(results):
    results.path.mkdir()
    (results.path / "summary.json").mkdir()

    with pytest.raises(StorageUnreachable, match=r"summary\.json cannot be used \("):
        results.put("summary.json", b"{}", JSON)
    assert [path.name for path in results.path.iterdir()] == ["summary.json"]
