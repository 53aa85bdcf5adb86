"""No secret is in the repository, and nothing that is only of the machine it was written on."""

import subprocess
from pathlib import Path

import pytest

from tests.infra import repository

# Put together here: this file is in the repository, too.
LEAKED = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an AWS access key": "id = AKIA" + "ABCDEFGHIJKLMNOP",
    "an AWS secret key": 'aws_secret_access_key = "' + "a1B2" * 10 + '"',
    "a GitHub token": "token: ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2" * 5,
    "a Slack token": "xoxb-" + "1234567890",
    "a PyPI token": "pypi-AgEI" + "a1B2" * 15,
    "an npm token": "npm_" + "a1B2" * 9,
    "a Google key": "AIza" + "a1B2c" * 7,
    "a signed token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 24,
    "a password in an address": "postgres://shop:" + "hunter2@db.example.com/shop",
    "somebody's folder": "see /home/" + "grace/notes.txt",
    "an index of packages": "--index-" + "url https://example.com/pypi",
    "a host of packages": "https://pypi" + ".org/project/numpy",
    "the address of a package": "https://example.com/numpy-2.0-py3-none-any" + ".whl",
}


def test_the_repository_holds_none() -> None:
    assert list(repository.findings(repository.file_lines())) == []


@pytest.mark.parametrize("what", [*repository.SECRETS, *repository.OF_A_MACHINE])
def test_every_kind_is_tried(what: str) -> None:
    assert what in LEAKED


@pytest.mark.parametrize("what", LEAKED)
def test_what_leaked_is_found_and_not_repeated(what: str) -> None:
    lines = [("a.py:1", "nothing"), ("a.py:2", f"before {LEAKED[what]} after")]

    (found,) = repository.findings(lines)

    assert found.startswith(f"a.py:2: {what}")
    assert LEAKED[what] not in found


@pytest.mark.parametrize(
    "harmless",
    [
        "AKIAIOSFODNN7EXAMPLE",  # of AWS's documentation
        'aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        "https://{user}:{password}@example.com",
        "uv pip compile --no-emit-index-url",
        "runs/<run id>/work/plan.json",
        "/home/ada/november.csv",
        "arn:aws:s3:::bucket/key",
    ],
)
def test_what_only_looks_like_it_is_left_alone(harmless: str) -> None:
    assert list(repository.findings([("a.py:1", harmless)])) == []


def test_where_this_machine_has_the_repository_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "ROOT", Path("/elsewhere/foretell"))
    lines = [("a.py:1", "open('/elsewhere/foretell/x')"), ("a.py:2", "http://a/elsewhere/x")]

    (found,) = repository.findings(lines)

    assert found.startswith("a.py:1: a path of this machine")


def test_a_host_that_this_machine_gets_packages_from_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://packages.shop.example/api")

    (found,) = repository.findings([("Makefile:3", "pip download from packages.shop.example")])

    assert found.startswith("Makefile:3: a package host of this machine")


def test_a_secret_that_was_deleted_is_still_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "key.pem").write_text(LEAKED["a private key"])
    git(tmp_path, "add", "key.pem")
    git(tmp_path, "commit", "--quiet", "--message", "By mistake")
    git(tmp_path, "rm", "--quiet", "key.pem")
    git(tmp_path, "commit", "--quiet", "--message", "Not here any more")

    (found,) = repository.findings(repository.history_lines(tmp_path))

    assert list(repository.findings(repository.file_lines(tmp_path))) == []
    assert found.startswith("commit ")
    assert "a private key" in found


def test_a_file_that_is_about_to_be_committed_is_looked_at(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("local/\n")
    (tmp_path / "local").mkdir()
    for name in ("new.txt", "local/own.txt"):
        (tmp_path / name).write_text(LEAKED["a GitHub token"])

    (found,) = repository.findings(repository.file_lines(tmp_path))

    assert found.startswith("new.txt:1: ")


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
