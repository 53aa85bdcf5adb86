"""Raw tables to clean, typed tables, with every row accounted for."""

from foretell.tables.loading import Sources, Tables, load
from foretell.tables.report import CleaningReport, Example, Finding, TableReport

__all__ = [
    "CleaningReport",
    "Example",
    "Finding",
    "Sources",
    "TableReport",
    "Tables",
    "load",
]
