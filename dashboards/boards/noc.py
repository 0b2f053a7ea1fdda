"""Nadi 1: the wall of the NOC."""

from __future__ import annotations

from dashboards.limits import (
    BIN_AGE_SECONDS,
    DUE_HOURS,
    LINK,
    LOSS,
    NONE_RED,
    NONE_YELLOW,
    ROOM_CELSIUS,
    ROUND_TRIP,
    UPS_SECONDS,
    UTILISATION,
)
from dashboards.model import Board, Look, Panel, Query, Variable
from dashboards.panels import (
    TO_AGENCY,
    TO_COPIES,
    TO_HEALTH,
    TO_LINK,
    TO_LINKS,
    TO_OUTAGES,
    TO_POWER,
    TO_UPS,
    comforting,
    counted,
    label,
    latest,
    proven,
    tile,
    value,
)
from dashboards.words import RULES

_LINKS = 'nadi_link_state{site=~"$site"}'
_WORST = "topk(8, max by (link, opd) (nadi_link_loss_ratio))"

_TILES = (
    tile(
        101,
        "Tautan mati",
        counted(_LINKS, "== 0"),
        size=(3, 4),
        steps=NONE_RED,
        to=TO_LINKS,
        no_value="Keadaan tautan tidak diterima",
        help="Jumlah tautan yang dipastikan mati. Tautan yang agennya diam dihitung 'tidak diketahui', bukan mati.",
    ),
    tile(
        102,
        "OPD terganggu",
        proven("nadi_opd_state == 0 or nadi_opd_state == 2", "nadi_opd_state"),
        size=(3, 4),
        steps=NONE_RED,
        to=TO_OUTAGES,
        no_value="Keadaan OPD tidak diterima",
        help="Jumlah OPD yang sedikitnya satu tautannya mati atau terganggu sekarang.",
    ),
    tile(
        103,
        "Tidak diketahui",
        counted(_LINKS, "== 3"),
        size=(3, 4),
        steps=NONE_YELLOW,
        to=TO_LINKS,
        no_value="Keadaan tautan tidak diterima",
        help="Tautan yang tidak dapat dinilai, misalnya karena agennya diam. Bukan nol trafik dan bukan mati.",
    ),
    tile(
        109,
        "Insiden terbuka",
        "sum(nadi_incident_open)",
        size=(3, 4),
        steps=NONE_YELLOW,
        to=TO_OUTAGES,
        no_value="Register insiden tidak diterima",
        help="Semua insiden yang belum selesai: keluhan, gangguan, masalah, permintaan, dan perubahan.",
    ),
    tile(
        112,
        "Lewat target",
        "sum(nadi_incident_breached)",
        size=(3, 4),
        steps=NONE_RED,
        to=TO_OUTAGES,
        no_value="Register insiden tidak diterima",
        help="Insiden terbuka yang melewati waktu tanggap atau waktu pulih; jam layanan dan jeda sudah dihitung.",
    ),
    tile(
        106,
        "UPS tidak di PLN",
        counted("nadi_ups_state", "!= 1"),
        size=(3, 4),
        steps=NONE_RED,
        to=TO_POWER,
        no_value="Keadaan UPS tidak diterima",
        help="Jumlah UPS pada baterai, baterai lemah, bypass, mati, atau tidak diketahui.",
    ),
    tile(
        107,
        "Cadangan buruk",
        counted("nadi_backup_state", "!= 1"),
        size=(3, 4),
        steps=NONE_RED,
        to=TO_COPIES,
        no_value="Keadaan cadangan tidak diterima",
        help="Jumlah server yang cadangan penuhnya terlambat, kritis, atau tidak ada.",
    ),
    Panel(
        id=108,
        kind="stat",
        title="Umur data",
        width=3,
        height=4,
        queries=(Query("time() - max(nadi_collector_last_bin_timestamp_seconds)", "Umur data"),),
        look=Look(unit="dthms", steps=BIN_AGE_SECONDS, link=TO_HEALTH),
        no_value="PENGUMPUL DIAM",
        help="Waktu sejak akhir kotak 5 menit sah yang terbaru. Bila merah, seluruh layar ini tidak boleh dipercaya.",
    ),
)

_TRAFFIC = (
    Panel(
        id=110,
        kind="timeseries",
        title="Internet (hulu) terhadap kapasitas kontrak",
        width=12,
        height=8,
        queries=(
            Query('nadi_capacity_rate_bits_per_second{direction="unduh"}', "Unduh"),
            Query('-1 * nadi_capacity_rate_bits_per_second{direction="unggah"}', "Unggah (ke bawah)"),
            Query('sum(nadi_capacity_contracted_bits_per_second{direction="unduh"})', "Kontrak unduh"),
            Query('-1 * sum(nadi_capacity_contracted_bits_per_second{direction="unggah"})', "Kontrak unggah"),
        ),
        look=Look(unit="bps"),
        mirror=True,
        dashed=("Kontrak unduh", "Kontrak unggah"),
        no_value="Belum ada kotak 5 menit yang sah",
        help="Kotak 5 menit jumlah semua tautan hulu dan kapasitas kontrak yang berlaku. Celah berarti tidak ada "
        "ukuran sah. Kotak masuk 15 sampai 20 menit setelah berakhir.",
    ),
    Panel(
        id=111,
        kind="timeseries",
        title="Unduh per tautan hulu",
        width=12,
        height=8,
        queries=(
            Query(
                'nadi_link_rate_bits_per_second{direction="unduh"} '
                'and on (link) nadi_link_info{role="uplink", site=~"$site"}',
                "{{link}}",
            ),
        ),
        look=Look(unit="bps", link=TO_LINK),
        no_value="Tautan hulu tidak diterima",
        help="Kotak 5 menit tiap tautan hulu: menunjukkan beban yang tidak terbagi dan hulu yang putus.",
    ),
)

_TROUBLE = (
    Panel(
        id=120,
        kind="state-timeline",
        title="Keadaan OPD yang sempat bermasalah",
        width=6,
        height=9,
        queries=(
            Query(
                "nadi_opd_state and on (opd) (count_over_time((nadi_opd_state != 1)[$__range:5m] @ end()) > 0)",
                "{{opd}}",
            ),
        ),
        look=Look(states=LINK, link=TO_AGENCY),
        no_value=comforting("Tidak ada OPD yang bermasalah dalam rentang ini"),
        help="Hanya OPD yang dalam rentang ini pernah tidak hidup. Klik garisnya untuk membuka OPD tersebut.",
    ),
    Panel(
        id=121,
        kind="table",
        title="Tautan yang tidak hidup",
        width=8,
        height=9,
        queries=(
            Query(f"max by (link, opd) ({_LINKS} != 1)"),
            Query(f"time() - max by (link) (nadi_link_state_changed_timestamp_seconds) and on (link) ({_LINKS} != 1)"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK),
            label("opd", "Kode PD", TO_AGENCY),
            value("A", "Keadaan", states=LINK),
            value("B", "Selama", unit="dthms", no_value="Tidak diketahui"),
        ),
        no_value=comforting("Semua tautan hidup"),
        help="Tautan yang sekarang mati, terganggu, atau tidak diketahui, dan lamanya bila diketahui. Sebabnya ada di "
        "balik kode tautannya.",
    ),
    Panel(
        id=123,
        kind="table",
        title="Insiden berlangsung",
        width=6,
        height=9,
        queries=(
            Query("time() - max by (incident, opd, level) (nadi_incident_started_timestamp_seconds)"),
            Query("(max by (incident, opd, level) (nadi_incident_restore_due_timestamp_seconds) - time()) / 3600"),
        ),
        columns=(
            label("incident", "No. Insiden"),
            label("opd", "Kode PD", TO_AGENCY),
            value("A", "Umur", unit="dthms"),
            value("B", "Sisa pulih", unit="suffix: jam", decimals=1, steps=DUE_HOURS, no_value="Tanpa target"),
        ),
        sort="Umur",
        no_value=comforting("Tidak ada insiden terbuka"),
        help="Insiden yang belum selesai menurut umurnya, dan sisa waktu pulihnya; negatif berarti lewat.",
    ),
    Panel(
        id=122,
        kind="bargauge",
        title="Utilisasi alokasi tertinggi",
        width=4,
        height=9,
        queries=(Query(f"topk(10, max by (opd) ({latest('nadi_opd_utilization_ratio')}))", "{{opd}}"),),
        look=Look(unit="percentunit", steps=UTILISATION, low=0, high=1.2, link=TO_AGENCY),
        no_value="Belum ada kotak yang sah",
        help="Sepuluh OPD dengan kotak 5 menit terakhir tertinggi terhadap alokasinya, arah yang lebih besar.",
    ),
)

_FOOT = (
    Panel(
        id=130,
        kind="table",
        title="Mutu tautan terburuk",
        width=8,
        height=6,
        queries=(
            Query(_WORST),
            Query(f"max by (link, opd) (nadi_link_rtt_p95_seconds) and on (link, opd) {_WORST}"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK),
            label("opd", "Kode PD", TO_AGENCY),
            value("A", "Kehilangan", unit="percentunit", steps=LOSS),
            value("B", "Latensi P95", unit="s", steps=ROUND_TRIP, no_value="Tidak ada jawaban"),
        ),
        sort="Kehilangan",
        no_value="Tidak ada tautan yang diukur dengan ping",
        help="Delapan tautan dengan kehilangan paket tertinggi pada kotak 5 menit terakhir, dan latensi P95-nya.",
    ),
    Panel(
        id=131,
        kind="bargauge",
        title="Sisa waktu UPS",
        width=5,
        height=6,
        source="mentah",
        queries=(Query("nadi_ups_battery_runtime_seconds", "{{ups}}"),),
        look=Look(unit="dthms", steps=UPS_SECONDS, low=0, high=3600, link=TO_UPS),
        no_value="Sisa waktu tidak terbaca",
        help="Sisa waktu baterai tiap UPS pada beban sekarang, menurut UPS itu sendiri.",
    ),
    Panel(
        id=132,
        kind="stat",
        title="Suhu tertinggi",
        width=3,
        height=6,
        source="mentah",
        queries=(Query(f"max({latest('nadi_environment_temperature_celsius')})", "Suhu tertinggi"),),
        look=Look(unit="celsius", steps=ROOM_CELSIUS, link=TO_POWER, decimals=1),
        no_value="Sensor tidak terbaca",
        help="Suhu ruang tertinggi dari semua sensor yang terbaca sekarang.",
    ),
    Panel(
        id=133,
        kind="table",
        title="Temuan terbuka",
        width=8,
        height=6,
        queries=(Query('max by (severity, rule, object) (nadi_finding_info{severity=~"tinggi|sedang"})'),),
        columns=(label("severity", "Tingkat"), label("rule", "Aturan", words=RULES), label("object", "Objek")),
        sort="Tingkat",
        no_value=comforting("Tidak ada temuan berat atau sedang"),
        help="Temuan terbuka bertingkat tinggi dan sedang. Daftar lengkap ada pada dasbor Gangguan dan Ketersediaan.",
    ),
)

NOC = Board(
    uid="nadi-noc",
    title="Nadi 1 - Ringkasan NOC",
    purpose="Satu layar tanpa gulir: apa yang rusak, siapa yang terkena, dan apakah layar ini dapat dipercaya.",
    span="now-6h",
    refresh="1m",
    variables=(Variable(name="site", label="Lokasi", query="label_values(nadi_link_info, site)"),),
    panels=(*_TILES, *_TRAFFIC, *_TROUBLE, *_FOOT),
    wall=True,
)
