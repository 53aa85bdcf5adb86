"""A file that is read from a disk."""

import os
from pathlib import Path

import pytest

from foretell.batch.storage import FileSource
from foretell.problems import StorageUnreachable, UnscorableFile


def test_a_file_comes_as_it_is_in_order_and_in_blocks(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"0123456789")
    file = FileSource(tmp_path / "a.csv", block=4)

    assert (file.name, file.size) == (str(tmp_path / "a.csv"), 10)
    assert list(file.blocks()) == [b"0123", b"4567", b"89"]
    assert list(file.blocks(1, 6)) == [b"1234", b"5"]
    assert list(file.blocks(8, 99)) == [b"89"]
    assert file.read(2, 5) == b"234"
    assert file.read(9, 99) == b"9"
    assert file.read(10, 11) == file.read(4, 3) == b""
    file.download(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"0123456789"


def test_an_empty_file_has_no_blocks(tmp_path):
    (tmp_path / "a.csv").touch()

    assert list(FileSource(tmp_path / "a.csv").blocks()) == []


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_told(tmp_path, name):
    with pytest.raises(UnscorableFile, match=r"cannot be read \(No such file|is no file"):
        FileSource(tmp_path / name)


def test_of_a_file_that_changes_while_it_is_read_nothing_newer_is_taken(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"01234567")
    blocks = FileSource(path, block=4).blocks()
    next(blocks)
    with path.open("ab") as file:
        file.write(b"89")

    with pytest.raises(UnscorableFile, match="was changed while it was being read"):
        next(blocks)


def test_a_file_that_vanishes_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"0")
    file = FileSource(path)
    path.unlink()

    with pytest.raises(UnscorableFile, match="cannot be read"):
        file.read(0, 1)


def test_a_disk_without_room_is_told_as_such(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"0123")
    file = FileSource(tmp_path / "a.csv")

    with pytest.raises(StorageUnreachable, match="cannot be used"):
        file.download(tmp_path / "no folder" / "copy")
    if os.path.exists("/dev/full"):  # noqa: PTH110
        with pytest.raises(UnscorableFile, match=r"a\.csv \(4 bytes\) has no room in /dev"):
            file.download(Path("/dev/full"))
