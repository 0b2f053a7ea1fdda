"""From readings and registers to the availability of links: what was up, down, unknown, planned and disconnected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.clock import DAY_S, MS, NS, Month, Zone
from agent.reading import series_key
from collector.inventory import Device, Inventory, Link
from collector.judge.availability import Attribution, LinkTimes, availability
from collector.judge.network import NetworkMonth, NetworkRow
from collector.ledger.columns import Columns, Series, counter_series
from collector.ledger.fields import NO_BEATS, FieldValues, field_values, joined_beats, lives, own_beats, polled_beats
from collector.ledger.readings import Readings
from collector.measure.intervals import Intervals
from collector.measure.probing import Quality, quality
from collector.measure.reachability import LinkSigns, down_and_unknown, reach
from collector.measure.running import Beats, ran, told_later
from collector.measure.states import UNTOLD, Samples, samples
from collector.register.book import Book, Record
from collector.register.content import utc_ns
from collector.register.records import disconnection, maintenance
from collector.register.records.incident import INCIDENT, Incident, outage
from collector.register.records.service_level import SERVICE_LEVEL, in_force

BEFORE_NS = 2 * DAY_S * NS
"""What was read so long before the time looked at tells how it began."""

LATER_NS = 3 * DAY_S * NS
"""What was read so long after a month tells how it ended, until its data are closed (72 h)."""

_ALIVE = frozenset(("up", "uptime_seconds"))
_PROBED = frozenset(("success", "rtt_seconds", "loss_ratio"))


@dataclass(frozen=True, slots=True)
class Papers:
    """What the registers held at a time: announced work, disconnections, incidents, tables of service levels."""

    work: Sequence[Record] = ()
    disconnections: Sequence[Record] = ()
    incidents: Sequence[Record] = ()
    levels: Sequence[Record] = ()

    @classmethod
    def of(cls, book: Book, time_ns: int, *, since_ns: int) -> Papers:
        """Read the registers as they stood at ``time_ns``, without incidents that ended before ``since_ns``."""
        return cls(
            work=tuple(book.as_of(maintenance.MAINTENANCE, time_ns)),
            disconnections=tuple(book.as_of(disconnection.DISCONNECTION, time_ns)),
            incidents=tuple(
                item
                for item in book.as_of(INCIDENT, time_ns)
                if item.form.attribution and (item.form.ended is None or utc_ns(item.form.ended) > since_ns)
            ),
            levels=tuple(book.as_of(SERVICE_LEVEL, time_ns)),
        )


@dataclass(frozen=True, slots=True)
class PortTold:
    """What a link's port said, the boots of the machine itself, and when that lived: all of it, and told later."""

    told: Samples
    beats: Beats
    lived: tuple[Samples, Samples]


class Network:
    """Judges the links of an inventory over ``[start_ns, end_ns)``; ``later`` looks on until the data are closed."""

    def __init__(
        self, inventory: Inventory, readings: Readings, papers: Papers, *, start_ns: int, end_ns: int, later: bool
    ) -> None:
        self._inventory, self._readings, self._papers = inventory, readings, papers
        self._start_ns, self._end_ns = start_ns, end_ns
        self._from_ns, self._to_ns = start_ns - BEFORE_NS, end_ns + (LATER_NS if later else 0)
        self._zone = readings.journal.zone
        self._devices: dict[str, tuple[Samples, Beats]] = {}
        self._ports: dict[str, PortTold] = {}

    def judged(self) -> NetworkMonth:
        """Return every link that was to be measured in the time. Raises ChunkDamaged."""
        time = Intervals.of([(self._start_ns, self._end_ns)])
        links = sorted(self._inventory.links, key=lambda link: link.code)
        expected = ((link, link.active & time) for link in links)
        return NetworkMonth(tuple(self._row(link, when) for link, when in expected if when.spans))

    def _row(self, link: Link, expected: Intervals) -> NetworkRow:
        window = self._start_ns // MS, self._end_ns // MS
        down, unknown = down_and_unknown(reach(self._signs(link), start_ms=window[0], end_ms=window[1]))
        planned, apart = self._planned(link), self._apart(link)
        times = LinkTimes(
            link=link.code,
            active=link.active,
            down=_ns(down),
            unknown=_ns(unknown),
            planned=planned,
            disconnected=apart,
            attributed=tuple(self._attributed(link)),
        )
        return NetworkRow(
            link=link,
            found=availability(times, start_ns=self._start_ns, end_ns=self._end_ns),
            quality=self._quality(link, _ms(expected)),
            planned_ns=(planned & expected).length,
            disconnected_ns=(apart & expected).length,
            target=self._target(link),
            outages=(_ns(down) & expected) - _ns(unknown) - planned - apart,
        )

    def _signs(self, link: Link) -> LinkSigns:
        """Return what both ends of a line, the centre's polls and the probes through it told."""
        ends = [link, *self._other_ends(link)]
        ports = [self._port(end) for end in ends]
        polls = {end.device: self._device(self._inventory.device[end.device]) for end in ends}
        beats = [*(beat for _, beat in polls.values()), *(port.beats for port in ports)]
        asked = [polls[end.device][0] for end in ends if self._goes_through(end)]
        asked += [self._reached(end) for end in ends if not self._asks_from_there(end)]
        return LinkSigns(
            ports=tuple(port.told for port in ports),
            asked=tuple(asked),
            answers=tuple(self._reached(end) for end in ends if self._asks_from_there(end)),
            alive=told_later(asked, [port.lived for end, port in zip(ends, ports, strict=True) if _is_far(end)]),
            off=Intervals.of(span for one in beats for span in ran(one).down.spans),
        )

    # --- readings ---

    def _read(self, series: Series, fields: frozenset[str], *, link: Link | None = None) -> Columns | None:
        """Return what was read of a series, of a link's only while it was to be measured."""
        active = link.active.spans[0] if link is not None and link.active.spans else (self._from_ns, self._to_ns)
        start_ns, end_ns = max(active[0], self._from_ns), min(active[1], self._to_ns)
        if start_ns >= end_ns:
            return None
        return self._readings.columns(series, start_ns=start_ns, end_ns=end_ns, fields=fields)

    def _other_ends(self, link: Link) -> list[Link]:
        """Return the links that measure the same line at its other end."""
        return _other_ends(self._inventory, link)

    def _port(self, link: Link) -> PortTold:
        """Return what a link's own port said, and what the machine that counts there told of itself."""
        if link.code not in self._ports:
            device = self._inventory.device[link.device]
            series = counter_series(link.counters[0], source=device.source, device=device.code)
            columns = self._read(series, frozenset(("up",)), link=link)
            told = _samples(field_values(columns), "up") if link.interface else UNTOLD
            itself = device.source == device.code
            self._ports[link.code] = PortTold(
                told=told,
                beats=own_beats(columns) if itself else NO_BEATS,
                lived=lives(columns) if itself else (UNTOLD, UNTOLD),
            )
        return self._ports[link.code]

    def _device(self, device: Device) -> tuple[Samples, Beats]:
        """Return whether a polled device answered, and its signs of life."""
        if device.code not in self._devices:
            series = Series(device.source, device.code, series_key("nadi_device", (("device", device.code),)))
            values = field_values(self._read(series, _ALIVE))
            beats = polled_beats(values)
            if beats.first_ms is not None and beats.first_ms * MS > self._start_ns:
                beats = joined_beats(self._earlier(series), beats)
            self._devices[device.code] = _samples(values, "up"), beats
        return self._devices[device.code]

    def _earlier(self, series: Series) -> Beats:
        """Return the signs of life of the last day before a silence in which the time began."""
        day = self._readings.next_day(series, self._zone.day(self._from_ns), later=False)
        if day is None:
            return NO_BEATS
        start_ns = self._zone.day_start(day)
        columns = self._readings.columns(series, start_ns=start_ns, end_ns=start_ns + DAY_S * NS, fields=_ALIVE)
        return polled_beats(field_values(columns))

    def _goes_through(self, link: Link) -> bool:
        """Tell whether an answer of a link's device must have come through the line.

        So it is where the device stands at the OPD's end, is polled from elsewhere, and has no other line.
        """
        device = self._inventory.device[link.device]
        poller = self._inventory.device.get(device.source)
        there = device.source == device.code or (poller is not None and poller.site == device.site)
        when = Intervals.of([(self._start_ns, self._end_ns)])
        lines = [item for item in self._inventory.links if item.device == link.device and (item.active & when).spans]
        return _is_far(link) and not there and len(lines) == 1

    def _asks_from_there(self, link: Link) -> bool:
        """Tell whether a link's probe is sent from where its OPD is."""
        pinger = self._inventory.device.get(link.probe.partition("/")[0])
        return _is_far(link) and pinger is not None and pinger.site == self._inventory.device[link.device].site

    def _reached(self, link: Link) -> Samples:
        return _samples(self._probed(link), "success")

    def _probed(self, link: Link) -> FieldValues:
        """Return what the probe through a link told."""
        series = _probe_of(self._inventory, link)
        return {} if series is None else field_values(self._read(series, _PROBED, link=link))

    def _quality(self, link: Link, within: Intervals) -> Quality:
        """Return what the probe through a link measured, its own or that of its other end."""
        values = next((told for end in (link, *self._other_ends(link)) if (told := self._probed(end))), {})
        return quality(values.get("rtt_seconds"), values.get("loss_ratio"), within)

    # --- registers ---

    def _planned(self, link: Link) -> Intervals:
        return Intervals.of(
            span
            for record in self._papers.work
            if maintenance.concerns(record.form, link.code, self._inventory)
            for span in maintenance.planned_time(record).spans
        )

    def _apart(self, link: Link) -> Intervals:
        return Intervals.of(
            span
            for record in self._papers.disconnections
            if disconnection.concerns(record.form, link.code, self._inventory)
            for span in disconnection.approved_time(record.form, until_ns=self._end_ns).spans
        )

    def _attributed(self, link: Link) -> list[tuple[Attribution, Intervals]]:
        found: list[tuple[Attribution, Intervals]] = []
        for record in self._papers.incidents:
            form: Incident = record.form
            if form.link == link.code or (not form.link and form.opd and form.opd == link.opd):
                found.append((form.attribution, outage(form, until_ns=self._end_ns)))
        return found

    def _target(self, link: Link) -> Fraction | None:
        """Return the net availability that the level of service on the last day asks of a link."""
        levels = in_force(self._papers.levels, self._zone.day(self._end_ns - 1))
        level = levels and levels.level_of(opd=link.opd, type="gangguan")
        return level.availability if level else None


def network_of(
    inventory: Inventory, readings: Readings, book: Book, month: Month, *, zone: Zone, until_ns: int | None = None
) -> NetworkMonth:
    """Judge the links in a month, by what was read and recorded until its data were closed; or to ``until_ns``."""
    start_ns, end_ns = month.start_ns(zone), month.end_ns(zone)
    if until_ns is not None and until_ns < end_ns:
        papers = Papers.of(book, until_ns, since_ns=start_ns)
        return Network(inventory, readings, papers, start_ns=start_ns, end_ns=until_ns, later=False).judged()
    papers = Papers.of(book, end_ns + LATER_NS, since_ns=start_ns)
    return Network(inventory, readings, papers, start_ns=start_ns, end_ns=end_ns, later=True).judged()


def qualities(
    inventory: Inventory, readings: Readings, *, start_ns: int, end_ns: int
) -> dict[str, tuple[Link, Quality]]:
    """Return what the probes through the links measured in ``[start_ns, end_ns)``, by link; raises ChunkDamaged."""
    found: dict[str, tuple[Link, Quality]] = {}
    when = Intervals.of([(start_ns // MS, end_ns // MS)])
    for link in inventory.links:
        others = (one for end in _other_ends(inventory, link) if (one := _probe_of(inventory, end)) is not None)
        series = _probe_of(inventory, link) or next(others, None)
        if series is not None and (link.active & Intervals.of([(start_ns, end_ns)])).spans:
            columns = readings.columns(series, start_ns=start_ns, end_ns=end_ns, fields=_PROBED)
            values = field_values(columns)
            found[link.code] = link, quality(values.get("rtt_seconds"), values.get("loss_ratio"), when)
    return found


def _other_ends(inventory: Inventory, link: Link) -> list[Link]:
    return [other for other in inventory.links if link.code == other.same_as or other.code == link.same_as]


def _probe_of(inventory: Inventory, link: Link) -> Series | None:
    """Return the series of the probe through a link, None where none is registered."""
    code, _, target = link.probe.partition("/")
    device = inventory.device.get(code)
    if device is None:
        return None
    tags = (("device", code), ("probe", "icmp"), ("target", target))
    return Series(device.source, code, series_key("nadi_probe", tags))


def _is_far(link: Link) -> bool:
    """Tell whether a link is measured at the OPD's end."""
    return link.vantage == "opd" and link.role == "wan"


def _samples(values: FieldValues, name: str) -> Samples:
    return samples(*values[name]) if name in values else UNTOLD


def _ms(found: Intervals) -> Intervals:
    """Return a set of nanoseconds in milliseconds."""
    return Intervals.of((start // MS, end // MS) for start, end in found.spans)


def _ns(found: Intervals) -> Intervals:
    """Return a set of milliseconds in nanoseconds."""
    return Intervals(tuple((start * MS, end * MS) for start, end in found.spans))
