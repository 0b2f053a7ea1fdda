"""The data centre from what was sent to its rows: through ingest, journal, seals and register, nothing made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agent.clock import MS, NS, WIB, ManualClock, Month
from agent.reading import encode, reading
from collector.folder import Folder
from collector.ingest import Ingest
from collector.judge.datacentre import DataCentreMonth, DataCentreNow
from collector.judge.rows import BackupState, Cover, Reason
from collector.ledger.seal import seal
from collector.measure.states import UpsState
from collector.measure.supply import Carrier
from tests.collector.register_sample import SITE, WHOLE, document
from tests.collector.web_visitor import settings_at

MONTH = Month(2026, 9)
BEGUN = WIB.parse("2026-09-01")
END = WIB.parse("2026-10-01")
HOUR, DAY = 3600 * NS, 86_400 * NS
OUTAGE = BEGUN + 3 * DAY + 12 * HOUR
CODES = {"s1": "server", "s2": "server", "s3": "server", "u1": "ups", "a1": "ats", "e1": "sensor", "g1": "generator"}
CENTRE = WHOLE + "".join(
    f'[[device]]\ncode = "{code}"\nname = "{code.upper()}"\nsite = "noc"\nkind = "{kind}"\nsource = "token:tele"\n'
    for code, kind in CODES.items()
)
CENTRE += """
[[server]]
device = "s1"
role = "database"
opd = "BPKAD"
insured_until = 2026-11-15
ups = ["u1"]
[[server]]
device = "s2"
role = "aplikasi"
[[server]]
device = "s3"
role = "berkas"
datacentre = false
[[ups]]
device = "u1"
battery_installed = 2020-01-01
battery_life_years = 4
generator = "genset"
[[generator]]
code = "genset"
name = "Genset"
device = "g1"
ats = "a1"
[[backup]]
code = "harian"
server = "s1"
job = "db"
engine = "bacula"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    clock = ManualClock(BEGUN - DAY)
    with Folder(settings_at(tmp_path), clock=clock, writer=True) as folder:
        folder.register.apply(document(CENTRE), actor="t", now_ns=BEGUN - DAY)
        yield folder


def send(folder: Folder, readings: Iterable[object], *, at_ns: int) -> None:
    """Deliver readings at a time, as a client with a write token does."""
    assert isinstance(folder.clock, ManualClock)
    folder.clock.advance(max(at_ns - folder.clock.now().wall_ns, 0))
    access = folder.register.access
    token = access.mint_write_token(name="tele", devices=list(CODES), actor="t", now_ns=at_ns)
    ingest = Ingest(
        journal=folder.journal, directory=access, key=folder.key, clock=folder.clock, on_stored=lambda stored: None
    )
    body = encode(readings)  # type: ignore[arg-type]
    assert ingest.write(body, token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor="t", now_ns=at_ns)


def day_of(start_ns: int) -> list[object]:
    """Return what is read on one day: every minute, but nothing of s2 between 6 and 9 o'clock, when it boots."""
    made: list[object] = []
    for time_ns in range(start_ns, start_ns + DAY, 60 * NS):
        lost = OUTAGE <= time_ns < OUTAGE + 900 * NS
        battery = OUTAGE <= time_ns < OUTAGE + 120 * NS
        ups = {"up": 1, "on_battery": int(battery), "low_battery": 0, "output_off": 0, "on_bypass": 0}
        made.append(
            reading("nadi_ups", {**ups, "battery_runtime_seconds": 200.0, "load_ratio": 0.4}, time_ns, ups="u1")
        )
        source = {"source": 0 if battery else 2 if lost else 1, "mains_present": int(not lost)}
        made.append(reading("nadi_ats", source, time_ns, ats="a1"))
        hour = (time_ns - start_ns) // HOUR
        booted = (start_ns + 9 * HOUR) / NS if hour >= 9 else (BEGUN - 10 * DAY) / NS
        made.append(reading("nadi_host", {"boot_time_seconds": (BEGUN - DAY) / NS}, time_ns, host="s1"))
        if start_ns != BEGUN + 3 * DAY or not 6 <= hour < 9:
            now = booted if start_ns == BEGUN + 3 * DAY else (BEGUN - 10 * DAY) / NS
            made.append(reading("nadi_host", {"boot_time_seconds": now}, time_ns, host="s2"))
    for time_ns in range(start_ns, start_ns + DAY, HOUR):
        made += backup(time_ns)
        climate = {"temperature_celsius": -1.0, "humidity_ratio": 0.5, "water_detected": int(time_ns == OUTAGE)}
        made.append(reading("nadi_environment", climate, time_ns, device="e1", sensor="rak, depan"))
    return made


def backup(time_ns: int) -> list[object]:
    full = (time_ns - time_ns % DAY - 2 * HOUR) / NS
    fields = {"last_full_timestamp_seconds": full, "last_verified_timestamp_seconds": full + 60, "last_ok": 1}
    copy = {"copy_timestamp_seconds": full, "copy_on_tape": 1, "copy_usable": 1}
    tags = {"device": "s1", "job": "db", "engine": "bacula"}
    return [
        reading("nadi_backup", fields, time_ns, **tags),
        reading("nadi_backup", copy, time_ns + NS, **tags, volume="Full 01", pool="Full"),
    ]


def measured(folder: Folder, *, sealed: bool) -> None:
    """Send the days around the outage; late ones first, the newest twice."""
    days = [BEGUN + n * DAY for n in (2, 4, 3)]
    for start_ns in days:
        send(folder, day_of(start_ns), at_ns=BEGUN + 5 * DAY)
    send(folder, day_of(BEGUN + 4 * DAY), at_ns=BEGUN + 5 * DAY + HOUR)
    if sealed:
        seal(folder.journal, folder.archive, today=WIB.day(BEGUN + 6 * DAY))


@pytest.mark.parametrize("sealed", [False, True])
def test_a_failure_of_the_mains_is_one_event_with_its_bounds_and_its_transfer(folder: Folder, sealed: bool) -> None:
    measured(folder, sealed=sealed)
    month = folder.datacentre.month(MONTH)
    (event,) = month.events
    assert (event.supply, event.ups, event.ever_carried, event.load_lost) == ("genset", ("u1",), True, False)
    lost_ms = OUTAGE // MS
    assert (event.start.low_ms, event.start.high_ms) == (lost_ms - 60_000, lost_ms)
    assert (event.transfer_low_ms, event.transfer_high_ms) == (60_000, 180_000)
    assert (event.end.low_ms, event.end.high_ms) == (lost_ms + 840_000, lost_ms + 900_000)
    assert [span.state for span in event.carriers] == [Carrier.BATTERY, Carrier.GENERATOR]
    (row,) = month.generators
    assert (row.outages, row.carried, row.failed, row.late, row.proven_ms) == (1, 1, 0, 1, 180_000)


def test_a_ups_is_known_only_while_it_was_read(folder: Folder) -> None:
    measured(folder, sealed=True)
    (row,) = folder.datacentre.month(MONTH).ups
    assert [span.state for span in row.spans] == [None, UpsState.PLN, UpsState.BATERAI, UpsState.PLN, None]
    assert (row.battery_events, row.on_battery_ms) == (1, 120_000)
    assert row.known_ms == 3 * 86_400_000 + 120_000  # the last reading speaks for three minutes
    assert (row.state, row.servers, row.battery_told, row.site) == (None, ("s1",), False, "noc")
    assert row.runtime_s is not None
    assert row.runtime_s.count == 3 * 1440 - 2  # not those on battery


def test_a_server_was_down_from_its_last_word_to_the_boot_it_tells_later(folder: Folder) -> None:
    measured(folder, sealed=True)
    rows = {row.device: row for row in folder.datacentre.month(MONTH).availability}
    down = rows["s2"].down.spans
    assert [((start - BEGUN // MS) / 60_000, (end - BEGUN // MS) / 60_000) for start, end in down] == [
        (3 * 1440 + 359, 3 * 1440 + 540)
    ]
    assert (rows["s2"].assessed, rows["s2"].gross, rows["s1"].outages) == (False, None, 0)  # three days of the month
    assert rows["s3"].unknown_ms == rows["s3"].period_ms == 30 * 86_400_000
    assert "r1" not in rows


def test_backups_servers_and_what_is_found_follow_from_register_and_readings(folder: Folder) -> None:
    measured(folder, sealed=True)
    now = folder.datacentre.now(BEGUN + 5 * DAY)
    assert isinstance(now, DataCentreNow)
    (job,) = now.backups
    assert (job.state, job.tape_ok, job.tapes[0].volume) == (BackupState.BAIK, True, "Full 01")
    servers = {row.server.code: row for row in now.servers}
    assert [item.reason for item in servers["s1"].reasons] == [Reason.UPS_RUNTIME_SHORT]
    assert (servers["s1"].ups, servers["s1"].backup, servers["s1"].protected) == (Cover.WEAK, Cover.YES, False)
    assert [item.reason for item in servers["s2"].reasons] == [Reason.UPS_NONE, Reason.BACKUP_NONE, Reason.TAPE_NONE]
    assert servers["s2"].since_ms == (BEGUN - DAY) // MS  # when the register first said so
    assert (servers["s3"].ups, servers["s3"].protected) == (Cover.NOT_ASKED, False)
    assert {(item.rule, item.object) for item in now.findings} == {
        ("ups_runtime_short", "u1"),
        ("battery_old", "u1"),
        ("transfer_late", "genset"),
        ("server_without_ups", "s2"),
        ("server_without_full_tape_copy", "s2"),
        ("server_without_full_tape_copy", "s3"),
        ("backup_none", "s2"),
        ("backup_none", "s3"),
        ("server_outside_datacentre", "s3"),
        ("insurance_ending", "s1"),
        ("restore_test_overdue", "harian"),
    }


def test_since_when_a_server_lacks_something_is_when_the_register_last_began_to_say_so(folder: Folder) -> None:
    with_ups = CENTRE.replace('device = "s2"\nrole = "aplikasi"', 'device = "s2"\nrole = "aplikasi"\nups = ["u1"]')
    for text, at_ns in (
        (with_ups, BEGUN + DAY),
        (CENTRE, BEGUN + 2 * DAY),
        (CENTRE + SITE.replace('"noc"', '"lain"'), BEGUN + 3 * DAY),
    ):
        folder.register.apply(document(text), actor="t", now_ns=at_ns)
    servers = {row.server.code: row for row in folder.datacentre.now(BEGUN + 4 * DAY).servers}
    since = {item.reason: item.since_ms for item in servers["s2"].reasons}
    assert since[Reason.UPS_NONE] == (BEGUN + 2 * DAY) // MS
    assert since[Reason.BACKUP_NONE] == (BEGUN - DAY) // MS


def test_a_restore_test_by_hand_and_a_log_of_power_count_and_are_marked(folder: Folder) -> None:
    measured(folder, sealed=True)
    book = folder.register.logbook
    at_ns = BEGUN + 4 * DAY
    book.add_restore_test(backup="harian", at_ns=at_ns, passed=True, actor="siti", now_ns=END)
    book.add_power(kind="uji-genset", at_ns=at_ns, value=0, actor="siti", now_ns=END)
    book.add_power(kind="bahan-bakar", at_ns=at_ns, value=60, actor="siti", now_ns=END)
    book.add_power(kind="padam", at_ns=BEGUN + 20 * DAY, actor="siti", now_ns=END)
    month = folder.datacentre.month(MONTH)
    (job,), (generator,) = month.backups, month.generators
    assert (job.restore_test_ms, job.restore_test_manual, job.restore_test_overdue) == (at_ns // MS, True, False)
    assert (generator.last_test_ms, generator.last_test_passed, generator.last_test_manual) == (
        at_ns // MS,
        False,
        True,
    )
    assert (generator.fuel, generator.fuel_manual) == (0.6, True)
    assert [(event.manual, event.over) for event in month.events] == [(False, True), (True, False)]
    assert [note.kind for note in month.notes] == ["uji-genset", "bahan-bakar", "padam"]


def test_a_sensor_below_zero_is_read_and_its_water_is_an_alarm(folder: Folder) -> None:
    measured(folder, sealed=True)
    (row,) = folder.datacentre.month(MONTH).sensors
    assert row.temperature is not None
    assert (row.sensor, row.temperature.low, row.alarms) == ("rak, depan", -1.0, 1)
    assert row.water_ms == row.alarm_ms == 900_000  # an hourly word is believed for a quarter of an hour
    assert row.known_ms == 71 * 900_000 + 150_000  # of the first one nobody knows how often it comes


def test_the_month_is_the_same_whether_sealed_or_not_and_whatever_came_twice(folder: Folder) -> None:
    measured(folder, sealed=False)
    before = folder.datacentre.month(MONTH)
    seal(folder.journal, folder.archive, today=WIB.day(BEGUN + 6 * DAY))
    assert folder.datacentre.month(MONTH) == before
    send(folder, day_of(BEGUN + 2 * DAY), at_ns=BEGUN + 7 * DAY)
    assert folder.datacentre.month(MONTH) == before


def test_a_month_to_date_knows_nothing_of_what_comes_after(folder: Folder) -> None:
    measured(folder, sealed=True)
    found = folder.datacentre.month(MONTH, until_ns=OUTAGE + 30 * NS)
    (event,) = found.events
    assert (event.over, event.carrying, found.end_ms) == (False, None, (OUTAGE + 30 * NS) // MS)
    assert found.ups[0].state is UpsState.BATERAI


def test_what_was_proven_within_a_year_is_remembered_and_a_late_reading_changes_it(folder: Folder) -> None:
    measured(folder, sealed=True)
    (row,) = folder.datacentre.month(Month(2027, 3)).generators
    assert (row.outages, row.proven_ms) == (0, 180_000)
    send(folder, [ups_at(OUTAGE + 90 * NS, 0)], at_ns=BEGUN + 8 * DAY)
    (row,) = folder.datacentre.month(Month(2027, 3)).generators
    assert row.proven_ms == 150_000
    assert folder.datacentre.month(Month(2027, 10)).generators[0].proven_ms is None


def ups_at(time_ns: int, on_battery: int) -> object:
    return reading("nadi_ups", {"up": 1, "on_battery": on_battery}, time_ns, ups="u1")


def test_a_register_without_a_data_centre_has_nothing_to_tell(tmp_path: Path) -> None:
    with Folder(settings_at(tmp_path), clock=ManualClock(BEGUN), writer=True) as folder:
        folder.register.apply(document(), actor="t", now_ns=BEGUN)
        month, now = folder.datacentre.month(MONTH), folder.datacentre.now(BEGUN)
    assert isinstance(month, DataCentreMonth)
    assert not month
    assert not now
    assert (month.findings, now.findings, month.availability) == ((), (), ())


def test_a_registered_centre_of_which_nothing_was_heard_is_unknown(folder: Folder) -> None:
    now = folder.datacentre.now(BEGUN)
    assert (now.ups[0].state, now.ups[0].seen_ms, now.backups[0].state) == (None, None, None)
    (first, *_) = now.servers
    assert (first.protected, {item.reason for item in first.reasons}) == (
        None,
        {Reason.UPS_UNKNOWN, Reason.BACKUP_UNKNOWN, Reason.TAPE_UNKNOWN},
    )
    assert "backup_unknown" in {item.rule for item in now.findings}
