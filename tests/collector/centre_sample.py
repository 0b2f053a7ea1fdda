"""A data centre's month for tests of chapter X, made of public dataclasses: known, unknown, manual and hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from collector.inventory import Backup, Generator, Server, Ups
from collector.judge.allocation import Finding, Severity
from collector.judge.datacentre import DataCentreMonth, PowerNote
from collector.judge.rows import (
    AvailabilityRow,
    BackupRow,
    BackupState,
    Because,
    Cover,
    GeneratorRow,
    Measured,
    Reason,
    SensorRow,
    ServerRow,
    TapeCopy,
    UpsRow,
)
from collector.measure.intervals import Intervals
from collector.measure.states import Bounds, UpsState
from collector.measure.supply import PowerEvent
from tests.collector.report_sample import END, HOSTILE, MONTH, START

START_MS, END_MS = START // 1_000_000, END // 1_000_000
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NOON = START_MS + 9 * DAY_MS + 12 * HOUR_MS


def measured(low: float, mean: float, high: float) -> Measured:
    return Measured(low, mean, high, mean, END_MS - 10_000, 44_640)


UPS = UpsRow(
    ups=Ups("ups-1", date(2023, 3, 1), 4, "genset-1"),
    name="UPS ruang server A",
    site="pusat-data",
    servers=("srv-simpeg", "srv-db"),
    state=UpsState.PLN,
    state_since_ms=NOON,
    seen_ms=END_MS - 5000,
    load=measured(0.31, 0.4249, 0.6),
    runtime_s=measured(240.0, 1799.9, 2100.0),
    charge=measured(0.4, 0.99, 1.0),
    battery_celsius=measured(24.0, 25.0, 27.0),
    battery_installed_ms=START_MS - 900 * DAY_MS,
    battery_told=True,
    battery_age_days=931,
    replace_battery=False,
    self_test_ms=START_MS + 3 * DAY_MS,
    self_test_passed=True,
    battery_events=2,
    on_battery_ms=150_000,
    known_ms=(END_MS - START_MS) // 2,
    unknown_ms=(END_MS - START_MS) // 2,
)
DARK_UPS = replace(
    UPS,
    ups=Ups("ups-2"),
    name=HOSTILE[3],
    servers=(),
    state=None,
    load=None,
    runtime_s=None,
    battery_age_days=None,
    replace_battery=None,
    self_test_ms=None,
    self_test_passed=None,
    known_ms=0,
)
CARRIED = PowerEvent(
    supply="genset-1",
    ups=("ups-1",),
    start=Bounds(NOON, NOON + 10_000),
    end=Bounds(NOON + HOUR_MS, NOON + HOUR_MS + 10_000),
    battery_ms=30_000,
    carrying=Bounds(NOON + 40_000, NOON + 50_000),
    transfer_low_ms=30_001,
    transfer_high_ms=49_001,
    carriers=(),
    ever_carried=True,
    low_battery=False,
    load_lost=False,
)
NEVER = replace(
    CARRIED,
    start=Bounds(NOON + DAY_MS, NOON + DAY_MS + 10_000),
    end=Bounds(None, None),
    carrying=None,
    transfer_low_ms=None,
    transfer_high_ms=None,
    ever_carried=False,
    low_battery=True,
    load_lost=None,
)
GENERATOR = GeneratorRow(
    generator=Generator("genset-1", "Genset pusat data", "", "ats-1", 30, 120, 30),
    outages=2,
    carried=1,
    failed=1,
    transfer_low_ms=30_001,
    transfer_high_ms=49_001,
    late=1,
    proven_ms=49_001,
    last_test_ms=START_MS + 5 * DAY_MS,
    last_test_passed=True,
    last_test_manual=True,
    auto_mode=None,
    running=None,
    carrying=None,
    fuel=0.625,
    fuel_ms=START_MS + 5 * DAY_MS,
    fuel_manual=True,
    run_ms=0,
    seen_ms=None,
)
SENSOR = SensorRow(
    device="sensor-1",
    name="Sensor ruang",
    site="pusat-data",
    sensor="rak depan",
    temperature=measured(21.25, 23.449, 29.95),
    humidity=measured(0.4, 0.5, 0.605),
    alarms=1,
    alarm_ms=90_000,
    water_ms=0,
    smoke_ms=0,
    door_open_ms=150_000,
    known_ms=END_MS - START_MS,
    seen_ms=END_MS,
)
GOOD = BackupRow(
    backup=Backup("simpeg-harian", "srv-simpeg", "srv-cadangan", "simpeg", "bacula"),
    state=BackupState.BAIK,
    age_ms=30 * HOUR_MS + 59 * 60_000,
    policy_ms=7 * DAY_MS,
    run_ms=END_MS - HOUR_MS,
    success_ms=END_MS - HOUR_MS,
    full_ms=END_MS - 30 * HOUR_MS,
    verified_ms=END_MS - 29 * HOUR_MS,
    verified_full_ms=END_MS - 30 * HOUR_MS,
    restore_test_ms=START_MS - 20 * DAY_MS,
    restore_test_passed=True,
    restore_test_manual=True,
    verify_overdue=False,
    restore_test_overdue=False,
    rpo_late=False,
    last_ok=True,
    fault=None,
    size_bytes=10**11,
    files=10**6,
    errors=0,
    duration_s=3600.0,
    copies=4,
    next_due_ms=None,
    tapes=(TapeCopy("LTO001", "Tape", "3", END_MS - 30 * HOUR_MS, 10**11, True, True, True, True),),
    tape_ok=True,
    offsite_ok=True,
    seen_ms=END_MS,
    silent=False,
)
NONE = replace(
    GOOD,
    backup=Backup("db-harian", "srv-db", "srv-db", "db", "pgdump"),
    state=None,
    age_ms=None,
    full_ms=None,
    verified_ms=None,
    verified_full_ms=None,
    restore_test_ms=None,
    restore_test_passed=None,
    restore_test_manual=False,
    last_ok=False,
    fault=5,
    tapes=(),
    tape_ok=None,
    offsite_ok=None,
)
PROTECTED = ServerRow(
    server=Server("srv-simpeg", "aplikasi", "BKPSDM", True, "Rak A2", date(2027, 1, 1), ("ups-1",)),
    name="Server SIMPEG",
    site="pusat-data",
    ups=Cover.YES,
    generator=Cover.YES,
    backup=Cover.YES,
    tape=Cover.YES,
    restore_test=Cover.YES,
    protected=True,
    since_ms=START_MS - 40 * DAY_MS,
    reasons=(),
)
BARE = replace(
    PROTECTED,
    server=Server("srv-db", "database", "", False, HOSTILE[0]),
    name=HOSTILE[2],
    ups=Cover.NO,
    generator=Cover.NO,
    backup=Cover.UNKNOWN,
    tape=Cover.UNKNOWN,
    restore_test=Cover.NOT_ASKED,
    protected=False,
    since_ms=None,
    reasons=(Because(Reason.UPS_NONE, "", None), Because(Reason.BACKUP_UNKNOWN, "db-harian", NOON)),
)
AVAILABLE = AvailabilityRow(
    device="srv-simpeg",
    name="Server SIMPEG",
    kind="server",
    site="pusat-data",
    period_ms=31 * DAY_MS,
    unknown_ms=DAY_MS,
    down_ms=HOUR_MS,
    outages=2,
    assessed=True,
    gross=Fraction(719, 720),
    net=None,
    net_missing=True,
    down=Intervals(),
    unknown=Intervals(),
)
FOUND = Finding("server_without_ups", "srv-db", "", Severity.WARNING, START, None, Fraction(0), Fraction(0), "")


def centre() -> DataCentreMonth:
    """Return a month with everything in it: good, bad, unknown, and told by hand."""
    return DataCentreMonth(
        month=MONTH,
        start_ms=START_MS,
        end_ms=END_MS,
        ups=(UPS, DARK_UPS),
        events=(CARRIED, NEVER),
        generators=(GENERATOR,),
        sensors=(SENSOR,),
        backups=(GOOD, NONE),
        servers=(PROTECTED, BARE),
        availability=(AVAILABLE, replace(AVAILABLE, device="srv-db", assessed=False, gross=None)),
        findings=(FOUND,),
        notes=(PowerNote(1, "bahan-bakar", NOON, 62.5, "genset-1", HOSTILE[1], "petugas", NOON),),
        lines=(replace(FOUND, rule="line_difference", object="wan-1", severity=Severity.NOTICE),),
    )
