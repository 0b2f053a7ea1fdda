"""Kelas prioritas: weights and services by which capacity is shared, dated and explained.

The default services are those which Barito Utara 11/2023 Pasal 43 ayat (3) puts first. The public hotspot has no
weight: its allocation is set apart before anything is shared (Tanah Laut 25/2018 Pasal 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from collector.inventory import Class
from collector.register.book import Record
from collector.register.demands import filled
from collector.register.kinds import Context, Kind

MOST_WEIGHT = 100
SERVICES: Final = (
    "perencanaan",
    "penganggaran",
    "penatausahaan keuangan",
    "pengadaan barang dan jasa pemerintah",
    "pengelolaan barang milik daerah",
    "akuntabilitas kinerja",
    "kinerja pegawai",
    "kearsipan",
    "kepegawaian",
    "pengaduan pelayanan publik",
    "layanan data terbuka",
    "jaringan dokumentasi dan informasi hukum",
)
"""BU Pasal 43 ayat (3) huruf a sampai dengan l."""


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """One class: its weight in the sharing, and the services that put an OPD into it."""

    code: Class
    weight: int
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Priorities:
    """The table of classes in force from ``valid_from`` until a later one."""

    valid_from: date
    classes: tuple[PriorityClass, ...]
    explanation: str
    legal_basis: str
    official: str = ""
    determined: datetime | None = None

    @property
    def weights(self) -> dict[Class, int]:
        """Weights by class."""
        return {item.code: item.weight for item in self.classes}


DEFAULT: Final = Priorities(
    valid_from=date.min,
    classes=(PriorityClass("tinggi", 4, SERVICES), PriorityClass("sedang", 2), PriorityClass("dasar", 1)),
    explanation="Nilai bawaan; belum ada penetapan kelas prioritas.",
    legal_basis="Barito Utara 11/2023 Pasal 43 ayat (3)",
)
"""What holds while no table is registered."""


def problems(form: Priorities, context: Context) -> Iterator[str]:
    """Say what is wrong with a table; it never reaches back before the day on which it is determined."""
    yield from filled(form, "explanation", "legal_basis")
    if sorted(item.code for item in form.classes) != ["dasar", "sedang", "tinggi"]:
        yield "ketiga kelas tinggi, sedang, dan dasar harus ada, masing-masing sekali"
    elif not form.weights["tinggi"] >= form.weights["sedang"] >= form.weights["dasar"]:
        yield "bobot tidak boleh naik dari kelas tinggi ke kelas dasar"
    for item in form.classes:
        if not 1 <= item.weight <= MOST_WEIGHT:
            yield f"bobot kelas {item.code} harus antara 1 dan {MOST_WEIGHT}"
    if form.determined is not None and form.valid_from < context.zone.day(context.now_ns):
        yield "tanggal berlaku tidak boleh sebelum hari penetapan"


def in_force(records: Iterable[Record], day: date) -> Priorities:
    """Return the table in force on a day, the default before the first; of several from one day, the last recorded."""
    found = [item for item in records if item.form.valid_from <= day]
    last = max(found, key=lambda item: (item.form.valid_from, item.recorded_ns, item.code), default=None)
    table: Priorities = DEFAULT if last is None else last.form
    return table


PRIORITY: Final = Kind(
    name="prioritas",
    title="tabel kelas prioritas",
    prefix="PRI",
    form=Priorities,
    opens="berlaku",
    openers=frozenset(("penetap",)),
    moves=(),
    readers=frozenset(("noc", "pemeriksa", "auditor", "admin")),
    check=problems,
    at="valid_from",
    by="official",
    when="determined",
    source="BU Pasal 43 ayat (3); LT Pasal 21 ayat (2); TL Pasal 11",
)
