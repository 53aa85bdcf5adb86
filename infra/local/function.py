"""The batch function on this machine, called as Lambda calls it."""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

Event = dict[str, Any]
"""What a function is given: JSON."""
Invoke = Callable[[Event], object]
"""Calls a function, which raises what it fails with."""

_HANDLER_IN: Final = "functions.batch.app"
_LONGEST: Final = 15 * 60 * 1000  # milliseconds


@dataclass(frozen=True)
class _Context:
    """What Lambda tells a function of itself."""

    function_name: str = "foretell-batch"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:foretell-batch"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        """Nothing is cut off here: always as much as Lambda ever gives."""
        return _LONGEST


def batch_function() -> Invoke:
    """The handler of functions/batch, for one event at a time, as in a sandbox of Lambda.

    It is imported with the first event, when its environment is prepared.
    """
    sandbox = threading.Lock()

    def invoke(event: Event) -> object:
        with sandbox:
            answer: object = importlib.import_module(_HANDLER_IN).handler(event, _Context())
            return answer

    return invoke
