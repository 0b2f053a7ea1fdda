"""Nadi 8: what is disturbed, since when, who works on it, how available links were, and what was found."""

from __future__ import annotations

from dashboards.limits import AVAILABLE, DUE_HOURS, KEPT, LINK, NONE_RED, NONE_YELLOW, UPS
from dashboards.model import Board, Look, Panel, Query, Variable
from dashboards.panels import (
    TO_AGENCY,
    TO_HEALTH,
    TO_LINK,
    TO_LINKS,
    TO_UPS,
    comforting,
    counted,
    label,
    latest,
    proven,
    row,
    tile,
    value,
)
from dashboards.words import GROUNDS, RULES

_OPD = 'opd=~"$opd"'
_AGENCIES = f"nadi_opd_state{{{_OPD}}}"
_UPLINKS = 'nadi_link_state{role="uplink"}'
_NOTHING = "Keadaan OPD tidak diterima"

_BY = "max by (incident, opd, type, level, domain, status)"


def _kept(number: int, title: str, what: str, word: str) -> Panel:
    return Panel(
        id=number, kind="stat", title=title, width=4, height=8,
        queries=(Query(f"nadi_incident_{what}_ratio", "{{level}}"),),
        look=Look(unit="percentunit", steps=KEPT, decimals=1), no_value="Belum ada yang dapat dinilai",
        help=f"Bagian insiden bulan ini yang {word} tepat waktu, per tingkat layanan.",
    )  # fmt: skip


_NOW = (
    row(800, "Sekarang"),
    tile(801, "OPD mati", counted(_AGENCIES, "== 0"), steps=NONE_RED, no_value=_NOTHING,
         help="OPD yang sedikitnya satu tautannya dipastikan mati."),
    tile(802, "OPD terganggu", counted(_AGENCIES, "== 2"), steps=NONE_RED, no_value=_NOTHING,
         help="OPD yang tautannya hidup tetapi terganggu."),
    tile(803, "OPD tidak diketahui", counted(_AGENCIES, "== 3"), steps=NONE_YELLOW, to=TO_HEALTH, no_value=_NOTHING,
         help="OPD yang keadaannya tidak dapat dinilai; bukan mati dan bukan hidup."),
    tile(804, "OPD hidup", counted(_AGENCIES, "== 1"), steps=((None, "green"),), no_value=_NOTHING,
         help="OPD yang semua tautannya hidup."),
    tile(806, "Hulu tidak hidup", counted(_UPLINKS, "!= 1"), steps=NONE_RED, to=TO_LINKS,
         no_value="Tautan hulu tidak diterima",
         help="Tautan hulu yang mati atau tidak diketahui; OPD di belakangnya ikut terkena."),
    tile(807, "Kotak terakhir tidak sah", counted(latest(f"nadi_link_bin_valid{{{_OPD}}}"), "== 0"), steps=NONE_YELLOW,
         to=TO_HEALTH, no_value="Belum ada kotak",
         help="Tautan yang kotak 5 menit terakhirnya tidak sah: trafiknya tidak diketahui, bukan nol."),
)  # fmt: skip

_INCIDENTS = (
    row(810, "Insiden"),
    Panel(
        id=811, kind="bargauge", title="Terbuka menurut jenis dan ranah", width=6, height=8,
        queries=(Query("sum by (type, domain) (nadi_incident_open)", "{{type}} {{domain}}"),),
        look=Look(steps=NONE_YELLOW, low=0, decimals=0), no_value="Register insiden tidak diterima",
        help="Insiden yang belum selesai menurut jenis dan ranah tanggung jawab; nol dikirim tegas oleh pengumpul.",
    ),
    tile(818, "Lewat target", "sum(nadi_incident_breached)", size=(4, 8), steps=NONE_RED,
         no_value="Register insiden tidak diterima",
         help="Insiden terbuka yang melewati waktu tanggap atau waktu pulih."),
    _kept(813, "Tanggap tepat waktu", "response", "ditanggapi"),
    _kept(814, "Pulih tepat waktu", "restore", "pulih"),
    Panel(
        id=816, kind="timeseries", title="Insiden baru per hari (langsung)", width=6, height=8, source="langsung",
        queries=(Query("sum by (cause) (increase(nadi_incident_opened_total[1d]))", "{{cause}}"),),
        look=Look(low=0, decimals=0), no_value="Register insiden tidak diterima",
        help="Kenaikan penghitung insiden dalam 24 jam: dibuka Nadi (terukur) atau dilaporkan orang.",
    ),
    Panel(
        id=815, kind="table", title="Insiden terbuka", width=24, height=8, sort="Umur",
        queries=(
            Query(f"time() - {_BY} (nadi_incident_started_timestamp_seconds{{{_OPD}}})"),
            Query(f"({_BY} (nadi_incident_restore_due_timestamp_seconds{{{_OPD}}}) - time()) / 3600"),
        ),
        columns=(
            label("incident", "No. Insiden"), label("opd", "Kode PD", TO_AGENCY), label("type", "Jenis"),
            label("level", "Tingkat"), label("domain", "Ranah"), label("status", "Keadaan"),
            value("A", "Umur", unit="dthms"),
            value("B", "Sisa waktu pulih", unit="suffix: jam", decimals=1, steps=DUE_HOURS, no_value="Tanpa target"),
        ),
        no_value=comforting("Tidak ada insiden terbuka"),
        help="Paling banyak 200 insiden yang belum selesai, umurnya, dan sisa waktu pulih menurut tingkat layanan; "
        "negatif berarti lewat. Ranah yang diusulkan Nadi dikonfirmasi petugas.",
    ),
    Panel(
        id=841, kind="table", title="Pemutusan sementara aktif", width=12, height=6,
        queries=(
            Query("(max by (disconnection, opd, link, ground) "
                  f"(nadi_disconnection_planned_end_timestamp_seconds{{{_OPD}}}) - time()) / 3600"),
        ),
        columns=(
            label("disconnection", "Nomor"), label("opd", "Kode PD", TO_AGENCY), label("link", "Tautan", TO_LINK),
            label("ground", "Dasar", words=GROUNDS),
            value("A", "Sisa waktu", unit="suffix: jam", decimals=1, steps=DUE_HOURS),
        ),
        no_value=comforting("Tidak ada pemutusan"),
        help="Pemutusan yang sedang berlaku, dasarnya, dan sisa waktu sampai rencana selesai; negatif berarti lewat. "
        "Tautan yang kosong berarti seluruh OPD.",
    ),
    Panel(
        id=844, kind="table", title="Pemeliharaan berlangsung", width=12, height=6,
        queries=(Query(f"max by (maintenance, opd, link) (nadi_maintenance_active{{{_OPD}}} == 1)"),),
        columns=(label("maintenance", "Nomor"), label("opd", "Kode PD", TO_AGENCY), label("link", "Tautan", TO_LINK)),
        no_value=comforting("Tidak ada pemeliharaan"),
        help="Pekerjaan yang diumumkan dan sedang berlangsung, dengan tautan yang terkena.",
    ),
)  # fmt: skip

_NET = f"nadi_availability_net_ratio{{{_OPD}}}"
_WAN = f'nadi_link_info{{role="wan", {_OPD}}}'
_TIMES = (
    *("gross_ratio", "net_ratio", "target_ratio", "outages", "down_seconds", "planned_seconds"),
    *("disconnected_seconds", "unknown_seconds"),
)

_AVAILABILITY = (
    row(850, "Ketersediaan bulan berjalan (aturan laporan)"),
    tile(821, "Tautan di bawah target",
         proven(f"{_NET} < nadi_availability_target_ratio", f"{_NET} and nadi_availability_target_ratio"),
         size=(6, 5), steps=NONE_RED, no_value="Target tidak ditetapkan",
         help="Tautan yang ketersediaan bersihnya di bawah target tingkat layanan; yang tidak dinilai tidak dihitung."),
    tile(822, "Tidak dinilai", proven(f"{_WAN} unless on (link) nadi_availability_net_ratio", _WAN), size=(6, 5),
         steps=NONE_YELLOW, to=TO_HEALTH, no_value="Tautan tidak diterima",
         help="Tautan tanpa angka ketersediaan karena kurang dari 75 % waktunya diketahui."),
    Panel(
        id=823, kind="stat", title="Bersih terendah", width=6, height=5, queries=(Query(f"min({_NET})", "Terendah"),),
        look=Look(unit="percentunit", steps=AVAILABLE, decimals=3), no_value="Tidak dinilai",
        help="Ketersediaan bersih tautan yang terburuk bulan ini.",
    ),
    Panel(
        id=824, kind="bargauge", title="Waktu mati menurut pengelola", width=6, height=5,
        queries=(Query(f"sum by (maintainer) (nadi_availability_down_seconds{{{_OPD}}})", "{{maintainer}}"),),
        look=Look(unit="dthms", low=0), no_value="Penilaian tidak diterima",
        help="Jumlah waktu mati terbukti bulan ini menurut batas tanggung jawab, di luar pemeliharaan dan pemutusan.",
    ),
    Panel(
        id=825, kind="table", title="Ketersediaan per tautan", width=24, height=10, sort="Mati",
        queries=tuple(Query(f"max by (link, opd, maintainer) (nadi_availability_{name}{{{_OPD}}})") for name in _TIMES),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY), label("maintainer", "Pengelola"),
            value("A", "Kotor", unit="percentunit", decimals=3, no_value="Tidak dinilai"),
            value("B", "Bersih", unit="percentunit", steps=AVAILABLE, decimals=3, no_value="Tidak dinilai"),
            value("C", "Target", unit="percentunit", decimals=2, no_value="Tidak ditetapkan"),
            value("D", "Gangguan", decimals=0), value("E", "Mati", unit="dthms"),
            value("F", "Pemeliharaan", unit="dthms"), value("G", "Pemutusan", unit="dthms"),
            value("H", "Tidak diketahui", unit="dthms"),
        ),
        no_value="Penilaian tidak diterima",
        help="Kotor dan bersih menurut aturan laporan. Waktu yang tidak diketahui tidak dihitung hidup dan tidak "
        "dihitung mati; tanpa angka bila lebih dari seperempat waktu tidak diketahui.",
    ),
)  # fmt: skip

_HISTORY = (
    row(820, "Riwayat"),
    Panel(
        id=826, kind="state-timeline", title="Keadaan OPD", width=24, height=12,
        queries=(Query(_AGENCIES, "{{opd}}"),), look=Look(states=LINK, link=TO_AGENCY), no_value=_NOTHING,
        help="Riwayat keadaan tiap OPD; klik garisnya untuk membuka OPD tersebut. Abu-abu berarti tidak diketahui.",
    ),
    Panel(
        id=827, kind="state-timeline", title="Keadaan hulu", width=12, height=6,
        queries=(Query(_UPLINKS, "{{link}}"),), look=Look(states=LINK, link=TO_LINK),
        no_value="Tautan hulu tidak diterima",
        help="Riwayat tautan hulu. Gangguan di sini menjelaskan gangguan banyak OPD sekaligus.",
    ),
    Panel(
        id=828, kind="state-timeline", title="Keadaan UPS", width=12, height=6,
        queries=(Query("nadi_ups_state", "{{ups}}"),), look=Look(states=UPS, link=TO_UPS),
        no_value="Keadaan UPS tidak diterima",
        help="Riwayat UPS; padamnya listrik menjelaskan gangguan perangkat di belakangnya.",
    ),
    Panel(
        id=829, kind="table", title="Tautan yang tidak hidup", width=24, height=7,
        queries=(
            Query(f"max by (link, opd) (nadi_link_state{{{_OPD}}} != 1)"),
            Query("max by (link, maintainer, provider, medium) (nadi_link_info) "
                  f"and on (link) (nadi_link_state{{{_OPD}}} != 1)"),
            Query("time() - max by (link) (nadi_link_state_changed_timestamp_seconds) "
                  f"and on (link) (nadi_link_state{{{_OPD}}} != 1)"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY), value("A", "Keadaan", states=LINK),
            value("C", "Selama", unit="dthms", no_value="Tidak diketahui"),
            label("maintainer", "Pengelola"), label("provider", "Penyedia"), label("medium", "Media"),
        ),
        no_value=comforting("Semua tautan hidup"),
        help="Tautan yang sekarang tidak hidup, lamanya bila diketahui, dan siapa yang harus menanganinya.",
    ),
)  # fmt: skip

_FOUND = (
    row(840, "Temuan"),
    Panel(
        id=842, kind="table", title="Temuan terbuka per aturan", width=10, height=8,
        queries=(Query("sum by (rule, severity) (nadi_finding_open) > 0"),),
        columns=(label("rule", "Aturan", words=RULES), label("severity", "Tingkat"), value("A", "Jumlah")),
        sort="Jumlah",
        no_value=comforting("Tidak ada temuan terbuka"),
        help="Banyaknya temuan terbuka dari penilaian terakhir pengumpul, per aturan.",
    ),
    Panel(
        id=843, kind="table", title="Daftar temuan terbuka", width=14, height=8,
        queries=(Query("max by (severity, rule, object) (nadi_finding_info)"),),
        columns=(label("object", "Objek"), label("rule", "Aturan", words=RULES), label("severity", "Tingkat")),
        sort="Tingkat",
        no_value=comforting("Tidak ada temuan terbuka"),
        help="Paling banyak 200 temuan terbuka dengan objeknya; rincian dan dasar hukumnya ada pada halaman Nadi.",
    ),
)  # fmt: skip

OUTAGES = Board(
    uid="nadi-gangguan",
    title="Nadi 8 - Gangguan dan Ketersediaan",
    purpose="Siapa yang terganggu dan sejak kapan, insiden dan tingkat layanannya, ketersediaan, dan temuan terbuka.",
    span="now-7d",
    refresh="5m",
    variables=(Variable(name="opd", label="Perangkat Daerah", query="label_values(nadi_opd_info, opd)"),),
    panels=(*_NOW, *_INCIDENTS, *_HISTORY, *_AVAILABILITY, *_FOUND),
)
