"""JSONPath as the state machine uses it: the paths, what they lead to, templates full of them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from infra.local.states.errors import ExecutionFailed

Json = Any
"""What json.loads gives."""

PATH: Final = r"^\$(\.\w+|\[\d+\])*$"
"""Into the input of a state."""
ITEM_PATH: Final = r"^\$(\$\.Map\.Item\.(Index|Value))?(\.\w+|\[\d+\])*$"
"""The same, or into what the context says of the item of a Map."""
REFERENCE_PATH: Final = r"^\$(\.\w+)*$"
"""Where something can be put."""

LARGEST: Final = 256 << 10
"""Bytes of JSON that may pass between two states."""

_DYNAMIC: Final = ".$"
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


def check_template(template: Json, pattern: str) -> None:
    """See that all paths of a template are of that pattern.

    Raises:
        ValueError: one is not; it is named.
    """
    if isinstance(template, list):
        for part in template:
            check_template(part, pattern)
    elif isinstance(template, dict):
        for name, part in template.items():
            if not name.endswith(_DYNAMIC):
                check_template(part, pattern)
            elif not isinstance(part, str) or not re.match(pattern, part):
                raise ValueError(f"{name}: {part!r} is no path that is understood here")


def fill(template: Json, given: Json, context: Mapping[str, Json] | None = None) -> Json:
    """A payload template with what its paths lead to: `$` into `given`, `$$` into `context`.

    Raises:
        ExecutionFailed: a path leads nowhere.
    """
    if isinstance(template, list):
        return [fill(part, given, context) for part in template]
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(_DYNAMIC): find(part, given, context)
        if name.endswith(_DYNAMIC)
        else fill(part, given, context)
        for name, part in template.items()
    }


def find(path: str, given: Json, context: Mapping[str, Json] | None = None) -> Json:
    """What a path leads to.

    Raises:
        ExecutionFailed: it leads nowhere.
    """
    found: Json = context if path.startswith("$$") else given
    for step in _STEP.finditer(path):
        try:
            found = found[step[1] if step[1] is not None else int(step[2])]
        except (LookupError, TypeError):
            raise ExecutionFailed(
                "States.Runtime", f"The path {path} leads nowhere in the input of the state"
            ) from None
    return found


def put(path: str | None, given: Json, result: Json) -> Json:
    """The input of a state with its result at a path; without a path, the input alone.

    Raises:
        ExecutionFailed: the path leads through what is no object.
    """
    if path is None:
        return given
    names = [step[1] for step in _STEP.finditer(path)]
    if not names:
        return result
    whole = dict(_as_object(given, path))
    inner = whole
    for name in names[:-1]:
        inner[name] = inner = dict(_as_object(inner.get(name, {}), path))
    inner[names[-1]] = result
    return whole


def through_json(value: object) -> Json:
    """A value as it is after its way from one place to another.

    Raises:
        TypeError, ValueError: it is not made of what JSON knows.
        ExecutionFailed: it is larger than what may pass between states.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode(errors="surrogatepass"))
    if size > LARGEST:
        raise ExecutionFailed(
            "States.DataLimitExceeded", f"{size:,} bytes are more than may pass between states"
        )
    return json.loads(text)


def _as_object(value: Json, path: str) -> dict[str, Json]:
    if isinstance(value, dict):
        return value
    raise ExecutionFailed("States.ResultPathMatchFailure", f"Nothing can be put at {path}")
