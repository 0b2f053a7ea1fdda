"""What is worth telling (pure): states of this moment in, flips that stood long enough out.

The first look is taken in silence, and so is what was bad long before it was first seen: only what begins now is told.
A recovery is told where the fault was. An object that is held (its uplink is dead, its maintenance is announced) stays
as it was told until it is held no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.clock import DAY_S, NS
from collector.feeds.notify_settings import Kind, NotifySettings
from collector.judge.allocation import Finding, Severity
from collector.judge.datacentre import DataCentreNow
from collector.judge.now import State
from collector.judge.rows import ServerRow
from collector.live import LinkLive, OpdLive, Snapshot
from collector.measure.states import UpsState

Key = tuple[str, str]
"""Kind, and what is unique in it: a code, or rule, object and direction of a finding."""

Hushed = Callable[[str], bool]
"""Tells whether maintenance of an object (its code) is announced for now."""

FRESH_NS = DAY_S * NS
"""A finding that began earlier is not new, however late it is found."""

DUTIES = frozenset(
    (
        *("verify_overdue", "restore_test_overdue", "generator_untested", "insurance_ending", "battery_old"),
        *("backup_late", "backup_critical"),
        *("log_check_overdue", "report_undelivered", "followup_overdue", "disconnection_overdue"),
        *("incident_unanswered", "incident_unrestored"),
        *("contract_ends", "contract_ends_soon", "contract_ends_next", "contract_ended"),
    )
)
"""Rules which say that a duty is overdue."""

GOOD = ("hidup", "terlindung", "listrik PLN", "selesai")
UNKNOWN = "tidak diketahui"
OPEN, CLOSED = "terbuka", "selesai"
_FINDINGS = ("temuan", "tenggat")
_JUDGED = (*_FINDINGS, "server")
_LINK: Mapping[State, tuple[str, str]] = {
    State.MATI: ("mati", "tinggi"),
    State.HIDUP: ("hidup", "pulih"),
    State.TERGANGGU: ("terganggu", "sedang"),
    State.TIDAK_DIKETAHUI: (UNKNOWN, "sedang"),
}
_SILENT = ("", "")
"""Announced maintenance and approved disconnection: nothing is told, and what was told before stays told."""

_UPLINK = {**_LINK, State.MATI: ("mati", "kritis"), State.TIDAK_DIKETAHUI: (UNKNOWN, "tinggi")}
_UPS = {
    UpsState.MATI: ("mati", "kritis"),
    UpsState.PLN: ("listrik PLN", "pulih"),
    UpsState.BATERAI: ("baterai", "tinggi"),
    UpsState.BATERAI_LEMAH: ("baterai lemah", "kritis"),
    UpsState.BYPASS: ("bypass", "sedang"),
    UpsState.TIDAK_DIKETAHUI: (UNKNOWN, "tinggi"),
}
_SEVERITY = {Severity.WARNING: "tinggi", Severity.NOTICE: "sedang", Severity.LOW: "rendah"}
_SERVER = {True: ("terlindung", "pulih"), False: ("tidak terlindung", "tinggi"), None: (UNKNOWN, "sedang")}


@dataclass(frozen=True, slots=True)
class Sight:
    """One object as it is now; ``begun_ns`` is since when a finding stands, None: not known."""

    kind: Kind
    key: Key
    code: str
    state: str
    level: str
    held: bool = False
    begun_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What of an object was told or silently taken: the state, whether it was told, and when it was or last flapped.

    ``next_state`` is what it seems to become, since ``next_ns``.
    """

    state: str
    told: bool = False
    told_ns: int = 0
    next_state: str = ""
    next_ns: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One line to be told: kind and code, state, level."""

    key: Key
    text: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Now:
    """When a look is, and of what: ``begun`` False is the first one, ``judged`` False knows no findings or servers."""

    at_ns: int
    begun: bool
    judged: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What is known after a look, and what is to be told of it."""

    known: dict[Key, Known]
    notices: tuple[Notice, ...]


def sights(
    snapshot: Snapshot,
    findings: Iterable[Finding] | None,
    centre: DataCentreNow | None,
    *,
    kinds: Iterable[Kind],
    hushed: Hushed,
) -> Iterator[Sight]:
    """Yield what is to be watched now; ``findings`` is None while nothing is judged."""
    wanted = frozenset(kinds)
    every = (
        *(_opd(opd, _behind(opd, snapshot)) for opd in snapshot.opds),
        *(_link("hulu", link, _UPLINK) for link in snapshot.uplinks),
        *(_link("tautan", link, _LINK) for opd in snapshot.opds for link in opd.links),
        *(Sight("ups", ("ups", ups.device.code), ups.device.code, *_UPS[ups.state]) for ups in snapshot.power.ups),
        *(_server(row) for row in (centre.servers if centre is not None else ())),
        *(_finding(item) for item in findings or ()),
    )
    for sight in every:
        if sight.kind in wanted:
            yield replace(sight, held=True) if hushed(sight.code) else sight


def _server(row: ServerRow) -> Sight:
    return Sight("server", ("server", row.server.code), row.server.code, *_SERVER[row.protected])


def _behind(opd: OpdLive, snapshot: Snapshot) -> bool:
    """Tell whether every link of an OPD is behind uplinks of which none is known to be up."""
    contracts = {link.link.contract for link in opd.links}
    uplinks = [link for link in snapshot.uplinks if link.link.contract in contracts]
    dark = {link.link.contract for link in uplinks} - {x.link.contract for x in uplinks if x.measured == State.HIDUP}
    return bool(contracts) and contracts <= dark


def _opd(opd: OpdLive, held: bool) -> Sight:
    found = _LINK.get(opd.state, _SILENT)
    return Sight("opd", ("opd", opd.opd.code), opd.opd.code, *found, held=held or found is _SILENT)


def _link(kind: Kind, live: LinkLive, words: Mapping[State, tuple[str, str]]) -> Sight:
    found = words.get(live.state, _SILENT)
    return Sight(kind, (kind, live.link.code), live.link.code, *found, held=found is _SILENT)


def _finding(item: Finding) -> Sight:
    kind: Kind = "tenggat" if item.rule in DUTIES else "temuan"
    key = kind, f"{item.rule} {item.object} {item.direction}"
    return Sight(kind, key, item.object, OPEN, _SEVERITY[item.severity], begun_ns=item.start_ns)


def look(seen: Iterable[Sight], known: Mapping[Key, Known], now: Now, settings: NotifySettings) -> Step:
    """Compare what is seen with what is known."""
    after: dict[Key, Known] = {}
    notices: list[Notice] = []
    present = {sight.key: sight for sight in seen}
    for key, item in known.items():
        if key in present or key[0] not in settings.kinds:
            continue
        if key[0] in _JUDGED and not now.judged:
            after[key] = item
        elif key[0] in _FINDINGS:
            present[key] = _closed(key)
    for key, sight in present.items():
        before = known.get(key) or _first(sight, now)
        found, told = _one(sight, before, now.at_ns, settings)
        if told:
            notices.append(Notice(key, f"{sight.kind} {sight.code} {sight.state} ({sight.level})", now.at_ns))
        if sight.state != CLOSED or found.state != CLOSED:
            after[key] = found
    return Step(after, tuple(notices))


def _closed(key: Key) -> Sight:
    kind: Kind = "tenggat" if key[0] == "tenggat" else "temuan"
    return Sight(kind, key, key[1].split(" ")[1], CLOSED, "pulih")


def _first(sight: Sight, now: Now) -> Known:
    """Take what was never seen as it is, but for a finding that just began."""
    new = now.begun and sight.begun_ns is not None and now.at_ns - sight.begun_ns < FRESH_NS
    return Known(CLOSED if new else sight.state)


def _one(sight: Sight, before: Known, now_ns: int, settings: NotifySettings) -> tuple[Known, bool]:
    """Return what is known of an object after a look, and whether its state is to be told."""
    if sight.held or sight.state == before.state:
        flapped = bool(before.next_state and before.told_ns and not sight.held)
        return replace(before, told_ns=now_ns if flapped else before.told_ns, next_state="", next_ns=0), False
    if sight.state != before.next_state or now_ns < before.next_ns:
        before = replace(before, next_state=sight.state, next_ns=now_ns)
    wait_s = settings.unknown_seconds if sight.state == UNKNOWN else settings.confirm_seconds
    if before.told_ns and 0 <= now_ns - before.told_ns < settings.rest_seconds * NS:
        wait_s = max(wait_s, settings.rest_seconds)
    if now_ns - before.next_ns < wait_s * NS:
        return before, False
    good = sight.state in GOOD
    if good and not before.told:
        return Known(sight.state, told_ns=before.told_ns), False
    return Known(sight.state, told=not good, told_ns=now_ns), True
