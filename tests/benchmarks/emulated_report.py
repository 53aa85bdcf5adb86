"""The figures of starts under Lambda's emulator as a table."""

from typing import Final

from tests.benchmarks.emulated import STARTS, Starts
from tests.benchmarks.question import Side
from tests.benchmarks.table import Section, figure

_TITLE: Final = "A cold start under Lambda's emulator, in milliseconds"
_COLUMNS: Final = ("", "Foretell", "peer", "Foretell / peer")
_BOTH: Final = (
    "The runtime interface emulator that the SAM CLI carries starts a function as Lambda does, with"
    " Lambda's own runtime interface client; init is its INIT REPORT, the answer that of the first"
    " event. {starts} starts of each side in turn, medians; CPython {python} for both, modules"
    " compiled, files in the system's cache. The emulator limits neither processor nor memory:"
    " Lambda gives 1,024 MB a little more than half a core."
)
_WHAT: Final = (
    "Foretell is ComprehensiveFunction with the layers that `sam build` makes. It reads pointer,"
    " manifest and graph from an S3 on this machine (moto), and its first answer has reasons. The"
    " peer is the same handler as above with its packages as installed, without boto3 for either."
    " Lambda takes 250 MB unzipped: beyond it the peer would have to be a container image."
)


def section(starts: Starts | str) -> Section:
    """The table; where nothing could be measured, it says why."""
    if isinstance(starts, str):
        return Section(_TITLE, _COLUMNS, (), (f"Not measured: {starts}",))
    ours, peer = (starts.middle[side] for side in (Side.OURS, Side.PEER))
    rows = (
        _row("init: libraries, app and models", ours.init, peer.init),
        _row("the first answer", ours.answer, peer.answer),
        _row("both", ours.total, peer.total),
        _row("peak memory, MB", ours.peak_mb, peer.peak_mb),
        _row("code and packages, unzipped, MB", *(starts.unzipped_mb[side] for side in Side)),
    )
    both = _BOTH.format(starts=STARTS, python=starts.python)
    return Section(_TITLE, _COLUMNS, rows, (both, _WHAT))


def _row(name: str, ours: float, peer: float) -> tuple[str, ...]:
    return (name, figure(ours), figure(peer), f"{ours / peer:.2f}")
