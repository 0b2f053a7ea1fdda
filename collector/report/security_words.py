"""Columns and Indonesian text of chapter XI."""

from __future__ import annotations

from typing import Final

from collector.report.document import Column

TITLE: Final = "Pemeriksaan Log Bulanan dan Keamanan"
LOGS: Final = "a. Pemeriksaan log"
ITSELF: Final = "b. Hitungan sistem"
CHECKS: Final = "Pemeriksaan log bulanan"
SOURCES: Final = "Kejadian menurut sumber log"
COUNTED: Final = "Yang dihitung Nadi pada periode ini"
INTRO: Final = (
    "Pemeriksaan kejadian yang terekam dalam log dilakukan setiap bulan dan disahkan oleh orang kedua. Dimuat di sini "
    "pemeriksaan bulan ini dan bulan sebelumnya yang dikerjakan sampai dengan data ditutup."
)
UNSIGNED: Final = "Pemeriksaan log bulan {} belum disahkan sampai dengan data ditutup."
UNSIGNED_LATE: Final = "Pemeriksaan log bulan {} belum disahkan dan telah melewati tenggat."
NOT_COUNTED: Final = "Hitungan sistem tidak disajikan pada laporan ini."
SOURCE_NOTE: Final = 'Tanda "-" pada jumlah berarti tidak dihitung oleh pemeriksa, bukan nol.'
COUNT_NOTE: Final = (
    "Catatan audit yang sama dalam satu menit dicatat satu kali. Jumlah karantina tidak disajikan "
    '("-") bila sebagian isinya telah dihapus karena batas ruang.'
)
AUDITED: Final = "Catatan audit"
AUDIT: Final = {"ok": "dilaksanakan", "refused": "ditolak"}
QUARANTINED: Final = "Karantina"
PUT_ASIDE: Final = {
    "lines": "baris yang isinya tidak sah",
    "deliveries": "kiriman utuh yang ditolak karena isi, waktu, atau perangkatnya",
    "forks": "kiriman bercabang: bertentangan dengan kiriman bernomor sama, dua pengirim memakai satu identitas",
}
CHECKED: Final = "Pemeriksaan integritas"
INTEGRITY: Final = {True: "seluruhnya utuh", False: "menemukan perubahan atau kerusakan"}

_PERIOD: Final = Column("periode_log", "Periode", "text", "Bulan yang diperiksa.", width=1.5)
CHECK_COLUMNS: Final = (
    Column("no_pemeriksaan", "No.", "text", "Nomor dalam register pemeriksaan log.", width=1.6),
    _PERIOD,
    Column("pemeriksa", "Pemeriksa", "text", "Akun yang memeriksa.", width=1.4),
    Column("diperiksa", "Diperiksa", "time", "Saat pemeriksaan dicatat.", width=1.6),
    Column("pengesah", "Disahkan oleh", "text", "Akun yang mengesahkan.", width=1.4),
    Column("disahkan", "Disahkan", "time", "Saat disahkan; kosong bila belum.", width=1.6),
    Column("temuan_log", "Temuan", "text", "Temuan pemeriksa.", width=3.4),
    Column("tindak_lanjut_log", "Tindak Lanjut", "text", "Tindak lanjutnya.", width=3.0),
    Column("status_log", "Status", "text", "diperiksa, dikembalikan, atau disahkan.", width=1.2),
)

SOURCE_COLUMNS: Final = (
    _PERIOD,
    Column("sumber_log", "Sumber", "text", "Log yang diperiksa.", width=2.6),
    *(
        Column(f"jumlah_{word}", f"Jumlah {word}", "count", f"Kejadian bertingkat {word}; kosong bila tidak dihitung.",
               "kejadian", "Jumlah per Tingkat", word)
        for word in ("kritis", "galat", "peringatan", "catatan")
    ),
    Column("celah_log", "Celah Pencatatan (kali)", "count", "Selang tanpa catatan.", "kali", "Celah Pencatatan",
           "kali"),
    Column("celah_log_menit", "Celah Pencatatan (menit)", "count", "Jumlah lamanya.", "menit", "Celah Pencatatan",
           "menit"),
    Column("sebab_celah", "Sebab Celah", "text", "Sebab yang dicatat.", width=2.6),
)  # fmt: skip

COUNT_COLUMNS: Final = (
    Column("hitungan", "Hitungan", "text", "Yang dihitung.", width=2.2),
    Column("rincian_hitungan", "Rincian", "text", "Hasil atau sebabnya.", width=3.4),
    Column("jumlah_hitungan", "Jumlah", "count", "Banyaknya pada periode ini; kosong bila tidak lengkap.", "kali"),
)
