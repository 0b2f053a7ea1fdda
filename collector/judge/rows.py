"""What the data centre's rows say (pure): UPSes, power failures, climate, generators, backups, servers, availability.

Source: spec/evaluation.md chapter X, "Umur cadangan" and "Ketersediaan". Times are UTC milliseconds, lengths of time
milliseconds or what the name says, shares 1 = 100 %. None is unknown, or not asked for; it is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from fractions import Fraction

from collector.inventory import Backup, Generator, Server, ServerRole, Ups
from collector.measure.intervals import Intervals
from collector.measure.states import Span, UpsState


class BackupState(IntEnum):
    """State of a backup by the age of its newest full verified copy; the numbers are the dashboards'."""

    TIDAK_ADA = 0
    BAIK = 1
    TERLAMBAT = 2
    KRITIS = 3


class Cover(StrEnum):
    """One cell of the matrix server x protection."""

    YES = "yes"
    WEAK = "weak"
    """There, but late, short or in bypass."""
    NO = "no"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"
    """Not there, and neither role nor policy asks for it."""


class Reason(StrEnum):
    """Why a server is not protected, or is not known to be."""

    UPS_NONE = "ups_none"
    UPS_OFF = "ups_off"
    UPS_UNKNOWN = "ups_unknown"
    UPS_RUNTIME_SHORT = "ups_runtime_short"
    BACKUP_NONE = "backup_none"
    BACKUP_CRITICAL = "backup_critical"
    BACKUP_LATE = "backup_late"
    BACKUP_UNKNOWN = "backup_unknown"
    TAPE_NONE = "tape_none"
    TAPE_UNKNOWN = "tape_unknown"


UNCERTAIN = frozenset((Reason.UPS_UNKNOWN, Reason.BACKUP_UNKNOWN, Reason.TAPE_UNKNOWN))
"""Reasons for which it is not known whether a server is protected."""


@dataclass(frozen=True, slots=True)
class Because:
    """A reason with the object that gives it (a UPS, a backup; "" the server itself) and since when it holds."""

    reason: Reason
    object: str
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A gauge over the time looked at: lowest, mean of its readings, highest, and the newest with its time."""

    low: float
    mean: float
    high: float
    last: float
    last_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class UpsRow:
    """A UPS (chapter X a).

    state          at the end of the time looked at; None unknown. ``spans`` tell all of it
    load, runtime_s, charge, battery_celsius   gauges; runtime only while not on battery; None: never told
    battery_installed_ms, battery_told   when the battery was put in, and whether the UPS itself said so
    battery_age_days       at the end of the time looked at
    self_test_ms, self_test_passed       the last test that the UPS told of
    battery_events, on_battery_ms        times and time on battery that were seen; tests of its own are left out
    known_ms, unknown_ms                 how long its state was known and was not
    """

    ups: Ups
    name: str
    site: str
    servers: tuple[str, ...]
    state: UpsState | None
    state_since_ms: int | None
    seen_ms: int | None
    load: Measured | None
    runtime_s: Measured | None
    charge: Measured | None
    battery_celsius: Measured | None
    battery_installed_ms: int | None
    battery_told: bool
    battery_age_days: int | None
    replace_battery: bool | None
    self_test_ms: int | None
    self_test_passed: bool | None
    battery_events: int
    on_battery_ms: int
    known_ms: int
    unknown_ms: int
    spans: tuple[Span[UpsState], ...] = ()


@dataclass(frozen=True, slots=True)
class SensorRow:
    """A sensor of the rooms (chapter X c); times of alarm are those seen, ``known_ms`` is how long it spoke."""

    device: str
    name: str
    site: str
    sensor: str
    temperature: Measured | None
    humidity: Measured | None
    alarms: int
    alarm_ms: int
    water_ms: int
    smoke_ms: int
    door_open_ms: int
    known_ms: int
    seen_ms: int | None


@dataclass(frozen=True, slots=True)
class GeneratorRow:
    """A generator with its switch (chapter X b).

    outages            failures of the mains seen in the time looked at (tests left out)
    carried, failed    of these, how often it took the load, and how often it is known that it did not
    transfer_low_ms, transfer_high_ms   the longest transfer of the time looked at; ``late``: certainly over the limit
    proven_ms          the largest upper bound of a transfer in the last twelve months; None: none was ever proven
    last_test_ms       the newest test, by ``last_test_manual`` of the log, else by controller or switch
    fuel, fuel_ms, fuel_manual   fuel in the tank, 0-1, when told, and whether a person told it
    run_ms             how long the engine was seen to run
    """

    generator: Generator
    outages: int
    carried: int
    failed: int
    transfer_low_ms: int | None
    transfer_high_ms: int | None
    late: int
    proven_ms: int | None
    last_test_ms: int | None
    last_test_passed: bool | None
    last_test_manual: bool
    auto_mode: bool | None
    running: bool | None
    carrying: bool | None
    fuel: float | None
    fuel_ms: int | None
    fuel_manual: bool
    run_ms: int
    seen_ms: int | None


@dataclass(frozen=True, slots=True)
class TapeCopy:
    """A full copy on a volume; ``valid``: on tape, usable, known by the newest report, and not older than critical."""

    volume: str
    pool: str
    slot: str
    time_ms: int | None
    size_bytes: int | None
    on_tape: bool | None
    offsite: bool | None
    usable: bool | None
    valid: bool


@dataclass(frozen=True, slots=True)
class BackupRow:
    """A backup job (chapter X d).

    state          by ``age_ms`` against ``policy_ms``; None: unknown, for nothing was heard or the news are too old
    full_ms        newest successful full copy; ``verified_full_ms`` the newest one that was also verified (or, where
                   the policy asks for no verification, the newest one)
    restore_test_manual  the newest restore test is one of the log
    run_ms, success_ms   last attempt, last success; ``fault`` the catalogue's code why the last attempt was none
    rpo_late       the newest success is older than ``rpo_hours``; None unknown
    tapes          full copies by volume, newest first; ``tape_ok`` None: unknown
    seen_ms        when the job was last told of; ``silent``: too long ago to be of the end of the time looked at
    """

    backup: Backup
    state: BackupState | None
    age_ms: int | None
    policy_ms: int
    run_ms: int | None
    success_ms: int | None
    full_ms: int | None
    verified_ms: int | None
    verified_full_ms: int | None
    restore_test_ms: int | None
    restore_test_passed: bool | None
    restore_test_manual: bool
    verify_overdue: bool | None
    restore_test_overdue: bool | None
    rpo_late: bool | None
    last_ok: bool | None
    fault: int | None
    size_bytes: int | None
    files: int | None
    errors: int | None
    duration_s: float | None
    copies: int | None
    next_due_ms: int | None
    tapes: tuple[TapeCopy, ...]
    tape_ok: bool | None
    offsite_ok: bool | None
    seen_ms: int | None
    silent: bool


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One line of the matrix server x protection.

    ``protected`` None is unknown. ``since_ms`` is since when it is so, None where that is not known; ``reasons`` tell
    why it is not protected, or not known to be.
    """

    server: Server
    name: str
    site: str
    ups: Cover
    generator: Cover
    backup: Cover
    tape: Cover
    restore_test: Cover
    protected: bool | None
    since_ms: int | None
    reasons: tuple[Because, ...]

    @property
    def role(self) -> ServerRole:
        """What the server is for."""
        return self.server.role

    @property
    def insured_until(self) -> date | None:
        """The last day of its insurance."""
        return self.server.insured_until


@dataclass(frozen=True, slots=True)
class AvailabilityRow:
    """How long a device ran (spec/evaluation.md, "Ketersediaan"), by sets of intervals.

    period_ms   |T|, from its first reading of all on; ``unknown_ms`` |K|; ``down_ms`` |D - K|
    outages     intervals of the union of D
    assessed    |T - K| is at least 75 % of |T|; else "tidak dinilai"
    gross       1 - |D - K| / |T - K|; None when not assessed
    net         None: planned maintenance and approved disconnection are not registered yet, ``net_missing`` says so
    """

    device: str
    name: str
    kind: str
    site: str
    period_ms: int
    unknown_ms: int
    down_ms: int
    outages: int
    assessed: bool
    gross: Fraction | None
    net: Fraction | None
    net_missing: bool
    down: Intervals
    unknown: Intervals
