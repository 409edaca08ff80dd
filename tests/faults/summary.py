"""The hook that ends a session with the tally; it works in the process that prints, with workers or without."""

from __future__ import annotations

import pytest

from tests.faults.tally import PROPERTY, Case, Tally


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add all cases up, once, whether they passed or not."""
    tally = Tally()
    for outcome in ("passed", "failed", "xfailed", "xpassed"):
        for report in terminalreporter.getreports(outcome):
            cases = [Case.loaded(str(text)) for name, text in report.user_properties if name == PROPERTY]
            if outcome == "xfailed":
                tally.known_bugs += [(report.nodeid, case) for case in cases]
            elif report.when == "call":
                tally.cases += cases
    if tally.cases or tally.known_bugs:
        terminalreporter.section("faults")
        for line in tally.lines():
            terminalreporter.line(line)
