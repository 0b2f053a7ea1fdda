"""Quarterly and annual roll-ups: frozen months side by side, sums where sums may be made, gaps named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.clock import DAY_S, NS, Month
from collector.judge.month import Evaluation
from collector.report.frozen import FrozenTable, tables
from collector.report.manifest import NAME, verify
from collector.report.period import Period
from tests.collector.loop_sample import loop
from tests.collector.report_office import APPROVER, CHECKER, KEY, Office, office_at
from tests.collector.report_sample import CASES, ORIGIN, SETTINGS, ZONE, sample

YEAR = Period(2026)


def of(month: Month, *, step: int = 0) -> Evaluation:
    """Return a month in which the first agency's P95 is ``step`` Mbps above the sample's."""
    base = sample(cases=CASES[:3])
    first = base.opds[0]
    down = replace(first.unduh, p95=Fraction(first.unduh.p95 or 0) + step * 1_000_000)
    opds = (replace(first, unduh=down), *base.opds[1:])
    return replace(base, month=month, opds=opds, closed_ns=month.end_ns(ZONE) + 3 * DAY_S * NS)


def approve(office: Office, month: Month, *, step: int = 0) -> None:
    issue, _ = office.reports.issue(of(month, step=step), settings=SETTINGS, origin=ORIGIN, key=KEY)
    office.life.begin(issue)
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        office.life.move(month, target, actor=actor)


def rolled(office: Office, period: Period) -> tuple[Path, bool]:
    return office.reports.rollup(period, settings=SETTINGS, zone=ZONE, origin=ORIGIN, key=KEY)


def content(place: Path) -> dict[str, Any]:
    name = json.loads((place / NAME).read_bytes())["content"]
    table: dict[str, Any] = json.loads((place / name).read_bytes())
    return table


def first(table: FrozenTable) -> Mapping[str, Any]:
    """Return the row of the agency that the tests change."""
    return next(row for row in table.rows if (row["kode_pd"], row["arah"]) == ("1.02.01", "Unduh"))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return office_at(tmp_path)


def test_periods_are_read_and_have_their_months() -> None:
    assert [str(month) for month in Period.parse("2026-Q3").months] == ["2026-07", "2026-08", "2026-09"]
    assert len(Period.parse("2026").months) == 12
    assert (str(Period(2026, 4)), Period(2026, 4).name) == ("2026-Q4", "Triwulan IV Tahun 2026")
    for junk in ("2026-Q5", "2026-Q0", "26", "2026-10", "../2026", "2026-Q3/.."):
        with pytest.raises(ValueError, match="neither a quarter"):
            Period.parse(junk)


def test_a_quarter_shows_its_approved_months_and_names_the_others(office: Office) -> None:
    approve(office, Month(2026, 10))
    issue, _ = office.reports.issue(of(Month(2026, 11)), settings=SETTINGS, origin=ORIGIN, key=KEY)
    office.life.begin(issue)
    place, written = rolled(office, Period(2026, 4))
    assert (place.name, written) == ("1", True)
    assert verify(place / NAME, public=KEY.public) == []
    assert "1 (satu) dari 3 (tiga) bulan" in (text := json.dumps(content(place), ensure_ascii=False))
    assert "November 2026 (laporan belum disahkan)" in text
    assert "Desember 2026 (tidak ada laporan)" in text
    held = tables(content(place))
    row = first(held["rekap-p95"])
    assert row["p95_2026_10_mbps"] == 31.0
    assert (row["p95_2026_11_mbps"], row["p95_2026_12_mbps"], row["tren_mbps"]) == (None, None, None)
    volume = held["rekap-volume"]
    assert volume.cell(volume.rows[0], "volume_jumlah_gb") == volume.cell(volume.rows[0], "volume_2026_10_gb")
    assert volume.rows[0]["bulan_diketahui"] == 1
    assert held["rekap-status"].rows[0]["jumlah_2026_11"] is None


def test_a_year_sums_volumes_and_has_a_trend_but_no_percentile_of_percentiles(office: Office) -> None:
    months = [Month(2026, number) for number in (1, 2, 3, 5, 7, 8)]
    for number, month in enumerate(months):
        approve(office, month, step=(month.number - 1) * 3)
        assert number < 6
    place, _ = rolled(office, YEAR)
    held = tables(content(place))
    row = first(held["rekap-p95"])
    assert [row[f"p95_2026_{number:02d}_mbps"] for number in (1, 2, 3, 4, 5)] == [31.0, 34.0, 37.0, None, 43.0]
    assert (row["bulan_tren"], row["tren_mbps"], row["tren_min_mbps"]) == (6, 3.0, 3.0)
    volume = held["rekap-volume"]
    summed = first(volume)
    known = [volume.cell(summed, f"volume_2026_{month.number:02d}_gb") for month in months]
    assert volume.cell(summed, "volume_jumlah_gb") == sum(value for value in known if isinstance(value, Decimal))
    assert not [key for key in held["rekap-p95"].columns if "jumlah" in key or "rata" in key]
    sources = json.loads((place / NAME).read_bytes())["parameters"]
    assert sorted(sources) == [str(month) for month in months]


def test_a_rollup_is_written_anew_only_when_a_month_changes(office: Office) -> None:
    with pytest.raises(ValueError, match="no month of 2026 is approved"):
        rolled(office, YEAR)
    approve(office, Month(2026, 10))
    assert rolled(office, YEAR)[1]
    assert not rolled(office, YEAR)[1]
    approve(office, Month(2026, 10), step=5)
    place, written = rolled(office, YEAR)
    assert (place.name, written) == ("2", True)
    assert tables(content(place))["rekap-bulan"].rows[9]["versi_rekap"] == 2
    assert len(office.reports.rollups()) == 2


def test_a_month_that_was_touched_is_not_rolled_up(office: Office) -> None:
    approve(office, Month(2026, 10))
    (issue,) = office.reports.approved(Month(2026, 10))
    path = issue.folder / f"evaluasi-{issue.month}-v1.json"
    path.write_bytes(path.read_bytes().replace(b"31.0", b"13.0"))
    with pytest.raises(ValueError, match="not as it was written"):
        rolled(office, YEAR)


def test_what_the_registers_told_is_counted_and_a_month_without_a_report_is_unknown(office: Office) -> None:
    month = Month(2026, 10)
    evaluation = of(month)
    issue, _ = office.reports.issue(evaluation, loop=loop(evaluation), settings=SETTINGS, origin=ORIGIN, key=KEY)
    office.life.begin(issue)
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        office.life.move(month, target, actor=actor)
    approve(office, Month(2026, 11))
    place, _ = rolled(office, Period(2026, 4))
    rows = tables(content(place))["rekap-siklus"].rows
    found = {row["uraian_rekap"]: [row[f"catatan_2026_{number}"] for number in (10, 11, 12)] for row in rows}
    assert found["Insiden dan permintaan yang berlangsung"] == [3, 0, None]
    assert found["Insiden dan permintaan melampaui tingkat layanan"] == [1, 0, None]
    assert found["Rekomendasi melewati tenggat"] == [1, 0, None]
    assert found["Pemutusan dan pemblokiran melewati rencana selesai"] == [1, 0, None]
    assert found["Tautan di bawah target ketersediaan bersih"] == [1, None, None], "November's links were not judged"
