"""Indonesian text of chapter X: states, reasons and findings of the data centre."""

from __future__ import annotations

from typing import Final

from collector.judge.allocation import Severity
from collector.judge.rows import BackupState, Cover, Reason
from collector.measure.states import UpsState

TITLE: Final = "Kondisi Pusat Data"
UNKNOWN: Final = "tidak diketahui"
MANUAL: Final = "manual"
AUTOMATIC: Final = "otomatis"
PASSED, FAILED = "lulus", "gagal"

UPS_STATE: Final = {
    UpsState.MATI: "mati",
    UpsState.PLN: "listrik PLN",
    UpsState.BATERAI: "baterai",
    UpsState.BATERAI_LEMAH: "baterai lemah",
    UpsState.BYPASS: "bypass",
    UpsState.TIDAK_DIKETAHUI: UNKNOWN,
}
BACKUP_STATE: Final = {
    BackupState.TIDAK_ADA: "tidak ada",
    BackupState.BAIK: "baik",
    BackupState.TERLAMBAT: "terlambat",
    BackupState.KRITIS: "kritis",
}
COVER: Final = {
    Cover.YES: "ada",
    Cover.WEAK: "lemah",
    Cover.NO: "tidak ada",
    Cover.UNKNOWN: UNKNOWN,
    Cover.NOT_ASKED: "tidak diminta",
}
REASON: Final = {
    Reason.UPS_NONE: "tanpa UPS",
    Reason.UPS_OFF: "UPS mati",
    Reason.UPS_UNKNOWN: "keadaan UPS tidak diketahui",
    Reason.UPS_RUNTIME_SHORT: "sisa waktu UPS kurang dari waktu alih genset",
    Reason.BACKUP_NONE: "tanpa cadangan",
    Reason.BACKUP_CRITICAL: "cadangan kritis",
    Reason.BACKUP_LATE: "cadangan terlambat",
    Reason.BACKUP_UNKNOWN: "keadaan cadangan tidak diketahui",
    Reason.TAPE_NONE: "tanpa salinan penuh yang sah pada pita",
    Reason.TAPE_UNKNOWN: "salinan pita tidak diketahui",
}
FAULT: Final = {
    1: "alat gagal",
    2: "terdapat galat",
    3: "tidak ada berkas",
    4: "terlalu kecil",
    5: "sumber tidak ditemukan",
    6: "rusak",
    7: "tidak ditemukan",
    8: "tidak bertambah",
    9: "salinan sudah tidak ada",
}
NOTE_KIND: Final = {
    "padam": "listrik padam",
    "pulih": "listrik pulih",
    "genset-mulai": "genset mulai",
    "genset-memikul": "genset memikul beban",
    "uji-genset": "uji genset",
    "bahan-bakar": "bahan bakar",
    "catatan": "catatan",
}
FINDING: Final = {
    "server_without_ups": "Server aplikasi atau database tanpa UPS",
    "server_without_full_tape_copy": "Server tanpa salinan penuh yang sah pada pita",
    "server_outside_datacentre": "Server berada di luar pusat data",
    "insurance_ending": "Asuransi server berakhir dalam 90 hari atau telah berakhir",
    "ups_runtime_short": "Sisa waktu UPS kurang dari waktu alih genset yang terbukti ditambah cadangan waktu",
    "battery_old": "Baterai UPS melewati umur pakainya",
    "backup_late": "Cadangan terlambat",
    "backup_critical": "Cadangan kritis",
    "backup_none": "Server tanpa cadangan",
    "backup_unknown": "Keadaan cadangan tidak diketahui",
    "verify_overdue": "Verifikasi cadangan melewati tenggat",
    "restore_test_overdue": "Uji pemulihan melewati tenggat",
    "generator_untested": "Genset belum diuji menurut jadwal",
    "transfer_late": "Waktu alih genset melewati batas",
    "load_not_carried": "Beban tidak dipikul genset saat listrik padam",
    "line_difference": "Pengukuran kedua ujung tautan berbeda lebih dari 2 %",
    "line_silence": "Salah satu ujung tautan diam lebih dari satu jam",
}
"""What a finding says, by its rule."""

SEVERITY: Final = {Severity.LOW: "rendah", Severity.NOTICE: "sedang", Severity.WARNING: "tinggi"}
NOTHING: Final = "Belum ada server, UPS, genset, sensor, atau cadangan yang terdaftar dan terbaca pada periode ini."
NO_EVENT: Final = "Tidak ada kejadian listrik padam yang terbaca pada periode ini."
NO_FINDING: Final = "Tidak ada temuan pada pusat data."
INTRO: Final = (
    "Seluruh waktu kejadian dibatasi oleh dua pembacaan yang mengapitnya; waktu alih karena itu dinyatakan dengan "
    'batas bawah dan batas atas, bukan satu angka. Tanda "-" berarti tidak diketahui atau tidak disajikan, bukan nol.'
)
BACKUP_NOTE: Final = (
    "Umur dihitung dari salinan penuh yang berhasil dan terverifikasi. Status: baik sampai dengan 1,0 kali kebijakan, "
    "terlambat sampai dengan 1,5 kali, kritis selebihnya."
)
MATRIX_NOTE: Final = (
    "lemah berarti ada tetapi terlambat, kurang, atau dalam bypass; tidak diminta berarti peran atau kebijakan server "
    "tidak memintanya."
)
AVAILABILITY_NOTE: Final = (
    "Mati dihitung hanya bila terbukti, yaitu dari waktu hidup perangkat setelahnya atau dari jawaban perangkat lain; "
    "diam saja adalah tidak diketahui. Ketersediaan bersih disajikan setelah pemeliharaan dan pemutusan terdaftar."
)
MANUAL_NOTE: Final = "Catatan petugas bukan hasil pengukuran dan ditandai manual di mana pun ditampilkan."
