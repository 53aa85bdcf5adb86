"""What cleaning did: every row read is either kept or counted under one reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One cell or row at fault; `row` is what a spreadsheet shows (a header is row 1)."""

    file: str
    row: int
    reason: str
    value: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row}: {self.reason} ({self.value})"


@dataclass(frozen=True)
class Finding:
    """How often one reason occurred, with the first five examples."""

    reason: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class TableReport:
    """One table: `rows_read` = `rows_kept` + the counts in `dropped`.

    `blanked` counts optional values treated as missing; their rows are kept.
    """

    table: str
    files: tuple[str, ...]
    rows_read: int
    rows_kept: int
    dropped: tuple[Finding, ...]
    blanked: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class CleaningReport:
    """All tables, and how far cancellations reach.

    `negative_rows` are kept transactions below zero; `cancelled_days` are customer-days whose
    negative rows leave nothing or less, so that they are no purchase.
    """

    tables: tuple[TableReport, ...]
    negative_rows: int
    cancelled_days: int
