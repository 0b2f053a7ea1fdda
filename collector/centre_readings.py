"""The data centre's readings over a time, object by object, in the form in which they are judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from functools import reduce

from agent.clock import DAY_S, MS, NS
from agent.reading import read_series, series_key
from collector.inventory import Backup, Device, Inventory
from collector.judge.backups import SAME_REPORT_MS
from collector.judge.told import (
    BackupTold,
    DeviceTold,
    GeneratorTold,
    SensorTold,
    Told,
    UpsTold,
    VolumeTold,
    ups_words,
)
from collector.ledger.columns import Columns, Series
from collector.ledger.fields import (
    NO_BEATS,
    distinct,
    field_values,
    interval_ms,
    joined_beats,
    newest_fields,
    own_beats,
    polled_beats,
    read_beats,
)
from collector.ledger.naming import Names
from collector.ledger.readings import Readings
from collector.measure.intervals import Intervals
from collector.measure.running import Beats
from collector.measure.states import UPS_FIELDS, UpsState, times_in, ups_spans
from collector.measure.supply import UpsWords
from collector.register.logbook import RestoreTest

_DAY_NS = DAY_S * NS
BEFORE_DAYS = 2
"""What was read so long before the time looked at tells how it began."""

LATER_DAYS = 3
"""What was read so long after a month tells how it ended, until its data are closed (72 h)."""

BACKUP_DAYS = 40
"""How far back full copies are looked for, of which a later check proves that they are good."""

_UPS = frozenset(
    (
        *UPS_FIELDS,
        *("up", "status", "load_ratio", "battery_runtime_seconds", "battery_charge_ratio"),
        *("battery_temperature_celsius", "battery_installed_timestamp_seconds", "replace_battery"),
        *("self_test_timestamp_seconds", "self_test_passed"),
    )
)
_ATS = frozenset(("source", "mains_present"))
_GENERATOR = frozenset(
    (
        *("up", "running", "auto_mode", "carrying_load", "mains_present", "fuel_ratio"),
        *("last_test_timestamp_seconds", "last_test_passed"),
    )
)
_SENSOR = frozenset(
    (
        *("temperature_celsius", "humidity_ratio", "water_detected", "smoke_detected", "door_open"),
        *("alarm", "contact_alarm", "ok"),
    )
)
_SIGNS = frozenset(("boot_time_seconds", "up", "uptime_seconds"))
_OWN = ("nadi_host", "nadi_agent")
"""What a machine tells of itself, with the boot in which it tells it."""

_ASKED = ("nadi_device", "nadi_ups", "nadi_generator", "nadi_ats", "nadi_environment", "nadi_host")
"""What somebody else was told by a device."""


class CentreReadings:
    """Reads the data centre over ``[start_ns, end_ns)``; ``later`` looks beyond the end for how things went on."""

    def __init__(
        self, inventory: Inventory, readings: Readings, names: Names, *, start_ns: int, end_ns: int, later: bool
    ) -> None:
        self._inventory, self._readings, self._names = inventory, readings, names
        self._start_ns, self._end_ns = start_ns, end_ns
        self._from_ns = start_ns - BEFORE_DAYS * _DAY_NS
        self._to_ns = end_ns + (LATER_DAYS * _DAY_NS if later else 0)
        self._ups: dict[str, Told] = {}
        self._off: dict[str, Intervals] = {}

    def newest(self) -> tuple[int, ...]:
        """Return the newest entry of each device of power: what was read of them holds while these stay."""
        zone, journal = self._readings.journal.zone, self._readings.journal
        first, last = zone.day(self._from_ns), zone.day(self._to_ns - 1)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        codes = [*self._inventory.ups, *(code for one in self._inventory.generators for code in (one.device, one.ats))]
        return tuple(max(journal.last_ids(code, days).values()) for code in codes if code)

    def _read(self, series: Series, fields: Collection[str], *, from_ns: int | None = None) -> Told:
        start_ns = self._from_ns if from_ns is None else from_ns
        return Told(field_values(self._readings.columns(series, start_ns=start_ns, end_ns=self._to_ns, fields=fields)))

    def _told(self, measurement: str, tag: str, code: str, fields: Collection[str]) -> Told:
        device = self._inventory.device.get(code)
        if device is None:
            return Told()
        return self._read(Series(device.source, code, series_key(measurement, ((tag, code),))), fields)

    def _ups_told(self, code: str) -> Told:
        if code not in self._ups:
            self._ups[code] = self._told("nadi_ups", "ups", code, _UPS)
        return self._ups[code]

    def upses(self) -> list[UpsTold]:
        """Return every registered UPS."""
        feeds: dict[str, list[str]] = {}
        for server in self._inventory.servers:
            for code in server.ups:
                feeds.setdefault(code, []).append(server.code)
        found = []
        for code, ups in sorted(self._inventory.ups.items()):
            device, told = self._inventory.device[code], self._ups_told(code)
            words = UpsWords(code, ups_words(told), told.samples("low_battery", unless="up"))
            found.append(UpsTold(ups, device.name, device.site, tuple(feeds.get(code, ())), told, words))
        return found

    def generators(self) -> list[GeneratorTold]:
        """Return every registered generator with its controller and its switch."""
        return [
            GeneratorTold(
                generator=item,
                controller=self._told("nadi_generator", "generator", item.device, _GENERATOR),
                switch=self._told("nadi_ats", "ats", item.ats, _ATS),
            )
            for item in self._inventory.generators
        ]

    def sensors(self) -> list[SensorTold]:
        """Return every sensor that was heard of a registered device; a silent unit of that kind stands for itself."""
        found = []
        for device in self._inventory.devices:
            heard = [] if device.kind == "router" else self._series(device, "nadi_environment")
            for series in heard:
                tags = dict(read_series(series.key)[1])
                told = self._read(series, _SENSOR)
                found.append(SensorTold(device.code, device.name, device.site, tags.get("sensor", ""), told))
            if device.kind == "sensor" and not heard:
                found.append(SensorTold(device.code, device.name, device.site, "", Told()))
        return found

    def _series(self, device: Device, measurement: str, *, from_ns: int | None = None) -> list[Series]:
        return self._names.series(
            source=device.source,
            device=device.code,
            measurement=measurement,
            start_ns=self._start_ns if from_ns is None else from_ns,
            end_ns=self._end_ns,
        )

    # --- backups ---

    def backups(self, tests: Sequence[RestoreTest]) -> list[BackupTold]:
        """Return every registered backup job; ``tests`` are the restore tests done by hand."""
        return [self._backup(item, tests) for item in self._inventory.backups]

    def _backup(self, backup: Backup, tests: Sequence[RestoreTest]) -> BackupTold:
        device, from_ns = self._inventory.device[backup.device], self._end_ns - BACKUP_DAYS * _DAY_NS
        tags = (("device", backup.device), ("engine", backup.engine), ("job", backup.job))
        series, before_ms = Series(device.source, device.code, series_key("nadi_backup", tags)), self._end_ns // MS
        values = field_values(self._readings.columns(series, start_ns=from_ns, end_ns=self._end_ns))
        seen_ms, fields = newest_fields(values, before_ms=before_ms)
        return BackupTold(
            backup=backup,
            seen_ms=seen_ms,
            interval_ms=interval_ms(values),
            fields=fields,
            fulls_ms=distinct(values, "last_full_timestamp_seconds", before_ms=before_ms),
            verified_ms=max(distinct(values, "last_verified_timestamp_seconds", before_ms=before_ms), default=None),
            volumes=() if seen_ms is None else tuple(self._volumes(device, backup, seen_ms)),
            tests=tuple((item.at_ns // MS, item.passed) for item in tests if item.backup == backup.code),
        )

    def _volumes(self, device: Device, backup: Backup, seen_ms: int) -> Iterator[VolumeTold]:
        """Yield the copies on volumes that were told together with a job's newest report."""
        start_ns, end_ns = (seen_ms - SAME_REPORT_MS) * MS, min((seen_ms + SAME_REPORT_MS) * MS, self._end_ns)
        for series in self._series(device, "nadi_backup", from_ns=start_ns):
            tags = dict(read_series(series.key)[1])
            if "volume" in tags and (tags.get("job"), tags.get("engine")) == (backup.job, backup.engine):
                columns = self._readings.columns(series, start_ns=start_ns, end_ns=end_ns)
                told_ms, fields = newest_fields(field_values(columns), before_ms=self._end_ns // MS)
                if told_ms is not None:
                    yield VolumeTold(tags["volume"], tags.get("pool", ""), tags.get("slot", ""), told_ms, fields)

    # --- whether it ran ---

    def devices(self) -> list[DeviceTold]:
        """Return the signs of life of every registered device but routers, of which the network's chapter tells."""
        return [self._device(item) for item in self._inventory.devices if item.kind != "router"]

    def _device(self, device: Device) -> DeviceTold:
        series, beats = self._beats(device)
        since_ms: int | None = beats.first_ms
        if series is not None:
            day = self._readings.journal.zone.day(self._from_ns)
            earlier = self._readings.next_day(series, day, later=False)
            if earlier is not None:
                since_ms = self._start_ns // MS
                if beats.first_ms is None or beats.first_ms > since_ms:
                    start_ns = self._readings.journal.zone.day_start(earlier)
                    before = _beats_of(series, self._read_span(series, start_ns, start_ns + _DAY_NS))
                    beats = joined_beats(before, beats)
        return DeviceTold(
            device=device.code,
            name=device.name,
            kind=device.kind,
            site=device.site,
            beats=beats,
            witnessed=self._without_power(device.code),
            since_ms=since_ms,
        )

    def _read_span(self, series: Series, start_ns: int, end_ns: int) -> Columns | None:
        return self._readings.columns(series, start_ns=start_ns, end_ns=end_ns, fields=_SIGNS)

    def _beats(self, device: Device) -> tuple[Series | None, Beats]:
        """Return the first series of a device that gives signs of life, and those."""
        for measurement in _OWN if device.kind == "server" and device.source == device.code else _ASKED:
            for series in self._series(device, measurement, from_ns=self._from_ns):
                if len(read_series(series.key)[1]) == 1 or measurement == "nadi_environment":
                    beats = _beats_of(series, self._read_span(series, self._from_ns, self._to_ns))
                    if beats.first_ms is not None or len(beats.silent_ms):
                        return series, beats
        return None, NO_BEATS

    def _without_power(self, code: str) -> tuple[tuple[int, int], ...]:
        """Return when no UPS of a server gave any output: a neighbour's word that it was down."""
        server = self._inventory.server.get(code)
        dark = [self._dark(ups) for ups in server.ups] if server is not None else []
        return reduce(Intervals.__and__, dark).spans if dark else ()

    def _dark(self, ups: str) -> Intervals:
        if ups not in self._off:
            told = self._ups_told(ups)
            fields = {name: told.samples(name, unless="up") for name in UPS_FIELDS}
            found = ups_spans(fields, start_ms=self._from_ns // MS, end_ms=self._to_ns // MS)
            self._off[ups] = times_in(found, UpsState.MATI)
        return self._off[ups]


def _beats_of(series: Series, columns: Columns | None) -> Beats:
    """Return what a series proves: a machine's own word, a poller's answer, or that a unit was read at all."""
    measurement = series.key.partition(",")[0]
    if measurement in _OWN:
        return own_beats(columns)
    values = field_values(columns)
    return polled_beats(values) if "up" in values else read_beats(columns)
