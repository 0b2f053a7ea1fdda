"""What the API and the status page show of servers, their protection, backups and power failures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.clock import Zone
from collector.judge.datacentre import DataCentreNow
from collector.judge.rows import BackupRow, BackupState, Cover, GeneratorRow, ServerRow
from collector.measure.supply import PowerEvent
from collector.report.centre_words import BACKUP_STATE, COVER, FAULT, REASON, UNKNOWN
from collector.web.power import instant

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Why a server is not protected, or not known to be; ``object`` is the UPS or backup ("" the server itself)."""

    reason: str
    object: str
    since: str | None


@dataclass(frozen=True, slots=True)
class ServerView:
    """One line of the matrix server x protection; ``protected`` null is unknown."""

    code: str
    name: str
    role: str
    opd: str
    location: str
    datacentre: bool
    ups: str
    generator: str
    backup: str
    tape: str
    restore_test: str
    protected: bool | None
    since: str | None
    reasons: list[ReasonView]


@dataclass(frozen=True, slots=True)
class BackupView:
    """A backup job; ``state`` is by the age of its newest full verified copy."""

    code: str
    server: str
    engine: str
    job: str
    state: str
    age_hours: float | None
    policy_hours: float
    last_run: str | None
    last_success: str | None
    last_full: str | None
    last_verified: str | None
    last_restore_test: str | None
    restore_test_passed: bool | None
    restore_test_manual: bool
    last_ok: bool | None
    fault: str | None
    tape_ok: bool | None
    offsite_ok: bool | None
    seen_at: str | None


@dataclass(frozen=True, slots=True)
class GeneratorView:
    """A generator with its switch; ``proven_seconds`` is the largest upper bound of a transfer in twelve months."""

    code: str
    name: str
    running: bool | None
    carrying: bool | None
    auto_mode: bool | None
    fuel_ratio: float | None
    fuel_manual: bool
    proven_seconds: float | None
    limit_seconds: int
    last_test: str | None
    last_test_passed: bool | None
    last_test_manual: bool
    seen_at: str | None


@dataclass(frozen=True, slots=True)
class OutageView:
    """A failure of the mains; each instant lies between two readings, which are given."""

    supply: str
    lost_after: str | None
    lost_by: str | None
    restored_after: str | None
    restored_by: str | None
    transfer_least_seconds: float | None
    transfer_most_seconds: float | None
    carried_by_generator: bool | None
    low_battery: bool
    load_lost: bool | None
    test: bool
    manual: bool


@dataclass(frozen=True, slots=True)
class CentreView:
    """The data centre as last judged, ``at``."""

    at: str | None
    servers: list[ServerView]
    backups: list[BackupView]
    generators: list[GeneratorView]
    outages: list[OutageView]


def centre_view(centre: DataCentreNow | None, *, zone: Zone) -> CentreView | None:
    """Show the data centre; None while nothing is judged."""
    if centre is None:
        return None
    return CentreView(
        at=instant(centre.at_ms, zone),
        servers=[_server(row, zone) for row in centre.servers],
        backups=[_backup(row, zone) for row in centre.backups],
        generators=[_generator(row, zone) for row in centre.generators],
        outages=[_outage(event, zone) for event in centre.events],
    )


def _server(row: ServerRow, zone: Zone) -> ServerView:
    server = row.server
    return ServerView(
        code=server.code,
        name=row.name,
        role=row.role,
        opd=server.opd,
        location=server.location,
        datacentre=server.datacentre,
        ups=COVER[row.ups],
        generator=COVER[row.generator],
        backup=COVER[row.backup],
        tape=COVER[row.tape],
        restore_test=COVER[row.restore_test],
        protected=row.protected,
        since=instant(row.since_ms, zone),
        reasons=[ReasonView(REASON[item.reason], item.object, instant(item.since_ms, zone)) for item in row.reasons],
    )


def _backup(row: BackupRow, zone: Zone) -> BackupView:
    backup = row.backup
    return BackupView(
        code=backup.code,
        server=backup.server,
        engine=backup.engine,
        job=backup.job,
        state=backup_word(row.state),
        age_hours=None if row.age_ms is None else row.age_ms / HOUR_MS,
        policy_hours=row.policy_ms / HOUR_MS,
        last_run=instant(row.run_ms, zone),
        last_success=instant(row.success_ms, zone),
        last_full=instant(row.full_ms, zone),
        last_verified=instant(row.verified_ms, zone),
        last_restore_test=instant(row.restore_test_ms, zone),
        restore_test_passed=row.restore_test_passed,
        restore_test_manual=row.restore_test_manual,
        last_ok=row.last_ok,
        fault=None if row.fault is None else FAULT.get(row.fault),
        tape_ok=row.tape_ok,
        offsite_ok=row.offsite_ok,
        seen_at=instant(row.seen_ms, zone),
    )


def _seconds(length_ms: int | None) -> float | None:
    return None if length_ms is None else length_ms / 1000


def _generator(row: GeneratorRow, zone: Zone) -> GeneratorView:
    return GeneratorView(
        code=row.generator.code,
        name=row.generator.name,
        running=row.running,
        carrying=row.carrying,
        auto_mode=row.auto_mode,
        fuel_ratio=row.fuel,
        fuel_manual=row.fuel_manual,
        proven_seconds=_seconds(row.proven_ms),
        limit_seconds=row.generator.transfer_limit_seconds,
        last_test=instant(row.last_test_ms, zone),
        last_test_passed=row.last_test_passed,
        last_test_manual=row.last_test_manual,
        seen_at=instant(row.seen_ms, zone),
    )


def _outage(event: PowerEvent, zone: Zone) -> OutageView:
    return OutageView(
        supply=event.supply,
        lost_after=instant(event.start.low_ms, zone),
        lost_by=instant(event.start.high_ms, zone),
        restored_after=instant(event.end.low_ms, zone),
        restored_by=instant(event.end.high_ms, zone),
        transfer_least_seconds=_seconds(event.transfer_low_ms),
        transfer_most_seconds=_seconds(event.transfer_high_ms),
        carried_by_generator=event.ever_carried,
        low_battery=event.low_battery,
        load_lost=event.load_lost,
        test=event.test,
        manual=event.manual,
    )


def backup_word(state: BackupState | None) -> str:
    """Name a backup's state."""
    return UNKNOWN if state is None else BACKUP_STATE[state]


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One server on the page: cells of (word, class of its colour), and why it is not protected."""

    code: str
    name: str
    about: str
    cells: list[tuple[str, str]]
    protected: str
    shade: str
    reasons: str


_SHADES = {Cover.YES: "hidup", Cover.WEAK: "lain", Cover.NO: "mati", Cover.UNKNOWN: "gelap", Cover.NOT_ASKED: ""}
_PROTECTED = {True: ("Terlindung", "hidup"), False: ("Belum terlindung", "mati"), None: ("Tidak diketahui", "gelap")}


def server_lines(centre: DataCentreNow | None) -> list[ServerLine]:
    """Return the matrix server x protection for the page."""
    return [_line(row) for row in centre.servers] if centre else []


def _line(row: ServerRow) -> ServerLine:
    word, shade = _PROTECTED[row.protected]
    covers = (row.ups, row.generator, row.backup, row.tape, row.restore_test)
    return ServerLine(
        code=row.server.code,
        name=row.name,
        about=", ".join(_about(row)),
        cells=[(COVER[cover], _SHADES[cover]) for cover in covers],
        protected=word,
        shade=shade,
        reasons="; ".join(dict.fromkeys(REASON[item.reason] for item in row.reasons)),
    )


def _about(row: ServerRow) -> Iterator[str]:
    yield row.role
    yield from filter(None, (row.server.opd, row.server.location))
    if not row.server.datacentre:
        yield "di luar pusat data"
