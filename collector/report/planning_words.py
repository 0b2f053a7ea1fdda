"""Columns and Indonesian text of chapters XII, XIII and XV."""

from __future__ import annotations

from typing import Final

from collector.report.columns import CLASS, CODE, MB, NAME, NO
from collector.report.columns import WAY as WAY_COLUMN
from collector.report.document import Column
from collector.report.words import YES as YES

PROPOSALS: Final = "Usulan Kebutuhan dari Perangkat Daerah"
RECOMMENDATION: Final = "Analisis dan Rekomendasi Alokasi Periode Berikutnya"
DECISIONS: Final = "Lembar Keputusan Tim Koordinasi"
WAY: Final = {"unduh": "Unduh", "unggah": "Unggah"}
NO_PROPOSAL: Final = "Tidak ada usulan kebutuhan bandwidth yang tercatat sampai dengan penutupan periode ini."
NO_PLAN: Final = "Rekomendasi tidak disajikan karena evaluasi periode ini belum lengkap."
NO_DECISION: Final = "Tidak ada keputusan yang dimohonkan pada periode ini."
PLAN_INTRO: Final = (
    "Kebutuhan dihitung menurut tabel kode A0 sampai dengan A5 dari pengukuran, dan kapasitas dibagi menurut skala "
    "prioritas secara max-min berbobot dengan jaminan minimum dan batas kebutuhan, dalam Mbps bulat. Rekomendasi ini "
    "adalah bahan perencanaan; penetapan alokasi dilakukan oleh pejabat yang berwenang."
)
PLAN_NOTE: Final = (
    "P95 Penentu adalah median tiga bulan terakhir yang cukup cakupannya, atau P95 bulan ini. Kebutuhan Terhitung "
    "dibulatkan ke atas. Selisih adalah rekomendasi dikurangi alokasi kini."
)
REGION_NOTE: Final = (
    "Kapasitas dapat dibagi = kapasitas kontrak dikurangi cadangan, hotspot publik, dan operasional Dinas. Kekurangan "
    "hak = jumlah kebutuhan dikurangi kapasitas dapat dibagi; kekurangan perencanaan = 1,25 x P95 seluruh tautan hulu "
    "dibagi (1 - cadangan), dikurangi kapasitas kontrak. Faktor keragaman = jumlah P95 Perangkat Daerah dibagi P95 "
    "seluruhnya."
)
DECISION_NOTE: Final = "Diisi oleh Tim Koordinasi SPBE; kolom kosong belum diputuskan."
CODES: Final = (
    "A0: tetap, data tidak cukup atau alokasi baru berubah.",
    "A1: JENUH; terbesar dari 1,25 x P95 Penentu dan 1,5 x alokasi, karena permintaan terpotong oleh batas.",
    "A2: PERLU PERHATIAN atau WAJAR; 1,25 x P95 Penentu, paling rendah 0,75 dan paling tinggi 1,25 x alokasi kini.",
    "A3: RENDAH tiga bulan berturut-turut; 1,25 x P95 tertinggi dari ketiganya.",
    "A4: RENDAH kurang dari tiga bulan; tetap.",
    "A5: usulan yang diterima untuk layanan baru menaikkan, atau usulan yang lebih kecil membatasi kebutuhan.",
)

PROPOSAL_COLUMNS: Final = (
    Column("no_usulan", "No. Usulan", "text", "Nomor usulan.", width=1.7),
    CODE,
    Column("tautan_usulan", "Tautan", "text", "Tautan yang diusulkan.", width=1.6),
    Column("semula_unduh_mbps", "Semula Unduh (Mbps)", "mbps", "Alokasi kini.", MB, "Semula (Mbps)", "Unduh"),
    Column("semula_unggah_mbps", "Semula Unggah (Mbps)", "mbps", "Alokasi kini.", MB, "Semula (Mbps)", "Unggah"),
    Column("usulan_unduh_mbps", "Usulan Unduh (Mbps)", "mbps", "Yang diusulkan.", MB, "Usulan (Mbps)", "Unduh"),
    Column("usulan_unggah_mbps", "Usulan Unggah (Mbps)", "mbps", "Yang diusulkan.", MB, "Usulan (Mbps)", "Unggah"),
    Column("alasan", "Alasan", "text", "Alasan usulan.", width=2.6),
    Column("layanan", "Layanan", "text", "Layanan yang memerlukan.", width=1.8),
    Column("pengguna", "Pengguna", "count", "Jumlah pengguna.", "orang"),
    Column("mulai_usulan", "Mulai", "date", "Mulai diperlukan.", width=1.2),
    Column("biaya_rupiah", "Biaya (Rp/bulan)", "rupiah", "Biaya per bulan.", "Rp", width=1.3),
    Column("risiko", "Risiko", "text", "Risiko terkait.", width=1.8),
    Column("layanan_baru", "Layanan Baru", "text", "Layanan baru yang disebut namanya.", width=1.3),
    Column("status_usulan", "Status", "text", "diajukan, dikembalikan, diterima, atau ditolak.", width=1.2),
    Column("tanggal_status", "Tanggal Status", "date", "Tanggal status itu.", width=1.2),
)  # fmt: skip

PLAN_COLUMNS: Final = (
    CODE, NAME, CLASS, WAY_COLUMN,
    Column("alokasi_kini_mbps", "Alokasi Kini (Mbps)", "mbps", "Alokasi yang berlaku pada akhir periode.", MB),
    Column("p95_penentu_mbps", "P95 Penentu (Mbps)", "mbps", "P95 yang menentukan kebutuhan.", MB),
    Column("waktu_pada_batas_arah_persen", "Waktu pada Batas (%)", "percent",
           "Bagian interval sah yang mencapai 95 % batas atau lebih.", "%"),
    Column("kebutuhan_mbps", "Kebutuhan Terhitung (Mbps)", "count",
           "Kebutuhan menurut kode, dibulatkan ke atas.", MB, width=1.1),
    Column("usulan_mbps", "Usulan (Mbps)", "mbps", "Usulan yang diperhitungkan.", MB),
    Column("rekomendasi_mbps", "Rekomendasi (Mbps)", "count", "Hasil pembagian menurut skala prioritas.", MB,
           width=1.1),
    Column("selisih_mbps", "Selisih (Mbps)", "mbps", "Rekomendasi dikurangi alokasi kini.", MB),
    Column("kode_alasan", "Kode Alasan", "text", "Kode A0 sampai dengan A5.", width=1.1),
    Column("rekomendasi_indikatif", "Indikatif", "text", "ya bila cakupannya 75 % sampai dengan kurang dari 90 %."),
)  # fmt: skip

REGION_COLUMNS: Final = (
    WAY_COLUMN,
    Column("kontrak_mbps", "Kapasitas Kontrak (Mbps)", "mbps", "Jumlah kapasitas kontrak pada akhir periode.", MB),
    Column("dapat_dibagi_mbps", "Dapat Dibagi (Mbps)", "count", "Kapasitas yang dapat dibagi.", MB),
    Column("jumlah_kebutuhan_mbps", "Jumlah Kebutuhan (Mbps)", "count", "Jumlah kebutuhan bulat.", MB),
    Column("dibagi_mbps", "Dibagi (Mbps)", "count", "Jumlah rekomendasi.", MB),
    Column("kurang_hak_mbps", "Kekurangan Hak (Mbps)", "count", "Jumlah kebutuhan yang tidak terpenuhi.", MB),
    Column("kurang_hak_rupiah", "Kekurangan Hak (Rp/bulan)", "rupiah",
           "Kekurangan hak kali biaya rata-rata per Mbps kontrak.", "Rp", width=1.3),
    Column("kurang_rencana_mbps", "Kekurangan Perencanaan (Mbps)", "mbps", "Menurut P95 seluruh tautan hulu.", MB,
           width=1.1),
    Column("faktor_keragaman", "Faktor Keragaman", "ratio", "Jumlah P95 dibagi P95 seluruhnya."),
)  # fmt: skip

DECISION_COLUMNS: Final = (
    NO,
    Column("rekomendasi", "Rekomendasi", "text", "Yang direkomendasikan.", width=5.0),
    Column("keputusan", "Disetujui / Diubah / Ditolak", "text", "Diisi oleh Tim Koordinasi.", width=1.6),
    Column("nilai_keputusan", "Nilai / Catatan", "text", "Diisi oleh Tim Koordinasi.", width=1.8),
    Column("paraf", "Paraf", "text", "Diisi oleh Tim Koordinasi.", width=1.0),
)
