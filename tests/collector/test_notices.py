"""What is worth telling, look by look: hysteresis, silence for what is old, recovery only where a fault was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import NS
from collector.duties import finding as owed
from collector.feeds.notices import CLOSED, OPEN, UNKNOWN, Key, Known, Now, Sight, look, sights
from collector.feeds.notify_settings import NotifySettings
from collector.judge.allocation import Rule
from collector.running import Collector
from tests.collector.feed_place import INVENTORY, centre

SETTINGS = NotifySettings(kinds=("opd", "hulu", "tautan", "ups", "server", "temuan", "tenggat"))
START = 10**18


def opd(state: str, *, code: str = "PD01", held: bool = False) -> Sight:
    return Sight("opd", ("opd", code), code, state, "tinggi", held=held)


def finding(rule: str = "backup_late", *, begun_ns: int = START) -> Sight:
    return Sight("tenggat", ("tenggat", f"{rule} srv-1 "), "srv-1", OPEN, "sedang", begun_ns=begun_ns)


class Watch:
    """Looks again and again, at seconds after the start, and keeps what was told."""

    def __init__(self, *first: Sight, settings: NotifySettings = SETTINGS) -> None:
        self.settings, self.known, self.told = settings, dict[Key, Known](), list[str]()
        self.at(0, *first, begun=False)

    def at(self, second: int, *seen: Sight, begun: bool = True, judged: bool = True) -> list[str]:
        step = look(seen, self.known, Now(START + second * NS, begun, judged), self.settings)
        self.known = step.known
        new = [notice.text for notice in step.notices]
        self.told += new
        return new


def test_the_first_look_is_taken_in_silence() -> None:
    watch = Watch(opd("mati"), finding())
    assert watch.at(4000, opd("mati"), finding()) == []
    assert watch.told == []


def test_a_state_is_told_once_after_it_stood() -> None:
    watch = Watch(opd("hidup"))
    assert watch.at(10, opd("mati")) == []
    assert watch.at(189, opd("mati")) == []
    assert watch.at(190, opd("mati")) == ["opd PD01 mati (tinggi)"]
    assert watch.at(900, opd("mati")) == []


def test_what_flaps_faster_than_that_is_never_told() -> None:
    watch = Watch(opd("hidup"))
    for second in range(0, 7200, 15):
        watch.at(second, opd("mati" if second // 120 % 2 else "hidup"))
    assert watch.told == []


def test_what_flaps_slowly_is_told_at_most_once_in_the_rest() -> None:
    watch = Watch(opd("hidup"))
    for second in range(0, 7200, 15):
        watch.at(second, opd("mati" if second // 240 % 2 else "hidup"))
    assert watch.told == ["opd PD01 mati (tinggi)"]


def test_a_recovery_is_told_where_the_fault_was_and_nowhere_else() -> None:
    watch = Watch(opd(UNKNOWN), opd("hidup", code="PD02"))
    watch.at(10, opd("hidup"), opd("mati", code="PD02"))
    assert watch.at(800, opd("hidup"), opd("mati", code="PD02")) == ["opd PD02 mati (tinggi)"]
    watch.at(1500, opd("hidup"), opd("hidup", code="PD02"))
    assert watch.at(2200, opd("hidup"), opd("hidup", code="PD02")) == ["opd PD02 hidup (tinggi)"]


def test_silence_is_told_later_than_a_fault() -> None:
    watch = Watch(opd("hidup"))
    watch.at(10, opd(UNKNOWN))
    assert watch.at(900, opd(UNKNOWN)) == []
    assert watch.at(910, opd(UNKNOWN)) == [f"opd PD01 {UNKNOWN} (tinggi)"]


def test_a_held_object_is_told_of_when_it_is_held_no_more_and_still_down() -> None:
    watch = Watch(opd("hidup"))
    for second in range(15, 3600, 15):
        watch.at(second, opd("mati", held=True))
    assert watch.told == []
    watch.at(3600, opd("mati"))
    assert watch.at(3780, opd("mati")) == ["opd PD01 mati (tinggi)"]


@pytest.mark.parametrize(("age_hours", "told"), [(1, ["tenggat srv-1 terbuka (sedang)"]), (25, [])])
def test_a_finding_is_told_when_it_began_lately(age_hours: int, told: list[str]) -> None:
    watch = Watch()
    begun = START - age_hours * 3600 * NS
    watch.at(100, finding(begun_ns=begun))
    watch.at(400, finding(begun_ns=begun))
    assert watch.told == told


def test_a_finding_is_closed_by_a_judgement_and_not_by_its_absence() -> None:
    watch = Watch()
    watch.at(100, finding())
    assert watch.at(300, finding()) == ["tenggat srv-1 terbuka (sedang)"]
    assert watch.at(2000, judged=False) == watch.at(5000, judged=False) == []
    watch.at(6000)
    assert watch.at(6200) == [f"tenggat srv-1 {CLOSED} (pulih)"]
    assert watch.known == {}


def test_a_clock_set_back_starts_the_waiting_anew() -> None:
    watch = Watch(opd("hidup"))
    watch.at(1000, opd("mati"))
    assert watch.at(100, opd("mati")) == watch.at(200, opd("mati")) == []
    assert watch.at(280, opd("mati")) == ["opd PD01 mati (tinggi)"]


def test_a_kind_that_is_switched_off_is_forgotten() -> None:
    watch = Watch()
    watch.at(100, finding())
    watch.at(300, finding())
    watch.settings = replace(SETTINGS, kinds=("opd",))
    assert watch.at(5000) == watch.at(9000) == []


def seen(collector: Collector, *, hushed: Callable[[str], bool] = lambda code: False) -> dict[Key, Sight]:
    found = sights(collector.snapshot(), None, None, kinds=SETTINGS.kinds, hushed=hushed)
    return {sight.key: sight for sight in found}


UPLINK = """[[link]]
code = "hulu"
role = "uplink"
device = "r2"
interface = "ether1"
unduh = "receive"
vantage = "noc"
medium = "serat optik"
owner = "PT"
maintainer = "Penyedia"
contract = "isp"
active_from = 2020-01-01
"""
BEHIND = (
    INVENTORY.replace('maintainer = "WAN"', 'maintainer = "WAN"\ncontract = "isp"')
    + UPLINK
    + '[[device]]\ncode = "r2"\nname = "Router 2"\nsite = "noc"\nsource = "token:tele"\n'
)


def test_an_overdue_duty_is_told_as_such_and_a_shortcoming_as_a_finding(tmp_path: Path) -> None:
    rules: tuple[Rule, ...] = ("log_check_overdue", "incident_unrestored", "disconnection_overdue", "outage_unrecorded")
    with centre(tmp_path) as place:
        found = [owed(rule, "X-1", place.start_ns) for rule in rules]
        seen = sights(place.collector.snapshot(), found, None, kinds=SETTINGS.kinds, hushed=lambda code: False)
        kinds = {sight.key[1].split(" ")[0]: sight.kind for sight in seen if sight.code == "X-1"}
    assert kinds == {**dict.fromkeys(rules, "tenggat"), "outage_unrecorded": "temuan"}


def test_an_opd_behind_a_dead_uplink_is_held_and_the_uplink_is_not(tmp_path: Path) -> None:
    with centre(tmp_path, BEHIND) as place:
        place.take(range(0, 16, 5))
        found = seen(place.collector)
        assert found["opd", "BPKAD"].state == "hidup"
        assert found["opd", "BPKAD"].held
        assert (found["hulu", "hulu"].state, found["hulu", "hulu"].held) == (UNKNOWN, False)
        place.take(range(0, 16, 5), device="r2")
        place.clock.advance(NS)
        assert not seen(place.collector)["opd", "BPKAD"].held


def test_announced_maintenance_holds_what_it_is_announced_for(tmp_path: Path) -> None:
    with centre(tmp_path) as place:
        found = seen(place.collector, hushed=lambda code: code == "BPKAD")
        assert found["opd", "BPKAD"].held
        assert not found["tautan", "wan-bpkad"].held
