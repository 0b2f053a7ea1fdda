"""The planning of a month: what each direction needs and gets, and what is short of what."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from collector.judge.figures import Evaluation, Status
from collector.judge.planning import Asked, Plan, PlanRow, PlanSettings, plan
from tests.collector.report_sample import CASES, sample

F = Fraction
MBIT = 1_000_000


def made(evaluation: Evaluation | None = None, **more: object) -> Plan:
    given = {"past": (), "asked": {}} | more
    return plan(evaluation or sample(cases=CASES[:8]), **given)  # type: ignore[arg-type]


def row(found: Plan, code: str, way: str = "unduh") -> PlanRow:
    return next(item for item in found.rows if (item.code, item.way) == (code, way))


def rate(item: PlanRow) -> int | Fraction:
    assert item.need is not None
    return item.need.rate / MBIT


def test_each_direction_is_planned_by_its_own_figures() -> None:
    found = made()
    assert [item.way for item in found.rows[:2]] == ["unduh", "unggah"]
    saturated = row(found, "1.02.02")
    assert saturated.need is not None
    assert (saturated.need.code, rate(saturated)) == ("A1", 150)
    unknown = row(found, "7.01.01")
    assert unknown.need is not None
    assert (unknown.need.code, rate(unknown)) == ("A0", 10)


def test_who_has_no_allocation_takes_no_part() -> None:
    item = row(made(), "7.01.02")
    assert (item.current, item.need, item.share_mbps) == (None, None, None)


def test_shares_add_up_to_the_capacity_or_the_needs() -> None:
    evaluation = sample(cases=CASES[:8])
    for bought in (300, 120):
        totals = replace(evaluation.totals, capacity_down_bps=bought * MBIT, capacity_up_bps=bought * MBIT)
        found = made(replace(evaluation, totals=totals))
        down = found.ways[0]
        usable = bought * 9 // 10
        assert (down.usable, down.shared) == (usable, min(usable, down.wanted))
        assert down.entitlement_shortage == max(0, down.wanted - usable)
        assert sum(item.share_mbps or 0 for item in found.rows if item.way == "unduh") == down.shared


def test_floors_that_exceed_the_capacity_stop_the_sharing() -> None:
    evaluation = sample(cases=CASES[:8])
    found = made(replace(evaluation, totals=replace(evaluation.totals, capacity_down_bps=10 * MBIT)))
    down = found.ways[0]
    assert down.floors_shortage is not None
    assert down.floors_shortage > 0
    assert down.shared is None
    assert all(item.share_mbps is None for item in found.rows if item.way == "unduh")
    assert all(item.share_mbps is not None for item in found.rows if item.way == "unggah" and item.need)


def test_without_a_contract_nothing_is_shared_and_nothing_is_invented() -> None:
    evaluation = sample(cases=CASES[:8])
    totals = replace(evaluation.totals, capacity_down_bps=None, capacity_up_bps=None, unduh=None, unggah=None)
    found = made(replace(evaluation, totals=totals, upstream=()))
    down = found.ways[0]
    assert (down.usable, down.shared, down.entitlement_shortage, down.planning_shortage) == (None,) * 4
    assert (down.diversity, found.rupiah_per_mbps) == (None, None)
    assert down.wanted > 0


def test_the_public_hotspot_has_its_own_reserve_and_no_row() -> None:
    evaluation = sample(cases=CASES[:8])
    opds = tuple(replace(opd, klass="publik") if opd.code == "1.02.01" else opd for opd in evaluation.opds)
    before, after = made(evaluation), made(replace(evaluation, opds=opds))
    assert not [item for item in after.rows if item.code == "1.02.01"]
    assert before.ways[0].usable is not None
    assert after.ways[0].usable == before.ways[0].usable - 50


def test_a_new_service_raises_the_need_of_its_own_direction() -> None:
    asked = {"1.02.01": Asked("USL-2026-00001", 90, 5, raises=True)}
    found = made(asked=asked)
    down, up = row(found, "1.02.01"), row(found, "1.02.01", "unggah")
    assert down.need is not None
    assert up.need is not None
    assert (down.need.code, rate(down)) == ("A2+A5", 90)
    assert (up.need.code, rate(up)) == ("A2+A5", 5)


@pytest.mark.parametrize(("known", "code"), [(2, "A3"), (1, "A4")])
def test_three_idle_months_give_up_and_two_do_not(known: int, code: str) -> None:
    evaluation = sample(cases=CASES[:8])
    assert row(made(), "2.23.01").need is not None
    item = row(made(past=[evaluation] * known + [None] * (6 - known)), "2.23.01")
    assert item.need is not None
    assert item.need.code == code


def test_an_allocation_that_changed_too_late_stays() -> None:
    evaluation = sample(cases=CASES[:8])
    changed = next(opd for opd in evaluation.opds if opd.sub_periods)
    settled = row(made(), changed.code)
    assert settled.need is not None
    assert settled.need.code != "A0"
    last = replace(changed.sub_periods[-1], unduh=replace(changed.sub_periods[-1].unduh, expected=2015))
    late = replace(changed, sub_periods=(*changed.sub_periods[:-1], last))
    found = made(replace(evaluation, opds=tuple(late if opd is changed else opd for opd in evaluation.opds)))
    needs = row(found, changed.code).need, row(found, changed.code, "unggah").need
    assert [item.code if item else "" for item in needs] == ["A0", settled_code(settled, changed.code)]


def settled_code(item: PlanRow, code: str) -> str:
    other = row(made(), code, "unggah").need
    assert other is not None
    return other.code


def test_weights_that_were_determined_are_used() -> None:
    evaluation = sample(cases=CASES[:8])
    totals = replace(evaluation.totals, capacity_down_bps=220 * MBIT)
    tight = replace(evaluation, totals=totals)
    even = made(tight, settings=PlanSettings(weights={"tinggi": 1, "sedang": 1, "dasar": 1}))
    steep = made(tight)
    assert (row(even, "1.02.02").share_mbps or 0) < (row(steep, "1.02.02").share_mbps or 0)
    assert Status.JENUH in {opd.status for opd in evaluation.opds}


def test_planning_shortage_stands_apart_from_entitlement_shortage() -> None:
    evaluation = sample(cases=CASES[:8])
    total = evaluation.totals.unduh
    assert total is not None
    assert total.p95 is not None
    down = made(evaluation).ways[0]
    assert down.contracted is not None
    missing = F(5, 4) * total.p95 / MBIT * F(10, 9) - down.contracted
    assert down.planning_shortage == max(F(0), missing)
    assert down.diversity is None, "one agency has no P95"
