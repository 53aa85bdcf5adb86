"""Raw tables to clean, typed tables, with every row accounted for."""

from training.tables.loading import Sources, Tables, load
from training.tables.report import CleaningReport, Example, Finding, TableReport

__all__ = [
    "CleaningReport",
    "Example",
    "Finding",
    "Sources",
    "TableReport",
    "Tables",
    "load",
]
