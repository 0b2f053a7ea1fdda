"""Twelve months of P95 on an agency's sheet: known months alone, the trend or why there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from collector.judge.month import Evaluation
from collector.report.build import Edition, build
from collector.report.folder import write
from collector.report.loop import Loop
from collector.report.tables import json_bytes
from collector.report.trends import MONTHS, last_months, series
from tests.collector.pdf_cells import Tagged
from tests.collector.report_office import KEY
from tests.collector.report_sample import CASES, MONTH, ORIGIN, SETTINGS, sample

MBIT = 1_000_000


def earlier(count: int) -> list[Evaluation]:
    """Return past months, newest first, in which the first agency's P95 falls by 2 Mbps a month going back."""
    now = sample(cases=CASES[:2])
    p95 = now.opds[0].unduh.p95 or Fraction(0)
    found = []
    for back in range(1, count + 1):
        down = replace(now.opds[0].unduh, p95=p95 - 2 * back * MBIT)
        first = replace(now.opds[0], unduh=down)
        found.append(replace(now, month=MONTH.shifted(-back), opds=(first,)))
    return found


def table(content: dict[str, object], key: str) -> list[dict[str, object]]:
    blocks = content["lampiran"][0]["isi"]  # type: ignore[index]
    return next(block["tabel"]["baris"] for block in blocks if block["tabel"]["kunci"] == key)


def test_a_month_without_evaluation_or_without_the_agency_is_unknown_not_zero() -> None:
    now = sample(cases=CASES[:2])
    found = series(now, earlier(7)[1:])
    known = [value is not None for value in found["1.02.01", "Unduh"]]
    assert known == [False] * 4 + [True] * 6 + [False, True]
    assert found["1.02.02", "Unduh"][:-1] == (None,) * (MONTHS - 1)
    assert [str(month) for month in last_months(MONTH)][:: MONTHS - 1] == ["2025-11", "2026-10"]


def test_the_trend_is_of_the_known_months_and_says_how_many() -> None:
    now = sample(cases=CASES[:2])
    content = json.loads(
        json_bytes(
            build(
                evaluation=now,
                settings=SETTINGS,
                origin=ORIGIN,
                edition=Edition(),
                loop=Loop(series=series(now, earlier(7)[1:])),
            )
        )
    )
    first, *rest = table(content, "lampiran-a-tren")
    assert (first["tren_mbps"], first["tren_min_mbps"], first["tren_maks_mbps"], first["bulan_tren"]) == (2, 2, 2, 7)
    assert rest[1]["tren_mbps"] is None
    assert rest[1]["bulan_tren"] == 1
    assert len(table(content, "lampiran-a-bulanan")) == 2 * 2 * MONTHS


def test_the_sheet_shows_the_months_and_the_trend_in_words(tmp_path: Path) -> None:
    now = sample(cases=CASES[:2])
    loop = Loop(series=series(now, earlier(7)[1:]))
    report = write(evaluation=now, loop=loop, settings=SETTINGS, origin=ORIGIN, key=KEY, folder=tmp_path / "v1")
    tables = [item for item in Tagged(report.pdf).tables() if [row[-1] for row in item[0]] == ["Okt 26"]]
    head, body = tables[0]
    assert head[0][1] == "Nov 25"
    assert body[0][1:5] == ["-"] * 4
    assert body[0][11] == "-"
    assert len(tables) == 2
