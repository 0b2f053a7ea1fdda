"""Say aloud which tests of the laboratory did not run."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the reason of each skipped test: one that stayed away is no green one."""
    for report in terminalreporter.stats.get("skipped", []):
        if "tests/lab/" in report.nodeid:
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2]}", yellow=True, bold=True)
