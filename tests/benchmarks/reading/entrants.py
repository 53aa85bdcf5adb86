"""The readers that are compared, and what no measurement tells of them."""

from dataclasses import dataclass
from typing import Final

OURS: Final = "Foretell"
_TEXT_CELLS: Final = "the cells of columns of text"
_ALL_CELLS: Final = "all cells, without quotes"
_CELL_COUNTS: Final = "; rows with a wrong number of cells as they stand"
_REFUSED: Final = "; refused rows nearly as they stand"
_AS_IT_COMES: Final = "as it comes"
_COPIED: Final = "copied to the disk first"
_HELD: Final = "held in memory, all of it"


@dataclass(frozen=True)
class Entrant:
    """A reader in one way of using it."""

    library: str
    way: str
    """In which it is used, where there are two."""
    module: str
    reader: str
    """Its name among the module's READERS."""
    package: str | None
    """What has to be installed for it."""
    text: str
    """What can be told of the text of a row."""
    rows_of_a_range: str
    """How it reads rows in the middle of a file out of a stream."""
    keeps_rows: bool = False
    """Whether that is every row as it stands."""

    @property
    def name(self) -> str:
        """Library and way."""
        return " ".join(filter(None, (self.library, self.way)))


def _both(package: str, library: str, text: str, rows_of_a_range: str) -> tuple[Entrant, Entrant]:
    module = f"with_{package}"
    typed, as_text = f"{_TEXT_CELLS}{text}", f"{_ALL_CELLS}{text}"
    return (
        Entrant(library, "typed", module, "typed", package, typed, rows_of_a_range),
        Entrant(library, "as text", module, "text", package, as_text, rows_of_a_range),
    )


ENTRANTS: Final = (
    Entrant(
        library=OURS,
        way="",
        module="with_foretell",
        reader="typed",
        package=None,
        text="every row, byte for byte",
        rows_of_a_range=_AS_IT_COMES,
        keeps_rows=True,
    ),
    *_both("polars", "polars", "", _HELD),
    *_both("pyarrow", "pyarrow", _CELL_COUNTS, _AS_IT_COMES),
    *_both("pandas", "pandas", "", _AS_IT_COMES),
    *_both("duckdb", "DuckDB", _REFUSED, _COPIED),
    Entrant(
        library="Python's csv",
        way="",
        module="with_csv",
        reader="text",
        package=None,
        text="every row: the lines that it took are remembered beside it",
        rows_of_a_range=_AS_IT_COMES,
        keeps_rows=True,
    ),
)
