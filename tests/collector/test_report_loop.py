"""Chapters III, VII, VIII, IX and XI: what the registers and Nadi itself told, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from agent.clock import DAY_S, NS
from collector.judge.network import NetworkMonth
from collector.report.document import Chapter, Paragraph
from collector.report.findings import found
from collector.report.followup import disconnections, followups
from collector.report.incidents import broken, chapter
from collector.report.loop import Loop
from collector.report.network import chapter as network
from collector.report.security import chapter as security
from tests.collector.loop_sample import COUNTED, DISCONNECTIONS, FOLLOWUPS, INCIDENTS, LOG_CHECKS, NETWORK, at, loop
from tests.collector.report_sample import CASES, CLOSED, MONTH, ZONE, sample


def rows(made: Chapter, key: str) -> list[dict[str, Any]]:
    table = next(table for table in made.tables if table.key == key)
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def texts(made: Chapter) -> str:
    return " ".join(block.text for block in made.blocks if isinstance(block, Paragraph))


def test_a_recommendation_past_its_due_day_is_marked_and_counted() -> None:
    made = followups(FOLLOWUPS, ZONE, closed_ns=CLOSED)
    first, second = rows(made, "bab-iii-tindak-lanjut")
    assert (first["periode_rekomendasi"], first["tenggat"], first["lewat_tenggat"]) == (
        *("Agustus 2026", date(2026, 10, 15)),
        "ya",
    )
    assert (second["status_tindak_lanjut"], second["lewat_tenggat"]) == ("selesai", "tidak")
    assert "Sebanyak 1 (satu) rekomendasi melewati tenggat" in texts(made)


def test_on_its_due_day_a_recommendation_is_not_late_yet() -> None:
    evening = ZONE.day_start(date(2026, 10, 16)) - 1
    for now_ns, late in ((evening, "tidak"), (evening + 1, "ya")):
        assert rows(followups(FOLLOWUPS, ZONE, closed_ns=now_ns), "bab-iii-tindak-lanjut")[0]["lewat_tenggat"] == late


def test_times_are_service_minutes_without_approved_pauses() -> None:
    restored, late, unjudged = rows(chapter(INCIDENTS, {}, ZONE), "bab-viii-gangguan")
    assert (restored["tanggap_menit"], restored["pulih_menit"], restored["tercapai"]) == (10, 200, "ya")
    assert (restored["target_tanggap_menit"], restored["target_pulih_menit"]) == (30, 240)
    assert (late["tanggap_menit"], late["pulih_menit"], late["tercapai"]) == (39, None, "tidak")
    assert [unjudged[key] for key in ("tanggap_menit", "pulih_menit", "tingkat_layanan", "tercapai")] == [None] * 4


def test_what_nadi_measured_stands_beside_what_people_confirmed() -> None:
    made = chapter(INCIDENTS, {}, ZONE)
    (measured,) = rows(made, "bab-viii-pengukuran")
    assert (measured["no_insiden"], measured["pulih_terukur"]) == ("INS-2026-00001", at(5, 898))
    assert [measured[key] for key in ("bagian_usulan", "dasar_usulan", "bagian")] == [
        *("WAN", "tautan dipelihara WAN", "Penyedia"),
    ]
    people_only = chapter(INCIDENTS[1:], {}, ZONE)
    assert "bab-viii-pengukuran" not in [table.key for table in people_only.tables]


def test_availability_is_by_sets_of_time_and_judged_unrounded_against_its_target() -> None:
    uplink, line, silent, queue = rows(network(NETWORK), "bab-vii-tautan")
    assert (line["dinilai_menit"], line["tak_diketahui_menit"], line["gangguan_kali"]) == (743 * 60, 60, 2)
    assert [line[key] for key in ("durasi_kotor_menit", "durasi_bersih_menit")] == [540, 300]
    assert (line["kotor_persen"], line["bersih_persen"]) == (Decimal("98.789"), Decimal("99.322"))
    assert (line["pemeliharaan_menit"], line["pemutusan_menit"]) == (240, 60)
    assert (line["target_persen"], line["status_jaringan"]) == (Decimal("99.500"), "di bawah target")
    assert [row["status_jaringan"] for row in (uplink, silent, queue)] == [
        *("memenuhi target", "tidak dinilai", "tanpa target"),
    ]
    assert (silent["kotor_persen"], silent["bersih_persen"], uplink["kode_pd"]) == (None, None, None)


def test_a_probe_s_round_trips_are_in_milliseconds_and_missing_without_a_probe() -> None:
    uplink, line, _, _ = rows(network(NETWORK), "bab-vii-tautan")
    keys = ("latensi_median_ms", "latensi_p95_ms", "kehilangan_persen")
    assert [line[key] for key in keys] == [Decimal("12.5"), Decimal("40.5"), Decimal("0.1")]
    assert [uplink[key] for key in keys] == [None] * 3


def test_down_time_is_told_by_whose_part_it_was() -> None:
    found = rows(network(NETWORK), "bab-vii-bagian")
    assert [tuple(row.values()) for row in found] == [("Penyedia", 180, 180), ("tidak diketahui", 360, 120)]


def test_totals_by_type_and_the_desk_s_extract_add_up() -> None:
    made = chapter(INCIDENTS, {"1.02.01": "Dinas Kesehatan"}, ZONE)
    types = rows(made, "bab-viii-jenis")
    assert [row["insiden_jumlah"] for row in types] == [1, 1, 0, 1, 0, 3]
    every = types[-1]
    assert (every["insiden_tercapai"], every["insiden_terlampaui"]) == (1, 1)
    assert every["insiden_tercapai_persen"] == Decimal("50.0")
    assert types[2]["insiden_tercapai_persen"] is None
    desk = rows(made, "bab-viii-meja-layanan")
    assert [(row["kode_pd"], row["perangkat_daerah"]) for row in desk] == [
        (None, "Dinas atau umum"),
        ("1.02.01", "Dinas Kesehatan"),
        ("9.01.01", None),
    ]
    assert sum(row["insiden_jumlah"] for row in desk) == every["insiden_jumlah"]
    assert broken(INCIDENTS) == 1


def test_a_disconnection_shows_how_long_it_went_beyond_what_was_approved() -> None:
    ended, blocked, waiting = rows(disconnections(DISCONNECTIONS, ZONE, closed_ns=CLOSED), "bab-ix-pemutusan")
    assert (ended["mulai_pemutusan"], ended["selesai_pemutusan"]) == (at(4, 2), at(4, 75))
    assert (ended["durasi_menit"], ended["lewat_rencana_menit"]) == (73, 15)
    assert (blocked["durasi_menit"], blocked["lewat_rencana_menit"], blocked["selesai_pemutusan"]) == (7200, 0, None)
    assert blocked["objek_pemutusan"] == "seluruh tautan; tambang.example"
    assert [waiting[key] for key in ("mulai_pemutusan", "durasi_menit", "lewat_rencana_menit")] == [None] * 3


def test_an_active_disconnection_past_its_end_counts_on_until_the_closing() -> None:
    form = replace(DISCONNECTIONS[1].form, ends=at(32))
    (row,) = rows(disconnections((replace(DISCONNECTIONS[1], form=form),), ZONE, closed_ns=CLOSED), "bab-ix-pemutusan")
    assert row["lewat_rencana_menit"] == 3 * 1440


def test_log_checks_name_sources_gaps_and_what_is_not_signed() -> None:
    made = security(LOG_CHECKS, COUNTED, MONTH, ZONE, closed_ns=CLOSED)
    assert texts(made).endswith("Pemeriksaan log bulan Oktober 2026 belum disahkan sampai dengan data ditutup.")
    assert "September 2026 belum" not in texts(made)
    first, second, _ = rows(made, "bab-xi-log")
    assert (first["jumlah_kritis"], first["jumlah_catatan"]) == (0, None)
    assert (first["celah_log"], first["celah_log_menit"], first["sebab_celah"]) == (1, 90, "daya padam")
    assert second["jumlah_kritis"] is None


def test_a_check_that_is_due_and_not_signed_is_said_to_be_late() -> None:
    said = texts(security((), None, MONTH, ZONE, closed_ns=CLOSED))
    assert "September 2026 belum disahkan dan telah melewati tenggat" in said
    assert "Oktober 2026 belum disahkan sampai" in said
    later = texts(security((), None, MONTH, ZONE, closed_ns=CLOSED + 10 * DAY_S * NS))
    assert "Oktober 2026 belum disahkan dan telah melewati tenggat" in later


def test_what_nadi_counted_is_shown_and_what_was_dropped_is_unknown() -> None:
    counts = [
        row["jumlah_hitungan"] for row in rows(security((), COUNTED, MONTH, ZONE, closed_ns=CLOSED), "bab-xi-nadi")
    ]
    assert counts == [1204, 17, 41, 2, 0, 4, 1]
    dropped = security((), replace(COUNTED, put_aside=None), MONTH, ZONE, closed_ns=CLOSED)
    assert [row["jumlah_hitungan"] for row in rows(dropped, "bab-xi-nadi")] == [1204, 17, None, None, None, 4, 1]


def test_without_records_each_chapter_says_so_and_invents_no_table() -> None:
    empty = (followups((), ZONE, closed_ns=CLOSED), disconnections((), ZONE, closed_ns=CLOSED), chapter((), {}, ZONE))
    for made in (*empty, network(None), network(NetworkMonth()), security((), None, MONTH, ZONE, closed_ns=CLOSED)):
        assert made.tables == ()
        assert texts(made)


def test_the_summary_counts_what_was_broken_and_what_is_late() -> None:
    evaluation = sample(cases=CASES[:1])
    said = " ".join(found(evaluation, None, loop(evaluation)))
    assert (
        "Ketersediaan bersih 3 (tiga) dari 4 (empat) tautan, termasuk tautan hulu, dinilai, terendah 99,322 % pada "
        "wan-1.02.01-1; 1 (satu) di bawah target (Bab VII)" in said
    )
    assert "1 (satu) rekomendasi periode sebelumnya melewati tenggat (Bab III)" in said
    assert "dari 2 (dua) insiden yang dinilai, 1 (satu) melampaui tingkat layanan (Bab VIII)" in said
    assert "Bab VIII" not in " ".join(found(evaluation, None, Loop()))
    assert "melewati rencana selesai" not in said


def test_the_summary_names_a_disconnection_that_goes_on_beyond_what_was_approved() -> None:
    long = replace(DISCONNECTIONS[1], form=replace(DISCONNECTIONS[1].form, ends=at(32)))
    said = found(sample(cases=CASES[:1]), None, Loop(disconnections=(long, *DISCONNECTIONS)))
    assert "1 (satu) pemutusan atau pemblokiran melewati rencana selesai (Bab IX)." in said
