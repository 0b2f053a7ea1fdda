"""A small simulated year, played once: every report and roll-up tells what was made, and the loop turns.

Slow: it writes thirteen reports and five roll-ups. ``test_simulate_story.py`` checks the same makings without them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.clock import WIB, ManualClock, Month
from collector.config import FILE, read
from collector.folder import Folder
from collector.register.records.delivery import DELIVERY
from collector.register.records.followup import FOLLOWUP
from collector.register.records.incident import INCIDENT, INCIDENT_TYPES
from collector.register.records.proposal import PROPOSAL
from collector.register.records.report_state import REPORT_STATE
from collector.report.frozen import FrozenTable, tables
from collector.report.manifest import NAME
from collector.report.period import Period
from collector.simulate_year import SimulatedYear, run
from collector.simulation.duties import LATE_MONTH, REVISED_MONTH, UNSIGNED_MONTH
from collector.simulation.people import CHECKER, DETERMINER, NOC
from collector.simulation.story import CHANGED, DOUBLE, IDLE, SATURATED
from collector.simulation.year import COARSE
from tests.collector.simulated_figures import shown, wrong_figures

pytestmark = pytest.mark.slow
YEAR = 2026
MONTHS = [Month(YEAR, number) for number in range(1, 13)]


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("year") / "data"


@pytest.fixture(scope="module")
def played(data: Path) -> SimulatedYear:
    return run(data=data, opd=4, year=YEAR, seed=3, zone=WIB, progress=quiet, pace=COARSE)


@pytest.fixture(scope="module")
def folder(data: Path, played: SimulatedYear) -> Iterator[Folder]:
    assert played.readings
    with Folder(read(data / FILE), clock=ManualClock(Month(YEAR + 1, 3).start_ns(WIB)), writer=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(folder: Folder) -> dict[tuple[int, int], dict[str, FrozenTable]]:
    """Return the tables of each version, by month and version."""
    return {
        (month.number, issue.version): tables(issue.content())
        for month in MONTHS
        for issue in folder.reports.versions(month)
    }


Told = dict[tuple[int, int], dict[str, FrozenTable]]


def rows(told: Told, month: int, key: str, *, version: int = 1) -> list[dict[str, Any]]:
    table = told[month, version].get(key)
    return [dict(row) for row in table.rows] if table else []


def lines(told: Told, month: int) -> dict[str, dict[str, Any]]:
    return {row["tautan_jaringan"]: row for row in rows(told, month, "bab-vii-tautan")}


def rolled(folder: Folder, period: Period) -> dict[str, FrozenTable]:
    (place,) = [place for place in folder.reports.rollups() if place.parent.name == str(period)]
    name = json.loads((place / NAME).read_bytes())["content"]
    return tables(json.loads((place / name).read_bytes()))


def test_every_report_tells_the_volume_the_bins_and_the_p95_that_were_made(
    played: SimulatedYear, reports: Told
) -> None:
    assert [key for key in reports if key[1] > 1] == [(REVISED_MONTH, 2)]
    problems = []
    for (number, version), told in reports.items():
        known = played.known[Month(YEAR, number)]
        found = wrong_figures(told, (known.closed if version == 1 else known.whole)[:4])
        problems += [f"{number} version {version}: {problem}" for problem in found]
    assert problems == []


def test_data_after_the_approval_make_a_revision_that_names_every_difference(
    played: SimulatedYear, reports: Told
) -> None:
    known = played.known[Month(YEAR, REVISED_MONTH)]
    assert [one.code for one, other in zip(known.closed, known.whole, strict=True) if one != other] == [CHANGED]
    marked = [row for row in rows(reports, REVISED_MONTH, "bab-vi-penggunaan") if row["kode_pd"] == CHANGED]
    assert marked[0]["status"].endswith("(indikatif)")
    differences = rows(reports, REVISED_MONTH, "lampiran-f-perbedaan", version=2)
    assert {row["tabel_berbeda"] for row in differences} >= {"bab-vi-penggunaan", "lampiran-a-angka"}
    assert not [row for row in differences if row["tabel_berbeda"] == "bab-vi-penggunaan" and CHANGED not in
                row["baris_berbeda"]]  # fmt: skip
    assert "lampiran-f-perbedaan" not in reports[REVISED_MONTH, 1]


def test_the_saturated_office_is_eased_by_the_determination_and_the_idle_one_gave_up(reports: Told) -> None:
    status = {
        (number, row["kode_pd"]): row["status"]
        for number in range(1, 13)
        for row in rows(reports, number, "bab-vi-penggunaan")
    }
    assert {status[number, SATURATED] for number in range(1, 7)} == {"JENUH"}
    assert {status[number, SATURATED] for number in range(7, 13)} <= {"WAJAR", "PERLU PERHATIAN"}
    held = {row["kode_pd"]: row["alokasi_unduh_mbps"] for row in rows(reports, 12, "bab-v-alokasi")}
    before = {row["kode_pd"]: row["alokasi_unduh_mbps"] for row in rows(reports, 6, "bab-v-alokasi")}
    assert (before[SATURATED], held[SATURATED]) == (50, 120)
    assert (before[IDLE], held[IDLE]) == (30, 10)
    codes = {(row["kode_pd"], row["arah"]): row["kode_alasan"] for row in rows(reports, 11, "bab-xiii-rekomendasi")}
    assert "A5" in codes[DOUBLE, "Unduh"], "its accepted new service begins in December"


def test_proposals_stand_in_every_state_and_each_report_shows_those_of_its_month(folder: Folder, reports: Told) -> None:
    states = Counter(record.state for record in folder.register.book.current(PROPOSAL))
    assert states == {"diterima": 3, "ditolak": 1, "dikembalikan": 1, "diajukan": 1}
    seen = {number: Counter(row["status_usulan"] for row in rows(reports, number, "bab-xii-usulan")) for number in
            range(1, 13)}  # fmt: skip
    assert seen[1] == {"diajukan": 1}, "as it stood when January was closed in February"
    assert seen[2] == {"ditolak": 1}
    assert seen[3] == {"dikembalikan": 1}
    assert seen[4] == seen[5] - Counter({"diajukan": 1}) == {"diajukan": 1}
    assert seen[6] == {"diterima": 2}
    assert seen[12] == {"diajukan": 1}


def test_disconnections_last_as_long_as_was_recorded_and_only_approved_time_is_taken_out(reports: Told) -> None:
    def row(month: int) -> dict[str, Any]:
        return rows(reports, month, "bab-ix-pemutusan")[0]

    assert (row(2)["durasi_menit"], row(2)["lewat_rencana_menit"]) == (215, 0)
    assert (row(5)["durasi_menit"], row(5)["lewat_rencana_menit"]) == (515, 165)
    assert row(12)["lewat_rencana_menit"] == 13 * 1440 + 8 * 60, "it goes on at the closing"
    assert len(rows(reports, 4, "bab-ix-pemutusan")) == 0, "what was refused never lasted"
    line = lines(reports, 5)["tautan-rsud-2"]
    assert line["pemutusan_menit"] == 350
    assert line["durasi_bersih_menit"] == pytest.approx(165, abs=5), "what is overdue counts against it"


def test_a_port_s_downtime_is_what_its_router_told_and_announced_work_is_taken_out(
    played: SimulatedYear, reports: Told
) -> None:
    for number, device in ((2, "rt-kesbangpol"), (3, "rt-bappeda"), (6, "rt-bappeda"), (10, "rt-rsud")):
        line = lines(reports, number)[device.replace("rt-", "tautan-")]
        assert line["durasi_kotor_menit"] == shown(played.known[Month(YEAR, number)].down_ms[device], 60_000, 0)
        assert line["gangguan_kali"] == 1
    planned = lines(reports, 6)["tautan-bappeda"]
    assert (planned["pemeliharaan_menit"], planned["durasi_bersih_menit"]) == (150, 0)
    sudden = lines(reports, 9)["tautan-dukcapil"]
    assert sudden["pemeliharaan_menit"] == 0, "work announced two hours before is not planned"
    assert sudden["durasi_bersih_menit"] == sudden["durasi_kotor_menit"] > 0


def test_incidents_are_of_the_five_types_and_one_took_too_long(folder: Folder, reports: Told) -> None:
    types = Counter(record.form.type for record in folder.register.book.current(INCIDENT))
    assert types == {**dict.fromkeys(INCIDENT_TYPES, 1), "gangguan": 2}
    every = [(number, row) for number in range(1, 13) for row in rows(reports, number, "bab-viii-gangguan")]
    late = [(number, row) for number, row in every if row["tercapai"] == "tidak"]
    assert [number for number, _ in late] == [3]
    assert late[0][1]["pulih_menit"] == 410 + 210 - 60, "service hours of two days, less the approved pause"
    assert len(every) == 6


def test_late_duties_are_told_in_the_report_of_their_month(folder: Folder, reports: Told) -> None:
    late = {number: sum(row["lewat_tenggat"] == "ya" for row in rows(reports, number, "bab-iii-tindak-lanjut"))
            for number in range(1, 13)}  # fmt: skip
    assert {number for number, count in late.items() if count} == {3, 4, 5, 11, 12}
    states = Counter(record.state for record in folder.register.book.current(FOLLOWUP))
    assert states == {"diterima": 2, "dibatalkan": 1, "terbuka": 1, "dikerjakan": 1}
    checks = rows(reports, UNSIGNED_MONTH + 1, "bab-xi-pemeriksaan")
    assert [row["status_log"] == "diperiksa" for row in checks] == [True, False]


def test_each_report_was_made_checked_approved_and_delivered_by_different_people(folder: Folder) -> None:
    records = folder.register.book.current(REPORT_STATE)
    assert len(records) == 13
    assert {record.state for record in records} == {"disampaikan"}
    assert {(r.form.maker, r.form.checker, r.form.approver) for r in records} == {("kolektor", CHECKER, DETERMINER)}
    deliveries = folder.register.book.current(DELIVERY)
    assert {(record.state, record.form.sender) for record in deliveries} == {("diterima", NOC)}
    sent = {(record.form.month, record.form.version): record.form.sent for record in deliveries}
    late = [key for key, when in sent.items() if when.day > 7]
    assert late == [(f"{YEAR}-{LATE_MONTH:02d}", 1), (f"{YEAR}-{REVISED_MONTH:02d}", 2)]


def test_the_roll_ups_repeat_the_frozen_months(folder: Folder, reports: Told) -> None:
    year = rolled(folder, Period(YEAR))
    newest = {number: max(version for month, version in reports if month == number) for number in range(1, 13)}
    for row in year["rekap-p95"].rows:
        for number, version in newest.items():
            (figures,) = [
                one
                for one in rows(reports, number, "lampiran-a-angka", version=version)
                if (one["kode_pd"], one["arah"]) == (row["kode_pd"], row["arah"])
            ]
            assert row[f"p95_{YEAR}_{number:02d}_mbps"] == figures["p95_mbps"]
    assert {row["bulan_diketahui"] for row in year["rekap-volume"].rows} == {12}
    assert {place.parent.name for place in folder.reports.rollups()} == {
        str(YEAR), *(f"{YEAR}-Q{quarter}" for quarter in range(1, 5)),
    }  # fmt: skip


def test_the_year_s_roll_up_counts_what_each_month_told_of_the_registers(folder: Folder) -> None:
    lines = {row["uraian_rekap"]: row for row in rolled(folder, Period(YEAR))["rekap-siklus"].rows}

    def counted(text: str) -> list[int]:
        return [lines[text][f"catatan_{YEAR}_{number:02d}"] for number in range(1, 13)]

    assert counted("Insiden dan permintaan melampaui tingkat layanan") == [0, 0, 1, *[0] * 9]
    assert sum(counted("Insiden dan permintaan yang berlangsung")) == 6
    assert counted("Rekomendasi melewati tenggat") == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert counted("Pemutusan dan pemblokiran melewati rencana selesai") == [0, 0, 0, 0, 1, *[0] * 6, 1]
    assert sum(counted("Usulan yang diterima")) == 3


def test_availability_of_the_year_is_summed_minutes(folder: Folder, reports: Told) -> None:
    year = {row["objek_rekap"]: row for row in rolled(folder, Period(YEAR))["rekap-ketersediaan"].rows}
    newest = sorted(dict(sorted(reports)).items())
    every = [row for month, version in newest for row in rows(reports, month, "bab-vii-tautan", version=version)]
    for code in ("tautan-bappeda", "tautan-rsud-2"):
        down = sum(row["durasi_kotor_menit"] for row in every if row["tautan_jaringan"] == code)
        judged = sum(row["dinilai_menit"] for row in every if row["tautan_jaringan"] == code)
        assert (year[code]["mati_menit"], year[code]["dinilai_menit"]) == (down, judged)
        assert year[code]["ketersediaan_kotor_persen"] == shown(100 * (1 - Fraction(down, judged)), 1, 3)


def test_everything_in_the_folder_is_whole(folder: Folder) -> None:
    assert folder.check() == []
    assert folder.journal.label == "SIMULASI"
