"""How running a state machine can end, other than well."""


class StateMachineError(Exception):
    """A state machine was not run to a good end."""


class NotUnderstood(StateMachineError):
    """The definition has something that is not executed here, or is wrong; it was not started."""


class ExecutionFailed(StateMachineError):
    """An execution ended in a Fail state, or with an error that no state caught."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        """Its name, by which states match it: the class of what the function raised."""
        self.cause = cause
        """More about it; for a function's error, JSON as Lambda writes it."""
