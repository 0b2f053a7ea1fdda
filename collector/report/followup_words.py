"""Columns and Indonesian text of chapters III and IX."""

from __future__ import annotations

from typing import Final

from agent.clock import NS
from collector.report.columns import CODE, NO
from collector.report.document import Column

MINUTE_NS: Final = 60 * NS

FOLLOWUPS: Final = "Tindak Lanjut Rekomendasi Periode Sebelumnya"
FOLLOWUP_INTRO: Final = (
    "Rekomendasi periode sebelumnya yang masih berjalan, atau yang berubah keadaannya sejak awal periode ini, menurut "
    "keadaan pada saat data ditutup."
)
LATE: Final = "Sebanyak {} rekomendasi melewati tenggat dan belum selesai."
NONE_LATE: Final = "Tidak ada yang melewati tenggat."
NO_FOLLOWUP: Final = (
    "Tidak ada rekomendasi periode sebelumnya yang tercatat masih berjalan atau berubah keadaannya pada periode ini."
)
DISCONNECTIONS: Final = "Pemutusan Sementara dan Pemblokiran"
DISCONNECTION_INTRO: Final = (
    "Pemutusan sementara dan pemblokiran yang disetujui dan berlangsung, atau direncanakan berlangsung, pada periode "
    "ini. Isi komunikasi tidak diperiksa oleh sistem."
)
NO_DISCONNECTION: Final = (
    "Tidak ada pemutusan sementara atau pemblokiran yang tercatat disetujui dan berlangsung pada periode ini."
)
DISCONNECTION_NOTE: Final = (
    "Durasi dihitung dari mulai sampai selesai, atau sampai data ditutup bila belum selesai. Waktu pemutusan yang "
    "disetujui tidak mengurangi ketersediaan bersih (Bab VII); waktu yang melewati rencana selesai mengurangi."
)
EVERY_LINK: Final = "seluruh tautan"
GROUND: Final = {
    "kapasitas": "pengaturan kapasitas",
    "akses_terlarang": "pengawasan akses terlarang",
    "penyalahgunaan": "penyalahgunaan",
}


def minutes(length_ns: int) -> int:
    """Return whole minutes, half a minute rounded up."""
    return (length_ns + MINUTE_NS // 2) // MINUTE_NS


FOLLOWUP_COLUMNS: Final = (
    NO,
    Column("no_tindak_lanjut", "No. Tindak Lanjut", "text", "Nomor dalam register tindak lanjut.", width=1.6),
    Column("periode_rekomendasi", "Periode", "text", "Periode evaluasi yang merekomendasikan.", width=1.4),
    Column("rekomendasi", "Rekomendasi", "text", "Yang direkomendasikan.", width=4.2),
    Column("penanggung_jawab", "Penanggung Jawab", "text", "Yang bertanggung jawab.", width=2.0),
    Column("tenggat", "Tenggat", "date", "Hari terakhir penyelesaian.", width=1.2),
    Column("status_tindak_lanjut", "Status", "text",
           "terbuka, dikerjakan, selesai, diterima, atau dibatalkan.", width=1.2),
    Column("lewat_tenggat", "Lewat Tenggat", "text",
           "ya bila belum selesai setelah hari tenggat berakhir, pada saat data ditutup.", width=1.0),
    Column("hasil", "Hasil", "text", "Hasil yang dilaporkan.", width=2.4),
    Column("bukti", "Bukti", "text", "Bukti penyelesaian.", width=1.8),
)  # fmt: skip

DISCONNECTION_COLUMNS: Final = (
    Column("no_pemutusan", "No.", "text", "Nomor dalam register pemutusan.", width=1.6),
    Column("jenis_pemutusan", "Jenis", "text", "pemutusan atau pemblokiran.", width=1.8),
    CODE,
    Column("objek_pemutusan", "Tautan / Objek", "text", "Tautan, dan yang diblokir.", width=2.0),
    Column("dasar_pemutusan", "Dasar", "text",
           "Pengaturan kapasitas, pengawasan akses terlarang, atau penyalahgunaan.", width=2.2),
    Column("dasar_hukum", "Dasar Hukum", "text", "Dasar hukumnya.", width=1.8),
    Column("penyetuju", "Penyetuju", "text", "Akun pejabat yang menyetujui.", width=1.3),
    Column("mulai_pemutusan", "Mulai", "time", "Saat mulai.", width=1.6),
    Column("rencana_selesai", "Rencana Selesai", "time", "Akhir yang disetujui.", width=1.6),
    Column("selesai_pemutusan", "Selesai", "time", "Saat selesai; kosong bila masih berlangsung.", width=1.6),
    Column("durasi_menit", "Durasi (menit)", "count", "Dari mulai sampai selesai atau data ditutup.", "menit",
           width=1.1),
    Column("lewat_rencana_menit", "Lewat Rencana (menit)", "count", "Lamanya melewati rencana selesai.", "menit",
           width=1.1),
    Column("status_pemutusan", "Status", "text", "disetujui, aktif, atau selesai.", width=1.2),
    Column("keterangan_pemutusan", "Keterangan", "text", "Alasan yang dicatat.", width=2.6),
)  # fmt: skip
