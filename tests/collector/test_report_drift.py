"""Chapter V says how routers are set beside what was determined."""

from __future__ import annotations

from dataclasses import replace

from collector.inventory import Link
from collector.judge.drift import Drift
from collector.report import usage
from tests.collector.report_sample import CASES, sample

LINK = Link(
    code="wan-5",
    opd="5.02.01",
    device="r5",
    interface="ether1",
    unduh="receive",
    vantage="opd",
    medium="serat optik",
    owner="Pemkab",
    provider="",
    maintainer="WAN",
    role="wan",
    contract=None,
    port_bps=None,
    limited=True,
    active_from=0,
    active_to=None,
)


def test_a_routers_setting_stands_beside_the_determination_that_was_in_force() -> None:
    evaluation = sample(cases=CASES[:5])

    def shown(*drifts: Drift) -> list[object]:
        (table,) = usage.allocations(evaluation, drifts).tables
        return [row[-1] for row in table.rows if row[1] == "5.02.01"]

    link = LINK
    same, other = Drift(link, "unduh", 50, 50, False), Drift(link, "unggah", 25_000_000, 20_000_000, False)
    assert shown(same) == [None, "sesuai"], "of the two determinations of the month the later one holds"
    assert shown(same, replace(other, read_bps=None)) == [None, "tidak terbaca"]
    assert shown(same, other) == [None, f"berbeda (20 Mbps): unggah {link.code}"]
    assert shown() == [None, None]
    assert shown(replace(same, link=replace(link, opd="1.02.01"))) == [None, None]
