"""Every derived series: name, kind, labels and the Indonesian help text.

The one place for names that the collector makes (dashboards.md §1.2); raw names stand in ``agent/catalogue.py``.
A series is ``measurement`` + ``_`` + ``field``. Rates are bit/s, because determinations and contracts are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from collector.feeds.derived_registers import REGISTERS
from collector.feeds.series import Labels, Number, Series, Written, gauges

__all__ = ["DERIVED", "Labels", "Number", "Series", "Written"]

_D = ("opd", "direction")
_L = ("link", "opd", "direction")
_B = ("server", "job", "engine")
"""A backup job by its registered code."""

_A = ("link", "opd", "maintainer")
_Q = ("device", "queue", "link", "opd", "direction")


_ALL = (
    *gauges(
        "nadi_link",
        ("rate_bits_per_second", _L, "Laju bin 5 menit terakhir yang sah; tidak ada bila bin tidak sah"),
        ("utilization_ratio", _L, "Laju bin terakhir yang sah dibagi alokasi OPD yang berlaku"),
        (
            "state",
            ("link", "opd", "uplink", "site", "role"),
            "Keadaan tautan: 0 mati, 1 hidup, 2 terganggu, 3 tidak diketahui, 4 pemeliharaan, 5 pemutusan sementara",
        ),
        ("bin_valid", ("link", "opd"), "1 bila bin 5 menit terakhir sah pada kedua arah, 0 bila tidak"),
        (
            "info",
            (
                *("link", "opd", "site", "medium", "owner", "maintainer", "provider"),
                *("device", "interface", "uplink", "role"),
            ),
            "Keterangan tautan; selalu 1",
        ),
    ),
    *gauges(
        "nadi_interface",
        (
            "info",
            ("site", "device", "interface", "alias", "link", "opd", "role"),
            "Kaitan antarmuka terdaftar dengan tautan dan OPD; selalu 1",
        ),
    ),
    *gauges(
        "nadi_device",
        (
            "info",
            ("site", "device", "vendor", "model", "version", "serial", "protocol"),
            "Keterangan perangkat menurut perangkat itu sendiri; selalu 1",
        ),
    ),
    *gauges(
        "nadi_ups",
        (
            "state",
            ("site", "ups"),
            "Keadaan UPS: 0 mati, 1 listrik PLN, 2 baterai, 3 baterai lemah, 4 bypass, 5 tidak diketahui",
        ),
        ("info", ("site", "ups", "model", "protocol"), "Keterangan UPS; selalu 1"),
        ("battery_events", ("site", "ups"), "Banyaknya peralihan ke baterai yang teramati pada bulan berjalan"),
    ),
    Series(
        "nadi_ups_on_battery_seconds_total",
        "counter",
        ("site", "ups"),
        "Lama pada baterai yang teramati sejak awal bulan; mulai dari nol setiap bulan",
    ),
    Series(
        "nadi_ats_transfers_total",
        "counter",
        ("site", "ats"),
        "Banyaknya beban beralih ke genset sejak awal bulan, termasuk uji; mulai dari nol setiap bulan",
    ),
    *gauges(
        "nadi_ats",
        (
            "last_transfer_duration_seconds",
            ("site", "ats"),
            "Batas atas waktu dari listrik padam sampai genset memikul beban pada kejadian terakhir dalam 12 bulan",
        ),
        ("transfer_limit_seconds", ("site", "ats"), "Batas waktu alih ke genset menurut ketentuan"),
    ),
    *gauges(
        "nadi_generator",
        (
            "last_test_timestamp_seconds",
            ("site", "generator"),
            "Saat uji atau pembebanan terakhir genset, menurut perangkat atau catatan petugas",
        ),
        ("last_test_passed", ("site", "generator"), "1 bila uji terakhir genset berhasil, 0 bila gagal"),
    ),
    *gauges(
        "nadi_host",
        ("up", ("site", "host"), "1 bila server melapor atau menjawab baru-baru ini, 0 bila tidak; 0 belum tentu mati"),
        (
            "info",
            ("site", "host", "role", "owner", "location", "ups", "os"),
            "Keterangan server; selalu 1; ups kosong berarti tanpa UPS, owner kosong berarti Dinas",
        ),
    ),
    *gauges(
        "nadi_certificate",
        ("not_after_timestamp_seconds", ("name",), "Akhir masa berlaku sertifikat, menurut pemeriksaan layanan"),
    ),
    *gauges(
        "nadi_server",
        ("protected", ("server",), "Perlindungan server: 0 belum terlindung, 1 terlindung, 2 tidak diketahui"),
    ),
    *gauges(
        "nadi_backup",
        (
            "state",
            ("server",),
            "Cadangan terburuk server: 0 tidak ada, 1 baik, 2 terlambat, 3 kritis, 4 tidak diketahui",
        ),
        ("age_seconds", ("server",), "Umur salinan penuh terverifikasi dari cadangan terburuk; tidak ada bila tanpa"),
        ("policy_seconds", ("server",), "Umur yang diizinkan kebijakan bagi cadangan terburuk server"),
        (
            "restore_test_timestamp_seconds",
            ("server",),
            "Uji pemulihan terakhir cadangan yang paling lama tidak diuji; tidak ada bila satu belum pernah diuji",
        ),
        (
            "restore_test_passed",
            ("server",),
            "1 bila uji pemulihan terakhir setiap cadangan server berhasil, 0 bila satu gagal",
        ),
        (
            "tape_copy_timestamp_seconds",
            ("server",),
            "Salinan penuh sah yang terbaru pada pita; tidak ada bila satu cadangan server tanpa salinan sah",
        ),
        ("offsite", ("server",), "1 bila salinan pada pita berada di luar lokasi; tidak ada bila tidak diketahui"),
        ("last_run_timestamp_seconds", _B, "Saat percobaan terakhir pekerjaan cadangan, apa pun hasilnya"),
        ("last_success_timestamp_seconds", _B, "Saat keberhasilan terakhir pekerjaan cadangan"),
        ("last_full_timestamp_seconds", _B, "Saat salinan penuh terakhir yang berhasil dan terverifikasi"),
        ("last_duration_seconds", _B, "Lama percobaan terakhir"),
        ("last_size_bytes", _B, "Ukuran percobaan terakhir"),
        ("last_files", _B, "Banyaknya berkas pada percobaan terakhir"),
        ("last_errors", _B, "Banyaknya galat pada percobaan terakhir"),
    ),
    Series("nadi_queue_bytes_total", "counter", _Q, "Oktet yang melewati antrean tautan, arah menurut OPD"),
    Series("nadi_queue_dropped_packets_total", "counter", _Q, "Paket yang dibuang antrean tautan, arah menurut OPD"),
    *gauges(
        "nadi_opd",
        ("rate_bits_per_second", _D, "Jumlah laju bin 5 menit terakhir; tidak ada bila satu tautan tidak sah"),
        ("allocation_bits_per_second", _D, "Alokasi bandwidth yang berlaku menurut penetapan"),
        ("floor_bits_per_second", _D, "Jaminan minimum yang berlaku menurut penetapan"),
        ("utilization_ratio", _D, "Laju bin terakhir yang sah dibagi alokasi yang berlaku"),
        ("state", ("opd",), "Keadaan OPD: keadaan tautan yang terburuk menurut urutan 0, 2, 3, 5, 4, 1"),
        ("info", ("opd", "name", "class", "site", "mandiri"), "Keterangan OPD; selalu 1"),
    ),
    *gauges(
        "nadi_capacity",
        (
            "contracted_bits_per_second",
            ("contract", "provider", "direction"),
            "Kapasitas kontrak layanan internet yang berlaku",
        ),
        ("contract_end_timestamp_seconds", ("contract", "provider"), "Akhir masa berlaku kontrak"),
        ("cost_rupiah_per_month", ("contract", "provider"), "Biaya kontrak per bulan"),
        (
            "rate_bits_per_second",
            ("direction",),
            "Jumlah laju bin 5 menit terakhir semua tautan hulu; tidak ada bila satu tidak sah",
        ),
        ("allocated_bits_per_second", ("direction",), "Jumlah alokasi semua OPD yang berlaku"),
    ),
    *gauges(
        "nadi_evaluation",
        ("p95_bits_per_second", _D, "Persentil ke-95 bin sah bulan berjalan; tidak ada bila cakupan kurang dari 75 %"),
        ("p95_min_bits_per_second", _D, "Batas bawah P95 bulan berjalan"),
        ("p95_max_bits_per_second", _D, "Batas atas P95 bulan berjalan; tidak ada berarti tidak terbatas"),
        ("mean_bits_per_second", _D, "Rata-rata bin sah bulan berjalan"),
        ("peak_bits_per_second", _D, "Bin sah tertinggi bulan berjalan"),
        ("busy_hour_mean_bits_per_second", _D, "Rata-rata pada jam sibuk bulan berjalan"),
        ("volume_bytes", _D, "Volume semua selisih penghitung yang sah pada bulan berjalan"),
        ("utilization_ratio", ("opd",), "P95 terhadap alokasi, arah yang lebih besar; dapat melebihi 1"),
        ("at_limit_ratio", ("opd",), "Bagian bin sah yang mencapai 95 % batas"),
        ("coverage_ratio", ("opd",), "Cakupan data bulan berjalan, arah yang lebih rendah"),
        (
            "status",
            ("opd",),
            "Status: 0 data tidak cukup, 1 rendah, 2 wajar, 3 perlu perhatian, 4 jenuh; tidak ada bila tidak dinilai",
        ),
        ("busy_hour", ("opd",), "Awal jam sibuk unduh, waktu setempat"),
        ("queue_dropped_packets", _D, "Paket yang dibuang antrean pada bulan berjalan; tidak ada bila tidak diukur"),
    ),
    *gauges(
        "nadi_availability",
        ("gross_ratio", _A, "Ketersediaan kotor bulan berjalan; tidak ada bila waktu diketahui kurang dari 75 %"),
        ("net_ratio", _A, "Ketersediaan bersih bulan berjalan; tidak ada bila waktu diketahui kurang dari 75 %"),
        ("down_seconds", _A, "Lama mati terbukti bulan berjalan, di luar pemeliharaan dan pemutusan yang disetujui"),
        ("unknown_seconds", _A, "Waktu bulan berjalan yang keadaan tautannya tidak diketahui"),
        ("planned_seconds", _A, "Waktu pemeliharaan bulan berjalan yang diumumkan tepat waktu"),
        ("disconnected_seconds", _A, "Waktu pemutusan sementara bulan berjalan yang disetujui"),
        ("target_ratio", _A, "Ketersediaan bersih menurut tingkat layanan; tidak ada bila tidak ditetapkan"),
        ("outages", _A, "Banyaknya gangguan terbukti pada bulan berjalan"),
    ),
    *gauges(
        "nadi_finding",
        ("open", ("rule", "severity"), "Banyaknya temuan terbuka"),
        ("info", ("rule", "severity", "object"), "Temuan terbuka, paling banyak 200; selalu 1"),
    ),
    *gauges(
        "nadi_agent",
        ("up", ("agent", "site"), "1 bila agen mengirim data baru dalam batas waktu basi, 0 bila tidak"),
        ("last_seen_timestamp_seconds", ("agent", "site"), "Saat kiriman terakhir agen diterima"),
        (
            "clock_offset_seconds",
            ("agent", "site"),
            "Selisih jam agen terhadap jam pengumpul pada kiriman terakhir, dikurangi waktu tempuhnya",
        ),
        ("info", ("agent", "site", "version", "uplink"), "Agen terdaftar, juga saat diam; selalu 1"),
    ),
    *gauges(
        "nadi_collector",
        ("up", (), "Pengumpul berjalan; selalu 1"),
        ("start_timestamp_seconds", (), "Saat pengumpul dijalankan"),
        ("last_bin_timestamp_seconds", (), "Akhir bin 5 menit terbaru yang sah pada sedikitnya satu tautan"),
        ("ingest_lag_seconds", (), "P95 keterlambatan kiriman langsung; tidak ada bila belum ada kiriman"),
        ("database_bytes", (), "Ukuran berkas basis data pengumpul"),
        ("integrity_checked_timestamp_seconds", (), "Saat pemeriksaan keutuhan terakhir selesai"),
        ("own_backup_timestamp_seconds", (), "Saat cadangan Nadi sendiri yang terbaru dibuat"),
        ("own_restore_test_timestamp_seconds", (), "Saat uji pulih cadangan Nadi sendiri terakhir lulus"),
        ("integrity_ok", (), "1 bila pemeriksaan keutuhan terakhir tidak menemukan kelainan"),
        ("build_info", ("version", "revision"), "Versi pengumpul; selalu 1"),
        ("bins_expected", (), "Banyaknya bin yang diharapkan bulan berjalan, semua tautan, kedua arah"),
        ("bins_valid", (), "Banyaknya bin sah bulan berjalan, semua tautan, kedua arah"),
        ("coverage_ratio", (), "Cakupan data semua tautan bulan berjalan"),
    ),
    Series("nadi_collector_points_received_total", "counter", ("kind",), "Nilai yang disimpan: langsung atau susulan"),
    Series("nadi_collector_points_rejected_total", "counter", ("reason",), "Nilai yang ditolak, menurut sebab"),
    Series("nadi_collector_job_failures_total", "counter", ("job",), "Pekerjaan terjadwal yang gagal"),
    Series("nadi_collector_sink_points_total", "counter", ("sink",), "Nilai yang diteruskan ke basis data deret waktu"),
    Series("nadi_collector_sink_errors_total", "counter", ("sink",), "Penerusan yang gagal dan diulang, atau ditolak"),
    *gauges("nadi_collector", ("sink_lag_seconds", ("sink",), "Umur kiriman tertua yang belum diteruskan")),
    Series(
        "nadi_collector_notifications_total",
        "counter",
        ("channel", "result"),
        "Pemberitahuan Nadi sendiri menurut saluran dan hasil: terkirim atau gagal",
    ),
    Series(
        "nadi_collector_deltas_invalid_total",
        "counter",
        ("reason",),
        "Selisih penghitung yang tidak sah sejak awal bulan, menurut sebab",
    ),
)

DERIVED: Mapping[str, Series] = MappingProxyType({series.name: series for series in (*_ALL, *REGISTERS)})
"""Derived series by name."""
