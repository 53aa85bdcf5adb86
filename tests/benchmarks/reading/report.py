"""The comparison as tables, and what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.reading.entrants import OURS, Entrant
from tests.benchmarks.reading.environments import Environment
from tests.benchmarks.reading.fates import ACCOUNTED
from tests.benchmarks.reading.files import AROUND, BAD_ROWS, ROWS
from tests.benchmarks.reading.running import Reading
from tests.benchmarks.table import Section

TIMES: Final = 4
"""As many rows has the file at which memory is looked at again."""
RUNS: Final = 3
_GROWS: Final = 1.25
"""Peak memory of that file over that of the other, at which it is not called bounded."""


@dataclass(frozen=True)
class Result:
    """What was found out about a reader."""

    environment: Environment
    million: Reading
    several: Reading
    """Of TIMES as many rows."""
    fates: tuple[str, ...]
    """Of BAD_ROWS."""

    @property
    def seconds(self) -> float:
        """Of the processor, for the million."""
        return self.million.used

    @property
    def accounted(self) -> int:
        """How many bad rows are kept or refused while no other is lost."""
        return sum(fate in ACCOUNTED for fate in self.fates)

    @property
    def grows(self) -> bool:
        """Whether memory does, with the file."""
        return self.several.peak_mb > _GROWS * self.million.peak_mb


Results = Mapping[Entrant, Result]


def sections(results: Results, machine: Mapping[str, str], own_lines: int) -> tuple[Section, ...]:
    """All tables, each with what follows from it."""
    return (
        _figures(results),
        _bad_rows(results),
        _text(results, own_lines),
        Section("Measured on", ("", ""), tuple(machine.items()), words=2),
    )


def _figures(results: Results) -> Section:
    columns = (
        "",
        "CPU, s",
        "clock, s",
        "import, s",
        "peak MB",
        f"{TIMES} times: MB",
        "installed MB",
    )
    rows = tuple(
        (
            entrant.name,
            f"{result.seconds:.2f}",
            f"{result.million.seconds:.2f}",
            f"{result.million.imported:.2f}",
            f"{result.million.peak_mb:,.0f}",
            f"{result.several.peak_mb:,.0f}",
            _megabytes(result.environment.bytes),
        )
        for entrant, result in results.items()
    )
    title = f"{ROWS:,} rows of 12 columns into a matrix"
    return Section(title, columns, rows, (_HOW, _COSTS, _speed(results), _memory(results)))


_HOW: Final = (
    f"One core, a fresh process for each reading, medians of {RUNS}, in turn. Typed: the library is"
    " told which columns are numbers. As text: it reads cells, and makes numbers of them in a"
    " second step, as is needed to hand the cells back as they were written. Foretell's seconds"
    " include the checks of the contract, no others do."
)
_COSTS: Final = (
    f"Memory: of the whole process, then the same for a file of {TIMES} times as many rows."
    " Installed: what comes on top of numpy; pydantic, which Foretell's import includes, is in"
    " the function anyway. DuckDB may take 512 MB and reads into a table on the disk first: numpy"
    " alone gets all rows of a file or none."
)


def _speed(results: Results) -> str:
    ours, others = _told_apart(results)
    ratios = {entrant.name: result.seconds / ours.seconds for entrant, result in others.items()}
    told = [f"{name} {ratios[name]:.1f}" for name in sorted(ratios, key=ratios.__getitem__)]
    return f"Times the processor's time of Foretell's reader: {_listed(told)}."


def _memory(results: Results) -> str:
    growing = [entrant.name for entrant, result in results.items() if result.grows]
    least = sorted(results, key=lambda entrant: results[entrant].several.peak_mb)[:2]
    return (
        f"Least memory: {_listed([entrant.name for entrant in least])}."
        f" More for a larger file: {_listed(growing) or 'none'}."
    )


def _bad_rows(results: Results) -> Section:
    libraries = dict.fromkeys(entrant.library for entrant in results)
    fates = {
        library: [result.fates for entrant, result in results.items() if entrant.library == library]
        for library in libraries
    }
    rows = [
        (bad.name, *(_of_both(ways[number] for ways in fates[library]) for library in libraries))
        for number, bad in enumerate(BAD_ROWS)
    ]
    columns = ("", *libraries)
    notes = (_FATES, _accounting(results))
    title = f"One bad row among {2 * AROUND} good ones"
    return Section(title, columns, tuple(rows), notes, words=len(columns))


_FATES: Final = (
    "Where the two ways of a library differ, the first is typed. Kept: with all that it says; that"
    " a number is infinite, a later check can tell. Refused: with a reason and the right row"
    " number; of cells that are read as text it is our own lines that refuse, and they count the"
    " rows, rightly only until the library skips one. Changed: kept as something that it does not"
    " say. Takes along: as many good rows are gone, into the bad one's last cell or with it."
)


def _of_both(fates: Iterator[str]) -> str:
    return " / ".join(dict.fromkeys(fates))


def _accounting(results: Results) -> str:
    told = [f"{entrant.name} for {result.accounted}" for entrant, result in results.items()]
    return f"Of {len(BAD_ROWS)} such files each row is accounted for by {_listed(told)}."


def _text(results: Results, own_lines: int) -> Section:
    columns = ("", "what is left of a row's text", "rows in the middle of a file")
    rows = tuple((entrant.name, entrant.text, entrant.rows_of_a_range) for entrant in results)
    notes = (_RANGE, _choice(results, own_lines))
    return Section("Beside the numbers", columns, rows, notes, words=3)


_RANGE: Final = (
    "The second half of the large file was given to each as a stream in which nobody can seek; all"
    " found the same rows in it."
)


def _choice(results: Results, own_lines: int) -> str:
    """What the batch needs, and who has it."""
    ours, others = _told_apart(results)
    fit = [
        f"{entrant.name}, in {result.seconds / ours.seconds:.1f} times the time and with"
        f" {result.accounted} of those files accounted for to Foretell's {ours.accounted}"
        for entrant, result in others.items()
        if entrant.keeps_rows and not result.grows
    ]
    clean = [
        f"{entrant.name} ({_megabytes(result.environment.bytes)} MB)"
        for entrant, result in others.items()
        if result.seconds <= ours.seconds
    ]
    return (
        "The batch has to hand back each row as it stands, in memory that does not grow. Of the"
        f" others that can be had from {_listed(fit) or 'none'}. For files that are known to be"
        f" clean, and need not be handed back, as quick or quicker: {_listed(clean) or 'none'}."
        f" What a reader of our own costs instead is {own_lines:,} lines to maintain."
    )


def _told_apart(results: Results) -> tuple[Result, Results]:
    ours = next(result for entrant, result in results.items() if entrant.library == OURS)
    return ours, {entrant: found for entrant, found in results.items() if entrant.library != OURS}


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _megabytes(size: int) -> str:
    if not size:
        return "0"
    return f"{size / 1e6:,.0f}" if size >= 1e6 else f"{size / 1e6:.2f}"
