"""The regency of a simulated month: its offices, their links and what befalls them.

Every peculiarity is named by a ``Fate`` and given to one of the first offices, so that a small
simulation has all of them and a large one adds ordinary offices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

MBIT = 1_000_000
Shape = Literal["kantor", "layanan", "rumah sakit", "pendidikan", "kecamatan"]
Class = Literal["tinggi", "sedang", "dasar"]
REGION = "Kabupaten Contoh"


class SimulationError(Exception):
    """A simulation that cannot be made or was refused; the message names the place and the mend."""


class Fate(Enum):
    """What makes an office's month worth looking at."""

    ORDINARY = "office hours and nothing else"
    SATURATED = "demand beyond the allocation, clipped there by its limiter"
    TWO_LINKS = "two links, added before ranking"
    CHANGED = "another allocation from the 15th"
    IDLE = "hardly any traffic"
    REBOOTED = "its router restarts several times"
    NARROW = "32-bit counters that wrap, one gap too long to know how often"
    BACKFILLED = "cut off from the collector twice, its spool arrives late and newest first"
    OUTAGE = "its line is dead for an hour"
    GAPS = "its agent stops now and then, once for hours"
    YOUNG = "its agent was installed on the 20th"
    WRONG_CLOCK = "its clock is 40 minutes slow"
    UNLIMITED = "its limiter does not hold"
    RESENT = "lost receipts: its batches are sent twice"


@dataclass(frozen=True, slots=True)
class Office:
    """An OPD: code, name, priority class, daily course, allocation in bit/s, fate and number of links."""

    code: str
    name: str
    klass: Class
    shape: Shape
    down_bps: int
    up_bps: int
    fate: Fate = Fate.ORDINARY

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of its routers; also the names of the agents on them, one link each."""
        first = f"rt-{self.code.lower()}"
        return (first, f"{first}-2") if self.fate is Fate.TWO_LINKS else (first,)


_NOTED: tuple[tuple[str, str, Class, Shape, int, Fate], ...] = (
    ("DUKCAPIL", "Dinas Kependudukan dan Pencatatan Sipil", "tinggi", "layanan", 50, Fate.SATURATED),
    ("RSUD", "Rumah Sakit Umum Daerah", "tinggi", "rumah sakit", 100, Fate.TWO_LINKS),
    ("BAPPEDA", "Badan Perencanaan Pembangunan Daerah", "sedang", "kantor", 40, Fate.CHANGED),
    ("KESBANGPOL", "Badan Kesatuan Bangsa dan Politik", "dasar", "kantor", 30, Fate.IDLE),
    ("DISHUB", "Dinas Perhubungan", "sedang", "kantor", 40, Fate.REBOOTED),
    ("DISTAN", "Dinas Pertanian dan Ketahanan Pangan", "sedang", "kantor", 60, Fate.NARROW),
    ("BPBD", "Badan Penanggulangan Bencana Daerah", "tinggi", "kantor", 40, Fate.BACKFILLED),
    ("DINSOS", "Dinas Sosial", "sedang", "layanan", 30, Fate.OUTAGE),
    ("DISPORA", "Dinas Kepemudaan dan Olahraga", "dasar", "kantor", 20, Fate.GAPS),
    ("DISPUSIP", "Dinas Perpustakaan dan Kearsipan", "dasar", "kantor", 20, Fate.YOUNG),
    ("DLH", "Dinas Lingkungan Hidup", "sedang", "kantor", 30, Fate.WRONG_CLOCK),
    ("SATPOLPP", "Satuan Polisi Pamong Praja", "sedang", "kantor", 20, Fate.UNLIMITED),
    ("DISPAR", "Dinas Pariwisata", "sedang", "kantor", 20, Fate.RESENT),
)
_PLAIN: tuple[tuple[str, str, Class, Shape, int], ...] = (
    ("DISDIK", "Dinas Pendidikan dan Kebudayaan", "sedang", "pendidikan", 100),
    ("BPKAD", "Badan Pengelolaan Keuangan dan Aset Daerah", "tinggi", "kantor", 80),
    ("BAPENDA", "Badan Pendapatan Daerah", "tinggi", "layanan", 60),
    ("DINKES", "Dinas Kesehatan", "tinggi", "kantor", 60),
    ("SETDA", "Sekretariat Daerah", "tinggi", "kantor", 100),
    ("SETWAN", "Sekretariat DPRD", "sedang", "kantor", 50),
    ("INSPEKTORAT", "Inspektorat", "sedang", "kantor", 30),
    ("BKPSDM", "Badan Kepegawaian dan Pengembangan Sumber Daya Manusia", "sedang", "kantor", 40),
    ("DPUPR", "Dinas Pekerjaan Umum dan Penataan Ruang", "sedang", "kantor", 50),
    ("DISPERKIM", "Dinas Perumahan dan Kawasan Permukiman", "dasar", "kantor", 20),
    ("DPMPTSP", "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu", "tinggi", "layanan", 50),
    ("DISNAKER", "Dinas Tenaga Kerja dan Transmigrasi", "sedang", "layanan", 30),
    ("DKUKMP", "Dinas Koperasi, Usaha Kecil Menengah dan Perdagangan", "sedang", "kantor", 30),
    ("DPMD", "Dinas Pemberdayaan Masyarakat dan Desa", "dasar", "kantor", 20),
    ("DP3AKB", "Dinas Pemberdayaan Perempuan, Perlindungan Anak dan Keluarga Berencana", "dasar", "kantor", 20),
    ("DISKAN", "Dinas Perikanan", "dasar", "kantor", 20),
    ("DISBUN", "Dinas Perkebunan dan Peternakan", "dasar", "kantor", 20),
    ("DAMKAR", "Dinas Pemadam Kebakaran dan Penyelamatan", "sedang", "layanan", 20),
    ("KOMINFO", "Dinas Komunikasi dan Informatika", "tinggi", "kantor", 100),
)
_PLACES = (
    *("Sukamaju", "Mekarjaya", "Sidomulyo", "Tanjungsari", "Bumiayu", "Karanganyar", "Wonosari", "Sukarame"),
    *("Rantau Panjang", "Muara Lawas", "Batu Putih", "Pulau Raya", "Air Hitam", "Gunung Sari", "Kota Baru"),
    *("Teluk Dalam", "Padang Luas", "Simpang Empat", "Bukit Indah", "Tanah Merah"),
)


def offices(count: int) -> tuple[Office, ...]:
    """Return the first ``count`` offices; raise SimulationError when there are not so many."""
    every = tuple(_every_office())
    if not 1 <= count <= len(every):
        raise SimulationError(f"--opd {count}: the simulation knows 1 to {len(every)} OPD")
    return every[:count]


def _every_office() -> Iterator[Office]:
    for code, name, klass, shape, mbit, fate in _NOTED:
        yield Office(code, name, klass, shape, mbit * MBIT, mbit * MBIT // 2, fate)
    for code, name, klass, shape, mbit in _PLAIN:
        yield Office(code, name, klass, shape, mbit * MBIT, mbit * MBIT // 2)
    for prefix, title, mbit in (("KEC", "Kecamatan", 20), ("PKM", "Puskesmas", 20), ("UPTD", "UPTD Pendidikan", 10)):
        for place in _PLACES:
            code = f"{prefix}-{place.upper().replace(' ', '-')}"
            yield Office(code, f"{title} {place}", "dasar", "kecamatan", mbit * MBIT, mbit * MBIT // 2)
