"""Chapters XII, XIII and XV: what is asked, what is recommended, what is to be decided."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from collector.judge.planning import plan
from collector.report.document import Chapter, Paragraph
from collector.report.planning import decision_sheet, proposals, recommendation
from collector.report.planning_words import DECISION_COLUMNS
from collector.report.words import MISSING, printed
from tests.collector.loop_sample import PROPOSALS, loop
from tests.collector.report_sample import CASES, ZONE, sample

EVALUATION = sample(cases=CASES[:8])
LOOP = loop(EVALUATION)


def rows(chapter: Chapter, key: str) -> list[dict[str, Any]]:
    table = next(table for table in chapter.tables if table.key == key)
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def test_every_direction_has_its_need_share_and_difference() -> None:
    found = rows(recommendation(LOOP.plan), "bab-xiii-rekomendasi")
    first = next(row for row in found if row["kode_pd"] == "1.02.01" and row["arah"] == "Unduh")
    assert (first["alokasi_kini_mbps"], first["usulan_mbps"]) == (Decimal("50.00"), Decimal("90.00"))
    assert (first["kebutuhan_mbps"], first["kode_alasan"], first["kelas"]) == (90, "A2+A5", "tinggi")
    assert first["selisih_mbps"] == Decimal(first["rekomendasi_mbps"] - 50)
    none = next(row for row in found if row["kode_pd"] == "7.01.02")
    assert (none["alokasi_kini_mbps"], none["kebutuhan_mbps"], none["rekomendasi_mbps"]) == (None, None, None)


def test_the_region_shows_both_shortages_apart() -> None:
    down, up = rows(recommendation(LOOP.plan), "bab-xiii-kapasitas")
    assert (down["arah"], up["arah"]) == ("Unduh", "Unggah")
    assert LOOP.plan is not None
    ways = LOOP.plan.ways
    assert down["dibagi_mbps"] == min(ways[0].usable or 0, ways[0].wanted)
    assert down["kurang_hak_mbps"] == ways[0].entitlement_shortage
    assert down["kurang_hak_rupiah"] is not None
    assert down["faktor_keragaman"] is None


def test_floors_beyond_the_capacity_are_said_in_words() -> None:
    tight = replace(EVALUATION, totals=replace(EVALUATION.totals, capacity_down_bps=10_000_000))
    chapter = recommendation(plan(tight, past=(), asked={}))
    said = [block.text for block in chapter.blocks if isinstance(block, Paragraph)]
    assert any("tidak mencukupi untuk jaminan minimum" in text for text in said)


def test_proposals_stand_beside_what_is_in_force() -> None:
    first, second = rows(proposals(PROPOSALS, ZONE, current=LOOP.plan), "bab-xii-usulan")
    assert (first["semula_unduh_mbps"], first["usulan_unduh_mbps"]) == (Decimal("50.00"), Decimal("90.00"))
    assert (first["status_usulan"], second["status_usulan"]) == ("diterima", "ditolak")
    assert first["layanan"] == "SIMPUS; Antrean"


def test_the_decision_sheet_has_room_for_each_decision_and_each_change() -> None:
    found = rows(decision_sheet(LOOP.plan, ["Menambah kapasitas."]), "bab-xv-keputusan")
    assert found[0]["rekomendasi"] == "Menambah kapasitas."
    assert all(row["keputusan"] is None and row["paraf"] is None for row in found)
    by_hand = DECISION_COLUMNS[2:]
    assert [printed(None, column) for column in by_hand] == ["", "", ""], "blank, to be filled in by hand"
    assert printed(None, DECISION_COLUMNS[1]) == MISSING
    assert any("Alokasi Unduh Dinas Kesehatan: 50,00 Mbps menjadi" in row["rekomendasi"] for row in found[1:])
    assert [row["no"] for row in found] == list(range(1, len(found) + 1))


def test_without_registers_the_chapters_say_so() -> None:
    for chapter in (proposals((), ZONE, current=None), recommendation(None), decision_sheet(None, ())):
        (block,) = chapter.blocks
        assert isinstance(block, Paragraph)
