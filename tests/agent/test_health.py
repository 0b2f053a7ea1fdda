"""``nadi-agent health``: the agent's own part, told apart from a collector or a network that is away."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.agent.test_agent_main import Machine, ended, enrolled, machine

__all__ = ["enrolled", "machine"]  # fixtures


def test_an_agent_whose_collector_is_away_is_well(enrolled: Machine) -> None:
    process = enrolled.start("run")
    assert enrolled.delivered(1)
    enrolled.sink.close()
    status, text = enrolled.do("health")
    assert (status, text.splitlines()[-1]) == (0, "the agent is well"), text
    ended(process)


def test_an_agent_that_does_not_run_is_not_well(enrolled: Machine) -> None:
    status, text = enrolled.do("health")
    assert status == 1
    assert "no agent has run here" in text
    process = enrolled.start("run")
    assert enrolled.delivered(1)
    ended(process)
    status, text = enrolled.do("health")
    assert status == 1
    assert f"no agent runs on {enrolled.state}; systemctl start it" in text


def test_an_agent_that_runs_and_spools_nothing_is_not_well(enrolled: Machine) -> None:
    enrolled.config.write_text(enrolled.config.read_text().replace("interval = 1", "interval = 900"))
    process = enrolled.start("run")
    while not (files := list((enrolled.state / "spool").glob("*.seg"))):
        assert process.poll() is None
        time.sleep(0.02)
    for file in files:
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 2760))
    status, text = enrolled.do("health")
    assert status == 1
    assert "runs, but has spooled nothing for 27" in text
    ended(process)


def test_a_node_that_is_not_enrolled_is_not_well(machine: Machine, tmp_path: Path) -> None:
    status, text = machine.do("health")
    assert status == 1
    assert f"{tmp_path / 'state'} does not exist; nadi-agent enrol makes it" in text
