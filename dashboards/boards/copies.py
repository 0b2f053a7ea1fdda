"""Nadi 7: backups, tapes and restore tests."""

from __future__ import annotations

from dashboards.limits import BACKUP, COPY, GOOD, NONE_RED, NONE_YELLOW, PRESENT, TEST_DAYS, TROUBLE
from dashboards.model import Board, Column, Look, Panel, Query, Variable
from dashboards.panels import TO_HOST, TO_SERVER, comforting, counted, label, latest, proven, row, tile, value

_SERVER = '{server=~"$server"}'
_STATE = f"nadi_backup_state{_SERVER}"
_NOTHING = "Keadaan cadangan tidak diterima"

_NOW = (
    row(700, "Ringkasan"),
    tile(701, "Tanpa cadangan penuh", counted(_STATE, "== 0"), steps=NONE_RED, no_value=_NOTHING,
         help="Server yang tidak mempunyai satu pun salinan penuh yang terverifikasi."),
    tile(702, "Kritis", counted(_STATE, "== 3"), steps=NONE_RED, no_value=_NOTHING,
         help="Server yang salinan penuhnya jauh melampaui umur menurut kebijakan."),
    tile(703, "Terlambat", counted(_STATE, "== 2"), steps=NONE_YELLOW, no_value=_NOTHING,
         help="Server yang salinan penuhnya melampaui umur menurut kebijakan."),
    tile(706, "Tidak diketahui", counted(_STATE, "== 4"), steps=NONE_YELLOW, no_value=_NOTHING,
         help="Server yang keadaan cadangannya tidak dapat dinilai: bukan baik dan bukan tidak ada."),
    tile(704, "Tanpa salinan pita",
         proven(f"{_STATE} unless on (server) nadi_backup_tape_copy_timestamp_seconds", _STATE),
         steps=NONE_RED, no_value=_NOTHING, help="Server tanpa salinan penuh yang sah pada pita."),
    tile(705, "Uji pemulihan lewat 92 hari",
         proven(f"({_STATE} unless on (server) nadi_backup_restore_test_timestamp_seconds) or on (server) "
                f"(time() - nadi_backup_restore_test_timestamp_seconds{_SERVER} > {TEST_DAYS * 86400})", _STATE),
         steps=NONE_YELLOW, no_value=_NOTHING,
         help="Server yang pemulihannya belum pernah diuji atau terakhir diuji lebih dari 92 hari yang lalu."),
)  # fmt: skip

_MATRIX = (
    row(710, "Matriks server dan cadangan"),
    Panel(
        id=711, kind="table", title="Matriks cadangan", width=24, height=11,
        queries=(
            Query(f"max by (server) ({_STATE})"),
            Query(f"max by (server) (nadi_backup_age_seconds{_SERVER}) / 86400"),
            Query(f"max by (server) (nadi_backup_policy_seconds{_SERVER}) / 86400"),
            Query(f"max by (server) (nadi_backup_tape_copy_timestamp_seconds{_SERVER}) * 1000"),
            Query(f"max by (server) (nadi_backup_offsite{_SERVER})"),
            Query(f"max by (server) (nadi_backup_restore_test_timestamp_seconds{_SERVER}) * 1000"),
            Query(f"min by (server) (nadi_backup_restore_test_passed{_SERVER})"),
            Query(f"max by (server) (nadi_backup_last_success_timestamp_seconds{_SERVER}) * 1000"),
            Query(f"max by (server) (nadi_backup_last_errors{_SERVER})"),
        ),
        columns=(
            label("server", "Server", TO_HOST),
            Column(of="A", title="Status", look=Look(states=COPY), cell="background"),
            value("B", "Umur salinan penuh", unit="suffix: hari", decimals=1),
            value("C", "Kebijakan", unit="suffix: hari", decimals=1),
            value("D", "Pita terakhir", unit="time:DD-MM-YYYY HH:mm", no_value="Tidak ada salinan sah"),
            value("E", "Luar lokasi", states=PRESENT, no_value="Tidak diketahui"),
            value("F", "Uji pemulihan", unit="time:DD-MM-YYYY HH:mm", no_value="Belum semua diuji"),
            value("G", "Hasil uji", states=GOOD, no_value="Belum semua diuji"),
            value("H", "Berhasil terakhir", unit="time:DD-MM-YYYY HH:mm"),
            value("I", "Galat", steps=NONE_RED, no_value="Tidak dilaporkan"),
        ),
        no_value="Tidak ada",
        help="Satu baris per server dengan cadangannya yang terburuk. Sel abu-abu tidak diketahui atau belum pernah, "
        "tidak pernah nol.",
    ),
    Panel(
        id=712, kind="bargauge", title="Umur terhadap kebijakan", width=8, height=9,
        queries=(Query(f"nadi_backup_age_seconds{_SERVER} / nadi_backup_policy_seconds{_SERVER}", "{{server}}"),),
        look=Look(unit="percentunit", steps=BACKUP, low=0, high=2, link=TO_SERVER), no_value="Tidak ada salinan penuh",
        help="Umur salinan penuh terhadap umur yang diizinkan; di atas 100 % terlambat, di atas 150 % kritis.",
    ),
    Panel(
        id=713, kind="timeseries", title="Ukuran cadangan", width=8, height=9, source="mentah",
        queries=(Query(f"nadi_backup_last_size_bytes{_SERVER}", "{{server}} {{job}}"),),
        look=Look(unit="decbytes", low=0), no_value="Ukuran tidak dilaporkan",
        help="Ukuran percobaan terakhir tiap pekerjaan; menyusut tiba-tiba berarti ada yang tidak tersalin.",
    ),
    Panel(
        id=714, kind="timeseries", title="Lama pencadangan", width=8, height=9, source="mentah",
        queries=(Query(f"nadi_backup_last_duration_seconds{_SERVER}", "{{server}} {{job}}"),),
        look=Look(unit="dthms", low=0), no_value="Lama tidak dilaporkan",
        help="Lama percobaan terakhir tiap pekerjaan; makin lama berarti jendela pencadangan makin sempit.",
    ),
    Panel(
        id=715, kind="table", title="Menyusut lebih dari separuh terhadap 7 hari lalu", width=12, height=6,
        source="mentah",
        queries=(
            Query("max by (server, job, engine) (nadi_backup_last_size_bytes"
                  f"{_SERVER} / (nadi_backup_last_size_bytes{_SERVER} offset 7d) < 0.5)"),
        ),
        columns=(label("server", "Server", TO_HOST), label("job", "Pekerjaan"), label("engine", "Alat"),
                 value("A", "Terhadap 7 hari lalu", unit="percentunit")),
        no_value=comforting("Tidak ada yang menyusut"),
        help="Pekerjaan yang ukuran percobaan terakhirnya kurang dari separuh ukuran tujuh hari lalu.",
    ),
    Panel(
        id=716, kind="table", title="Penggerak pita", width=12, height=6, source="mentah",
        queries=(
            Query(f"max by (device, drive) ({latest('nadi_tape_alerts')})"),
            Query(f"max by (device, drive) ({latest('nadi_tape_cleaning_required')})"),
            Query(f"max by (device, drive) ({latest('nadi_tape_media_worn')})"),
        ),
        columns=(label("device", "Server", TO_HOST), label("drive", "Penggerak"),
                 value("A", "Peringatan", steps=NONE_RED), value("B", "Perlu pembersihan", states=TROUBLE),
                 value("C", "Pita aus", states=TROUBLE)),
        no_value="Penggerak pita tidak dipantau",
        help="Peringatan TapeAlert tiap penggerak, permintaan pembersihan, dan pita yang mendekati akhir umurnya.",
    ),
)  # fmt: skip

COPIES = Board(
    uid="nadi-cadangan",
    title="Nadi 7 - Cadangan",
    purpose="Cadangan tiap server: umur terhadap kebijakan, pita, luar lokasi, dan uji pemulihan.",
    span="now-7d",
    refresh="5m",
    variables=(Variable(name="server", label="Server", query="label_values(nadi_backup_state, server)"),),
    panels=(*_NOW, *_MATRIX),
)
