"""What a person can get wrong when training, each told in one plain message."""

from foretell.tables.errors import InputError

__all__ = ["HeldBack", "InputError", "LostRace", "ParityError"]


class LostRace(Exception):
    """Another promotion came first; the message says which version was published meanwhile."""


class ParityError(Exception):
    """A graph and the model it was converted from disagree: a fault of ours, not of the data."""


class HeldBack(Exception):
    """Published, but a gate failed: the live version is as it was."""
