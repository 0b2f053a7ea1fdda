"""Nadi 8: what is disturbed, since when, and what was found.

Incidents, disconnections and availability join here as soon as the collector sends their series.
"""

from __future__ import annotations

from dashboards.limits import LINK, NONE_RED, NONE_YELLOW, UPS, VALID
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
    row,
    tile,
    value,
)
from dashboards.words import RULES

_OPD = 'opd=~"$opd"'
_AGENCIES = f"nadi_opd_state{{{_OPD}}}"
_UPLINKS = 'nadi_link_state{role="uplink"}'
_NOTHING = "Keadaan OPD tidak diterima"

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
        id=829, kind="table", title="Tautan yang tidak hidup", width=12, height=8,
        queries=(
            Query(f"max by (link, opd) (nadi_link_state{{{_OPD}}} != 1)"),
            Query("max by (link, maintainer, provider, medium) (nadi_link_info) "
                  f"and on (link) (nadi_link_state{{{_OPD}}} != 1)"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY), value("A", "Keadaan", states=LINK),
            label("maintainer", "Pengelola"), label("provider", "Penyedia"), label("medium", "Media"),
        ),
        no_value=comforting("Semua tautan hidup"),
        help="Tautan yang sekarang tidak hidup, dan siapa yang harus menanganinya.",
    ),
    Panel(
        id=830, kind="status-history", title="Keabsahan kotak 5 menit", width=12, height=8,
        queries=(Query(f"nadi_link_bin_valid{{{_OPD}}}", "{{link}}"),), look=Look(states=VALID, link=TO_LINK),
        no_value="Belum ada kotak",
        help="Kotak tiap tautan yang sah (hijau) dan yang tidak (abu-abu). Kotak masuk 15 sampai 20 menit kemudian.",
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
    purpose="Siapa yang terganggu, sejak kapan, karena apa, dan temuan yang masih terbuka.",
    span="now-7d",
    refresh="5m",
    variables=(Variable(name="opd", label="Perangkat Daerah", query="label_values(nadi_opd_info, opd)"),),
    panels=(*_NOW, *_HISTORY, *_FOUND),
)
