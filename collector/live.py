"""What is known at this minute, in memory: fed by ingest after each commit, and at start by the journal's end."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from agent.clock import MS, NS, Clock, Zone
from agent.reading import Reading, Tags
from collector.inventory import Counter, Inventory, Link, Opd
from collector.judge.now import (
    LOOK_BACK,
    Flow,
    Reach,
    State,
    Window,
    flow,
    link_state,
    reach,
    recent_bins,
    shown,
    together,
    worst,
)
from collector.ledger.body import Lines
from collector.ledger.entry import Entry
from collector.ledger.tail import COUNTED, Tail, samples_of, stacked, stacked_octets
from collector.measure.bins import WIDTH_MS, Bins
from collector.measure.counters import LONG_MS, CounterSeries, Deltas, deltas
from collector.measure.intervals import NEVER, Intervals
from collector.measure.stack import Span, judged
from collector.newest import Newest
from collector.power import Power, power_at

Port = tuple[str, str, str, str]
"""Source (agent), device, measurement, interface or queue."""

Reckoning = tuple[Port, str, int | None]
"""A counter as it is reckoned: port, field, speed of the port (bit/s, None unknown)."""

Closed = Mapping[str, tuple[Intervals, Intervals]]
"""By link: when it is in announced work, and when it is disconnected by decision (UTC ns)."""

LAGS_KEPT = 500
MANY = 8
"""From so many counters on it is cheaper to judge them together."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """When silence becomes "unknown": seconds after the last reading (more than two agent intervals)."""

    stale_seconds: int = 150

    def __post_init__(self) -> None:
        if not 5 <= self.stale_seconds <= 900:
            raise ValueError("stale_seconds is not between 5 and 900")


@dataclass(frozen=True, slots=True)
class LinkLive:
    """A link at this minute.

    ``state`` is what is shown: announced work and disconnections stand before what is ``measured``. ``fields`` are the
    newest readings as sent of what counts unduh and unggah (empty without one; the same one but for queue trees), the
    older of them taken at ``seen_ms``. ``counts`` is False for the other end of a line that counts at the NOC.
    """

    link: Link
    state: State
    measured: State
    seen_ms: int | None
    unduh: Flow
    unggah: Flow
    fields: tuple[Mapping[str, int | float], Mapping[str, int | float]]
    counts: bool


@dataclass(frozen=True, slots=True)
class OpdLive:
    """An OPD at this minute: the links that count together; a sum is unknown while a member is unknown.

    ``state`` and ``measured`` are the worst of theirs. ``seconds`` are its ends of lines that count at the NOC's end.
    """

    opd: Opd
    state: State
    measured: State
    unduh: Flow
    unggah: Flow
    links: tuple[LinkLive, ...]
    seconds: tuple[LinkLive, ...] = ()


class Run(NamedTuple):
    """The newest readings of a link's port that all say it is up, or down: the first one's time (UTC ms).

    ``begun`` tells that one before them said otherwise: then the state began there.
    """

    first_ms: int
    begun: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """The last delivery of an agent (a write token is ``token:NAME``) and the last it told of itself."""

    name: str
    received_ns: int
    fresh: bool
    fields: Mapping[str, int | float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything live at ``now_ns``. ``uplink_*`` are all uplinks together, ``lag_p95_ns`` that of live deliveries."""

    now_ns: int
    window: Window
    opds: tuple[OpdLive, ...]
    uplinks: tuple[LinkLive, ...]
    uplink_unduh: Flow
    uplink_unggah: Flow
    senders: Mapping[str, Sender]
    lag_p95_ns: int | None
    power: Power

    @property
    def links(self) -> tuple[LinkLive, ...]:
        """Every active link that counts: those of the OPDs, then the uplinks."""
        return (*(link for opd in self.opds for link in opd.links), *self.uplinks)

    @property
    def seconds(self) -> tuple[LinkLive, ...]:
        """The other ends, which do not count."""
        return tuple(link for opd in self.opds for link in opd.seconds)


class Live:
    """The live state. Its methods may be called from any thread."""

    def __init__(
        self, *, inventory: Inventory, clock: Clock, zone: Zone, settings: LiveSettings, width_ms: int = WIDTH_MS
    ) -> None:
        self._clock = clock
        self._origin_ns = zone.day_start(zone.day(clock.now().wall_ns))
        self._stale_ms = settings.stale_seconds * 1000
        self._width_ms = width_ms
        self._lock = threading.Lock()
        self._tails: dict[Port, Tail] = {}
        self._newest = Newest(stale_ms=self._stale_ms)
        self._senders: dict[str, tuple[int, Mapping[str, int | float]]] = {}
        self._lags: deque[int] = deque(maxlen=LAGS_KEPT)
        self._kept: Snapshot | None = None
        self._closed: Closed = {}
        self.adopt(inventory)

    @property
    def span_ns(self) -> int:
        """How much of the newest past is kept (ns): the bins looked at and the longest delta that reaches into them."""
        return self._span_ms * MS

    @property
    def _span_ms(self) -> int:
        return (LOOK_BACK + 1) * self._width_ms + LONG_MS

    def adopt(self, inventory: Inventory) -> None:
        """Follow another revision of the inventory; readings of ports that stay registered are kept."""
        with self._lock:
            self.inventory = inventory
            self._counting = {link.code: inventory.counting(link) for link in inventory.links}
            self._reckoned: dict[Reckoning, _Reckoned] = {}
            before, self._tails = self._tails, {}
            for port in (self._port(link, counter) for link in inventory.links for counter in link.counters):
                self._tails[port] = self._tails.get(port) or before.get(port) or Tail(span_ms=self._span_ms)
            self._newest.adopt(inventory.devices)
            self._kept = None

    def close(self, closed: Closed) -> None:
        """Take up when links are in announced work, and disconnected."""
        with self._lock:
            if closed != self._closed:
                self._closed, self._kept = closed, None

    def _port(self, link: Link, counter: Counter) -> Port:
        return self.inventory.device[link.device].source, link.device, counter.measurement, counter.object

    def stored(self, items: Iterable[tuple[Entry, Lines]]) -> None:
        """Take what has just been stored (ingest's ``on_stored``), or what the journal holds of the newest past."""
        horizon_ns = self._clock.now().wall_ns - self.span_ns
        with self._lock:
            for entry, lines in items:
                # Making readings costs: what is older than the tails, or of no registered port, is left alone.
                recent = entry.last_ns >= horizon_ns
                readings = list(lines.readings_of(partial(self._wants, entry, recent)))
                self._note_sender(entry, readings)
                self._newest.add(entry, readings)
                for counted, samples in samples_of(entry, readings).items():
                    tail = self._tails.get((entry.agent, entry.device, *counted))
                    if tail is not None:
                        tail.add(samples)

    def _wants(self, entry: Entry, recent: bool, measurement: str, tags: Tags) -> bool:
        if measurement in COUNTED:  # tags: device, and interface or queue
            return recent and len(tags) == 2 and (entry.agent, tags[0][1], measurement, tags[1][1]) in self._tails
        return measurement == "nadi_agent" or (recent and self._newest.wants(entry, measurement))

    def _note_sender(self, entry: Entry, readings: Sequence[Reading]) -> None:
        received_ns, fields = self._senders.get(entry.agent, (0, {}))
        if entry.received_ns >= received_ns:
            told = next((item.fields for item in readings if item.measurement == "nadi_agent"), fields)
            self._senders[entry.agent] = (entry.received_ns, told)
        lag = entry.received_ns - entry.last_ns
        if 0 <= lag < self._stale_ms * MS:
            self._lags.append(lag)

    def snapshot(self) -> Snapshot:
        """Return the state of this second; many readers in one second cost one computation."""
        now_ns = self._clock.now().wall_ns
        with self._lock:
            if self._kept is None or not 0 <= now_ns - self._kept.now_ns < NS:
                self._kept = self._look(now_ns)
            return self._kept

    def runs(self) -> dict[str, Run]:
        """Return since when the ports of the active links say what they say now, by link."""
        now_ns = self._clock.now().wall_ns
        with self._lock:
            links = [link for link in self.inventory.links if is_active(link, now_ns)]
            found = {link.code: self._tails[self._port(link, link.counters[0])].run("up") for link in links}
        return {code: Run(*run) for code, run in found.items() if run is not None}

    def _look(self, now_ns: int) -> Snapshot:
        window = Window.at(now_ns, origin_ns=self._origin_ns, width_ms=self._width_ms, stale_ms=self._stale_ms)
        active = [link for link in self.inventory.links if is_active(link, now_ns)]
        self._reckon_together(active, window)
        found = {link.code: self._link(link, window) for link in active}
        uplinks = [found[link.code] for link in active if link.role == "uplink"]
        lags = sorted(self._lags)
        return Snapshot(
            now_ns=now_ns,
            window=window,
            opds=tuple(self._opd(opd, found, window) for opd in self.inventory.opds),
            uplinks=tuple(item.live for item in uplinks),
            uplink_unduh=flow(together([item.unduh for item in uplinks]), window, allocation_bps=None),
            uplink_unggah=flow(together([item.unggah for item in uplinks]), window, allocation_bps=None),
            senders={
                name: Sender(name, received_ns, now_ns - received_ns <= self._stale_ms * MS, fields)
                for name, (received_ns, fields) in sorted(self._senders.items())
            },
            lag_p95_ns=lags[(95 * len(lags) + 99) // 100 - 1] if lags else None,
            power=power_at(self.inventory.device, self._newest.look(window.now_ms)),
        )

    def _link(self, link: Link, window: Window) -> _Found:
        ports = [self._port(link, counter) for counter in link.counters]
        tails = [self._tails[port] for port in ports]
        unduh, unggah = (
            self._reach(link, port, counter.field, window) for port, counter in zip(ports, link.counters, strict=True)
        )
        seen = [tail.latest.time_ms for tail in tails if tail.latest]
        seen_ms = min(seen) if len(seen) == len(tails) else None
        newest, other = (tail.latest.fields if tail.latest else {} for tail in tails)
        down, up = self._limits(link.opd, window)
        measured = link_state(seen_ms=seen_ms, up=newest.get("up"), window=window)
        planned, apart = (now_in(when, window) for when in self._closed.get(link.code, (NEVER, NEVER)))
        live = LinkLive(
            link=link,
            state=shown(measured, planned=planned, apart=apart),
            measured=measured,
            seen_ms=seen_ms,
            unduh=flow(unduh, window, allocation_bps=down),
            unggah=flow(unggah, window, allocation_bps=up),
            fields=(newest, other),
            counts=now_in(self._counting[link.code], window),
        )
        return _Found(live, unduh, unggah)

    def _reckon_together(self, links: Iterable[Link], window: Window) -> None:
        """Reckon at once what is new of many counters; of a few, and of odd ones, ``_reach`` does it one by one."""
        span = Span(window.start_ms, LOOK_BACK + 1, window.width_ms)
        groups: defaultdict[tuple[int, int, int], list[Reckoning]] = defaultdict(list)
        for link in links:
            cache_s = self.inventory.device[link.device].cache_seconds
            for way, counter in enumerate(link.counters):
                key = self._port(link, counter), counter.field, link.port_bps
                tail, known = self._tails[key[0]], self._reckoned.get(key)
                samples = tail.samples
                if known is not None and (known.version, known.open_ms) == (tail.version, window.open_ms):
                    continue
                fits = samples and span.reach_ms <= samples[0].time_ms and samples[-1].time_ms < span.end_ms
                if fits and tail.holds(counter.field):
                    groups[link.port_bps or 0, cache_s, way].append(key)
        of: tuple[list[Tail], CounterSeries] | None = None
        for (port_bps, cache_s, _), keys in sorted(groups.items()):
            if len(keys) >= MANY:
                tails = [self._tails[port] for port, _, _ in keys]
                octets = stacked_octets(tails, [field for _, field, _ in keys])
                # Of an interface both directions were read at once.
                of = (
                    (tails, stacked(tails, octets))
                    if of is None or of[0] != tails
                    else (tails, replace(of[1], octets=octets))
                )
                made = judged(of[1], [len(tail) for tail in tails], span, port_bps=port_bps, cache_s=cache_s)
                for key, tail, one in zip(keys, tails, made, strict=True):
                    if one is not None:
                        self._reckoned[key] = _Reckoned(tail.version, window.open_ms, *one)

    def _reach(self, link: Link, port: Port, field: str, window: Window) -> Reach:
        """Look at one counter; what it follows from is reckoned anew for new readings, a new bin, another register."""
        tail = self._tails[port]
        known = self._reckoned.get((port, field, link.port_bps))
        if known is None or (known.version, known.open_ms) != (tail.version, window.open_ms):
            cache_s = self.inventory.device[link.device].cache_seconds
            moved = deltas(tail.series(field), port_bps=link.port_bps or 0, cache_s=cache_s)
            known = _Reckoned(tail.version, window.open_ms, moved, recent_bins(moved, window))
            self._reckoned[port, field, link.port_bps] = known
        return reach(known.deltas, known.recent, window)

    def _limits(self, opd: str, window: Window) -> tuple[int | None, int | None]:
        allocation = self.inventory.allocation_at(opd, window.now_ms * MS)
        return (allocation.down_bps, allocation.up_bps) if allocation else (None, None)

    def _opd(self, opd: Opd, found: Mapping[str, _Found], window: Window) -> OpdLive:
        ends = [found[link.code] for link in self.inventory.links_of(opd.code) if link.code in found]
        members = [item for item in ends if item.live.counts]
        if len(members) == 1:  # what its only link does
            unduh, unggah = members[0].live.unduh, members[0].live.unggah
        else:
            down, up = self._limits(opd.code, window)
            unduh = flow(together([item.unduh for item in members]), window, allocation_bps=down)
            unggah = flow(together([item.unggah for item in members]), window, allocation_bps=up)
        return OpdLive(
            opd=opd,
            state=worst([item.live.state for item in members]),
            measured=worst([item.live.measured for item in members]),
            unduh=unduh,
            unggah=unggah,
            links=tuple(item.live for item in members),
            seconds=tuple(item.live for item in ends if not item.live.counts),
        )


@dataclass(frozen=True, slots=True)
class _Reckoned:
    """The deltas and recent bins of one counter as of a version of its tail and an open bin."""

    version: int
    open_ms: int
    deltas: Deltas
    recent: Bins


@dataclass(frozen=True, slots=True)
class _Found:
    live: LinkLive
    unduh: Reach
    unggah: Reach


def now_in(when: Intervals, window: Window) -> bool:
    """Tell whether a look is within a set of time (UTC ns)."""
    return any(start <= window.now_ms * MS < end for start, end in when.spans)


def is_active(link: Link, now_ns: int) -> bool:
    """Tell whether a link is to be measured at ``now_ns``."""
    return link.active_from <= now_ns and (link.active_to is None or now_ns < link.active_to)
