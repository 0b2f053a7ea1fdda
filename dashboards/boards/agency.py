"""Nadi 2: one OPD. Its own viewers get this board alone, so every series carries the OPD's label."""

from __future__ import annotations

from dashboards.limits import (
    AT_LIMIT,
    AVAILABLE,
    CEILING,
    COVERAGE,
    DUE_HOURS,
    EVALUATION,
    LIMIT,
    LINK,
    LOSS,
    ROUND_TRIP,
    UTILISATION,
    VALID,
)
from dashboards.model import Board, Column, Look, Panel, Query, Variable
from dashboards.panels import TO_DEVICE, TO_EVALUATION, TO_LINK, TO_LINKS, comforting, label, latest, row, value
from dashboards.words import GROUNDS

_OPD = 'opd="$opd"'

_NOW = (
    row(200, "Keadaan"),
    Panel(
        id=201, kind="table", title="Identitas", width=8, height=4,
        queries=(Query(f"max by (opd, name, class, site) (nadi_opd_info{{{_OPD}}})"),),
        columns=(label("opd", "Kode PD"), label("name", "Perangkat Daerah"), label("class", "Kelas"),
                 label("site", "Lokasi")),
        no_value="Data OPD tidak diterima",
        help="Nama, kelas prioritas dan lokasi OPD menurut data induk.",
    ),
    Panel(
        id=202, kind="stat", title="Keadaan", width=4, height=4,
        queries=(Query(f"nadi_opd_state{{{_OPD}}}", "Keadaan"),),
        look=Look(states=LINK, link=TO_LINKS), no_value="Tidak diterima",
        help="Keadaan tautan OPD yang terburuk. 'Tidak diketahui' berarti tidak ada ukuran, bukan mati.",
    ),
    Panel(
        id=203, kind="stat", title="Alokasi", width=4, height=4,
        queries=(Query(f"nadi_opd_allocation_bits_per_second{{{_OPD}}}", "{{direction}}"),),
        look=Look(unit="bps"), no_value="Belum ada penetapan",
        help="Alokasi bandwidth yang berlaku menurut penetapan, per arah.",
    ),
    Panel(
        id=204, kind="stat", title="Utilisasi sekarang", width=4, height=4,
        queries=(Query(f"max({latest(f'nadi_opd_utilization_ratio{{{_OPD}}}')})", "Utilisasi"),),
        look=Look(unit="percentunit", steps=UTILISATION, decimals=1), no_value="Kotak terakhir tidak sah",
        help="Kotak 5 menit sah yang terakhir terhadap alokasi, arah yang lebih besar. Berumur 15 sampai 20 menit.",
    ),
    Panel(
        id=205, kind="stat", title="Jaminan minimum", width=4, height=4,
        queries=(Query(f"nadi_opd_floor_bits_per_second{{{_OPD}}}", "{{direction}}"),),
        look=Look(unit="bps"), no_value="Tidak ditetapkan",
        help="Bandwidth yang dijamin bagi OPD menurut penetapan, per arah.",
    ),
)  # fmt: skip

_USE = (
    row(210, "Pemakaian"),
    Panel(
        id=211, kind="timeseries", title="Pemakaian per 5 menit terhadap alokasi (dasar laporan)", width=12, height=9,
        queries=(
            Query(f'nadi_opd_rate_bits_per_second{{{_OPD}, direction="unduh"}}', "Unduh"),
            Query(f'-1 * nadi_opd_rate_bits_per_second{{{_OPD}, direction="unggah"}}', "Unggah (ke bawah)"),
            Query(f'nadi_opd_allocation_bits_per_second{{{_OPD}, direction="unduh"}}', "Alokasi unduh"),
            Query(f'-1 * nadi_opd_allocation_bits_per_second{{{_OPD}, direction="unggah"}}', "Alokasi unggah"),
        ),
        look=Look(unit="bps"), mirror=True, dashed=("Alokasi unduh", "Alokasi unggah"),
        no_value="Belum ada kotak yang sah",
        help="Jumlah semua tautan OPD per kotak 5 menit; dari kotak inilah P95 dihitung. Celah berarti tidak ada "
        "ukuran sah, bukan nol. Kotak masuk 15 sampai 20 menit setelah berakhir.",
    ),
    Panel(
        id=212, kind="timeseries", title="Pemakaian per antrean (langsung)", width=12, height=9, source="langsung",
        queries=(
            Query(f"8 * rate(nadi_queue_bytes_total{{{_OPD}}}[$__rate_interval])", "{{link}} {{direction}}"),
        ),
        look=Look(unit="bps", low=0), no_value="Tidak ada antrean yang terdaftar bagi OPD ini",
        help="Laju menit ini dari penghitung antrean router, untuk melihat gejala yang sedang berlangsung.",
    ),
    Panel(
        id=213, kind="timeseries", title="Paket terbuang antrean (langsung)", width=12, height=7, source="langsung",
        queries=(
            Query(f"rate(nadi_queue_dropped_packets_total{{{_OPD}}}[$__rate_interval])", "{{link}} {{direction}}"),
        ),
        look=Look(unit="pps"), no_value="Tidak ada penghitung buangan bagi OPD ini",
        help="Paket yang dibuang pembatas. Buangan terus-menerus berarti permintaan melampaui batas.",
    ),
    Panel(
        id=216, kind="status-history", title="Keabsahan kotak 5 menit", width=12, height=7,
        queries=(Query(f"nadi_link_bin_valid{{{_OPD}}}", "{{link}}"),),
        look=Look(states=VALID, link=TO_LINK), no_value="Belum ada kotak",
        help="Kotak yang sah pada kedua arah (hijau) dan yang tidak (abu-abu). Kotak tidak sah tidak ikut dihitung.",
    ),
    Panel(
        id=214, kind="timeseries", title="Latensi median dan P95", width=12, height=7,
        queries=(
            Query(f"nadi_link_rtt_median_seconds{{{_OPD}}}", "{{link}} median"),
            Query(f"nadi_link_rtt_p95_seconds{{{_OPD}}}", "{{link}} P95"),
        ),
        look=Look(unit="s", steps=ROUND_TRIP, low=0), no_value="Tautan OPD ini tidak diukur dengan ping",
        help="Waktu bolak-balik dari pusat ke ujung tautan pada kotak 5 menit terakhir; celah berarti tanpa jawaban.",
    ),
    Panel(
        id=215, kind="timeseries", title="Kehilangan paket", width=12, height=7,
        queries=(Query(f"nadi_link_loss_ratio{{{_OPD}}}", "{{link}}"),),
        look=Look(unit="percentunit", steps=LOSS, low=0), no_value="Tautan OPD ini tidak diukur dengan ping",
        help="Bagian paket uji yang tidak kembali pada kotak 5 menit terakhir; celah berarti tidak diukur.",
    ),
)  # fmt: skip

_FIGURES = tuple(
    Query(f"max by (direction) (nadi_evaluation_{name}{{{_OPD}}})")
    for name in (
        *("p95_bits_per_second", "p95_min_bits_per_second", "p95_max_bits_per_second", "mean_bits_per_second"),
        *("peak_bits_per_second", "busy_hour_mean_bits_per_second", "volume_bytes", "queue_dropped_packets"),
    )
)


def _figure(number: int, title: str, name: str, look: Look, no_value: str, help: str) -> Panel:
    queries = (Query(f"nadi_evaluation_{name}{{{_OPD}}}", title),)
    return Panel(
        id=number, kind="stat", title=title, width=4, height=4, queries=queries, look=look, no_value=no_value, help=help
    )  # fmt: skip


_MONTH = (
    row(220, "Evaluasi bulan berjalan (aturan laporan, belum beku)"),
    _figure(221, "Status sementara", "status", Look(states=EVALUATION, link=TO_EVALUATION), "Tidak dinilai",
            "Status menurut aturan laporan dari awal bulan sampai sekarang; dapat berubah sampai bulan ditutup."),
    _figure(222, "Utilisasi P95", "utilization_ratio", Look(unit="percentunit", steps=UTILISATION, decimals=1),
            "Data tidak cukup", "P95 terhadap alokasi, arah yang lebih besar; dapat melebihi 100 %."),
    _figure(223, "Waktu pada batas", "at_limit_ratio", Look(unit="percentunit", steps=CEILING, decimals=1),
            "Data tidak cukup", f"Bagian kotak sah yang mencapai batas; di atas {AT_LIMIT:.0%} berarti jenuh."),
    _figure(224, "Cakupan data", "coverage_ratio", Look(unit="percentunit", steps=COVERAGE, decimals=1),
            "Belum ada kotak", "Bagian kotak yang sah. Di bawah 75 % tidak ada P95 yang dicetak."),
    _figure(226, "Jam sibuk (mulai pukul)", "busy_hour", Look(decimals=0), "Belum cukup hari kerja",
            "Awal jam sibuk unduh pada hari kerja, waktu setempat."),
    Panel(
        id=225, kind="stat", title="Ketersediaan terendah", width=4, height=4,
        queries=(Query(f"min(nadi_availability_net_ratio{{{_OPD}}})", "Ketersediaan bersih"),),
        look=Look(unit="percentunit", steps=AVAILABLE, decimals=3), no_value="Tidak dinilai",
        help="Ketersediaan bersih tautan OPD yang terburuk bulan ini. Tidak dinilai bila waktu yang diketahui kurang "
        "dari 75 %.",
    ),
    Panel(
        id=227, kind="table", title="Angka bulan berjalan per arah", width=24, height=5, queries=_FIGURES,
        columns=(
            label("direction", "Arah"), value("A", "P95", unit="bps"),
            value("B", "P95 paling rendah", unit="bps", no_value="Tidak dicetak"),
            value("C", "P95 paling tinggi", unit="bps", no_value="Tidak dicetak"), value("D", "Rata-rata", unit="bps"),
            value("E", "Puncak 5 menit", unit="bps"),
            value("F", "Rata-rata jam sibuk", unit="bps", no_value="Belum cukup hari"),
            value("G", "Volume", unit="decbytes"), value("H", "Paket terbuang", no_value="Tidak diukur"),
        ),
        no_value="Data tidak cukup",
        help="Angka yang sama dengan laporan bila bulan ditutup sekarang. Batas P95 hanya ada bila cakupan kurang "
        "dari 99 %; batas atas yang kosong berarti tidak terbatas.",
    ),
)  # fmt: skip

_LINKS = (
    row(230, "Tautan"),
    Panel(
        id=233, kind="state-timeline", title="Keadaan tautan", width=12, height=7,
        queries=(Query(f"nadi_link_state{{{_OPD}}}", "{{link}}"),),
        look=Look(states=LINK, link=TO_LINK), no_value="Keadaan tautan tidak diterima",
        help="Riwayat keadaan tiap tautan OPD. Abu-abu berarti tidak diketahui.",
    ),
    Panel(
        id=235, kind="table", title="Daftar tautan", width=12, height=7,
        queries=(
            Query(f"max by (link, medium, provider, maintainer) (nadi_link_info{{{_OPD}}})"),
            Query(f"max by (link) (nadi_link_state{{{_OPD}}})"),
            Query(f'max by (link) ({latest(f"""nadi_link_rate_bits_per_second{{{_OPD}, direction="unduh"}}""")})'),
            Query(f'max by (link) ({latest(f"""nadi_link_rate_bits_per_second{{{_OPD}, direction="unggah"}}""")})'),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("medium", "Media"), label("provider", "Penyedia"),
            label("maintainer", "Pengelola"), Column(of="B", title="Keadaan", look=Look(states=LINK)),
            value("C", "Unduh", unit="bps"), value("D", "Unggah", unit="bps"),
        ),
        no_value="Tidak diketahui",
        help="Tautan OPD dengan penyedia, keadaan sekarang, dan kotak 5 menit sah yang terakhir.",
    ),
)  # fmt: skip

_TIMES = ("net_ratio", "target_ratio", "down_seconds", "unknown_seconds")

_RECORDS = (
    row(240, "Konfigurasi, ketersediaan, insiden"),
    Panel(
        id=231, kind="table", title="Batas di router", width=12, height=6,
        queries=(
            Query(f"max by (device, link, direction) (nadi_queue_config_match{{{_OPD}}})"),
            Query(f"max by (device, link, direction) (nadi_queue_limit_bits_per_second{{{_OPD}}})"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("device", "Perangkat", TO_DEVICE), label("direction", "Arah"),
            value("B", "Batas terbaca", unit="bps", no_value="Tidak terbaca atau tanpa batas"),
            Column(of="A", title="Terhadap penetapan", look=Look(states=LIMIT), cell="background"),
        ),
        no_value="Batas tidak dibaca",
        help="Batas kecepatan yang terbaca dari perangkat dan kesesuaiannya dengan penetapan. Nadi tidak pernah "
        "mengubah perangkat.",
    ),
    Panel(
        id=232, kind="table", title="Ketersediaan bulan berjalan", width=12, height=6,
        queries=tuple(Query(f"max by (link, maintainer) (nadi_availability_{name}{{{_OPD}}})") for name in _TIMES),
        columns=(
            label("link", "Tautan", TO_LINK), label("maintainer", "Pengelola"),
            value("A", "Bersih", unit="percentunit", steps=AVAILABLE, decimals=3, no_value="Tidak dinilai"),
            value("B", "Target", unit="percentunit", decimals=2, no_value="Tidak ditetapkan"),
            value("C", "Mati", unit="dthms"), value("D", "Tidak diketahui", unit="dthms"),
        ),
        no_value="Tidak dinilai",
        help="Ketersediaan bersih tanpa pemeliharaan, pemutusan yang disetujui, dan waktu yang tidak diketahui.",
    ),
    Panel(
        id=228, kind="table", title="Menurut laporan bulanan", width=8, height=8, sort="Periode",
        queries=(
            Query(f"max by (period, direction) (nadi_report_p95_bits_per_second{{{_OPD}}})"),
            Query(f"max by (period, direction) (nadi_report_recommended_bits_per_second{{{_OPD}}})"),
        ),
        columns=(
            label("period", "Periode"), label("direction", "Arah"), value("A", "P95", unit="bps"),
            value("B", "Rekomendasi", unit="bps", no_value="Hanya periode terakhir"),
        ),
        no_value="Belum ada laporan yang disahkan",
        help="P95 menurut laporan yang disahkan, dua belas bulan terakhir, dan rekomendasi laporan terakhir; tidak "
        "dihitung ulang.",
    ),
    Panel(
        id=234, kind="table", title="Insiden terbuka OPD", width=8, height=8, sort="Umur",
        queries=(
            Query(f"time() - max by (incident, type, status) (nadi_incident_started_timestamp_seconds{{{_OPD}}})"),
            Query("(max by (incident, type, status) "
                  f"(nadi_incident_restore_due_timestamp_seconds{{{_OPD}}}) - time()) / 3600"),
        ),
        columns=(
            label("incident", "No. Insiden"), label("type", "Jenis"), label("status", "Keadaan"),
            value("A", "Umur", unit="dthms"),
            value("B", "Sisa pulih", unit="suffix: jam", decimals=1, steps=DUE_HOURS, no_value="Tanpa target"),
        ),
        no_value=comforting("Tidak ada insiden terbuka", "Keadaan"),
        help="Insiden OPD ini yang belum selesai, dan sisa waktu pulihnya; negatif berarti lewat.",
    ),
    Panel(
        id=236, kind="table", title="Pemutusan sementara", width=8, height=8,
        queries=(
            Query("(max by (disconnection, link, ground) "
                  f"(nadi_disconnection_planned_end_timestamp_seconds{{{_OPD}}}) - time()) / 3600"),
        ),
        columns=(
            label("disconnection", "Nomor"), label("link", "Tautan", TO_LINK),
            label("ground", "Dasar", words=GROUNDS),
            value("A", "Sisa waktu", unit="suffix: jam", decimals=1, steps=DUE_HOURS),
        ),
        no_value=comforting("Tidak ada pemutusan", "Keadaan"),
        help="Pemutusan yang sedang berlaku, dasarnya, dan sisa waktunya; tautan yang kosong berarti seluruh OPD.",
    ),
)  # fmt: skip

AGENCY = Board(
    uid="nadi-opd",
    title="Nadi 2 - Perangkat Daerah",
    purpose="Satu OPD: keadaan, pemakaian terhadap alokasi, dan angka bulan berjalan yang sama dengan laporan.",
    span="now-24h",
    refresh="5m",
    variables=(Variable(name="opd", label="Perangkat Daerah", query="label_values(nadi_opd_info, opd)", many=False),),
    panels=(*_NOW, *_USE, *_MONTH, *_LINKS, *_RECORDS),
)
