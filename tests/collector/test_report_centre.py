"""Chapter X says what the rows say: unknown stays unknown, bounds stay bounds, manual is marked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from agent.clock import WIB
from collector.judge.datacentre import DataCentreMonth
from collector.report import findings
from collector.report.centre import chapter
from collector.report.document import Chapter, Paragraph, Table
from collector.report.loop import NOTHING
from tests.collector.centre_sample import BARE, CARRIED, PROTECTED, centre
from tests.collector.report_sample import sample


def rows(key: str, month: DataCentreMonth | None = None) -> list[dict[str, Any]]:
    table = next(table for table in made(month or centre()).tables if table.key == key)
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def made(month: DataCentreMonth | None) -> Chapter:
    return chapter(month, WIB)


def test_bounds_of_a_transfer_are_rounded_outwards() -> None:
    event = rows("bab-x-kejadian")[0]
    assert (event["waktu_alih_min_detik"], event["waktu_alih_maks_detik"]) == (30, 50)
    assert event["padam_antara"].isoformat() == "2026-10-10T12:00:00+07:00"
    generator = rows("bab-x-genset")[0]
    assert (generator["alih_min_detik"], generator["alih_maks_detik"], generator["alih_terbukti_detik"]) == (30, 50, 50)


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    event, ups = rows("bab-x-kejadian")[1], rows("bab-x-ups")[1]
    assert (event["dipikul_genset"], event["beban_padam"]) == ("tidak", "tidak diketahui")
    assert event["waktu_alih_min_detik"] is None
    assert event["pulih_sebelum"] is None
    assert (ups["keadaan_akhir"], ups["beban_maks_persen"], ups["ganti_baterai"]) == ("tidak diketahui", None, None)
    backup = rows("bab-x-cadangan")[1]
    assert (backup["status_cadangan"], backup["umur_jam"], backup["salinan_pita"]) == (
        "tidak diketahui",
        None,
        "tidak diketahui",
    )
    assert rows("bab-x-server")[1]["lindung_cadangan"] == "tidak diketahui"


def test_whether_the_generator_carried_the_load_may_be_unknown() -> None:
    event = replace(CARRIED, ever_carried=None, carrying=None, transfer_low_ms=None, transfer_high_ms=None)
    shown = rows("bab-x-kejadian", replace(centre(), events=(event,)))[0]
    assert (shown["dipikul_genset"], shown["waktu_alih_maks_detik"]) == ("tidak diketahui", None)


def test_figures_are_rounded_once_and_times_left_are_not_rounded_up() -> None:
    ups, sensor = rows("bab-x-ups")[0], rows("bab-x-lingkungan")[0]
    assert ups["beban_rata_persen"] == Decimal("42.5")
    assert ups["sisa_waktu_menit"] == 29, "1799.9 s are not 30 minutes"
    assert ups["ups_diketahui_persen"] == Decimal("50.0")
    assert (sensor["suhu_min_celsius"], sensor["suhu_maks_celsius"]) == (Decimal("21.3"), Decimal("30.0"))
    assert (sensor["alarm_menit"], sensor["pintu_menit"]) == (2, 3)
    assert rows("bab-x-cadangan")[0]["umur_jam"] == 30


def test_availability_has_three_decimals_and_is_missing_when_not_assessed() -> None:
    first, second = rows("bab-x-ketersediaan")
    assert first["ketersediaan_kotor_persen"] == Decimal("99.861")
    assert (first["ketersediaan_bersih_persen"], first["penilaian"]) == (None, "dinilai")
    assert (second["ketersediaan_kotor_persen"], second["penilaian"]) == (None, "tidak dinilai")
    assert first["dinilai_menit"] == 30 * 24 * 60


def test_what_a_person_told_is_marked() -> None:
    assert rows("bab-x-cadangan")[0]["hasil_pemulihan"] == "lulus (manual)"
    assert rows("bab-x-genset")[0]["sumber_genset"] == "manual"
    event = replace(CARRIED, manual=True)
    assert rows("bab-x-kejadian", replace(centre(), events=(event,)))[0]["keterangan_kejadian"] == "manual"
    assert [table.key for table in made(replace(centre(), notes=())).tables].count("bab-x-catatan") == 0


def test_why_a_server_is_not_protected_stands_beside_it() -> None:
    bare = rows("bab-x-server")[1]
    assert (bare["terlindung"], bare["sejak"]) == ("tidak", None)
    assert bare["sebab"] == "tanpa UPS; keadaan cadangan tidak diketahui"
    assert bare["letak"].endswith("; di luar pusat data")
    assert rows("bab-x-cadangan")[1]["upaya_terakhir"] == "gagal: sumber tidak ditemukan"


def test_the_summary_names_outages_and_unprotected_servers() -> None:
    said = " ".join(findings.found(sample(), centre(), NOTHING))
    assert "Listrik PLN padam 2 (dua) kali di pusat data, 1 (satu) di antaranya tidak dipikul genset" in said
    assert "Dari 2 (dua) server, 1 (satu) belum terlindung (Bab X)." in said
    asked = findings.decisions(sample(), replace(centre(), servers=(PROTECTED, *[BARE] * 6)))
    assert len(asked) == findings.MAX_DECISIONS
    assert "melengkapi perlindungan 6 (enam) server: srv-db, srv-db, srv-db, dan 3 server lainnya" in asked[-1]


def test_every_table_of_findings_has_words_for_each_rule() -> None:
    found = [row["temuan"] for row in rows("bab-x-temuan")]
    assert found == ["Server aplikasi atau database tanpa UPS", "Pengukuran kedua ujung tautan berbeda lebih dari 2 %"]


def test_without_a_data_centre_the_chapter_says_so() -> None:
    (block,) = made(None).blocks
    assert isinstance(block, Paragraph)
    assert not [block for block in made(None).blocks if isinstance(block, Table)]
