"""What a person can get wrong with a file, a column or a setting."""


class InputError(Exception):
    """An input that cannot be used.

    The message names the file, row, column or setting at fault and what to do about it. The
    command line prints it as it stands, without a traceback.

    `for_a_dropped_file` tells the same to somebody who has no command line: it names no option,
    and no cell of the file, because it is kept where others read it.
    """

    def __init__(self, message: str, for_a_dropped_file: str | None = None) -> None:
        super().__init__(message)
        self.for_a_dropped_file = for_a_dropped_file or message


def short(error: Exception) -> str:
    """The first line of DuckDB's reason, without its "Binder Error:"."""
    first = str(error).partition("\n")[0]
    return first.partition("Error: ")[2].rstrip(".!") or first
