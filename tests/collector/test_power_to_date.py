"""Power since the month began: the same figures as the month's report, also of what is older than a week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import ManualClock
from collector.folder import Folder
from tests.collector.register_sample import document
from tests.collector.test_datacentre import BEGUN, CENTRE, DAY, END, HOUR, MONTH, measured
from tests.collector.web_visitor import settings_at


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(settings_at(tmp_path), clock=ManualClock(BEGUN - DAY), writer=True) as folder:
        folder.register.apply(document(CENTRE), actor="t", now_ns=BEGUN - DAY)
        measured(folder, sealed=True)
        yield folder


def test_an_outage_of_the_third_day_still_counts_on_the_twentieth(folder: Folder) -> None:
    month = folder.datacentre.month(MONTH, until_ns=BEGUN + 20 * DAY)
    centre = folder.datacentre.now(BEGUN + 20 * DAY)
    found = folder.datacentre.to_date(centre)
    assert centre.events == ()
    assert found.on_battery == {row.ups.code: (row.battery_events, row.on_battery_ms) for row in month.ups}
    assert found.on_battery["u1"] == (1, 120_000)
    assert (found.transfers, found.transfer_ms) == ({"genset": 1}, {"genset": 180_000})


def test_of_a_new_month_in_which_nothing_was_heard_nothing_is_counted(folder: Folder) -> None:
    found = folder.datacentre.to_date(folder.datacentre.now(END + HOUR))
    assert (found.on_battery, found.transfers) == ({}, {})
    assert found.transfer_ms == {"genset": 180_000}
