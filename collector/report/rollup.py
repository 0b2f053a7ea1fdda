"""Quarterly and annual roll-ups from frozen months: what was approved, side by side (pure).

No percentile is made of percentiles: each month keeps its own P95. Volumes, intervals and minutes are summed, for
those may be. A month that is missing or not approved is named and counts as unknown, never as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from agent.clock import Month, Zone
from collector.measure.trend import LEAST_MONTHS, trend
from collector.report import annexes, columns, rollup_loop, trends, words
from collector.report.document import (
    DECIMALS,
    Chapter,
    Column,
    Document,
    Heading,
    Items,
    Kind,
    Paragraph,
    Table,
    Value,
    View,
    percent,
    plain,
    rounded,
)
from collector.report.frozen import Content, FrozenTable, tables
from collector.report.period import Period
from collector.report.settings import ReportSettings

TITLE: Final = "Rekapitulasi Evaluasi Penggunaan Bandwidth"
METHOD: Final = (
    "Rekapitulasi ini disusun hanya dari laporan bulanan yang telah disahkan; angkanya diambil apa adanya dari berkas "
    "JSON laporan itu dan tidak dihitung ulang dari data pengukuran.",
    "P95 disajikan bulan demi bulan. P95 beberapa bulan tidak dirata-ratakan, dijumlahkan, atau diperingkat lagi, "
    "karena persentil dari persentil bukan persentil.",
    "Volume adalah jumlah nilai bulanan yang telah dibulatkan, atas bulan yang diketahui saja; banyaknya bulan itu "
    "disebutkan. Cakupan dihitung dari jumlah interval sah dan jumlah interval seharusnya.",
    "Ketersediaan kotor dihitung dari jumlah menit mati dan jumlah menit dinilai pada bulan yang diketahui; tidak "
    "disajikan bila kurang dari 75 % waktunya diketahui. Ketersediaan bersih tidak direkap, karena menit yang "
    "dikecualikan tidak tercantum dalam laporan bulanan.",
    f"Tren adalah kemiringan Theil-Sen dari P95 bulanan, disajikan bila sedikitnya {LEAST_MONTHS} bulan diketahui.",
)
_COUNT = Column("bulan_diketahui", "Bulan diketahui", "count", "Banyaknya bulan yang nilainya diketahui.", "bulan",
                width=0.8)  # fmt: skip

_IN_MINUTES: Final = (
    ("perangkat", "dinilai_menit", "tidak_diketahui_menit", "mati_menit"),
    ("tautan_jaringan", "dinilai_menit", "tak_diketahui_menit", "durasi_kotor_menit"),
)
"""Columns by which a monthly table tells availability in minutes: of what, judged, unknown, down."""


@dataclass(frozen=True, slots=True)
class Member:
    """An approved month: version, when it was approved, the hash of its manifest, and its frozen content."""

    month: Month
    version: int
    approved_ns: int
    manifest_sha256: str
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The approved months of a period, and why each other one is left out."""

    period: Period
    members: Sequence[Member]
    missing: Mapping[Month, str]

    def document(
        self, *, settings: ReportSettings, zone: Zone, version: int = 1, changes: Sequence[str] = ()
    ) -> Document:
        """Return the roll-up as a document; ValueError while no month of the period is approved."""
        if not self.members:
            raise ValueError(f"no month of {self.period} is approved (disahkan) yet")
        months = _Months(self, zone)
        newest = self.members[-1].content
        region = plain(settings.region or newest["wilayah"])
        chapters = (
            *(months.overview(), months.p95(), months.volumes(), months.statuses(), months.availability()),
            months.registers(),
        )
        control = months.control(region, version, plain(settings.classification))
        known = (control, *(table for chapter in chapters for table in chapter.tables))
        letter = f"Dengan hormat, bersama ini disampaikan {TITLE} {region} {self.period.name}. {months.told()}"
        return Document(
            title=TITLE,
            period=str(self.period),
            period_name=self.period.name,
            zone=zone,
            region=region,
            label=next((item.content["penanda"] for item in self.members if item.content["penanda"]), ""),
            classification=plain(settings.classification),
            closed_ns=max(item.approved_ns for item in self.members),
            version=version,
            method=", ".join(sorted({item.content["metode"] for item in self.members})),
            letter=(letter, "Demikian disampaikan. Atas perhatian dan kerja sama Saudara diucapkan terima kasih."),
            changes=tuple(changes),
            control=control,
            chapters=chapters,
            annexes=(
                Chapter("B", "Kamus Data", (annexes.dictionary(known),), landscape=True),
                Chapter("C", "Metode Rekapitulasi", (Items(METHOD, numbered=True),)),
                Chapter("E", "Manifest dan Cara Verifikasi", (Heading("Cara verifikasi"), Items(words.VERIFY, True))),
            ),
            sheets=(),
        )

    def sources(self) -> dict[str, object]:
        """Return what the manifest says the roll-up was made of."""
        return {
            str(item.month): {"version": item.version, "manifest_sha256": item.manifest_sha256} for item in self.members
        }


class _Months:
    def __init__(self, rollup: Rollup, zone: Zone) -> None:
        self._rollup, self._zone = rollup, zone
        self._members = {item.month: item for item in rollup.members}
        self._tables = {item.month: tables(item.content) for item in rollup.members}
        self._months = rollup.period.months

    def told(self) -> str:
        """Say how many months stand behind it."""
        count, whole = len(self._members), len(self._months)
        text = f"Rekapitulasi memuat {words.counted(count)} dari {words.counted(whole)} bulan"
        left = [f"{words.month(month)} ({why})" for month, why in self._rollup.missing.items()]
        return f"{text}; tidak termasuk {words.listed(left)}." if left else f"{text}."

    def control(self, region: str, version: int, classification: str) -> Table:
        rows: list[tuple[Value, ...]] = [
            ("Judul", TITLE),
            ("Periode", self._rollup.period.name),
            ("Wilayah", region),
            ("Versi dokumen", str(version)),
            ("Bulan yang direkap", f"{len(self._members)} dari {len(self._months)}"),
            ("Zona waktu", f"{self._zone.name} (UTC+{self._zone.hours})"),
            ("Klasifikasi", classification or None),
        ]
        return Table("kendali", "", (columns.ITEM, columns.CONTENT), tuple(rows))

    def overview(self) -> Chapter:
        """Return chapter I: the months, and who has which status in them."""
        rows = tuple(self._month(month) for month in self._months)
        shape = (
            Column("bulan_rekap", "Bulan", "text", "Bulan laporan.", width=1.3),
            Column("versi_rekap", "Versi", "count", "Versi laporan yang disahkan.", width=0.6),
            Column("disahkan_pada", "Disahkan", "time", "Saat laporan bulan itu disahkan.", width=1.3),
            Column("sidik_manifest", "Sidik Manifest", "code", "Awal SHA-256 manifest edisi yang disahkan.", width=1.8),
            Column("keterangan_bulan", "Keterangan", "text", "Sebab bulan itu tidak direkap.", width=2.2),
        )
        table = Table("rekap-bulan", "Laporan bulanan yang direkap", shape, rows)
        return Chapter("I", "Ringkasan", (Paragraph(self.told()), table, self._statuses()))

    def _month(self, month: Month) -> tuple[Value, ...]:
        item = self._members.get(month)
        if item is None:
            return words.month(month), None, None, None, self._rollup.missing.get(month, "tidak ada laporan")
        return words.month(month), item.version, self._zone.local(item.approved_ns), item.manifest_sha256[:16], None

    def _statuses(self) -> Table:
        held = self._by_month("bab-vi-penggunaan", "status", ("kode_pd",))
        rows: list[tuple[Value, ...]] = []
        for status in reversed(words.STATUS):
            counts = [
                sum(str(value or "").partition(" (")[0] == status for value in held[month].values())
                if month in self._members
                else None
                for month in self._months
            ]
            rows.append((status, *counts))
        shape = (
            replace(columns.STATUSES[0], width=2.4),
            *self._columns("jumlah", "count", "Jumlah Perangkat Daerah", "PD"),
        )
        return Table("rekap-status", "Perangkat Daerah menurut status", shape, tuple(rows))

    def p95(self) -> Chapter:
        """Return chapter II: the P95 of each month, side by side, and its trend."""
        held = self._by_month("lampiran-a-angka", "p95_mbps", ("kode_pd", "arah"))
        weak = self._by_month("lampiran-a-angka", "indikatif", ("kode_pd", "arah"))
        shape = (columns.CODE, columns.NAME, columns.WAY, *self._columns("p95", "mbps", "P95", "Mbps"))
        rows: list[tuple[Value, ...]] = []
        marked: set[tuple[int, str]] = set()
        for name, (code, title, way) in self._agencies():
            values = [held[month].get(name) for month in self._months]
            for month in self._months:
                if weak[month].get(name) == words.YES:
                    marked.add((len(rows), _key("p95", month, "mbps")))
            rows.append((code, title, way, *values, *_trend(values)))
        table = Table("rekap-p95", "P95 tiap bulan (Mbps)", (*shape, *trends.TREND[3:]), tuple(rows),
                      note=words.MARK_NOTE if marked else "", marked=frozenset(marked))  # fmt: skip
        note = f'"-" pada kolom tren berarti belum cukup data (kurang dari {LEAST_MONTHS} bulan diketahui).'
        return Chapter("II", "P95 per Perangkat Daerah", (table, Paragraph(note)), landscape=True)

    def volumes(self) -> Chapter:
        """Return chapter III: volumes and coverage, summed."""
        volume = self._by_month("lampiran-a-angka", "volume_gb", ("kode_pd", "arah"))
        valid = self._by_month("lampiran-a-angka", "interval_sah", ("kode_pd", "arah"))
        due = self._by_month("lampiran-a-angka", "interval_seharusnya", ("kode_pd", "arah"))
        shape = (
            *(columns.CODE, columns.NAME, columns.WAY, *self._columns("volume", "gb", "Volume", "GB")),
            Column("volume_jumlah_gb", "Jumlah (GB)", "gb", "Jumlah volume bulan yang diketahui.", "GB", width=1.1),
            _COUNT,
            Column("cakupan_rekap_persen", "Cakupan (%)", "percent",
                   "Jumlah interval sah terhadap jumlah interval seharusnya pada bulan yang direkap.", "%", width=0.9),
        )  # fmt: skip
        rows: list[tuple[Value, ...]] = []
        for name, (code, title, way) in self._agencies():
            values = [volume[month].get(name) for month in self._months]
            whole, found = (_sum(part[month].get(name) for month in self._months) for part in (due, valid))
            share = percent(Fraction(found or 0, whole)) if whole else None
            rows.append((code, title, way, *values, _total(values), sum(v is not None for v in values), share))
        table = Table("rekap-volume", "Volume tiap bulan (GB)", shape, tuple(rows))
        return Chapter("III", "Volume dan Cakupan", (table,), landscape=True)

    def statuses(self) -> Chapter:
        """Return chapter IV: the status of each agency in each month."""
        held = self._by_month("bab-vi-penggunaan", "status", ("kode_pd",))
        named = self._by_month("bab-vi-penggunaan", "perangkat_daerah", ("kode_pd",))
        names = {code: title for month in self._months for code, title in named[month].items()}
        rows = tuple(
            (*code, names[code], *(held[month].get(code) for month in self._months)) for code in sorted(names, key=str)
        )
        shape = (columns.CODE, columns.NAME, *self._columns("status", "text", "Status", ""))
        table = Table("rekap-status-pd", "Status tiap bulan", shape, rows, views=self._halves(shape))
        return Chapter("IV", "Status per Perangkat Daerah", (table,), landscape=True)

    def _halves(self, shape: Sequence[Column]) -> tuple[View, ...]:
        """Print the months of a year in two halves, for words want room; a quarter in one."""
        keys = [column.key for column in shape]
        parts = [keys[at : at + 6] for at in range(2, len(keys), 6)]
        return tuple(View(f"Status tiap bulan ({n} dari {len(parts)})" if len(parts) > 1 else "Status tiap bulan",
                          (*keys[:2], *part)) for n, part in enumerate(parts, start=1))  # fmt: skip

    def availability(self) -> Chapter:
        """Return chapter V: availability of what the months tell in minutes."""
        keys = {
            (key, needed)
            for held in self._tables.values()
            for key, item in held.items()
            for needed in _IN_MINUTES
            if set(needed) <= set(item.columns)
        }
        rows = [row for key, needed in sorted(keys) for row in self._available(key, *needed)]
        shape = (
            Column("objek_rekap", "Tautan atau Perangkat", "text", "Kodenya.", width=1.8),
            Column("dinilai_menit", "Waktu Dinilai (menit)", "count", "Jumlah waktu dinilai.", "menit"),
            Column("tidak_diketahui_menit", "Tidak Diketahui (menit)", "count", "Jumlah waktu tak diketahui.", "menit"),
            Column("mati_menit", "Durasi (menit)", "count", "Jumlah lama mati yang terbukti.", "menit"),
            Column("ketersediaan_kotor_persen", "Ketersediaan Kotor (%)", "availability",
                   "Dari jumlah menit; kosong bila kurang dari 75 % waktunya diketahui.", "%"),
            _COUNT,
        )  # fmt: skip
        if not rows:
            return Chapter("V", "Ketersediaan", (Paragraph("Laporan bulanan tidak memuat ketersediaan dalam menit."),))
        return Chapter("V", "Ketersediaan", (Table("rekap-ketersediaan", "Ketersediaan", shape, tuple(rows)),))

    def registers(self) -> Chapter:
        """Return chapter VI: what the months tell of the registers."""
        contents = {month: item.content for month, item in self._members.items()}
        return rollup_loop.chapter(
            self._months, contents, self._tables, self._columns("catatan", "count", "Banyaknya", "catatan")
        )

    def _available(self, key: str, naming: str, *parts: str) -> Iterator[tuple[Value, ...]]:
        held = [self._by_month(key, part, (naming,)) for part in parts]
        for name in sorted({name for month in self._months for name in held[0][month]}, key=str):
            known = [month for month in self._months if all(part[month].get(name) is not None for part in held)]
            judged, unknown, down = (_sum(part[month][name] for month in known) or 0 for part in held)
            told = judged > 0 and 4 * judged >= 3 * (judged + unknown)
            share = rounded(100 * (1 - Fraction(down, judged)), DECIMALS["availability"]) if told else None
            yield name[0], judged, unknown, down, share, len(known)

    def _agencies(self) -> Iterator[tuple[tuple[Value, ...], tuple[Value, Value, Value]]]:
        """Yield agencies and directions of all months, by code, under their newest name."""
        named = self._by_month("lampiran-a-angka", "perangkat_daerah", ("kode_pd", "arah"))
        names = {name: title for month in self._months for name, title in named[month].items()}
        for name in sorted(names, key=str):
            yield name, (name[0], names[name], name[1])

    def _by_month(self, key: str, column: str, naming: tuple[str, ...]) -> dict[Month, dict[tuple[Value, ...], Value]]:
        """Return a column of one table in every month, by the cells that name its rows."""
        found: dict[Month, dict[tuple[Value, ...], Value]] = {month: {} for month in self._months}
        for month, held in self._tables.items():
            table: FrozenTable | None = held.get(key)
            for row in table.rows if table else ():
                found[month][tuple(row.get(name) for name in naming)] = table.cell(row, column) if table else None
        return found

    def _columns(self, key: str, kind: Kind, title: str, unit: str) -> tuple[Column, ...]:
        """Return a column for each month of the period."""
        return tuple(
            Column(
                _key(key, month, kind),
                f"{title} {words.SHORT_MONTHS[month.number - 1]} {month.year}",
                kind,
                f"{title} pada {words.month(month)}.",
                unit,
                short=f"{words.SHORT_MONTHS[month.number - 1]} {month.year % 100:02d}",
                width=1.5 if kind == "text" else 0.95,
            )
            for month in self._months
        )


def _key(key: str, month: Month, kind: Kind) -> str:
    return f"{key}_{month.year}_{month.number:02d}" + (f"_{kind}" if kind in DECIMALS else "")


def _trend(values: Sequence[Value]) -> tuple[Value, ...]:
    exact = [Fraction(value) if isinstance(value, Decimal) else None for value in values]
    count, found = sum(value is not None for value in exact), trend(exact)
    if found is None:
        return count, None, None, None
    return count, *(rounded(value, DECIMALS["mbps"]) for value in (found.slope, found.low, found.high))


def _total(values: Sequence[Value]) -> Value:
    known = [value for value in values if isinstance(value, Decimal)]
    return sum(known, start=Decimal(0)) if known else None


def _sum(values: Iterable[Value]) -> int | None:
    known = [value for value in values if isinstance(value, int)]
    return sum(known) if known else None
