"""Columns and Indonesian text of chapter VIII."""

from __future__ import annotations

from typing import Final

from collector.report.columns import CODE, NAME
from collector.report.document import Column

TITLE: Final = "Gangguan dan Penanganan Berdasarkan Tingkat Layanan"
BY_TYPE: Final = "Jumlah menurut jenis"
BY_OPD: Final = "Ikhtisar meja layanan menurut Perangkat Daerah"
TOTAL: Final = "seluruhnya"
NO_OPD: Final = "Dinas atau umum"
NOTHING: Final = "Tidak ada keluhan, gangguan, masalah, permintaan, atau perubahan yang tercatat pada periode ini."
INTRO: Final = (
    "Memuat setiap keluhan, gangguan, masalah, permintaan, dan perubahan yang tercatat dan berlangsung pada periode "
    "ini, menurut keadaan pada saat data ditutup. Waktu tanggap dan waktu pulih dihitung di dalam jam layanan; dari "
    "waktu pulih dikurangkan jeda yang disetujui."
)
NOTE: Final = (
    'Tercapai: "ya" bila waktu tanggap dan waktu pulih tidak melebihi target, "tidak" bila salah satunya melebihi '
    '(juga selagi berlangsung), "berjalan" bila belum selesai dan belum melebihi. Tanpa tabel tingkat layanan yang '
    "berlaku, waktunya dihitung terus-menerus dan tidak dinilai."
)
MEASURED: Final = "Gangguan menurut pengukuran Nadi"
MEASURED_NOTE: Final = (
    "Nadi membuka insiden bila tautan pasti mati, mencatat saat tautan hidup kembali, dan mengusulkan bagian yang "
    "menjadi sebab beserta dasarnya. Usulan bukan putusan: insiden diakhiri, dan bagiannya ditetapkan, oleh petugas."
)
SHARE_NOTE: Final = "Tercapai (%) = tercapai dibagi jumlah tercapai dan terlampaui; yang masih berjalan tidak dihitung."
VERDICT: Final = {"tercapai": "ya", "terlampaui": "tidak", "berjalan": "berjalan"}

_TOTALS: Final = (
    Column("insiden_jumlah", "Jumlah", "count", "Banyaknya yang berlangsung pada periode ini.", "kasus"),
    Column("insiden_selesai", "Selesai", "count", "Yang sudah pulih atau selesai.", "kasus"),
    Column("insiden_belum_selesai", "Belum Selesai", "count", "Yang belum pulih atau selesai.", "kasus"),
    Column("insiden_tercapai", "Tercapai", "count", "Yang memenuhi tingkat layanannya.", "kasus"),
    Column("insiden_terlampaui", "Terlampaui", "count", "Yang melampaui tingkat layanannya.", "kasus"),
    Column("insiden_tercapai_persen", "Tercapai (%)", "percent", "Tercapai dibagi tercapai dan terlampaui.", "%"),
)

TYPE_COLUMNS: Final = (
    Column("jenis_insiden", "Jenis", "text",
           "keluhan, gangguan, masalah, permintaan, perubahan, atau seluruhnya.", width=1.6),
    *_TOTALS,
)  # fmt: skip

COLUMNS: Final = (
    Column("no_insiden", "No. Insiden", "text", "Nomor dalam register insiden.", width=1.6),
    CODE,
    Column("tautan_insiden", "Tautan", "text", "Tautan yang disebut.", width=1.5),
    Column("jenis_insiden", "Jenis", "text", "keluhan, gangguan, masalah, permintaan, atau perubahan.", width=1.75),
    Column("uraian_insiden", "Uraian", "text", "Yang dilaporkan.", width=2.4),
    Column("tingkat_layanan", "Tingkat Layanan", "text", "Tingkat layanan yang berlaku baginya.", width=1.3),
    Column("mulai_insiden", "Mulai", "time", "Saat mulai.", width=1.6),
    Column("tanggap_menit", "Tanggap (mnt)", "count",
           "Dari mulai sampai tanggapan pertama, di dalam jam layanan; kosong bila belum ditanggapi.", "menit",
           "Waktu (menit)", "tanggap"),
    Column("pulih_menit", "Pulih (mnt)", "count",
           "Dari mulai sampai pulih tanpa jeda yang disetujui, di dalam jam layanan; kosong bila belum pulih.",
           "menit", "Waktu (menit)", "pulih"),
    Column("target_tanggap_menit", "Target Tanggap (mnt)", "count", "Target waktu tanggap.", "menit",
           "Target (menit)", "tanggap"),
    Column("target_pulih_menit", "Target Pulih (mnt)", "count", "Target waktu pulih.", "menit", "Target (menit)",
           "pulih"),
    Column("tercapai", "Tercapai", "text", "ya, tidak, atau berjalan; kosong bila tidak dinilai.", width=1.1),
    Column("bagian", "Bagian", "text", "WAN, LAN, Penyedia, atau Listrik; kosong bila tidak diketahui.", width=1.4),
    Column("penyebab", "Penyebab", "text", "Penyebab yang dicatat.", width=2.2),
    Column("tindakan", "Tindakan", "text", "Tindakan yang dicatat.", width=2.2),
    Column("status_insiden", "Status", "text", "dilaporkan, ditangani, ditunda, selesai, atau ditutup.", width=1.6),
)  # fmt: skip

MEASURED_COLUMNS: Final = (
    Column("no_insiden", "No. Insiden", "text", "Nomor dalam register insiden.", width=1.6),
    CODE,
    Column("tautan_insiden", "Tautan", "text", "Tautan yang disebut.", width=1.5),
    Column("mulai_insiden", "Mulai", "time", "Saat mulai.", width=1.6),
    Column("pulih_terukur", "Pulih Terukur", "time", "Saat tautan terukur hidup kembali; kosong bila tidak terukur.",
           width=1.6),
    Column("bagian_usulan", "Usulan Bagian", "text",
           "Bagian yang diusulkan Nadi sebagai sebab: WAN, LAN, Penyedia, atau Listrik; kosong bila tidak ada.",
           width=1.2),
    Column("dasar_usulan", "Dasar Usulan", "text", "Yang mendasari usulan.", width=3),
    Column("bagian", "Bagian", "text", "WAN, LAN, Penyedia, atau Listrik; kosong bila tidak diketahui.", width=1.2),
)  # fmt: skip

DESK_COLUMNS: Final = (
    CODE, NAME,
    *(
        Column(f"banyaknya_{kind}", kind.capitalize(), "count", f"Banyaknya {kind}.", "kasus", "Jenis", kind, 1.1)
        for kind in ("keluhan", "gangguan", "masalah", "permintaan", "perubahan")
    ),
    *_TOTALS,
)  # fmt: skip
