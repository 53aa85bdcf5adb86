"""Figures that tests measure are told at the end, whichever of pytest's processes measured them."""

import pytest

FIGURE = "figure"
"""The name under which a test records one, with `record_property`."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    figures = [
        text for report in reports for name, text in report.user_properties if name == FIGURE
    ]
    if figures:
        terminalreporter.section("measured")
        for figure in figures:
            terminalreporter.write_line(str(figure))
