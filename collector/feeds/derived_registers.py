"""The derived series of registers, reports and plans: what people decide and owe, beside what is measured.

What is open is told one by one, the oldest 200 of each; everything else is counted. Free text is never a label.
"""

from __future__ import annotations

from collections.abc import Sequence

from collector.feeds.series import Series, gauges

_I = ("type", "level", "domain")
_ONE = ("incident", "opd", "type", "level", "domain", "status")
_C = ("disconnection", "opd", "link", "ground")
_P = ("period",)
_F = ("opd", "period", "direction")
_L = ("link", "opd")
_Q = ("device", "queue", "link", "opd", "direction")

REGISTERS: Sequence[Series] = (
    *gauges(
        "nadi_incident",
        ("open", _I, "Insiden yang belum selesai; setiap gabungan yang dipakai disebut, juga 0"),
        ("breached", _I, "Insiden yang belum selesai dan melewati waktu tanggap atau waktu pulih"),
        ("started_timestamp_seconds", _ONE, "Saat mulai insiden yang belum selesai, paling banyak 200"),
        (
            "restore_due_timestamp_seconds",
            _ONE,
            "Saat waktu pulih insiden habis, dalam jam layanan, jeda yang dicatat ikut dihitung; tidak ada tanpa tabel",
        ),
        ("response_ratio", ("level",), "Bagian insiden bulan berjalan yang ditanggapi tepat waktu"),
        ("restore_ratio", ("level",), "Bagian insiden bulan berjalan yang pulih tepat waktu"),
    ),
    Series(
        "nadi_incident_opened_total",
        "counter",
        ("type", "domain", "cause"),
        "Insiden yang pernah dicatat; cause: terukur (dibuka Nadi) atau dilaporkan",
    ),
    *gauges(
        "nadi_disconnection",
        ("active", _C, "Pemutusan sementara atau pemblokiran yang sedang aktif; selalu 1, tanpa link: seluruh OPD"),
        ("planned_end_timestamp_seconds", _C, "Rencana selesai pemutusan atau pemblokiran yang sedang aktif"),
    ),
    *gauges(
        "nadi_maintenance",
        ("active", ("maintenance", "link", "opd"), "Pemeliharaan yang diumumkan dan sedang berlangsung; selalu 1"),
    ),
    *gauges("nadi_proposal", ("records", ("state",), "Banyaknya usulan menurut keadaan")),
    *gauges(
        "nadi_report",
        (
            "state",
            _P,
            "Keadaan laporan: 0 belum ditutup, 1 draf, 2 diperiksa, 3 disahkan, 4 disampaikan; versi yang paling jauh",
        ),
        ("version", _P, "Versi laporan yang terbaru"),
        ("due_timestamp_seconds", _P, "Tenggat penyampaian laporan"),
        ("delivered_timestamp_seconds", _P, "Saat laporan pertama kali disampaikan; tidak ada sebelum itu"),
        ("integrity_ok", _P, "1 bila berkas laporan utuh menurut manifesnya, 0 bila tidak"),
        ("p95_bits_per_second", _F, "P95 menurut laporan yang sudah terbit (versi terbaru), 12 periode"),
        ("recommended_bits_per_second", _F, "Rekomendasi alokasi menurut laporan terakhir yang sudah terbit"),
        ("follow_up_open", _P, "Tindak lanjut rekomendasi periode itu yang belum selesai"),
        ("follow_up_overdue", _P, "Tindak lanjut rekomendasi periode itu yang lewat tenggat"),
    ),
    *gauges(
        "nadi_evaluation",
        ("need_bits_per_second", ("opd",), "Kebutuhan terhitung sementara, arah yang lebih besar"),
        ("upstream_p95_bits_per_second", ("direction",), "P95 jumlah semua tautan hulu bulan berjalan"),
        ("diversity_ratio", ("direction",), "Jumlah P95 semua OPD dibagi P95 tautan hulu"),
    ),
    *gauges(
        "nadi_link",
        ("rtt_median_seconds", _L, "Median waktu bolak-balik pada bin 5 menit terakhir yang ditutup"),
        ("rtt_p95_seconds", _L, "P95 waktu bolak-balik pada bin 5 menit terakhir yang ditutup"),
        ("loss_ratio", _L, "Kehilangan paket pada bin 5 menit terakhir yang ditutup"),
        ("state_changed_timestamp_seconds", _L, "Saat keadaan tautan sekarang mulai; tidak ada bila tidak diketahui"),
    ),
    *gauges(
        "nadi_queue",
        ("limit_bits_per_second", _Q, "Batas yang terbaca dari router; tidak ada bila tidak terbaca atau tanpa batas"),
        ("config_match", _Q, "Batas router terhadap penetapan: 0 berbeda, 1 sesuai, 2 tidak terbaca"),
    ),
    *gauges(
        "nadi_collector",
        ("queue_length", (), "Kiriman agen yang menunggu disimpan"),
        ("manual_values", (), "Nilai yang dicatat dengan tangan pada bulan berjalan"),
        (
            "log_check_due_timestamp_seconds",
            (),
            "Tenggat pemeriksaan log tertua yang belum disahkan; tidak ada bila semuanya sudah",
        ),
    ),
)
