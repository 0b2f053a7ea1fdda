"""Contracts: what ends without a successor is warned of, and a promise is judged only by what is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.clock import NS, WIB, ManualClock, Month
from agent.config import ConfigError, loads
from collector.contracts import WARNINGS, ending
from collector.feeds.notices import DUTIES
from collector.inventory import Inventory
from collector.judge.allocation import SEVERITY
from collector.judge.availability import LinkTimes, availability
from collector.judge.contracts import ContractMonth, Promise, availability_kept, service_kept
from collector.judge.network import NetworkMonth
from collector.judge.service import Measured, Service, Verdict
from collector.measure.intervals import NEVER, Intervals
from collector.paperwork import DutySettings
from collector.promises import promises
from collector.register.book import Forbidden, Refused
from collector.register.document import reads
from collector.register.records.contract import CONTRACT_TERMS, ContractTerms, in_force
from collector.register.records.incident import Incident
from collector.register.revisions import Register
from collector.report.contracts import promised
from collector.report.loop import Handled
from collector.web.api import create
from collector.web.page import RULE_WORDS
from tests.collector.book_sample import NOC, OFFICIAL, Desk
from tests.collector.loop_sample import hours, link, record, row
from tests.collector.register_sample import CONTRACT, DEVICE, LINK, NOW, OPD, SITE, document
from tests.collector.report_sample import sample
from tests.collector.web_visitor import Visitor, running, settings_at

DAYS = (90, 60, 30)
UPLINK = LINK.replace("wan-bpkad", "hulu").replace('opd = "BPKAD"', 'role = "uplink"\ncontract = "isp"')
NEXT = CONTRACT.replace("K-1", "K-2").replace("2027-01-01", "2028-01-01").replace("2026-01-01", "2027-01-01")
TERMS = ContractTerms("isp", "K-1", date(2026, 3, 1), "Kontrak K-1 Pasal 8", "99.5", 1, 4, "1/30 sehari")


def inventory(folder: Path, *parts: str) -> Inventory:
    register = Register(folder / "register.db", zone=WIB, clock=ManualClock(NOW))
    register.apply(reads("".join((SITE, OPD, DEVICE, CONTRACT, *parts)), source="x", zone=WIB), actor="t", now_ns=NOW)
    try:
        return register.inventory()
    finally:
        register.close()


def warned(found: Inventory, day: str) -> list[tuple[str, str]]:
    items = ending(found, now_ns=WIB.parse(day), days=DAYS)
    return [(item.rule, WIB.iso(item.start_ns)[:10]) for item in items]


def test_each_warning_begins_on_its_day_and_stands_beside_the_others(tmp_path: Path) -> None:
    found = inventory(tmp_path)
    assert warned(found, "2026-10-02T23:59") == []
    assert warned(found, "2026-10-03") == [("contract_ends", "2026-10-03")]
    assert [rule for rule, _ in warned(found, "2026-12-02")] == [
        "contract_ends",
        "contract_ends_soon",
        "contract_ends_next",
    ]


def test_a_successor_without_a_gap_ends_every_warning(tmp_path: Path) -> None:
    assert warned(inventory(tmp_path, NEXT), "2026-12-30") == []
    (tmp_path / "late").mkdir()
    late = NEXT.replace("valid_from = 2027-01-01", "valid_from = 2027-01-02")
    assert len(warned(inventory(tmp_path / "late", late), "2026-12-30")) == 3


def test_a_contract_that_ended_is_a_fault_only_under_an_uplink_in_use(tmp_path: Path) -> None:
    assert warned(inventory(tmp_path), "2027-01-05") == []
    (tmp_path / "used").mkdir()
    assert warned(inventory(tmp_path / "used", UPLINK), "2027-01-05") == [("contract_ended", "2027-01-01")]


def test_every_warning_has_its_words_its_weight_and_is_told_as_a_duty() -> None:
    rules = {*WARNINGS, "contract_ended"}
    assert rules <= SEVERITY.keys()
    assert rules <= RULE_WORDS.keys()
    assert rules <= DUTIES


@pytest.mark.parametrize("days", ["[30, 60, 90]", "[90, 60]", "[90, 60, 0]", "[400, 60, 30]", "[60, 60, 30]"])
def test_days_that_are_no_three_steps_are_refused(days: str) -> None:
    with pytest.raises(ConfigError, match="contract_days"):
        loads(DutySettings, f"contract_days = {days}", source="x")


# --- the register of promises ---


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    more = "".join((SITE.replace("noc", "s2"), CONTRACT))
    made.register.amend(lambda old: _with(old, more), actor="t", now_ns=made.now_ns)
    yield made
    made.register.close()


def _with(old: Any, more: str) -> Any:
    return replace(old, contract=reads(more, source="x", zone=WIB).contract)


def test_a_promise_holds_once_somebody_else_determined_it(desk: Desk) -> None:
    code = desk.open(CONTRACT_TERMS, TERMS, NOC).code
    terms = desk.book.current(CONTRACT_TERMS)
    assert in_force(terms, "isp", "K-1", date(2026, 4, 1)) is None
    with pytest.raises(Forbidden):
        desk.move(CONTRACT_TERMS, code, "berlaku", NOC)
    desk.move(CONTRACT_TERMS, code, "berlaku", OFFICIAL)
    found = in_force(desk.book.current(CONTRACT_TERMS), "isp", "K-1", date(2026, 4, 1))
    assert found is not None
    assert (found.availability, found.official) == (Fraction(995, 1000), "citra")
    assert in_force(desk.book.current(CONTRACT_TERMS), "isp", "K-1", date(2026, 2, 28)) is None
    assert in_force(desk.book.current(CONTRACT_TERMS), "isp", "K-2", date(2026, 4, 1)) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"number": "K-9"}, "tidak ada kontrak 'isp' bernomor 'K-9'"),
        ({"availability_percent": "101"}, "availability_percent harus persen"),
        ({"response_hours": 5}, "tidak boleh melebihi restore_hours"),
        ({"response_hours": 0}, "harus antara 1 dan"),
        ({"availability_percent": "", "response_hours": None, "restore_hours": None}, "sedikitnya satu janji"),
        ({"legal_basis": " "}, "legal_basis"),
    ],
)
def test_a_promise_that_cannot_be_judged_is_refused(desk: Desk, change: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        desk.open(CONTRACT_TERMS, replace(TERMS, **change), NOC)


# --- the judgement ---

START, DAY = 0, 86_400 * NS
PROMISE = Promise(Fraction(9, 10), 1, 4)


def judged(*, down: float = 0, provider: float = 0, unknown: float = 0) -> Any:
    """Judge ten days of an uplink with so many days of outage, of them the provider's, and of silence."""
    cut = Intervals.of([(0, int(down * DAY))])
    times = LinkTimes(
        "hulu",
        Intervals.of([(START, 10 * DAY)]),
        cut,
        Intervals.of([(int((10 - unknown) * DAY), 10 * DAY)]) if unknown else NEVER,
        attributed=(
            ("Penyedia", Intervals.of([(0, int(provider * DAY))])),
            ("Listrik", Intervals.of([(DAY, 2 * DAY)])),
        ),
    )
    return availability(times, start_ns=START, end_ns=10 * DAY)


@pytest.mark.parametrize(
    ("uplinks", "verdict"),
    [
        ([judged()], "dipenuhi"),
        ([judged(down=1, provider=1)], "dipenuhi"),  # exactly what was promised
        ([judged(down=1.5, provider=1.5)], "dilanggar"),
        ([judged(down=2)], "dipenuhi"),  # a day of nobody's, a day of the power's
        ([judged(down=3)], "tidak dapat dinilai"),  # two days of nobody's could be the provider's
        ([judged(unknown=3)], "tidak dapat dinilai"),
        ([], "tidak dapat dinilai"),
        ([judged(), judged(unknown=3)], "tidak dapat dinilai"),
        ([judged(unknown=3), judged(down=1.5, provider=1.5)], "dilanggar"),
    ],
)
def test_a_promise_of_availability_is_judged_only_by_what_is_known(uplinks: list[Any], verdict: str) -> None:
    assert availability_kept(Fraction(9, 10), uplinks) == verdict
    assert availability_kept(None, uplinks) == "tidak dijanjikan"


def times(response: Verdict, restore: Verdict) -> Service:
    return Service(Measured(0, response), Measured(0, restore))


def test_late_answers_and_restores_count_only_where_they_were_promised() -> None:
    late, running, good = (
        times("terlampaui", "terlampaui"),
        times("tercapai", "berjalan"),
        times("tercapai", "tercapai"),
    )
    assert service_kept(PROMISE, [late, good]) == (1, 1, "dilanggar")
    assert service_kept(PROMISE, [running, good]) == (0, 0, "tidak dapat dinilai")
    assert service_kept(PROMISE, []) == (0, 0, "dipenuhi")
    assert service_kept(Promise(restore_hours=4), [late]) == (0, 1, "dilanggar")
    assert service_kept(Promise(), [late]) == (0, 0, "tidak dijanjikan")


# --- the month, from network, incidents and terms ---

EVALUATION = sample(cases=())
NETWORK = NetworkMonth(
    (
        row(link("hulu-a", "", role="uplink", contract="ISP-A"), down=hours((100, 103)),
            attributed=(("Penyedia", hours((99, 104))),)),
        row(link("wan-x", "1.02.01", contract="ISP-A"), down=hours((0, 400))),
    )
)  # fmt: skip


def handled(code: str, of: str, started: str, ended: str) -> Handled:
    moments = [WIB.local(WIB.parse(f"2026-{text}")) for text in (started, ended)]
    form = Incident("gangguan", "Putus", "noc", moments[0], link=of, acknowledged=moments[0], ended=moments[1],
                    cause="x", action="y", attribution="Penyedia")  # fmt: skip
    level = Service(Measured(0, "tercapai"), Measured(0, "tercapai"))
    return Handled(record("insiden", code, "ditutup", form), level)


def month(terms: ContractTerms, network: NetworkMonth | None = NETWORK, **changed: Any) -> ContractMonth:
    found = [
        handled("INS-1", "hulu-a", "10-05T04:00", "10-05T07:00"),
        handled("INS-2", "wan-x", "10-05T04:00", "10-09T07:00"),
    ]
    first = replace(EVALUATION.upstream[0], contract=replace(EVALUATION.upstream[0].contract, **changed))
    evaluation = replace(EVALUATION, upstream=(first, *EVALUATION.upstream[1:]))
    records = [record("jaminan-kontrak", "JMN-1", "berlaku", terms)]
    return promises(evaluation, network, found, records, zone=WIB)[0]


PROMISED = ContractTerms("ISP-A", "027/ISP-A/SPK/2026", date(2026, 1, 1), "Pasal 8", "99.9", 1, 4, "=1/30")


def test_a_month_tells_what_was_promised_and_what_was_measured() -> None:
    assert EVALUATION.month == Month(2026, 10)
    found = month(PROMISED)
    assert (found.net, found.own) == (1 - Fraction(3, 744), 1 - Fraction(3, 744))
    assert (found.verdict, found.service) == ("dilanggar", "dipenuhi")
    assert (found.incidents, found.late_answers, found.late_restores) == (1, 0, 0)
    assert month(replace(PROMISED, restore_hours=2)).late_restores == 1
    assert month(replace(PROMISED, valid_from=date(2026, 11, 1))).verdict == "tidak dijanjikan"


def test_a_contract_that_holds_for_part_of_the_month_is_not_judged_by_all_of_it() -> None:
    found = month(PROMISED, valid_from_ns=WIB.parse("2026-10-08"))
    assert (found.verdict, found.net, found.incidents) == ("tidak dapat dinilai", None, 0)
    assert month(PROMISED, network=None).verdict == "tidak dapat dinilai"


def test_the_chapter_prints_a_missing_figure_as_missing() -> None:
    (table,) = promised((month(PROMISED), month(PROMISED, network=None)))
    keys = [column.key for column in table.columns]
    good, unknown = (dict(zip(keys, cells, strict=True)) for cells in table.rows)
    assert (str(good["janji_persen"]), str(good["terukur_bersih_persen"])) == ("99.900", "99.597")
    assert (unknown["terukur_bersih_persen"], unknown["status_janji"]) == (None, "tidak dapat dinilai")
    assert promised(()) == ()


def test_a_running_collector_finds_the_contract_that_ends_and_says_so_on_its_page(tmp_path: Path) -> None:
    settings = replace(settings_at(tmp_path), duties=DutySettings(contract_days=(200, 60, 30)))
    with running(settings, clock=ManualClock(NOW, boot_ns=10**15, boot_id="b")) as collector:
        collector.folder.register.apply(document(), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        collector.jobs.run("judge")
        assert collector.judgement is not None
        found = [item.object for item in collector.judgement.findings if item.rule == "contract_ends"]
        page = Visitor(create(collector)).get("/").text
    assert found == ["isp"]
    assert "Kontrak kapasitas akan berakhir tanpa lanjutan: peringatan pertama" in page
