"""Needs, routers' limits, probes and written reports as series, from a month that was measured and reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.clock import DAY_S, NS, WIB, ManualClock, Month
from collector.feeds.derived import DERIVED
from collector.feeds.moment import written
from collector.reports import Issue
from collector.running import Collector
from collector.web.facts import facts
from tests.collector.register_sample import WHOLE, document
from tests.collector.report_office import APPROVER, CHECKER
from tests.collector.web_visitor import running, settings_at

JULY = Month.parse("2026-07")
DAY = WIB.parse("2026-07-31")
INVENTORY = WHOLE.replace(
    "active_from = 2026-01-01", 'active_from = 2026-07-31\nprobe = "r1/10.9.0.1"\nlimited = true'
).replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')


class Place:
    def __init__(self, collector: Collector, clock: ManualClock) -> None:
        self.collector, self.clock = collector, clock
        register = collector.folder.register
        register.apply(document(INVENTORY), actor="t", now_ns=clock.now().wall_ns)
        collector.snapshot()
        now_ns = clock.now().wall_ns
        self.token = register.access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=now_ns)

    def write(self, *lines: str) -> None:
        body = "\n".join(lines).encode()
        answer = self.collector.ingest.write(body, token=self.token, precision="ns", gzip=False)
        assert answer.status == 204, answer

    def judged(self) -> dict[str, dict[tuple[str, ...], float]]:
        self.collector.jobs.run("judge")
        assert self.collector.faults() == {}
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for name, labels, value in written(facts(self.collector)):
            assert len(labels) == len(DERIVED[name].labels), name
            if value is not None:
                found.setdefault(name, {})[labels] = float(value)
        return found


def counted(at_ns: int) -> str:
    octets = (at_ns - DAY) // NS * 1_000_000
    return (
        f"nadi_interface,device=r1,interface=ether1 receive_bytes_total={octets}u,transmit_bytes_total=5u,up=1i {at_ns}"
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Issue]]:
    clock = ManualClock(DAY + (DAY_S + 600) * NS, boot_ns=10**15)
    with running(settings_at(tmp_path_factory.mktemp("outlook")), clock=clock) as collector:
        place = Place(collector, clock)
        place.write(*(counted(DAY + second * NS) for second in range(0, DAY_S + 1, 300)))
        clock.advance(JULY.end_ns(WIB) + 4 * DAY_S * NS + 9 * 3600 * NS - clock.now().wall_ns)
        issue, _ = collector.folder.issue(JULY)
        yield place, issue


def test_a_draft_is_told_of_and_its_figures_are_not(reported: tuple[Place, Issue]) -> None:
    place, issue = reported
    found = place.judged()
    july = ("2026-07",)
    assert "nadi_report_p95_bits_per_second" not in found
    assert found["nadi_report_state"][july] == 1
    assert found["nadi_report_version"][july] == issue.version == 1
    assert found["nadi_report_integrity_ok"][july] == 1
    due = JULY.end_ns(WIB) / NS + 10 * DAY_S
    assert found["nadi_report_due_timestamp_seconds"][july] == due
    assert "nadi_report_delivered_timestamp_seconds" not in found
    assert found["nadi_collector_log_check_due_timestamp_seconds"][()] == due


def test_a_need_stands_on_the_months_before_and_a_hand_written_value_is_counted(reported: tuple[Place, Issue]) -> None:
    place, _ = reported
    assert place.judged()["nadi_evaluation_need_bits_per_second"][("BPKAD",)] == 90_000_000
    assert place.judged()["nadi_collector_manual_values"][()] == 0
    now_ns = place.clock.now().wall_ns
    logbook = place.collector.folder.register.logbook
    logbook.add_power(kind="bahan-bakar", at_ns=now_ns, actor="t", now_ns=now_ns, value=50.0)
    assert place.judged()["nadi_collector_manual_values"][()] == 1


@pytest.mark.parametrize(
    ("limits", "match", "told"),
    [("90000000", 1, 90e6), ("50000000", 0, 50e6), ("0", 0, None), ("", 2, None)],
)
def test_a_routers_limit_stands_beside_the_determination(
    reported: tuple[Place, Issue], limits: str, match: int, told: float | None
) -> None:
    place, _ = reported
    place.clock.advance(2 * 3600 * NS)
    now_ns = place.clock.now().wall_ns
    if limits:
        fields = f"present=1i,receive_bits_per_second={limits}i,transmit_bits_per_second={limits}i"
        place.write(f"nadi_limit,device=r1,interface=ether1 {fields} {now_ns - NS}")
    found, labels = place.judged(), ("r1", "ether1", "wan-bpkad", "BPKAD", "unduh")
    assert found["nadi_queue_config_match"][labels] == match
    assert found.get("nadi_queue_limit_bits_per_second", {}).get(labels) == told


def test_a_probe_is_told_of_the_last_closed_bin_alone(reported: tuple[Place, Issue]) -> None:
    place, _ = reported
    place.clock.advance(3600 * NS)
    now_ns = place.clock.now().wall_ns
    edge = now_ns - (now_ns - DAY) % (300 * NS)
    place.clock.advance(edge + 90 * NS - now_ns)
    shape = "nadi_probe,device=r1,probe=icmp,target=10.9.0.1"
    for i, loss in enumerate((0.0, 0.0, 0.5, 0.1)):
        place.write(f"{shape} success=1i,rtt_seconds=0.0{i + 1},loss_ratio={loss} {edge - (240 - 60 * i) * NS}")
    place.write(f"{shape} success=1i,rtt_seconds=9.0,loss_ratio=1.0 {edge + 10 * NS}")
    found, link = place.judged(), ("wan-bpkad", "BPKAD")
    assert found["nadi_link_rtt_median_seconds"][link] == 0.02
    assert found["nadi_link_rtt_p95_seconds"][link] == 0.04
    assert found["nadi_link_loss_ratio"][link] == 0.15
    place.clock.advance(1200 * NS)
    assert "nadi_link_loss_ratio" not in place.judged()


def test_the_figures_of_an_approved_report_are_told_as_they_are_written(reported: tuple[Place, Issue]) -> None:
    place, _ = reported
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        place.clock.advance(3600 * NS)
        place.collector.folder.life.move(JULY, target, actor=actor)
    found = place.judged()
    assert found["nadi_report_p95_bits_per_second"]["BPKAD", "2026-07", "unduh"] == 8_000_000
    assert found["nadi_report_state"]["2026-07",] == 3


def test_a_report_whose_files_were_altered_is_told_as_such_and_its_figures_are_not(
    reported: tuple[Place, Issue],
) -> None:
    place, issue = reported
    place.clock.advance(3600 * NS)
    content = next(
        path for path in issue.folder.glob("*.json") if path.name.count(".") == 1 and "manifest" not in path.name
    )
    before = content.read_bytes()
    content.write_bytes(before.replace(b"8.0", b"9.0", 1) + b" ")
    found = place.judged()
    content.write_bytes(before)
    assert found["nadi_report_integrity_ok"]["2026-07",] == 0
    assert "nadi_report_p95_bits_per_second" not in found
