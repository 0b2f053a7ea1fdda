"""The day of the laboratory: what it is set up with, and a whole one in three minutes (slow, root)."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import settings
from agent.clock import WIB
from collector.register.document import reads
from tests.lab import day_place
from tests.lab.day import run


def test_the_inventory_of_the_day_is_one_the_register_takes() -> None:
    document = reads(day_place.inventory("2026-11-22T08:05:00"), source="day", zone=WIB)
    named = {device for devices in day_place.DEVICES.values() for device in devices}
    assert {device.code for device in document.device} == named
    assert len(document.link) == len(day_place.OPD) + 2


def test_every_agent_of_the_day_measures_what_the_inventory_says(tmp_path: Path) -> None:
    addresses = {number: f"10.77.0.{10 + number}" for number in range(1, 6)}
    made = day_place.agents(url="https://10.77.0.1:1", folder=str(tmp_path), addresses=addresses)
    for name, text in made.items():
        (tmp_path / "agent.toml").write_text(text, encoding="utf-8")
        config, targets = settings.load(tmp_path / "agent.toml")
        devices = [target.device for target in targets] + [item.device for item in config.snmp]
        assert tuple(devices) == day_place.DEVICES[name]


@pytest.mark.slow
@pytest.mark.root
def test_a_day_of_three_minutes_loses_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "day", hours=0.05, upgrade=None)
    events = (tmp_path / "day" / "events").read_text(encoding="utf-8")
    for what in ("line of r2 mended", "mains back, 100%", "snmpd of r3 restarted", "collector restarted", "ended"):
        assert what in events
    told = capfd.readouterr().out
    assert "VictoriaMetrics: " in told
    assert ", 0 are not" in told
    assert "whole: no problem found" in told
