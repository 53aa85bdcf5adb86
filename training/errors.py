"""What a person can get wrong when training, each told in one plain message."""


class InputError(Exception):
    """An input that cannot be used.

    The message names the file, row, column or setting at fault and what to do about it. The
    command line prints it as it stands, without a traceback.
    """


class LostRace(Exception):
    """Another promotion came first; the message says which version was published meanwhile."""


class ParityError(Exception):
    """A graph and the model it was converted from disagree: a fault of ours, not of the data."""


class HeldBack(Exception):
    """Published, but a gate failed: the live version is as it was."""
