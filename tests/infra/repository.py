"""What must not be in the repository: secrets, and what is only of the machine it was written on.

    python -m tests.infra.repository            the files
    python -m tests.infra.repository --history  and all that was ever committed

Findings say where and what, and never repeat it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
EVERYWHERE = {
    f"/{name}"
    for name in ["app", "build", "home", "mnt", "opt", "src", "srv", "tmp", "usr", "var", "Users"]
}
"""Folders that are on any machine, or in any container."""

SECRETS: Mapping[str, str] = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY",
    # AWS's documentation has keys that end so, and so have examples here.
    "an AWS access key": r"\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b",
    "an AWS secret key": r"(?i:secret_?access_?key\W{1,5})(?![^\s\"']*EXAMPLE)[A-Za-z0-9/+]{40}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a Slack token": r"\bxox[abeprs]-[A-Za-z0-9-]{10}",
    "a PyPI token": r"\bpypi-AgEI[A-Za-z0-9_-]{50}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^/\s:@'\"{}$<]+:[^/\s:@'\"{}$<]+@[\w.-]",
}
OF_A_MACHINE: Mapping[str, str] = {
    # Ada's is in examples.
    "somebody's folder": r"(?<![\w./$}>-])/(?:home|Users)/(?!ada/)[A-Za-z]\w*/",
    "an index of packages": r"(?<![\w-])--(?:extra-)?index-url[ =]|https?://[\w.-]+/simple/",
    "a host of packages": r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:com|org)|crates[.]io",
    "the address of a package": r"https?://[^\s'\"]+\.(?:whl|tar\.gz)\b",
}


def forbidden() -> dict[str, re.Pattern[str]]:
    """What to look for, by what it is: in general, and of this machine."""
    patterns = {**SECRETS, **OF_A_MACHINE}
    paths, hosts = sorted(_own_paths()), sorted(_package_hosts())
    if paths:
        either = "|".join(map(re.escape, paths))
        patterns["a path of this machine"] = rf"(?<![\w.$}}>-])(?:{either})(?=[/\s\"'`)]|$)"
    if hosts:
        patterns["a package host of this machine"] = "|".join(map(re.escape, hosts))
    return {what: re.compile(pattern) for what, pattern in patterns.items()}


def findings(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Of lines with where they are: where there is something, and what."""
    patterns = forbidden()
    # One search for all: most lines have nothing.
    anything = re.compile("|".join(pattern.pattern for pattern in patterns.values()))
    for where, line in lines:
        if anything.search(line):
            yield from (
                f"{where}: {what}: remove it"
                for what, pattern in patterns.items()
                if pattern.search(line)
            )


def file_lines(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Of the files that are in the repository, or would be with the next commit."""
    listed = _git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        path = root / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                yield f"{name}:{number}", line


def history_lines(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """All lines that any commit added: what is deleted is still in the repository."""
    commit = ""
    for line in _git(root, "log", "--all", "--patch", "--unified=0", "--no-color").splitlines():
        if line.startswith("commit "):
            commit = line[7:19]
        elif line.startswith("+") and not line.startswith("+++"):
            yield f"commit {commit}", line[1:]


def _own_paths() -> set[str]:
    """Where this machine has the repository, its user and its Python, as far as others do not."""
    own = (ROOT, ROOT.parent, Path.home(), Path(sys.base_prefix))
    return {str(path) for path in own if len(path.parts) > 1} - EVERYWHERE


def _package_hosts() -> set[str]:
    """Where this machine gets its packages from, as far as its configuration names it."""
    told = [value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))]
    configured = (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf")
    apt = Path("/etc/apt")
    sources = [apt / "sources.list", *apt.glob("sources.list.d/*"), *apt.glob("apt.conf.d/*")]
    told += [
        line
        for path in (*configured, *sources)
        if path.is_file()
        for line in path.read_text(errors="replace").splitlines()
        if not line.startswith("#")
    ]
    addresses = re.findall(r"https?://[^\s\"';]+", "\n".join(told))
    hosts = {urlsplit(address).hostname or "" for address in addresses}
    return {host for host in hosts if re.search(r"\.[a-z]", host)}


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode(errors="replace")


def main() -> int:
    found = list(findings(file_lines()))
    if "--history" in sys.argv:
        found += sorted(set(findings(history_lines())))
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
