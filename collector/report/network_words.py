"""Columns and Indonesian text of chapter VII."""

from __future__ import annotations

from typing import Final

from collector.report.columns import CODE
from collector.report.document import Column

TITLE: Final = "Kinerja dan Ketersediaan Jaringan"
LINKS: Final = "Ketersediaan, latensi, dan kehilangan paket menurut tautan"
PARTS: Final = "Durasi gangguan menurut bagian"
NOTHING: Final = "Tidak ada tautan yang aktif dan dinilai pada periode ini."
NO_OUTAGE: Final = "Tidak ada gangguan tautan yang terbukti pada periode ini."
INTRO: Final = (
    "Tautan dinyatakan mati hanya bila terbukti: port di salah satu ujungnya menyatakan mati, perangkat di ujungnya "
    "terbukti padam dari waktu hidupnya, atau kegagalan dari pusat dibenarkan oleh pihak lain. Kegagalan probe atau "
    "pembacaan yang tidak dibenarkan pihak lain, dan setiap celah pembacaan, adalah tidak diketahui: bukan hidup dan "
    "bukan mati."
)
NOTE: Final = (
    "Kotor = bagian waktu dinilai yang tidak mati; bersih juga mengecualikan pemeliharaan yang diumumkan tepat waktu "
    'dan pemutusan yang disetujui, dengan operasi himpunan atas waktu. "tidak dinilai" bila kurang dari 75 % waktunya '
    "diketahui. Latensi dan kehilangan paket dari probe ICMP yang melalui tautan itu; kosong bila tidak ada probe. "
    "Tautan tanpa probe dan tanpa pembacaan perangkat di ujung Perangkat Daerah dinilai dari portnya saja."
)
PART: Final = {"": "tidak diketahui"}
NOT_JUDGED: Final = "tidak dinilai"
KEPT: Final = {True: "memenuhi target", False: "di bawah target", None: "tanpa target"}

COLUMNS: Final = (
    CODE,
    Column("tautan_jaringan", "Tautan", "text", "Kode tautan.", width=1.8),
    Column("simpul", "Simpul", "text", "Perangkat dan titik ukurnya.", width=2.0),
    Column("media", "Media", "text", "Media tautan.", width=1.2),
    Column("pengelola", "Pengelola", "text", "WAN, LAN, atau Penyedia.", width=1.3),
    Column("dinilai_menit", "Waktu Dinilai (menit)", "count",
           "Waktu aktif dalam periode tanpa yang tidak diketahui.", "menit", "Waktu (menit)", "dinilai"),
    Column("tak_diketahui_menit", "Tidak Diketahui (menit)", "count", "Waktu aktif yang keadaannya tidak diketahui.",
           "menit", "Waktu (menit)", "tidak diketahui", 1.25),
    Column("gangguan_kali", "Gangguan (kali)", "count", "Selang mati yang terbukti.", "kali", width=1.25),
    Column("durasi_kotor_menit", "Durasi kotor (menit)", "count", "Jumlah lama mati yang terbukti.", "menit",
           "Durasi (menit)", "kotor"),
    Column("durasi_bersih_menit", "Durasi bersih (menit)", "count",
           "Lama mati di luar pemeliharaan terencana dan pemutusan yang disetujui.", "menit", "Durasi (menit)",
           "bersih"),
    Column("pemeliharaan_menit", "Pemeliharaan (menit)", "count", "Pemeliharaan yang diumumkan tepat waktu.",
           "menit", "Dikecualikan (menit)", "pemeli-haraan"),
    Column("pemutusan_menit", "Pemutusan (menit)", "count", "Pemutusan sementara yang disetujui.", "menit",
           "Dikecualikan (menit)", "pemu-tusan"),
    Column("kotor_persen", "Ketersediaan Kotor (%)", "availability",
           "Bagian waktu dinilai yang tidak mati; kosong bila tidak dinilai.", "%", "Ketersediaan (%)", "kotor", 1.15),
    Column("bersih_persen", "Ketersediaan Bersih (%)", "availability",
           "Seperti kotor, tanpa pemeliharaan terencana dan pemutusan yang disetujui.", "%", "Ketersediaan (%)",
           "bersih", 1.15),
    Column("latensi_median_ms", "Latensi median (ms)", "tenth", "Median waktu bolak-balik probe.", "ms",
           "Latensi (ms)", "median"),
    Column("latensi_p95_ms", "Latensi P95 (ms)", "tenth", "Persentil ke-95 (peringkat terdekat) waktu bolak-balik.",
           "ms", "Latensi (ms)", "P95"),
    Column("kehilangan_persen", "Kehilangan Paket (%)", "percent", "Rata-rata bagian yang hilang dari tiap probe.",
           "%", width=1.4),
    Column("target_persen", "Target (%)", "availability", "Ketersediaan bersih menurut tingkat layanannya.", "%",
           width=1.1),
    Column("status_jaringan", "Status", "text",
           "memenuhi target, di bawah target, tanpa target, atau tidak dinilai.", width=1.4),
)  # fmt: skip

PART_COLUMNS: Final = (
    Column("bagian_gangguan", "Bagian", "text", "WAN, LAN, Penyedia, Listrik, atau tidak diketahui.", width=2.0),
    Column("bagian_kotor_menit", "Durasi kotor (menit)", "count", "Jumlah lama mati semua tautan.", "menit"),
    Column("bagian_bersih_menit", "Durasi bersih (menit)", "count",
           "Di luar pemeliharaan terencana dan pemutusan yang disetujui.", "menit"),
)  # fmt: skip
