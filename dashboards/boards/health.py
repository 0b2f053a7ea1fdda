"""Nadi 9: whether the other boards can be trusted."""

from __future__ import annotations

from dashboards.limits import (
    AGENT_SECONDS,
    ALIVE,
    BIN_AGE_SECONDS,
    COVERAGE,
    DUE_DAYS,
    GOOD,
    NONE_RED,
    NONE_YELLOW,
    OWN_BACKUP_SECONDS,
    SINK_SECONDS,
    SPOOL,
    TEST_DAYS,
)
from dashboards.model import Board, Look, Panel, Query, Variable
from dashboards.panels import TO_AGENCY, TO_AGENT, TO_LINK, comforting, counted, label, row, tile, value

_AGENT = '{agent=~"$agent"}'


def _stat(number: int, title: str, expr: str, look: Look, no_value: str, help: str) -> Panel:
    return Panel(
        id=number, kind="stat", title=title, width=3, height=4, queries=(Query(expr, title),), look=look,
        no_value=no_value, help=help,
    )  # fmt: skip


_TRUST = (
    row(900, "Dapatkah layar lain dipercaya?"),
    _stat(901, "Umur kotak terakhir", "time() - max(nadi_collector_last_bin_timestamp_seconds)",
          Look(unit="dthms", steps=BIN_AGE_SECONDS), "PENGUMPUL DIAM",
          "Waktu sejak akhir kotak 5 menit sah yang terbaru pada sedikitnya satu tautan."),
    tile(902, "Agen diam", counted(f"nadi_agent_up{_AGENT}", "== 0"), size=(3, 4), steps=NONE_RED,
         no_value="Keadaan agen tidak diterima",
         help="Agen terdaftar yang tidak mengirim data baru dalam batas waktu basi."),
    _stat(903, "Cakupan bulan ini", "max(nadi_collector_coverage_ratio)",
          Look(unit="percentunit", steps=COVERAGE, decimals=1), "Penilaian tidak diterima",
          "Bagian kotak yang sah dari semua kotak yang diharapkan bulan ini, semua tautan."),
    _stat(904, "Keutuhan catatan", "min(nadi_collector_integrity_ok)", Look(states=GOOD), "BELUM DIPERIKSA",
          "Hasil pemeriksaan terakhir rantai catatan; gagal berarti catatan berubah atau hilang."),
    _stat(905, "Umur pemeriksaan", "time() - max(nadi_collector_integrity_checked_timestamp_seconds)",
          Look(unit="dthms"), "BELUM DIPERIKSA", "Waktu sejak pemeriksaan keutuhan terakhir selesai."),
    tile(907, "Gagal (langsung)", "sum(increase(nadi_collector_job_failures_total[1d]))",
         size=(3, 4), steps=NONE_YELLOW, source="langsung", no_value="Pengumpul tidak melapor",
         help="Pekerjaan terjadwal pengumpul yang gagal dalam 24 jam terakhir (perkiraan)."),
    _stat(906, "Umur cadangan", "time() - max(nadi_collector_own_backup_timestamp_seconds)",
          Look(unit="dthms", steps=OWN_BACKUP_SECONDS), "BELUM PERNAH",
          "Waktu sejak cadangan terakhir basis data Nadi sendiri yang berhasil."),
    _stat(909, "Latihan pemulihan", "(time() - max(nadi_collector_own_restore_test_timestamp_seconds)) / 86400",
          Look(unit="suffix: hari", steps=((None, "green"), (TEST_DAYS, "yellow")), decimals=0), "BELUM PERNAH",
          "Hari sejak cadangan Nadi terakhir kali dipulihkan sebagai latihan dan hasilnya utuh."),
)  # fmt: skip

_AGENTS = (
    row(910, "Agen"),
    Panel(
        id=911, kind="table", title="Daftar agen", width=24, height=9, source="langsung",
        queries=(
            Query(f"max by (agent, site) (nadi_agent_info{_AGENT})"),
            Query(f"max by (agent) (nadi_agent_up{_AGENT})"),
            Query(f"time() - max by (agent) (nadi_agent_last_seen_timestamp_seconds{_AGENT})"),
            Query(f"max by (agent) (nadi_agent_spool_bytes{_AGENT} / nadi_agent_spool_limit_bytes{_AGENT})"),
            Query(f"time() - max by (agent) (nadi_agent_spool_oldest_timestamp_seconds{_AGENT})"),
            Query(f"max by (agent) (nadi_agent_memory_bytes{_AGENT})"),
            Query(f"max by (agent) (nadi_agent_clock_offset_seconds{_AGENT})"),
            Query(f"max by (agent) (rate(nadi_agent_cpu_seconds_total{_AGENT}[$__rate_interval]))"),
        ),
        columns=(
            label("agent", "Agen", TO_AGENT), label("site", "Lokasi"), value("B", "Keadaan", states=ALIVE),
            value("C", "Lapor terakhir", unit="dthms", steps=AGENT_SECONDS),
            value("D", "Ruang simpan", unit="percentunit", steps=SPOOL),
            value("E", "Tertua di simpan", unit="dthms", no_value="Simpanan kosong atau tidak dilaporkan"),
            value("F", "Memori", unit="bytes"), value("H", "Prosesor", unit="percentunit", decimals=2),
            value("G", "Selisih jam", unit="s"),
        ),
        no_value="Tidak dilaporkan",
        help="Agen terdaftar, juga yang diam. Ruang simpan yang terisi berarti kiriman tertahan di agen.",
    ),
    Panel(
        id=914, kind="state-timeline", title="Riwayat agen", width=12, height=8,
        queries=(Query(f"nadi_agent_up{_AGENT}", "{{agent}}"),), look=Look(states=ALIVE, link=TO_AGENT),
        no_value="Keadaan agen tidak diterima",
        help="Kapan tiap agen mengirim dan kapan diam menurut pengumpul.",
    ),
    Panel(
        id=915, kind="timeseries", title="Kiriman tertahan di agen", width=12, height=8, source="mentah",
        queries=(Query(f"nadi_agent_spool_bytes{_AGENT}", "{{agent}}"),), look=Look(unit="bytes", low=0),
        no_value="Tidak dilaporkan",
        help="Catatan yang menunggu dikirim; naik terus berarti jalur ke pusat putus, catatannya tetap aman.",
    ),
)  # fmt: skip


def _graph(number: int, title: str, query: Query, look: Look, no_value: str, help: str, *, live: bool = True) -> Panel:
    return Panel(
        id=number, kind="timeseries", title=title, width=8, height=7, source="langsung" if live else "turunan",
        queries=(query,), look=look, no_value=no_value, help=help,
    )  # fmt: skip


def _by(label: str, expr: str) -> Query:
    return Query(f"sum by ({label}) ({expr})", f"{{{{{label}}}}}")


_QUALITY = (
    row(920, "Pengumpul dan mutu data"),
    _graph(921, "Nilai diterima (langsung)",
           _by("kind", "rate(nadi_collector_points_received_total[$__rate_interval])"),
           Look(unit="cps"), "Pengumpul tidak melapor", "Nilai yang disimpan per detik: langsung dan susulan."),
    _graph(922, "Selisih tidak sah bulan ini", _by("reason", "nadi_collector_deltas_invalid_total"), Look(low=0),
           "Penilaian tidak diterima",
           "Selisih penghitung yang tidak dipakai sejak awal bulan, menurut sebab.", live=False),
    _graph(923, "Nilai ditolak per jam (langsung)", _by("reason", "increase(nadi_collector_points_rejected_total[1h])"),
           Look(low=0), "Pengumpul tidak melapor", "Kiriman yang ditolak dalam satu jam, menurut sebab."),
    _graph(924, "Kelambatan keluaran", Query("nadi_collector_sink_lag_seconds", "{{sink}}"),
           Look(unit="s", steps=SINK_SECONDS, low=0), "Keluaran tidak dipasang",
           "Umur kiriman tertua yang belum diteruskan ke basis data deret waktu.", live=False),
    _graph(925, "Galat keluaran (langsung)",
           _by("sink", "rate(nadi_collector_sink_errors_total[$__rate_interval])"), Look(unit="cps"),
           "Keluaran tidak dipasang", "Penerusan yang gagal dan diulang, atau ditolak."),
    _graph(926, "Basis data", Query("nadi_collector_database_bytes", "Ukuran"), Look(unit="bytes", low=0),
           "Pengumpul tidak melapor", "Ukuran berkas basis data pengumpul.", live=False),
    _graph(927, "Keterlambatan kiriman", Query("nadi_collector_ingest_lag_seconds", "P95"),
           Look(unit="s", steps=SINK_SECONDS, low=0), "Belum ada kiriman langsung",
           "P95 selisih waktu ukur dan waktu terima kiriman langsung, dihitung pengumpul.", live=False),
    _graph(913, "Selisih jam agen", Query(f"nadi_agent_clock_offset_seconds{_AGENT}", "{{agent}}"),
           Look(unit="s"), "Belum ada kiriman", "Jam agen dikurangi jam pengumpul pada kiriman terakhir.", live=False),
    _graph(928, "Kiriman menunggu", Query("nadi_collector_queue_length", "Kiriman"), Look(low=0, decimals=0),
           "Pengumpul tidak melapor", "Kiriman agen yang menunggu disimpan; lama tidak nol berarti kewalahan.",
           live=False),
)  # fmt: skip

_DUTIES = (
    row(930, "Kewajiban dan alarm"),
    tile(932, "Kirim gagal 24 jam (langsung)",
         'sum(increase(nadi_collector_notifications_total{result="gagal"}[1d]))', steps=NONE_RED, source="langsung",
         size=(6, 7), no_value="Pemberitahuan tidak dipasang",
         help="Pemberitahuan Nadi sendiri yang gagal dikirim dalam 24 jam terakhir (perkiraan)."),
    Panel(
        id=934, kind="stat", title="Pemeriksaan log bulanan", width=4, height=7,
        queries=(Query("(min(nadi_collector_log_check_due_timestamp_seconds) - time()) / 86400", "Sisa hari"),),
        look=Look(unit="suffix: hari", steps=DUE_DAYS, decimals=0),
        no_value="Semua sudah disahkan, atau data tidak diterima",
        help="Sisa hari sampai tenggat pemeriksaan log tertua yang belum disahkan; negatif berarti lewat.",
    ),
    Panel(
        id=908, kind="stat", title="Catatan tangan bulan ini", width=4, height=7,
        queries=(Query("sum(nadi_collector_manual_values)", "Catatan"),),
        look=Look(steps=NONE_YELLOW), no_value="Penilaian tidak diterima",
        help="Nilai yang dicatat dengan tangan bulan ini (listrik, genset, uji pemulihan); selalu ditandai demikian.",
    ),
    Panel(
        id=931, kind="table", title="Alarm menyala", width=10, height=7,
        queries=(Query('max by (alertname, severity, opd, link) (ALERTS{alertstate="firing"})'),),
        columns=(label("alertname", "Alarm"), label("severity", "Tingkat"), label("opd", "Kode PD", TO_AGENCY),
                 label("link", "Tautan", TO_LINK)),
        no_value=comforting("Tidak ada alarm menyala"),
        help="Alarm dari Prometheus atau vmalert. Kosong juga bila aturan alarm tidak dipasang.",
    ),
)  # fmt: skip

HEALTH = Board(
    uid="nadi-kesehatan",
    title="Nadi 9 - Kesehatan Nadi",
    purpose="Apakah layar lain dapat dipercaya: agen, pengumpul, keluaran, dan keutuhan catatan.",
    span="now-6h",
    refresh="1m",
    variables=(Variable(name="agent", label="Agen", query="label_values(nadi_agent_info, agent)"),),
    panels=(*_TRUST, *_AGENTS, *_QUALITY, *_DUTIES),
)
