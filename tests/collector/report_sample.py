"""A seeded evaluation of twelve agencies for tests and benchmarks of the report, made of public dataclasses only."""

from __future__ import annotations

import random
from array import array
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from agent.clock import DAY_S, NS, WIB, Month
from collector.judge.case import AllocationSpan, Klass, Parameters
from collector.judge.figures import (
    METHOD,
    UNKNOWN,
    CapacityMonth,
    ContractSummary,
    Direction,
    Evaluation,
    Gap,
    LinkMonth,
    OpdMonth,
    Quality,
    Status,
    SubFigures,
    SubPeriod,
    Totals,
)
from collector.measure.bins import Counts
from collector.report.manifest import Origin
from collector.report.settings import Letter, Letterhead, ReportSettings, Signatory

MONTH, ZONE, MBIT = Month(2026, 10), WIB, 1_000_000
START, END = MONTH.start_ns(ZONE), MONTH.end_ns(ZONE)
CLOSED = END + 3 * DAY_S * NS
BINS = 8928

ORIGIN = Origin(
    journal_id="4f1c2a9e0b7d4a55", journal_length=123_456, head="ab" * 32, seals_root="cd" * 32, code_version="0.1.0"
)

SETTINGS = ReportSettings(
    region="Kabupaten Contoh",
    classification="TERBATAS",
    letterhead=Letterhead(
        government="PEMERINTAH KABUPATEN CONTOH",
        office="DINAS KOMUNIKASI DAN INFORMATIKA",
        address=("Jalan Merdeka Nomor 1, Contoh 12345", "Telepon (021) 555-0100, laman: diskominfo.contoh.example"),
        place="Contoh",
    ),
    letter=Letter(
        number="500.12.7/........../Diskominfo/{bulan}/{tahun}",
        nature="Terbatas",
        attachment="1 (satu) berkas",
        recipient="Ketua Tim Koordinasi SPBE Kabupaten Contoh",
        through="Sekretaris Daerah Kabupaten Contoh",
        destination="Contoh",
        copies=("Bupati Contoh (sebagai laporan)", "Inspektur Kabupaten Contoh"),
    ),
    legal_basis=(
        "Undang-Undang Nomor 23 Tahun 2014 tentang Pemerintahan Daerah sebagaimana telah diubah beberapa kali, "
        "terakhir dengan Undang-Undang Nomor 6 Tahun 2023.",
        "Peraturan Presiden Nomor 95 Tahun 2018 tentang Sistem Pemerintahan Berbasis Elektronik (Lembaran Negara "
        "Republik Indonesia Tahun 2018 Nomor 182).",
        "Peraturan Bupati Contoh Nomor 1 Tahun 2024 tentang Sistem Pemerintahan Berbasis Elektronik.",
    ),
    prepared=Signatory(position="Kepala Bidang Infrastruktur TIK"),
    checked=Signatory(position="Sekretaris Dinas Komunikasi dan Informatika"),
    approved=Signatory(
        position="Kepala Dinas Komunikasi dan Informatika",
        name="Nama Pejabat Contoh, S.Kom., M.T.",
        rank="Pembina Utama Muda",
        employee_number="00000000 000000 0 000",
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One agency of the sample: what is peculiar about it."""

    code: str
    name: str
    klass: Klass
    down: int | None = 20
    load: float = 0.5
    coverage: float = 0.997
    changed: bool = False
    links: int = 1
    unmeasured: bool = False


HOSTILE = (
    '=HYPERLINK("http://x.example","klik")',
    "../../etc/passwd",
    "#import $x$ *tebal* _miring_ @ref <label> \\ // /* ` [",
    "Dinas\r\nDua Baris\t\x1b[31mmerah\x00 \u202eterbalik \U0001f600",
)

CASES = (
    Case("1.02.01", "Dinas Kesehatan", "tinggi", 50, 0.62),
    Case("1.02.02", "RSUD Contoh Sehat", "tinggi", 100, 0.97, 0.998, links=2),
    Case("1.01.01", "Dinas Pendidikan dan Kebudayaan", "sedang", 40, 0.81),
    Case("2.12.01", "Dinas Kependudukan dan Pencatatan Sipil", "tinggi", 30, 0.55, 0.842),
    Case("5.02.01", "Badan Pengelolaan Keuangan dan Aset Daerah", "tinggi", 50, 0.71, changed=True),
    Case("2.23.01", "Dinas Perpustakaan dan Kearsipan", "dasar", 20, 0.12),
    Case("7.01.01", "Kecamatan Contoh Utara", "dasar", 10, 0.4, 0.513),
    Case("7.01.02", "Kecamatan Contoh Selatan", "dasar", None, 0.4),
    Case("9.01.01", HOSTILE[0], "dasar", 10, 0.35),
    Case("9.01.02", HOSTILE[1], "dasar", 10, 0.5, 0.78),
    Case("9.01.03", HOSTILE[2], "sedang", 10, 0.93),
    Case("9.01.04", HOSTILE[3], "dasar", 10, unmeasured=True),
)


def sample(*, cases: tuple[Case, ...] = CASES, label: str = "", seed: int = 7, uplinks: bool = True) -> Evaluation:
    """Return the evaluation of the cases; without ``uplinks`` the second contract has no uplink registered."""
    rng = random.Random(seed)
    opds = tuple(_opd(case, rng) for case in cases)
    upstream = (_contract(rng, "ISP-A", measured=True), _contract(rng, "ISP-B", measured=uplinks))
    return Evaluation(
        month=MONTH,
        zone=ZONE,
        region="Kabupaten Contoh",
        label=label,
        closed_ns=CLOSED,
        until_ns=None,
        method=METHOD,
        parameters=Parameters(holidays=(date(2026, 10, 28),)),
        opds=opds,
        upstream=upstream,
        totals=_totals(opds, upstream),
    )


def many(count: int) -> tuple[Case, ...]:
    """Return ``count`` ordinary agencies."""
    kinds: tuple[Klass, ...] = ("tinggi", "sedang", "dasar")
    return tuple(
        Case(f"{1 + n // 20}.{n % 20:02d}.01", f"Perangkat Daerah Contoh Nomor {n + 1}", kinds[n % 3], 10 * (1 + n % 9),
             0.1 + (n * 37 % 90) / 100, 0.995 if n % 11 else 0.81, changed=n % 13 == 5)
        for n in range(count)
    )  # fmt: skip


def _opd(case: Case, rng: random.Random) -> OpdMonth:
    down = None if case.down is None else case.down * MBIT
    spans = _spans(case)
    ways = [_direction(case, rng, share, down) for share in (1.0, 0.45)]
    links = tuple(_link(case, number, ways) for number in range(1, case.links + 1))
    periods = _periods(ways, spans) if case.changed else ()
    utilisations = [way.utilisation for way in ways]
    ceilings = [way.ceiling for way in ways if way.ceiling is not None]
    coverages = [way.coverage for way in ways if way.coverage is not None]
    states = [way.status for way in ways if way.status is not None]
    return OpdMonth(
        code=case.code,
        name=case.name,
        klass=case.klass,
        links=links,
        unduh=ways[0],
        unggah=ways[1],
        utilisation=None if None in utilisations else max(u for u in utilisations if u is not None),
        ceiling=max(ceilings, default=None),
        coverage=min(coverages, default=None),
        status=_worse(states),
        indicative=any(way.status_indicative for way in ways),
        sub_periods=periods,
        allocation=spans[-1] if spans else None,
        allocations=spans,
        quality=_sum([link.quality for link in links]),
    )


def _worse(states: list[Status]) -> Status | None:
    if Status.DATA_TIDAK_CUKUP in states:
        return Status.DATA_TIDAK_CUKUP
    return max(states, default=None)


def _spans(case: Case) -> tuple[AllocationSpan, ...]:
    if case.down is None:
        return ()
    full, half = case.down * MBIT, case.down * MBIT // 2
    old = AllocationSpan(
        START - 200 * DAY_S * NS, None, full, half, full // 5, half // 5,
        f"555/{case.code}/2026", date(2026, 1, 5), "Perbup Contoh 1/2024", "Kepala Dinas",
    )  # fmt: skip
    if not case.changed:
        return (old,)
    change = START + 15 * DAY_S * NS
    late = AllocationSpan(
        change, None, full, half, full // 5, half // 5, f"555/{case.code}/B/2026", date(2026, 10, 12),
        "Perbup Contoh 1/2024", "Kepala Dinas",
    )  # fmt: skip
    return (replace(old, valid_to_ns=change, down_bps=full // 2, up_bps=half // 2), late)


def _periods(ways: list[Direction], spans: tuple[AllocationSpan, ...]) -> tuple[SubPeriod, ...]:
    edges = (START, spans[-1].valid_from_ns, END)
    return tuple(
        SubPeriod(edges[at], edges[at + 1], span.down_bps, span.up_bps, *(
            SubFigures(4320 + 288 * at, 4300, Fraction(4300, 4320 + 288 * at), way.p95,
                       None if way.p95 is None else way.p95 / bps, Fraction(1, 300))
            for way, bps in zip(ways, (span.down_bps, span.up_bps), strict=True)))
        for at, span in enumerate(spans)
    )  # fmt: skip


def _direction(case: Case, rng: random.Random, share: float, down: int | None) -> Direction:
    if case.unmeasured:
        return _nothing()
    limit = None if down is None else (down if share == 1.0 else down // 2)
    top = (limit or 15 * MBIT) * case.load * (1.0 if share == 1.0 else 0.8)
    hourly, daily_mean, daily_p95 = _series(rng, top, case.coverage)
    valid = round(BINS * case.coverage) - (3 if share == 1.0 else 0)
    coverage = Fraction(valid, BINS)
    known = [value for value in hourly if value != UNKNOWN]
    printed = coverage >= Fraction(3, 4)
    p95 = Fraction(round(top * 8) * 300 + rng.randrange(300), 2400) if printed else None
    bounded = printed and coverage < Fraction(99, 100)
    usage = None if p95 is None or limit is None else p95 / limit
    status = _status(usage, coverage, limit)
    indicative = printed and coverage < Fraction(9, 10)
    octets = sum(known) * 450
    return Direction(
        expected=BINS, valid=valid, coverage=coverage, mean=Fraction(sum(known), len(known)), p95=p95,
        indicative=indicative, p95_low=p95 * Fraction(97, 100) if bounded and p95 is not None else None,
        p95_high=p95 * Fraction(11, 10) if bounded and p95 is not None and coverage > Fraction(95, 100) else None,
        bounds_shown=bounded, peak=Fraction(max(known) * 1115, 1000), peak_start_ns=START + 814_500 * NS,
        busy_hour=10, busy_hour_mean=Fraction(round(top * 0.83) * 7, 7), peak_hour=(date(2026, 10, 14), 10),
        peak_hour_mean=Fraction(max(known)), volume_octets=octets, volume_spread_octets=octets - octets // 400,
        ceiling=None if limit is None else Fraction(max(0, round((case.load - 0.8) * 900)), valid),
        allocation_mean=None if limit is None else Fraction(limit), utilisation=usage,
        p95_previous=None if p95 is None else p95 * Fraction(19, 20),
        p95_change=None if p95 is None else Fraction(1, 19), status=status, status_p95=p95, status_coverage=coverage,
        status_indicative=indicative, hourly_bps=hourly, daily_mean_bps=daily_mean, daily_p95_bps=daily_p95,
    )  # fmt: skip


def _status(usage: Fraction | None, coverage: Fraction, limit: int | None) -> Status | None:
    if coverage < Fraction(3, 4):
        return Status.DATA_TIDAK_CUKUP
    if usage is None or limit is None:
        return None
    steps = (Fraction(3, 10), Fraction(7, 10), Fraction(9, 10))
    return Status(1 + sum(usage >= step for step in steps))


def _nothing() -> Direction:
    return Direction(
        expected=0, valid=0, coverage=None, mean=None, p95=None, indicative=False, p95_low=None, p95_high=None,
        bounds_shown=False, peak=None, peak_start_ns=None, busy_hour=None, busy_hour_mean=None, peak_hour=None,
        peak_hour_mean=None, volume_octets=None, volume_spread_octets=None, ceiling=None, allocation_mean=None,
        utilisation=None, p95_previous=None, p95_change=None, status=Status.DATA_TIDAK_CUKUP, status_p95=None,
        status_coverage=None, status_indicative=False, hourly_bps=array("q", [UNKNOWN] * 744),
        daily_mean_bps=array("q", [UNKNOWN] * 31), daily_p95_bps=array("q", [UNKNOWN] * 31),
    )  # fmt: skip


def _series(rng: random.Random, top: float, coverage: float) -> tuple[array[int], array[int], array[int]]:
    """Make hourly and daily values of office hours whose missing hours agree roughly with the coverage."""
    missing = round(744 * (1 - coverage))
    first = rng.randrange(100, 500)
    hourly = []
    for hour in range(744):
        day, clock = divmod(hour, 24)
        office = 1.0 if 8 <= clock < 16 else 0.35 if 6 <= clock < 20 else 0.1
        week = 0.3 if (day + 3) % 7 in (5, 6) else 1.0
        hourly.append(
            UNKNOWN if first <= hour < first + missing else round(top * office * week * rng.uniform(0.6, 1.0))
        )
    means, p95s = [], []
    for day in range(31):
        known = [value for value in hourly[day * 24 : day * 24 + 24] if value != UNKNOWN]
        means.append(sum(known) // len(known) if known else UNKNOWN)
        p95s.append(round(max(known) * 1.04) if len(known) >= 18 else UNKNOWN)
    return array("q", hourly), array("q", means), array("q", p95s)


def _link(case: Case, number: int, ways: list[Direction]) -> LinkMonth:
    gaps = () if case.coverage > 0.9 else (Gap(START + 8 * DAY_S * NS, START + 8 * DAY_S * NS + 7_500 * NS),)
    quality = Quality(Counts(valid=44_000, long=number, resets=2), len(gaps), 7_500 * NS * len(gaps), None, 12 * number)
    return LinkMonth(
        link=f"wan-{case.code}-{number}", device=f"rtr-{case.code}", interface=f"ether{number}", vantage="opd",
        medium="FO", provider="ISP-A", active_from_ns=START, active_to_ns=None, expected=ways[0].expected,
        valid_unduh=ways[0].valid, valid_unggah=ways[1].valid, coverage=ways[0].coverage, gaps=gaps, quality=quality,
    )  # fmt: skip


def _sum(items: list[Quality]) -> Quality:
    return Quality(
        sum((item.counts for item in items), Counts()),
        sum(item.gaps for item in items),
        sum(item.gap_ns for item in items),
        None,
        sum(item.late or 0 for item in items),
    )


def _contract(rng: random.Random, code: str, *, measured: bool) -> CapacityMonth:
    case = Case(code, code, "dasar", 300, 0.68)
    ways = [_direction(case, rng, share, 300 * MBIT) for share in (1.0, 0.45)]
    terms = ContractSummary(
        code=code, provider=f"Penyedia {code}", number=f"027/{code}/SPK/2026", down_bps=300 * MBIT, up_bps=300 * MBIT,
        valid_from_ns=START - 270 * DAY_S * NS, valid_to_ns=START + 92 * DAY_S * NS if measured else None,
        cost_rupiah_month=41_250_000,
    )  # fmt: skip
    if not measured:
        return CapacityMonth(terms, (), None, None, None, None)
    p95 = ways[0].p95 or Fraction(1)
    return CapacityMonth(
        terms, (_link(case, 1, ways),), ways[0], ways[1], p95 / terms.down_bps, Fraction(41_250_000 * MBIT) / p95
    )


def _totals(opds: tuple[OpdMonth, ...], upstream: tuple[CapacityMonth, ...]) -> Totals:
    used = [(opd.utilisation, opd.code) for opd in opds if opd.utilisation is not None]
    highest = max(used, key=lambda pair: pair[0]) if used else None
    whole = all(item.unduh is not None for item in upstream)
    down, up = (upstream[0].unduh, upstream[0].unggah) if whole else (None, None)
    return Totals(
        capacity_down_bps=600 * MBIT, capacity_up_bps=600 * MBIT, unduh=down, unggah=up,
        utilisation_p95=None if down is None or down.p95 is None else down.p95 / (600 * MBIT),
        utilisation_peak=None if down is None or down.peak is None else down.peak / (600 * MBIT),
        statuses={status: sum(opd.status is status for opd in opds) for status in Status},
        without_status=sum(opd.status is None for opd in opds),
        highest_utilisation=None if highest is None else (highest[1], highest[0]),
        quality=_sum([opd.quality for opd in opds]),
    )  # fmt: skip
