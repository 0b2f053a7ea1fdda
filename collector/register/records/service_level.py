"""Tingkat layanan: how soon an incident is answered and restored, dated with its legal basis (TL Pasal 10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from collector.judge.service import ServiceHours, Target
from collector.register.book import Record
from collector.register.demands import filled
from collector.register.kinds import Context, Kind, Move
from collector.register.records.incident import INCIDENT_TYPES, Incident, IncidentType

MOST_MINUTES = 366 * 1440
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
PERCENT = re.compile(r"100(\.0{1,3})?|[1-9][0-9]?(\.[0-9]{1,3})?")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


@dataclass(frozen=True, slots=True)
class Level:
    """One level: targets in minutes of service time.

    ``availability_percent`` is the net availability that a line is to have, such as "99.5" ("": none asked for).
    That runs on ``weekdays`` (Monday is 0) from ``opens`` to ``closes``, HH:MM of the region (00:00 to 24:00 is a whole
    day); ``holidays`` says whether on holidays too.
    """

    code: str
    name: str
    response_minutes: int
    restore_minutes: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    opens: str = "00:00"
    closes: str = "24:00"
    holidays: bool = True
    availability_percent: str = ""

    @property
    def availability(self) -> Fraction | None:
        """The net availability asked for, 1 = always."""
        return Fraction(self.availability_percent) / 100 if self.availability_percent else None

    @property
    def target(self) -> Target:
        """The same for the judgement."""
        hours = ServiceHours(self.weekdays, _minute(self.opens), _minute(self.closes), self.holidays)
        return Target(self.response_minutes, self.restore_minutes, hours)


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True, slots=True)
class Assigned:
    """The level of an OPD's incidents, of a type's, or of a type's at an OPD; "" is any."""

    level: str
    opd: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """The table in force from ``valid_from`` until a later one; ``usual`` is the level of what nothing else names."""

    valid_from: date
    levels: tuple[Level, ...]
    usual: str
    legal_basis: str
    explanation: str
    assigned: tuple[Assigned, ...] = ()
    official: str = ""
    determined: datetime | None = None

    def level(self, code: str) -> Level | None:
        """Return a level by its code."""
        return next((item for item in self.levels if item.code == code), None)

    def level_of(self, *, opd: str, type: IncidentType, code: str = "") -> Level | None:
        """Return the level of an incident: the one given to it, else the one assigned most narrowly, else the usual."""
        if code:
            return self.level(code)
        for key in ((opd, type), (opd, ""), ("", type)):
            for item in self.assigned:
                if (item.opd, item.type) == key and any(key):
                    return self.level(item.level)
        return self.level(self.usual)


def problems(form: ServiceLevels, context: Context) -> Iterator[str]:
    """Say what is wrong with a table; it never reaches back before the day on which it is determined."""
    yield from filled(form, "legal_basis", "explanation")
    codes = [item.code for item in form.levels]
    if not codes or len(set(codes)) < len(codes):
        yield "sedikitnya satu tingkat layanan harus ada, masing-masing dengan kode sendiri"
    for level in form.levels:
        yield from _level(level)
    for code in (form.usual, *(item.level for item in form.assigned)):
        if code not in codes:
            yield f"tingkat layanan {code!r} tidak ada dalam tabel ini"
    if len({(item.opd, item.type) for item in form.assigned}) < len(form.assigned):
        yield "satu OPD atau jenis hanya boleh mempunyai satu tingkat layanan"
    for item in form.assigned:
        if not (item.opd or item.type):
            yield "penetapan tingkat layanan harus menyebut opd atau type; selebihnya berlaku usual"
        if item.opd and item.opd not in context.inventory.opd:
            yield f"OPD {item.opd!r} tidak terdaftar"
        if item.type and item.type not in INCIDENT_TYPES:
            yield f"jenis {item.type!r} harus salah satu dari {', '.join(INCIDENT_TYPES)}"
    if context.state == "berlaku" and form.valid_from < context.zone.day(context.now_ns):
        yield "tanggal berlaku tidak boleh sebelum hari penetapan; ajukan tabel dengan tanggal yang akan datang"


def _level(level: Level) -> Iterator[str]:
    if CODE.fullmatch(level.code) is None:
        yield f"kode tingkat {level.code!r} harus huruf kecil, angka, atau tanda hubung"
    if not level.name.strip():
        yield f"tingkat {level.code}: name harus diisi"
    if not 0 < level.response_minutes <= level.restore_minutes <= MOST_MINUTES:
        yield f"tingkat {level.code}: waktu tanggap harus lebih dari nol dan tidak melebihi waktu pulih"
    if level.availability_percent and PERCENT.fullmatch(level.availability_percent) is None:
        yield f"tingkat {level.code}: availability_percent harus persen seperti 99.5, di atas 0, paling banyak 100"
    if not level.weekdays or not set(level.weekdays) <= set(range(7)):
        yield f"tingkat {level.code}: weekdays harus angka 0 (Senin) sampai 6 (Minggu)"
    if not (TIME.fullmatch(level.opens) and TIME.fullmatch(level.closes) and level.opens < level.closes):
        yield f"tingkat {level.code}: jam layanan harus HH:MM, opens sebelum closes"


def level_at(records: Iterable[Record], form: Incident, day: date) -> Level | None:
    """Return the level of an incident by the table of the day on which it began, None without one."""
    levels = in_force(records, day)
    return levels.level_of(opd=form.opd, type=form.type, code=form.level) if levels else None


def in_force(records: Iterable[Record], day: date) -> ServiceLevels | None:
    """Return the table in force on a day, None before the first; of several from one day, the last determined."""
    found = [item for item in records if item.state == "berlaku" and item.form.valid_from <= day]
    last = max(found, key=lambda item: (item.form.valid_from, item.recorded_ns, item.code), default=None)
    return None if last is None else last.form


SERVICE_LEVEL: Final = Kind(
    name="tingkat-layanan",
    title="tabel tingkat layanan",
    prefix="TLY",
    form=ServiceLevels,
    opens="diajukan",
    openers=frozenset(("noc", "pemeriksa")),
    moves=(
        Move("diajukan", "berlaku", frozenset(("penetap",)), another=True, by="official", when="determined"),
        Move("diajukan", "ditolak", frozenset(("penetap",)), another=True),
    ),
    readers=frozenset(("penetap", "auditor", "admin")),
    check=problems,
    at="valid_from",
    source="TL Pasal 10 ayat (1)-(2)",
)
