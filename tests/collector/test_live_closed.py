"""Announced work and disconnections in the live state: shown first, and what is measured beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.clock import NS
from collector.feeds.moment import written
from collector.judge.now import State, shown
from collector.notifying import announced
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.web.api import create
from collector.web.facts import facts
from collector.web.page import StatusPage, content
from tests.collector.feed_place import Centre, centre
from tests.collector.web_visitor import Visitor

MINUTE = 60
NOC = Actor("dedi", frozenset(("noc",)))
OFFICIAL = Actor("citra", frozenset(("penetap",)))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        made.until(60 * MINUTE)
        made.collector.snapshot()
        made.take(range(30 * MINUTE, 60 * MINUTE, 30))
        yield made


def when(place: Centre, minute: int) -> Any:
    return place.collector.zone.local(place.start_ns + minute * MINUTE * NS)


def act(place: Centre, kind: Kind, form: Any, target: str = "", code: str = "", who: Actor = NOC, **values: Any) -> str:
    book, now_ns = place.collector.folder.register.book, place.clock.now().wall_ns
    context = Context(place.collector.live.inventory, place.collector.zone, now_ns)
    if form is not None:
        return book.open(kind, form, actor=who, context=context).code
    return book.move(kind, code, target, actor=who, context=context, values=values).code


def seen(place: Centre, minute: int) -> tuple[State, State]:
    """Return what is shown and what is measured of the only OPD at a minute, its link's reading being fresh."""
    place.until(minute * MINUTE)
    place.take([minute * MINUTE - 5])
    opd = place.collector.snapshot().opds[0]
    assert (opd.state, opd.measured) == (opd.links[0].state, opd.links[0].measured)
    return opd.state, opd.measured


def work(place: Centre, starts: int, ends: int) -> str:
    form = Maintenance("Ganti", "Aus", when(place, starts), when(place, ends), links=("wan-bpkad",))
    return act(place, MAINTENANCE, form)


def apart(place: Centre, starts: int, ends: int, kind: Any = "pemutusan") -> str:
    form = Disconnection(
        type=kind, opd="BPKAD", ground="kapasitas", reason="Ujian", starts=when(place, starts),
        ends=when(place, ends), legal_basis="Pasal 12", notice="surat", object="situs" if kind != "pemutusan" else "",
    )  # fmt: skip
    code = act(place, DISCONNECTION, form)
    return act(place, DISCONNECTION, None, "disetujui", code, OFFICIAL)


def test_a_link_that_works_during_announced_work_is_in_maintenance_and_said_to_work(place: Centre) -> None:
    work(place, 70, 90)
    assert seen(place, 69) == (State.HIDUP, State.HIDUP)
    assert not announced(place.collector)("wan-bpkad")
    assert seen(place, 71) == (State.PEMELIHARAAN, State.HIDUP)
    assert announced(place.collector)("BPKAD")
    states = {name: float(value or 0) for name, _, value in written(facts(place.collector)) if name.endswith("_state")}
    assert (states["nadi_link_state"], states["nadi_opd_state"]) == (4, 4)
    assert seen(place, 91) == (State.HIDUP, State.HIDUP)


def test_work_that_ended_or_was_called_off_is_no_more_shown(place: Centre) -> None:
    first = work(place, 65, 90)
    assert seen(place, 70)[0] is State.PEMELIHARAAN
    act(place, MAINTENANCE, None, "selesai", first, ended=when(place, 70), result="Baik")
    assert seen(place, 71)[0] is State.HIDUP
    assert place.collector.papers().work == ()
    second = work(place, 72, 90)
    act(place, MAINTENANCE, None, "dibatalkan", second)
    assert seen(place, 75)[0] is State.HIDUP


def test_a_disconnection_stands_before_work_until_it_was_ended_however_late(place: Centre) -> None:
    code = apart(place, 65, 70)
    work(place, 60, 90)
    assert seen(place, 66)[0] is State.PEMELIHARAAN
    act(place, DISCONNECTION, None, "aktif", code, started=when(place, 66))
    assert seen(place, 67) == (State.PEMUTUSAN, State.HIDUP)
    assert seen(place, 95) == (State.PEMUTUSAN, State.HIDUP)
    act(place, DISCONNECTION, None, "selesai", code, ended=when(place, 95), evidence="ping")
    assert seen(place, 96)[0] is State.HIDUP


def test_what_is_only_blocked_is_not_disconnected(place: Centre) -> None:
    code = apart(place, 65, 90, "pemblokiran")
    act(place, DISCONNECTION, None, "aktif", code, started=when(place, 60))
    assert seen(place, 70) == (State.HIDUP, State.HIDUP)
    names = {name for name, _, _ in written(facts(place.collector))}
    assert "nadi_disconnection_active" in names


def test_page_and_api_tell_what_is_measured_beside_what_is_shown(place: Centre) -> None:
    work(place, 65, 90)
    seen(place, 70)
    html = StatusPage(zone=place.collector.zone).render(place.collector.snapshot(), content(place.collector))
    assert "Pemeliharaan (terukur: hidup)" in html
    assert "<b>1</b> OPD dalam pemeliharaan atau pemutusan" in html
    told = Visitor(create(place.collector)).get("/api/v1/status").json()["opds"][0]
    assert (told["state"], told["measured"], told["links"][0]["measured"]) == ("pemeliharaan", "hidup", "hidup")


@pytest.mark.parametrize("measured", list(State))
def test_what_people_decided_stands_before_what_is_measured(measured: State) -> None:
    assert shown(measured, planned=False, apart=False) is measured
    assert shown(measured, planned=True, apart=False) is State.PEMELIHARAAN
    assert shown(measured, planned=True, apart=True) is State.PEMUTUSAN
