"""Nadi 4: capacity, allocations and the evaluation of the month to date."""

from __future__ import annotations

from dashboards.limits import (
    CEILING,
    CONTRACT_DAYS,
    COVERAGE,
    COVERAGE_BOUNDS,
    EVALUATION,
    GOOD,
    NONE_RED,
    NONE_YELLOW,
    REPORT,
    UTILISATION,
    Steps,
)
from dashboards.model import Board, Column, Look, Panel, Query, Variable
from dashboards.panels import TO_AGENCY, TO_HEALTH, TO_LINKS, comforting, counted, label, row, tile, value

_OPD = 'opd=~"$opd"'
_ADVISED = "and on (opd) nadi_report_recommended_bits_per_second"
_BOUNDED = f"and on (opd) (nadi_evaluation_coverage_ratio{{{_OPD}}} < {COVERAGE_BOUNDS})"


def _stat(number: int, title: str, query: Query, look: Look, no_value: str, help: str) -> Panel:
    return Panel(
        id=number, kind="stat", title=title, width=4, height=4, queries=(query,), look=look, no_value=no_value,
        help=help,
    )  # fmt: skip


def _both(number: int, title: str, expr: str, no_value: str, help: str) -> Panel:
    return _stat(number, title, Query(expr, "{{direction}}"), Look(unit="bps"), no_value, help)


_CAPACITY = (
    row(400, "Kapasitas"),
    _both(401, "Kapasitas kontrak", "sum by (direction) (nadi_capacity_contracted_bits_per_second)",
          "Kontrak tidak diterima", "Jumlah kapasitas semua kontrak layanan internet yang berlaku, per arah."),
    _both(402, "Total alokasi", "nadi_capacity_allocated_bits_per_second", "Belum ada penetapan",
          "Jumlah alokasi semua OPD yang berlaku, per arah. Boleh melebihi kontrak karena pemakaian tidak serentak."),
    _both(403, "P95 hulu bulan berjalan", "nadi_evaluation_upstream_p95_bits_per_second", "Data tidak cukup",
          "P95 jumlah semua tautan hulu, per arah. Jumlah P95 semua OPD bukan P95 hulu: puncaknya tidak serentak."),
    _stat(404, "Faktor keragaman", Query("nadi_evaluation_diversity_ratio", "{{direction}}"), Look(decimals=2),
          "Data tidak cukup",
          "Jumlah P95 semua OPD dibagi P95 hulu, per arah. Di atas satu berarti puncak OPD tidak serentak."),
    _stat(405, "Kontrak berakhir terdekat",
          Query("(min(nadi_capacity_contract_end_timestamp_seconds) - time()) / 86400", "Sisa hari"),
          Look(unit="suffix: hari", steps=CONTRACT_DAYS, decimals=0), "Tidak ada kontrak bertanggal akhir",
          "Sisa hari sampai kontrak yang paling dahulu berakhir."),
    _stat(406, "Laporan terakhir",
          Query("nadi_report_state and on (period) "
                "(nadi_report_due_timestamp_seconds == on () group_left () max(nadi_report_due_timestamp_seconds))",
                "{{period}}"),
          Look(states=REPORT), "Belum ada bulan yang selesai",
          "Keadaan laporan bulan terakhir yang sudah selesai; tenggat dan yang lain ada pada Riwayat laporan."),
    Panel(
        id=410, kind="timeseries", title="Hulu, alokasi dan kontrak (unduh)", width=24, height=8,
        queries=(
            Query('nadi_capacity_rate_bits_per_second{direction="unduh"}', "Terpakai"),
            Query('nadi_capacity_allocated_bits_per_second{direction="unduh"}', "Total alokasi"),
            Query('sum(nadi_capacity_contracted_bits_per_second{direction="unduh"})', "Kontrak"),
        ),
        look=Look(unit="bps"), dashed=("Total alokasi", "Kontrak"), no_value="Belum ada kotak yang sah",
        help="Pemakaian hulu per kotak 5 menit terhadap jumlah alokasi dan kapasitas kontrak. Celah berarti tidak sah.",
    ),
)  # fmt: skip


def _status(number: int, title: str, code: int, steps: Steps, help: str) -> Panel:
    to = TO_HEALTH if code == 0 else None
    expr = counted(f"nadi_evaluation_status{{{_OPD}}}", f"== {code}")
    no_value = "Penilaian tidak diterima"
    return tile(number, title, expr, size=(3, 4), steps=steps, to=to, no_value=no_value, help=help)


_STATUS = Column(of="J", title="Status", look=Look(states=EVALUATION), cell="background", no_value="Tidak dinilai")
_USED = Column(
    of="G", title="Utilisasi P95", cell="gauge", no_value="Tidak dinilai",
    look=Look(unit="percentunit", steps=UTILISATION, decimals=1, low=0, high=1.2),
)  # fmt: skip

_MONTH = (
    row(420, "Evaluasi bulan berjalan (aturan laporan, belum beku)"),
    _status(421, "JENUH", 4, NONE_RED, "OPD berstatus jenuh: P95 di atas 90 % alokasi atau terlalu lama pada batas."),
    _status(422, "PERLU PERHATIAN", 3, NONE_YELLOW, "OPD berstatus perlu perhatian: P95 70 sampai 90 % alokasi."),
    _status(423, "WAJAR", 2, ((None, "green"),), "OPD berstatus wajar: P95 30 sampai 70 % alokasi."),
    _status(424, "RENDAH", 1, ((None, "blue"),), "OPD berstatus rendah: P95 di bawah 30 % alokasi."),
    _status(425, "DATA TIDAK CUKUP", 0, NONE_YELLOW,
            "OPD yang cakupannya kurang dari 75 %; statusnya tidak diketahui."),
    tile(434, "Tidak dinilai",
         f"count(nadi_opd_info{{{_OPD}}} unless on (opd) nadi_evaluation_status) "
         f"or on() (0 * count(nadi_opd_info{{{_OPD}}}))",
         size=(3, 4), steps=NONE_YELLOW, no_value="Data OPD tidak diterima",
         help="OPD tanpa status, misalnya karena tidak mempunyai alokasi atau tautan pada bulan ini."),
    tile(426, "Tanpa penetapan",
         "count(nadi_opd_info unless on (opd) nadi_opd_allocation_bits_per_second) or on() (0 * count(nadi_opd_info))",
         size=(3, 4), steps=NONE_YELLOW, no_value="Data OPD tidak diterima",
         help="OPD terdaftar yang tidak mempunyai alokasi yang berlaku sekarang."),
    tile(435, "Batas berbeda", counted(f"nadi_queue_config_match{{{_OPD}}}", "== 0"),
         size=(3, 4), steps=NONE_RED, to=TO_LINKS, no_value="Batas router tidak diterima",
         help="Batas di router yang berbeda dari penetapan, per tautan dan arah. Yang tidak terbaca tidak dihitung."),
    Panel(
        id=427, kind="table", title="Evaluasi per Perangkat Daerah", width=24, height=14, sort="Utilisasi P95",
        queries=(
            Query(f'max by (opd, name, class) (nadi_opd_info{{{_OPD}, class=~"$class"}})'),
            Query(f'max by (opd) (nadi_opd_allocation_bits_per_second{{{_OPD}, direction="unduh"}})'),
            Query(f'max by (opd) (nadi_evaluation_mean_bits_per_second{{{_OPD}, direction="unduh"}})'),
            Query(f'max by (opd) (nadi_evaluation_p95_bits_per_second{{{_OPD}, direction="unduh"}})'),
            Query(f'max by (opd) (nadi_evaluation_p95_bits_per_second{{{_OPD}, direction="unggah"}})'),
            Query(f"max by (opd) (nadi_evaluation_busy_hour{{{_OPD}}})"),
            Query(f"max by (opd) (nadi_evaluation_utilization_ratio{{{_OPD}}})"),
            Query(f"max by (opd) (nadi_evaluation_at_limit_ratio{{{_OPD}}})"),
            Query(f"max by (opd) (nadi_evaluation_coverage_ratio{{{_OPD}}})"),
            Query(f"max by (opd) (nadi_evaluation_status{{{_OPD}}})"),
        ),
        columns=(
            label("opd", "Kode PD", TO_AGENCY), label("name", "Perangkat Daerah"), label("class", "Kelas"),
            value("B", "Alokasi unduh", unit="bps", no_value="Belum ada"), value("C", "Rata-rata unduh", unit="bps"),
            value("D", "P95 unduh", unit="bps"), value("E", "P95 unggah", unit="bps"),
            value("F", "Jam sibuk", decimals=0, no_value="Belum cukup hari"), _USED,
            value("H", "Waktu pada batas", unit="percentunit", steps=CEILING, decimals=1, no_value="Tidak dinilai"),
            value("I", "Cakupan", unit="percentunit", steps=COVERAGE, decimals=1), _STATUS,
        ),
        no_value="Data tidak cukup",
        help="Angka yang akan masuk laporan bila bulan ditutup sekarang; tidak dihitung ulang di dasbor. Sel yang "
        "berbunyi 'Data tidak cukup' tidak diketahui, bukan nol.",
    ),
    Panel(
        id=428, kind="table", title="Rentang P95 (cakupan < 99 %)", width=24, height=8,
        queries=tuple(
            Query(f"max by (opd, direction) (nadi_evaluation_{name}_bits_per_second{{{_OPD}}}) {_BOUNDED}")
            for name in ("p95", "p95_min", "p95_max")
        ),
        columns=(
            label("opd", "Kode PD", TO_AGENCY), label("direction", "Arah"),
            value("A", "P95", unit="bps", no_value="Data tidak cukup"),
            value("B", "Paling rendah", unit="bps", no_value="Tidak dicetak"),
            value("C", "Paling tinggi", unit="bps", no_value="Tidak terbatas"),
        ),
        no_value=comforting("Semua cakupan sedikitnya 99 %"),
        help="Kisaran P95 yang mungkin bila kotak yang hilang diketahui. Batas atas yang kosong berarti tidak "
        "terbatas; tabel kosong berarti semua cakupan sedikitnya 99 %.",
    ),
)  # fmt: skip

_PAPERS = (
    row(430, "Rekomendasi, laporan, usulan, kontrak"),
    Panel(
        id=429, kind="table", title="Rekomendasi laporan terakhir terhadap alokasi kini", width=24, height=8,
        queries=(
            Query(f"max by (opd, period, direction) (nadi_report_recommended_bits_per_second{{{_OPD}}})"),
            Query(f"max by (opd, direction) (nadi_opd_allocation_bits_per_second{{{_OPD}}}) {_ADVISED}"),
            Query(f"max by (opd) (nadi_evaluation_need_bits_per_second{{{_OPD}}}) {_ADVISED}"),
        ),
        columns=(
            label("opd", "Kode PD", TO_AGENCY), label("period", "Periode"), label("direction", "Arah"),
            value("A", "Rekomendasi", unit="bps"), value("B", "Alokasi kini", unit="bps", no_value="Belum ada"),
            value("C", "Kebutuhan sementara", unit="bps", no_value="Tidak dinilai"),
        ),
        no_value="Belum ada laporan yang disahkan",
        help="Rekomendasi yang tertulis pada laporan terakhir yang sudah disahkan. Kebutuhan "
        "sementara dihitung bulan ini untuk arah yang lebih besar. Yang menetapkan alokasi tetap pejabat.",
    ),
    Panel(
        id=431, kind="table", title="Riwayat laporan", width=24, height=8, sort="Periode",
        queries=(
            Query("max by (period) (nadi_report_state)"),
            Query("max by (period) (nadi_report_version)"),
            Query("max by (period) (nadi_report_due_timestamp_seconds) * 1000"),
            Query("max by (period) (nadi_report_delivered_timestamp_seconds) * 1000"),
            Query("min by (period) (nadi_report_integrity_ok)"),
            Query("max by (period) (nadi_report_follow_up_open)"),
            Query("max by (period) (nadi_report_follow_up_overdue)"),
        ),
        columns=(
            label("period", "Periode"), Column(of="A", title="Keadaan", look=Look(states=REPORT), cell="background"),
            value("B", "Revisi", decimals=0, no_value="Belum dibuat"),
            value("C", "Tenggat", unit="time:DD-MM-YYYY"),
            value("D", "Disampaikan", unit="time:DD-MM-YYYY HH:mm", no_value="Belum"),
            value("E", "Keutuhan", states=GOOD, no_value="Belum dibuat"),
            value("F", "Tindak lanjut terbuka"), value("G", "Lewat tenggat", steps=NONE_RED),
        ),
        no_value="Belum ada bulan yang selesai",
        help="Dua belas bulan terakhir: keadaan laporan yang paling jauh, revisi, tenggat, keutuhan berkasnya, dan "
        "tindak lanjut atas rekomendasinya. Angka laporan yang sah ada pada berkasnya.",
    ),
    Panel(
        id=432, kind="bargauge", title="Usulan menurut keadaan", width=8, height=7,
        queries=(Query("nadi_proposal_records", "{{state}}"),),
        look=Look(low=0, decimals=0), no_value="Register usulan tidak diterima",
        help="Banyaknya usulan kebutuhan bandwidth OPD pada tiap keadaan.",
    ),
    Panel(
        id=433, kind="table", title="Kontrak layanan internet", width=16, height=7,
        queries=(
            Query('max by (contract, provider) (nadi_capacity_contracted_bits_per_second{direction="unduh"})'),
            Query('max by (contract, provider) (nadi_capacity_contracted_bits_per_second{direction="unggah"})'),
            Query("max by (contract, provider) (nadi_capacity_contract_end_timestamp_seconds) * 1000"),
            Query("max by (contract, provider) (nadi_capacity_cost_rupiah_per_month)"),
        ),
        columns=(
            label("provider", "Penyedia"), label("contract", "No. Kontrak"),
            value("A", "Unduh", unit="bps"), value("B", "Unggah", unit="bps"),
            value("C", "Berakhir", unit="time:DD-MM-YYYY"), value("D", "Biaya per bulan", unit="currencyIDR"),
        ),
        no_value="Tidak dicatat",
        help="Kontrak yang berlaku sekarang menurut register.",
    ),
)  # fmt: skip

EVALUATIONS = Board(
    uid="nadi-evaluasi",
    title="Nadi 4 - Alokasi dan Evaluasi",
    purpose="Kapasitas, alokasi, dan evaluasi bulan berjalan dengan aturan laporan bulanan.",
    span="now-7d",
    refresh="5m",
    variables=(
        Variable(name="class", label="Kelas", query="label_values(nadi_opd_info, class)"),
        Variable(
            name="opd",
            label="Perangkat Daerah",
            query='label_values(nadi_opd_info{class=~"$class"}, opd)',
            all_value="",
        ),
    ),
    panels=(*_CAPACITY, *_MONTH, *_PAPERS),
)
