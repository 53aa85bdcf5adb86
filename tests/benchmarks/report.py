"""The measured figures as tables, whatever they are then written on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.benchmarks import batch_report as batch
from tests.benchmarks import emulated_report
from tests.benchmarks.cold_start import STARTS, ColdStart
from tests.benchmarks.emulated import Starts
from tests.benchmarks.files import Files
from tests.benchmarks.overhead import ROUNDS, Overhead
from tests.benchmarks.question import Side
from tests.benchmarks.rows import Row
from tests.benchmarks.shop import ASKED_ABOUT
from tests.benchmarks.table import Ratio, Section, figure
from tests.benchmarks.timing import Timing

NAMES: Final = {Side.OURS: "Foretell", Side.PEER: "peer"}
_ROWS: Final = {
    Row.OURS: "Foretell, 1 customer",
    Row.OURS_REASONS: "Foretell, 1 customer, with reasons",
    Row.PEER: "peer, 1 customer",
    Row.OURS_MANY: f"Foretell, {ASKED_ABOUT} customers",
    Row.OURS_MANY_REASONS: f"Foretell, {ASKED_ABOUT} customers, with reasons",
    Row.PEER_MANY: f"peer, {ASKED_ABOUT} customers",
    Row.EMPTY: "an empty FastAPI and Mangum handler",
    Row.PREDICT: "Foretell's prediction alone, 1 customer",
    Row.PREDICT_REASONS: "the same with reasons",
    Row.ONNX: "onnxruntime alone, 1 customer",
    Row.ONNX_MANY: f"onnxruntime alone, {ASKED_ABOUT} customers",
    Row.REDIS: "GET from a local Redis, plain socket",
}
_NO_REDIS: Final = "not measured: no redis-server on this machine"


@dataclass(frozen=True)
class Measured:
    """One run."""

    warm: Mapping[Row, Timing]
    overhead: Overhead
    cold: Mapping[Side, ColdStart]
    emulated: Starts | str
    """Or why there are no figures."""

    loads: Mapping[Side, Timing]
    sizes: Mapping[Side, Mapping[str, int]]
    files: Files


def sections(measured: Measured, machine: Mapping[str, str]) -> tuple[Section, ...]:
    """All tables, the one to look at first."""
    return (
        _ratios(measured),
        _warm(measured.warm),
        _around(measured.overhead),
        _cold(measured.cold),
        emulated_report.section(measured.emulated),
        _stored(measured),
        *batch.sections(measured.files),
        _cache(measured.warm),
        Section("Measured on", ("", ""), tuple(machine.items()), words=2),
    )


def ratios(measured: Measured) -> tuple[Ratio, ...]:
    """The figures that matter."""
    p50 = {row: timing.p50 for row, timing in measured.warm.items()}
    cold = measured.cold[Side.OURS].total / measured.cold[Side.PEER].total
    one, many = p50[Row.PEER], p50[Row.PEER_MANY]
    customers = f"{ASKED_ABOUT} customers"
    return (
        Ratio("1 customer: peer / Foretell", one / p50[Row.OURS], at_least=50),
        Ratio("1 customer: peer / Foretell with reasons", one / p50[Row.OURS_REASONS], at_least=15),
        Ratio(f"{customers}: peer / Foretell", many / p50[Row.OURS_MANY]),
        Ratio(f"{customers}: peer / Foretell with reasons", many / p50[Row.OURS_MANY_REASONS]),
        Ratio("Foretell around onnxruntime / empty handler", measured.overhead.ratio, at_most=1.5),
        Ratio("cold start: Foretell / peer", cold, at_most=0.25),
        *batch.ratios(measured.files),
    )


def _ratios(measured: Measured) -> Section:
    rows = tuple(
        (ratio.name, figure(ratio.value), ratio.target, ratio.verdict) for ratio in ratios(measured)
    )
    note = (
        "Ratios of the medians below: they carry over to other machines better than the"
        " milliseconds do. The peer gives no reasons."
    )
    return Section("Ratios", ("", "measured", "target", ""), rows, (note,))


def _warm(warm: Mapping[Row, Timing]) -> Section:
    rows = tuple(_warm_row(row, warm.get(row)) for row in Row)
    columns = ("", "p50", "p95", "p99", "calls")
    return Section("A warm request, in milliseconds", columns, rows, (_HANDLERS, _PEER, _IN_TURN))


_HANDLERS: Final = (
    "Foretell and the peer are whole Lambda handlers, from the event of API Gateway to the answer."
    " Foretell's logs and metrics are written, to nowhere."
)
_PEER: Final = (
    "The peer (`tests/benchmarks/peer`) is the same service as it is usually written: FastAPI,"
    " pandas, scikit-learn, XGBoost, joblib. It preprocesses once for all three models, which is"
    " not so usual. It writes no logs or metrics and gives no intervals, actions or reasons."
)
_IN_TURN: Final = (
    "All rows in turn, again and again. In its turn a row is called once without being timed, then"
    " until 50 ms or 50 calls are over, at least once."
)


def _around(overhead: Overhead) -> Section:
    figures = {
        _ROWS[Row.EMPTY]: overhead.empty,
        _ROWS[Row.OURS]: overhead.whole,
        "of this: the call of onnxruntime": overhead.onnx,
        "all around it": overhead.around,
    }
    rows = tuple((name, figure(value)) for name, value in figures.items())
    return Section("What is around onnxruntime, in milliseconds", ("", "p50"), rows, (_AROUND,))


_AROUND: Final = (
    f"The two handlers in turn, one call each, {ROUNDS:,} times, so that each finds the processor"
    " as the other left it: called again and again either is quicker, the empty one by more."
)


def _warm_row(row: Row, timing: Timing | None) -> tuple[str, ...]:
    if timing is None:
        return (_ROWS[row], _NO_REDIS, "", "", "")
    figures = (figure(value) for value in (timing.p50, timing.p95, timing.p99))
    return (_ROWS[row], *figures, f"{timing.calls:,}")


def _cold(cold: Mapping[Side, ColdStart]) -> Section:
    rows = tuple(
        _beside(name, *(read(cold[side]) for side in Side)) for name, read in _PHASES.items()
    )
    title = "A cold start, in milliseconds"
    return Section(title, _BESIDE, rows, (_FRESH_PROCESSES, _MODELS_FROM))


_PHASES: Final[Mapping[str, Callable[[ColdStart], float]]] = {
    "from the process to its first answer": lambda start: start.total,
    "of this: starting Python": lambda start: start.interpreter,
    "importing the libraries": lambda start: start.libraries,
    "loading app and models": lambda start: start.models,
    "the answer": lambda start: start.answer,
    "peak memory, MB": lambda start: start.peak_mb,
}
_FRESH_PROCESSES: Final = (
    f"Fresh processes, {STARTS} of each side in turn; medians, so the parts need not add up."
    " Modules are compiled and files are in the system's cache."
)
_MODELS_FROM: Final = (
    "Foretell reads pointer, manifest and graph from an S3 on this machine (moto) and verifies"
    " them, and its first answer has reasons. The peer reads its files from the disk. What AWS adds"
    " (starting the sandbox, fetching the package) is not measured."
)


def _stored(measured: Measured) -> Section:
    loads = (measured.loads[side].p50 for side in Side)
    sizes = (
        (f"{NAMES[side]}: {name}", *_in_column(side, f"{size / 1e6:.3f}"), "")
        for side in Side
        for name, size in measured.sizes[side].items()
    )
    rows = (_beside("loading, ms", *loads), *sizes)
    return Section("Models: loading, and files in MB", _BESIDE, rows, (_LOADED,))


_LOADED: Final = (
    "Loaded in a warm process, up to models that can answer: Foretell's manifest,"
    " `comprehensive.onnx` (all three models) and what its reasons need, out of S3, their digests"
    " verified; all of the peer's files from the disk."
)
_BESIDE: Final = ("", *(NAMES[side] for side in Side), f"{NAMES[Side.OURS]} / {NAMES[Side.PEER]}")


def _beside(name: str, ours: float, peer: float) -> tuple[str, ...]:
    return (name, figure(ours), figure(peer), f"{ours / peer:.2f}")


def _in_column(side: Side, text: str) -> tuple[str, ...]:
    return tuple(text if other == side else "" for other in Side)


def _cache(warm: Mapping[Row, Timing]) -> Section:
    beside = (Row.REDIS, Row.PREDICT, Row.PREDICT_REASONS, Row.ONNX)
    rows = tuple(_warm_row(row, warm.get(row))[:2] for row in beside)
    notes = (_would_pay(warm[Row.REDIS].p50, warm),) if Row.REDIS in warm else ()
    return Section("Would a cache pay? In milliseconds", ("", "p50"), rows, notes)


def _would_pay(look_up: float, warm: Mapping[Row, Timing]) -> str:
    bare, explained = (warm[row].p50 - look_up for row in (Row.PREDICT, Row.PREDICT_REASONS))
    if explained <= 0:
        return (
            f"No: even on the same machine a look-up takes longer than the prediction that it would"
            f" save. {_NETWORK}"
        )
    return (
        f"A hit in a cache on the same machine would save {figure(explained)} ms of a request's"
        f" {figure(warm[Row.OURS_REASONS].p50)} with reasons, and {figure(bare)} ms of"
        f" {figure(warm[Row.OURS].p50)} without. A cache elsewhere pays only if its network takes"
        f" less than that, and then only as often as it hits. {_NETWORK}"
    )


_NETWORK: Final = (
    "In AWS the network to ElastiCache comes on top of every look-up, hit or miss: 0.2 to 1 ms,"
    " not measured here."
)
