"""What can keep a stack from being deployed or taken down, each told in one plain line."""


class CloudError(Exception):
    """The command cannot go on; the command line prints the message without a traceback."""


class NotReady(CloudError):
    """Something is missing on this machine: credentials, a region, a tool, a setting."""


class CommandFailed(CloudError):
    """Another program ended with an error, of which it has told itself."""


class StackNotReadable(CloudError):
    """There is no such stack, or it does not say what is needed of it."""


class NotDeleted(CloudError):
    """S3 keeps an object that was to go."""


class NotAnswering(CloudError):
    """The deployed API answers otherwise than it should."""


class StepFailed(CloudError):
    """A step of a deployment failed; the message names it and says how to go on."""
