"""What can keep the local platform from running, each told in one plain line."""


class LocalPlatformError(Exception):
    """The local platform cannot run; the command line prints the message without a traceback."""


class PortTaken(LocalPlatformError):
    """A port that the local platform needs cannot be had."""
