"""The simulated data centre: UPSes, switch, generator, sensors, servers and backups, and what befalls them.

The mains fail three times: once the generator is slow, once it never takes the load, once all goes well. One server
has no UPS, one has no backup, one backup stopped in the first week, one server stands outside and restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from heapq import merge
from itertools import groupby

from agent.clock import MS
from agent.envelope import Envelope
from agent.identity import Key
from agent.reading import series_key
from collector.simulation.traffic import DAY_MS, HOUR_MS, STEP_MS, Grid

POLL_MS = 30_000
SLOW_POLL_MS = 300_000
POLLER = "poller-noc"
UPSES = ("ups-a", "ups-b")
ATS, GENERATOR, SENSOR = "ats-1", "genset-1", "sensor-1"
LIMIT_S = 30
Fields = dict[str, int | float]
Line = tuple[int, str]
"""True UTC ms, and the line without its time."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A failure of the mains: true UTC ms of its start and end, and of the generator's taking the load, if ever."""

    start_ms: int
    end_ms: int
    carried_ms: int | None

    def source(self, time_ms: int) -> int:
        """Return what the switch says: 0 nothing, 1 mains, 2 generator."""
        if not self.start_ms <= time_ms < self.end_ms:
            return 1
        return 2 if self.carried_ms is not None and time_ms >= self.carried_ms else 0

    def on_battery_ms(self, time_ms: int) -> int:
        """Return how long the load has been on battery at ``time_ms``; 0 when it is not."""
        return time_ms - self.start_ms + 1 if self.source(time_ms) == 0 else 0


@dataclass(frozen=True, slots=True)
class Server:
    """A server: role, owner, UPS, whether it stands inside, and its backup (None: it has none)."""

    name: str
    title: str
    role: str
    ups: str = UPSES[0]
    inside: bool = True
    backup: Copying | None = None
    restarted_day: int | None = None

    def down_ms(self, place: Grid) -> int | None:
        """Return when it goes down, for an hour; None when it never does."""
        return None if self.restarted_day is None else _instant(place, self.restarted_day, 9)

    def back_ms(self, place: Grid) -> int | None:
        """Return when it boots again."""
        down_ms = self.down_ms(place)
        return None if down_ms is None else down_ms + HOUR_MS - 60_000


@dataclass(frozen=True, slots=True)
class Copying:
    """A nightly backup: tool, full copy each so many days, whether fulls go to tape.

    It fails after ``last_good_day``, until ``mended_day``.
    """

    job: str
    engine: str
    full_days: int = 1
    tape: bool = False
    last_good_day: int | None = None
    mended_day: int | None = None

    def good(self, day: int) -> int:
        """Return the last day to ``day`` on which it succeeded; days count as the grid's, from 1."""
        if self.last_good_day is None or (self.mended_day is not None and day >= self.mended_day):
            return day
        return min(day, self.last_good_day)


SERVERS = (
    Server("srv-simpeg", "Server SIMPEG", "aplikasi", backup=Copying("simpeg", "bacula", tape=True)),
    Server("srv-keuangan", "Basis data keuangan", "database", UPSES[1],
           backup=Copying("keuangan", "pgbackrest", full_days=7)),
    Server("srv-web", "Portal pemerintah daerah", "aplikasi", backup=Copying("web", "restic", last_good_day=6)),
    Server("srv-perizinan", "Basis data perizinan", "database", "", backup=Copying("perizinan", "bacula", tape=True)),
    Server("srv-arsip", "Server arsip", "berkas", UPSES[1], inside=False, restarted_day=20),
)  # fmt: skip


YEAR_DAYS = {
    **{"slow": (1, 8), "never": (4, 19), "good": (10, 24)},
    **{"restart": (8, 20), "failed": (2, 6), "mended": (5, 12)},
}
"""Month and day of what befalls it in a year."""


def servers(place: Grid) -> tuple[Server, ...]:
    """Return the servers with what befalls them in a month, or once in a year."""
    if place.months == 1:
        return SERVERS
    failed, mended, restart = (_day(place, *YEAR_DAYS[name]) for name in ("failed", "mended", "restart"))
    return tuple(
        replace(
            server,
            restarted_day=server.restarted_day and restart,
            backup=replace(server.backup, last_good_day=failed, mended_day=mended)
            if server.backup and server.backup.last_good_day
            else server.backup,
        )
        for server in SERVERS
    )


def _day(place: Grid, month: int, day: int) -> int:
    """Return which day of the grid a day of its ``month``-th month is."""
    return sum(len(member.days) for member in place.members[: month - 1]) + day


def _instant(place: Grid, day: int, hour: float, seconds: int = 0) -> int:
    return place.first_ms + (day - 1) * DAY_MS + round(hour * HOUR_MS) + seconds * 1000


def outages(place: Grid) -> tuple[Outage, ...]:
    """Return the failures of the mains: three in a month, or in a year."""
    days = [8, 19, 24] if place.months == 1 else [_day(place, *YEAR_DAYS[name]) for name in ("slow", "never", "good")]
    slow, never, good = (
        _instant(place, day, hour, seconds)
        for day, hour, seconds in zip(days, (14, 2.5, 16), (197, 690, 1505), strict=True)
    )
    return (
        Outage(slow, slow + 4_005_000, slow + (LIMIT_S + 40) * 1000),
        Outage(never, never + 1_230_000, None),
        Outage(good, good + 1_800_000, good + 12_000),
    )


@dataclass(frozen=True, slots=True)
class Reporter:
    """An agent of the data centre: its devices, each with its lines in order of time; nothing delays its batches."""

    name: str
    seed: int
    devices: Mapping[str, Callable[[], Iterator[Line]]]
    restarted_ms: int | None = None
    resends: bool = False
    slow_ms: int = 0
    batch_ms: int = HOUR_MS

    @property
    def key(self) -> Key:
        """Its private key, made from the seed."""
        return Key(sha256(f"nadi-simulation/{self.seed}/{self.name}".encode()).digest())

    def reaches(self, time_ms: int) -> bool:
        """Tell that its batches always get through."""
        return True

    def boot(self, time_ms: int) -> tuple[str, int]:
        """Return the kernel's boot id at ``time_ms`` and the true ms of that boot."""
        booted_ms = self.booted_ms(time_ms)
        text = f"nadi-simulation-boot/{self.seed}/{self.name}/{booted_ms > 0:d}"
        return sha256(text.encode()).hexdigest()[:32], booted_ms

    def booted_ms(self, time_ms: int) -> int:
        """Return the true ms of the boot in which it is at ``time_ms``; 0 is one long before."""
        return self.restarted_ms if self.restarted_ms is not None and time_ms >= self.restarted_ms else 0

    def sender_clock(self, time_ms: int) -> str:
        """Return what it says of its clocks when it sends at ``time_ms``."""
        boot_id, booted_ms = self.boot(time_ms)
        return f"{boot_id} {time_ms * MS} {(time_ms - booted_ms) * MS}"

    def _parts(self, device: str, lines: Iterator[Line]) -> Iterator[tuple[int, str, list[Line]]]:
        """Group lines by the hour (or longer) and the boot in which they were taken; each group with its last time."""
        for _, group in groupby(lines, lambda line: (line[0] // self.batch_ms, self.booted_ms(line[0]))):
            part = list(group)
            yield part[-1][0], device, part

    def envelopes(self) -> Iterator[tuple[int, Envelope]]:
        """Yield its signed batches, one a device, time and boot, each with the true ms of its last reading."""
        sources = [self._parts(device, lines()) for device, lines in self.devices.items()]
        key, run = self.key, sha256(f"nadi-simulation-run/{self.seed}/{self.name}".encode()).hexdigest()[:16]
        for seq, (last_ms, device, part) in enumerate(merge(*sources, key=lambda item: item[:2])):
            first_ms = part[0][0]
            boot_id, booted_ms = self.boot(first_ms)
            yield (
                last_ms,
                Envelope.seal(
                    "".join(f"{line} {time_ms * MS}\n" for time_ms, line in part).encode(),
                    agent=self.name,
                    device=device,
                    run=run,
                    seq=seq,
                    boot_id=boot_id,
                    wall_ns=first_ms * MS,
                    boot_ns=(first_ms - booted_ms) * MS,
                    sign=key.sign,
                ),
            )


def reporters(place: Grid, *, seed: int, batch_ms: int = HOUR_MS) -> tuple[Reporter, ...]:
    """Return the agents of the data centre: the poller, and one on each server."""
    found = outages(place)
    polled: dict[str, Callable[[], Iterator[Line]]] = {
        ups: partial(_ups, place, found, ups, 0.32 + 0.2 * number) for number, ups in enumerate(UPSES)
    }
    polled |= {ATS: partial(_ats, place, found), SENSOR: partial(_sensor, place, found)}
    return (
        Reporter(POLLER, seed, polled, batch_ms=batch_ms),
        *(
            Reporter(
                server.name,
                seed,
                {server.name: partial(_server, place, server, number)},
                server.back_ms(place),
                batch_ms=batch_ms,
            )
            for number, server in enumerate(servers(place))
        ),
    )


def _times(place: Grid, every_ms: int, offset_ms: int = 0) -> range:
    """Return when readings fall due: more seldom where the grid's steps are longer, but each five minutes."""
    return range(place.start_ms + offset_ms, place.end_ms, min(every_ms * place.step_ms // STEP_MS, SLOW_POLL_MS))


def _line(measurement: str, fields: Mapping[str, int | float], **tags: str) -> str:
    told = ",".join(f"{name}={value!r}{'i' * isinstance(value, int)}" for name, value in fields.items())
    return f"{series_key(measurement, tuple(sorted(tags.items())))} {told}"


def _ups(place: Grid, found: Sequence[Outage], ups: str, load: float) -> Iterator[Line]:
    """Yield a UPS whose battery lasts 25 minutes at its load, and is charged again within some hours."""
    key, tested = series_key("nadi_ups", (("ups", ups),)), (place.start_ms + 3 * DAY_MS) / 1000
    charge, before = 1.0, place.start_ms
    for time_ms in _times(place, POLL_MS, 3_000):
        battery_ms = max(outage.on_battery_ms(time_ms) for outage in found)
        step = (time_ms - before) / HOUR_MS
        charge = max(0.02, charge - step * 60 / 25) if battery_ms else min(1.0, charge + step / 5)
        before = time_ms
        wave = (time_ms // POLL_MS * 7919 % 101) / 100
        yield (
            time_ms,
            (
                f"{key} up=1i,status={2 if battery_ms else 1}i,on_battery={int(battery_ms > 0)}i,"
                f"low_battery={int(charge < 0.2)}i,replace_battery=0i,battery_charge_ratio={charge:.3f},"
                f"battery_runtime_seconds={charge * 1500:.0f}.0,load_ratio={load + 0.05 * wave:.3f},"
                f"input_voltage_volts={0.0 if battery_ms else 218 + 5 * wave:.1f},battery_temperature_celsius=25.5"
                + (f",self_test_passed=1i,self_test_timestamp_seconds={tested!r}" if time_ms / 1000 > tested else "")
            ),
        )


def _ats(place: Grid, found: Sequence[Outage]) -> Iterator[Line]:
    key = series_key("nadi_ats", (("ats", ATS),))
    for time_ms in _times(place, POLL_MS, 5_000):
        source = next((told for outage in found if (told := outage.source(time_ms)) != 1), 1)
        yield time_ms, f"{key} source={source}i,mains_present={int(source == 1)}i,second_present={int(source == 2)}i"


def _sensor(place: Grid, found: Sequence[Outage]) -> Iterator[Line]:
    tags = (("device", SENSOR), ("sensor", "ruang server"))
    key = series_key("nadi_environment", tags)
    for time_ms in _times(place, SLOW_POLL_MS, 7_000):
        hot = 4.0 if any(outage.source(time_ms - HOUR_MS // 4) == 0 for outage in found) else 0.0
        swing = abs((time_ms // SLOW_POLL_MS) % 288 - 144) / 144
        yield (
            time_ms,
            (
                f"{key} temperature_celsius={21.5 + 2 * swing + hot:.1f},humidity_ratio={0.45 + 0.1 * swing:.3f},"
                "water_detected=0i,smoke_detected=0i,door_open=0i"
            ),
        )


def _server(place: Grid, server: Server, number: int) -> Iterator[Line]:
    """Yield its uptime, and each quarter of an hour its backup; while it restarts it is silent."""
    booted_ms = place.start_ms - 40 * DAY_MS
    down_ms, back_ms = server.down_ms(place), server.back_ms(place)
    for time_ms in _times(place, SLOW_POLL_MS, 11_000 + 1_000 * number):
        if down_ms is not None and back_ms is not None and time_ms >= down_ms:
            booted_ms = back_ms
            if time_ms < back_ms:
                continue
        uptime: Fields = {"boot_time_seconds": booted_ms / 1000, "uptime_seconds": (time_ms - booted_ms) / 1000}
        yield time_ms, _line("nadi_host", uptime, host=server.name)
        if server.backup is not None:
            yield from ((time_ms, line) for line in _backup(place, server.name, server.backup, time_ms))


def _backup(place: Grid, device: str, copying: Copying, time_ms: int) -> Iterator[str]:
    """Tell the job as its tool would: it runs at 01.00, and verifies a full copy an hour later."""
    first_ms = place.first_ms - 30 * DAY_MS
    day = (time_ms - HOUR_MS * 2 - first_ms) // DAY_MS
    good = copying.good(day - 29) + 29
    full = good // copying.full_days * copying.full_days

    def end(number: int, after_ms: int = HOUR_MS) -> float:
        return (first_ms + number * DAY_MS + after_ms) / 1000

    tags = {"device": device, "job": copying.job, "engine": copying.engine}
    fields: Fields = {
        "last_run_timestamp_seconds": end(day),
        "last_success_timestamp_seconds": end(good),
        "last_full_timestamp_seconds": end(full),
        "last_verified_timestamp_seconds": end(full, 2 * HOUR_MS),
        "last_ok": int(good == day),
        "level": 1 if full == good else 3,
        "last_errors": 0 if good == day else 1,
        "last_size_bytes": 80_000_000_000,
        "last_files": 410_000,
        **({} if good == day else {"fault": 5}),
    }
    yield _line("nadi_backup", fields, **tags)
    if copying.tape:
        copy: Fields = {
            "copy_timestamp_seconds": end(full),
            "copy_size_bytes": 80_000_000_000,
            "copy_on_tape": 1,
            "copy_offsite": full % 2,
            "copy_usable": 1,
        }
        yield _line("nadi_backup", copy, **tags, volume=f"LTO{full % 12:03d}", pool="Tape", slot=str(full % 12))
