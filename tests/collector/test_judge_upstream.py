"""Contracts, totals of the region, quality: chapters I, IV and XIV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from agent.clock import WIB
from collector.judge.month import ContractInput, LinkInput, MonthInput, OpdInput, Parameters, Status, evaluate
from collector.measure.bins import Counts
from tests.collector.month_sample import (
    COUNT,
    DAY_NS,
    END_NS,
    MBPS,
    MONTH,
    START_NS,
    UNKNOWN,
    allocation,
    flat,
    judged,
    link,
    mbps,
    month,
    opd_input,
)


def contract(code: str, speed: int, *links: LinkInput, from_ns: int = 0, to_ns: int | None = None) -> ContractInput:
    return ContractInput(code, "PT Contoh", f"K/{code}", speed * MBPS, speed * MBPS, from_ns, to_ns, 30_000_000, links)


def test_a_contract_of_which_no_bin_has_ended_yet_has_no_figures() -> None:
    found = month(contracts=(contract("A", 100, link(flat(40 * MBPS)), from_ns=END_NS),)).upstream[0]
    assert found.unduh is not None
    assert (found.unduh.expected, found.unduh.p95, found.unduh.allocation_mean) == (0, None, None)


def test_a_contract_is_used_by_its_uplinks_together() -> None:
    found = month(contracts=(contract("A", 100, link(flat(40 * MBPS)), link(flat(20 * MBPS), flat(0))),)).upstream[0]
    assert found.unduh is not None
    assert found.unggah is not None
    assert (found.unduh.p95, found.unggah.p95, found.utilisation) == (mbps(60), mbps(40), Fraction(6, 10))
    assert found.cost_per_mbps == 500_000


def test_a_contract_without_uplink_has_no_figures() -> None:
    found = month(contracts=(contract("A", 100),))
    assert (found.upstream[0].unduh, found.upstream[0].utilisation, found.upstream[0].cost_per_mbps) == (None,) * 3
    assert (found.totals.capacity_down_bps, found.totals.unduh) == (100 * MBPS, None)


def test_the_total_is_ranked_after_summing_every_contract_in_force() -> None:
    one, two = flat(10 * MBPS), flat(10 * MBPS)
    one[:300], two[-300:] = 50 * MBPS, 50 * MBPS
    old = contract("C", 999, to_ns=START_NS + DAY_NS)
    totals = month(contracts=(contract("A", 60, link(one)), contract("B", 40, link(two)), old)).totals
    assert totals.unduh is not None
    assert (totals.capacity_down_bps, totals.unduh.p95, totals.unduh.peak) == (100 * MBPS, mbps(60), mbps(60))
    assert (totals.utilisation_p95, totals.utilisation_peak) == (Fraction(6, 10), Fraction(6, 10))


def test_one_contract_without_uplink_leaves_the_total_unknown() -> None:
    totals = month(contracts=(contract("A", 60, link(flat(MBPS))), contract("B", 40))).totals
    assert (totals.capacity_down_bps, totals.unduh, totals.utilisation_p95) == (100 * MBPS, None, None)


def test_a_contract_is_measured_while_it_holds() -> None:
    rates = flat(MBPS)
    rates[: 7 * 288] = 9 * MBPS
    held = contract("A", 10, link(rates), from_ns=START_NS + 7 * DAY_NS)
    found = month(contracts=(held,)).upstream[0].unduh
    assert found is not None
    assert (found.expected, found.peak) == (21 * 288, mbps(1))


def test_without_contracts_there_is_no_capacity() -> None:
    totals = month().totals
    assert (totals.capacity_down_bps, totals.capacity_up_bps, totals.unduh, totals.highest_utilisation) == (None,) * 4


def test_statuses_are_counted_and_the_most_used_is_named() -> None:
    opds = [
        opd_input([link(flat(9 * MBPS))], allocation(10), code="A"),
        opd_input([link(flat(8 * MBPS))], allocation(10), code="B"),
        opd_input([link(flat(UNKNOWN))], allocation(10), code="C"),
        opd_input([link(flat(MBPS))], code="D"),
    ]
    totals = month(*opds).totals
    counted = {status: number for status, number in totals.statuses.items() if number}
    assert counted == {Status.JENUH: 1, Status.PERLU_PERHATIAN: 1, Status.DATA_TIDAK_CUKUP: 1}
    assert (totals.without_status, totals.highest_utilisation) == (1, ("A", Fraction(9, 10)))


def test_quality_adds_up_and_what_nobody_counted_stays_unknown() -> None:
    base = link(flat(MBPS))
    bad = replace(base.unduh, counts=Counts(valid=5, resets=2, over_physical=1, contradictory=3))
    opd = judged([replace(base, unduh=bad, late=7), base])
    assert opd.quality.counts == Counts(valid=5 + 3 * COUNT, resets=2, over_physical=1, contradictory=3)
    assert (opd.quality.counts.rejected, opd.quality.late, opd.quality.clock_flagged) == (4, 7, None)


def test_long_deltas_give_volume_without_rate() -> None:
    base = link(flat(UNKNOWN))
    far = replace(base.unduh, long_u=np.full(COUNT, 1_500_000), counts=Counts(long=1))
    found = judged([replace(base, unduh=far)]).unduh
    assert (found.volume_octets, found.volume_spread_octets, found.mean) == (COUNT * 3 // 2, 0, None)


def test_opds_are_taken_one_at_a_time() -> None:
    alive: list[str] = []

    def opds() -> Iterator[OpdInput]:
        for code in "ABC":
            alive.append(code)
            yield opd_input([link(flat(MBPS))], allocation(10), code=code)

    case = MonthInput(MONTH, WIB, "R", END_NS, opds())
    assert alive == []
    assert [opd.code for opd in evaluate(case, Parameters()).opds] == alive
