"""What samconfig.toml says of an environment: the stack's name, its region, its parameters."""

import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from infra.cloud.errors import NotReady

CONFIG: Final = Path("samconfig.toml")


@dataclass(frozen=True)
class Settings:
    """One environment."""

    env: str
    stack: str
    region: str | None
    parameters: Mapping[str, str]


def read(path: Path, env: str) -> Settings:
    """The settings of an environment such as dev or prod.

    Raises:
        NotReady: the file is missing or broken, or knows no such environment.
    """
    sections = _environment(path, env)
    shared = _parameters(sections, "global")
    deploy = shared | _parameters(sections, "deploy")
    if "stack_name" not in deploy:
        raise NotReady(f"{path} names no stack for {env!r}: add stack_name to it")
    return Settings(
        env=env,
        stack=deploy["stack_name"],
        region=deploy.get("region"),
        parameters=parameters(_words(deploy.get("parameter_overrides", ()))),
    )


def parameters(words: Iterable[str]) -> dict[str, str]:
    """Template parameters by name, of words such as AlarmEmail=me@example.com.

    Raises:
        NotReady: a word is not of that form.
    """
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isalnum():
            raise NotReady(f"{word!r} sets no parameter: write it as Name=value")
        found[name] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _environment(path: Path, env: str) -> Mapping[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReady(f"{path}: {error.strerror}; run this in the project's folder") from error
    except tomllib.TOMLDecodeError as error:
        raise NotReady(f"{path} is not TOML: {error}") from error
    environments = {name: said for name, said in document.items() if isinstance(said, dict)}
    if env not in environments:
        raise NotReady(f"{path} knows no environment {env!r}, only {', '.join(environments)}")
    return environments[env]


def _parameters(sections: Mapping[str, Any], command: str) -> dict[str, Any]:
    return dict(sections.get(command, {}).get("parameters", {}))


def _words(overrides: str | Iterable[str]) -> Iterable[str]:
    return shlex.split(overrides) if isinstance(overrides, str) else overrides


def named(settings: Settings, stack: str) -> Settings:
    """The same environment under another stack's name."""
    return replace(settings, stack=stack)
