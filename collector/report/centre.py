"""Chapter X: the data centre, from the rows of ``judge/datacentre.py`` to typed cells, each rounded once."""

from __future__ import annotations

from fractions import Fraction

from agent.clock import MS, Zone
from collector.judge.datacentre import DataCentreMonth
from collector.judge.rows import (
    AvailabilityRow,
    BackupRow,
    GeneratorRow,
    Measured,
    SensorRow,
    ServerRow,
    TapeCopy,
    UpsRow,
)
from collector.measure.supply import PowerEvent
from collector.report import centre_columns as columns
from collector.report import centre_words as words
from collector.report.document import (
    DECIMALS,
    Block,
    Chapter,
    Heading,
    Paragraph,
    Table,
    Value,
    percent,
    plain,
    rounded,
)
from collector.report.words import NO, YES

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
NUMBER = "X"


def chapter(centre: DataCentreMonth | None, zone: Zone) -> Chapter:
    """Return chapter X; without anything registered it says so."""
    if centre is None or not centre:
        return Chapter(NUMBER, words.TITLE, (Paragraph(words.NOTHING),))
    return Chapter(NUMBER, words.TITLE, tuple(_blocks(centre, _Cells(zone, centre))), landscape=True)


def _blocks(centre: DataCentreMonth, cells: _Cells) -> list[Block]:
    events: Block = (
        Table("bab-x-kejadian", "Kejadian listrik padam", columns.EVENTS, cells.events())
        if centre.events
        else Paragraph(words.NO_EVENT)
    )
    notes = (
        [Table("bab-x-catatan", "Catatan petugas", columns.NOTES, cells.notes(), note=words.MANUAL_NOTE)]
        if centre.notes
        else []
    )
    found: Block = (
        Table("bab-x-temuan", "Temuan pusat data", columns.FINDINGS, cells.findings())
        if centre.findings or centre.lines
        else Paragraph(words.NO_FINDING)
    )
    return [
        Paragraph(words.INTRO),
        Table("bab-x-server", "Server dan perlindungannya", columns.MATRIX, cells.servers(), note=words.MATRIX_NOTE),
        Heading("a. UPS"),
        Table("bab-x-ups", "UPS dan baterainya", columns.UPS, tuple(map(cells.ups, centre.ups))),
        Heading("b. Genset dan listrik padam"),
        Table("bab-x-genset", "Genset dan peralihannya", columns.GENERATORS,
              tuple(map(cells.generator, centre.generators))),
        events,
        *notes,
        Heading("c. Lingkungan"),
        Table("bab-x-lingkungan", "Sensor lingkungan", columns.SENSORS, tuple(map(cells.sensor, centre.sensors))),
        Heading("d. Cadangan"),
        Table("bab-x-cadangan", "Cadangan menurut server", columns.BACKUPS, cells.backups(), note=words.BACKUP_NOTE),
        Table("bab-x-ketersediaan", "Ketersediaan server dan perangkat", columns.AVAILABILITY,
              tuple(map(cells.availability, centre.availability)), note=words.AVAILABILITY_NOTE),
        found,
    ]  # fmt: skip


class _Cells:
    """Turns rows into cells; times are local to the region's zone."""

    def __init__(self, zone: Zone, centre: DataCentreMonth) -> None:
        self._zone, self._centre = zone, centre
        self._length_ms = centre.end_ms - centre.start_ms

    def _time(self, time_ms: int | None) -> Value:
        return None if time_ms is None else self._zone.local(time_ms * MS)

    def _day(self, time_ms: int | None) -> Value:
        return None if time_ms is None else self._zone.day(time_ms * MS)

    def _known(self, known_ms: int) -> Value:
        return percent(Fraction(known_ms, self._length_ms)) if self._length_ms else None

    def ups(self, row: UpsRow) -> tuple[Value, ...]:
        """Return a UPS's cells."""
        return (
            plain(row.ups.code),
            plain(row.name),
            "; ".join(plain(server) for server in row.servers) or None,
            words.UNKNOWN if row.state is None else words.UPS_STATE[row.state],
            _share(row.load, "mean"),
            _share(row.load, "high"),
            None if row.runtime_s is None else int(_exact(row.runtime_s.last)) // 60,
            row.battery_age_days,
            _yes(row.replace_battery),
            self._day(row.self_test_ms),
            _passed(row.self_test_passed),
            row.battery_events,
            _minutes(row.on_battery_ms),
            self._known(row.known_ms),
        )

    def generator(self, row: GeneratorRow) -> tuple[Value, ...]:
        """Return a generator's cells."""
        told = row.fuel is not None or row.last_test_ms is not None
        manual = row.fuel_manual or row.last_test_manual
        return (
            plain(row.generator.code),
            plain(row.generator.name),
            row.outages,
            row.carried,
            row.failed,
            _least(row.transfer_low_ms),
            _most(row.transfer_high_ms),
            row.generator.transfer_limit_seconds,
            row.late,
            _most(row.proven_ms),
            self._day(row.last_test_ms),
            _passed(row.last_test_passed),
            None if row.fuel is None else percent(_exact(row.fuel)),
            (words.MANUAL if manual else words.AUTOMATIC) if told else None,
        )

    def events(self) -> tuple[tuple[Value, ...], ...]:
        """Return the cells of the power failures."""
        return tuple((number, *self._event(event)) for number, event in enumerate(self._centre.events, start=1))

    def _event(self, event: PowerEvent) -> tuple[Value, ...]:
        said = [word for told, word in ((event.test, "uji"), (event.manual, words.MANUAL)) if told]
        return (
            plain(event.supply),
            self._time(event.start.low_ms),
            self._time(event.start.high_ms),
            self._time(event.end.low_ms),
            self._time(event.end.high_ms),
            event.battery_ms // 1000,
            words.UNKNOWN if event.ever_carried is None else _yes(event.ever_carried),
            _least(event.transfer_low_ms),
            _most(event.transfer_high_ms),
            _yes(event.low_battery),
            words.UNKNOWN if event.load_lost is None else _yes(event.load_lost),
            ", ".join(said) or None,
        )

    def notes(self) -> tuple[tuple[Value, ...], ...]:
        """Return the cells of the manual log."""
        return tuple(
            (
                self._time(note.at_ms),
                words.NOTE_KIND.get(note.kind, plain(note.kind)),
                plain(note.object) or None,
                None if note.value is None else rounded(_exact(note.value), DECIMALS["tenth"]),
                plain(note.note) or None,
                plain(note.actor),
            )
            for note in self._centre.notes
        )

    def sensor(self, row: SensorRow) -> tuple[Value, ...]:
        """Return a sensor's cells."""
        return (
            plain(row.device),
            plain(row.sensor) or None,
            *(_degrees(row.temperature, end) for end in ("low", "mean", "high")),
            *(_share(row.humidity, end) for end in ("low", "mean", "high")),
            row.alarms,
            _minutes(row.alarm_ms),
            _minutes(row.water_ms),
            _minutes(row.smoke_ms),
            _minutes(row.door_open_ms),
            self._known(row.known_ms),
        )

    def backups(self) -> tuple[tuple[Value, ...], ...]:
        """Return the cells of the backup jobs."""
        return tuple(map(self._backup, self._centre.backups))

    def _backup(self, row: BackupRow) -> tuple[Value, ...]:
        tested = _passed(row.restore_test_passed)
        return (
            plain(row.backup.server),
            plain(row.backup.code),
            plain(row.backup.engine),
            self._time(row.full_ms),
            "; ".join(_medium(copy) for copy in row.tapes[:2]) or None,
            None if row.age_ms is None else row.age_ms // HOUR_MS,
            row.policy_ms // HOUR_MS,
            self._day(row.verified_ms),
            self._day(row.restore_test_ms),
            f"{tested} ({words.MANUAL})" if tested and row.restore_test_manual else tested,
            _attempt(row),
            words.UNKNOWN if row.tape_ok is None else _yes(row.tape_ok),
            words.UNKNOWN if row.offsite_ok is None else _yes(row.offsite_ok),
            words.UNKNOWN if row.state is None else words.BACKUP_STATE[row.state],
        )

    def servers(self) -> tuple[tuple[Value, ...], ...]:
        """Return the matrix server x protection."""
        return tuple(map(self._server, self._centre.servers))

    def _server(self, row: ServerRow) -> tuple[Value, ...]:
        server = row.server
        place = plain(server.location) or None
        reasons = dict.fromkeys(words.REASON[item.reason] for item in row.reasons)
        return (
            plain(server.code),
            plain(row.name),
            row.role,
            plain(server.opd) or None,
            place if server.datacentre else "; ".join(filter(None, (place, "di luar pusat data"))),
            *(words.COVER[cell] for cell in (row.ups, row.generator, row.backup, row.tape, row.restore_test)),
            words.UNKNOWN if row.protected is None else _yes(row.protected),
            self._day(row.since_ms),
            "; ".join(reasons) or None,
        )

    def availability(self, row: AvailabilityRow) -> tuple[Value, ...]:
        """Return the cells of a device's availability."""
        return (
            plain(row.device),
            plain(row.name),
            _minutes(row.period_ms - row.unknown_ms),
            _minutes(row.unknown_ms),
            row.outages,
            _minutes(row.down_ms),
            _availability(row.gross),
            _availability(row.net),
            "dinilai" if row.assessed else "tidak dinilai",
        )

    def findings(self) -> tuple[tuple[Value, ...], ...]:
        """Return what was found, in the centre and on lines measured at both ends."""
        return tuple(
            (
                words.FINDING[item.rule],
                plain(item.object),
                words.SEVERITY[item.severity],
                self._day(item.start_ns // MS),
            )
            for item in (*self._centre.findings, *self._centre.lines)
        )


def _yes(value: bool | None) -> str | None:
    return None if value is None else YES if value else NO


def _passed(value: bool | None) -> str | None:
    return None if value is None else words.PASSED if value else words.FAILED


def _minutes(length_ms: int) -> int:
    return int(rounded(Fraction(length_ms, MINUTE_MS), 0))


def _least(length_ms: int | None) -> int | None:
    """Round a lower bound down to whole seconds: it stays one."""
    return None if length_ms is None else length_ms // 1000


def _most(length_ms: int | None) -> int | None:
    """Round an upper bound up to whole seconds: it stays one."""
    return None if length_ms is None else -(-length_ms // 1000)


def _exact(value: float) -> Fraction:
    """Return the decimal number that was read: 29.95 is not the binary fraction a little below it."""
    return Fraction(str(value))


def _end(measured: Measured | None, end: str) -> Fraction | None:
    return None if measured is None else _exact(getattr(measured, end))


def _share(measured: Measured | None, end: str) -> Value:
    return percent(_end(measured, end))


def _degrees(measured: Measured | None, end: str) -> Value:
    value = _end(measured, end)
    return None if value is None else rounded(value, DECIMALS["tenth"])


def _availability(share: Fraction | None) -> Value:
    return None if share is None else rounded(share * 100, DECIMALS["availability"])


def _medium(copy: TapeCopy) -> str:
    kind = {True: "pita", False: "cakram", None: words.UNKNOWN}[copy.on_tape]
    where = [plain(part) for part in (copy.volume, copy.pool, copy.slot) if part]
    return f"{kind}: {' / '.join(where)}"


def _attempt(row: BackupRow) -> str | None:
    if row.last_ok is None:
        return None
    if row.last_ok:
        return "berhasil"
    return f"gagal: {words.FAULT[row.fault]}" if row.fault in words.FAULT else "gagal"
