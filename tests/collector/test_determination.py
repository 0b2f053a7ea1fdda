"""Determinations by an official: a revision of the inventory, all or none, by the role penetap alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.clock import NS, WIB
from collector.register.book import Forbidden, Refused
from collector.register.changes import Changes
from collector.register.determination import ACTION, Determination, determine
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.revisions import Register
from tests.collector.book_sample import CHECKER, NOC
from tests.collector.register_sample import NOW, WHOLE, document, later, opened

OFFICIAL = Actor("citra", frozenset(("penetap",)))
GIVEN = Determination(
    opd="BPKAD",
    number="SK-2",
    decided=date(2026, 8, 10),
    legal_basis="Lampung Timur 16/2023 Pasal 21 ayat (2)",
    official="Kepala Dinas",
    priority="tinggi",
    down_mbps=111,
    up_mbps=40,
    valid_from=date(2026, 9, 1),
    floor_down_mbps=20,
)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    made = opened(tmp_path)
    made.apply(document(), actor="siti", now_ns=NOW)
    yield made
    made.close()


def give(register: Register, *forms: Determination, actor: Actor = OFFICIAL) -> Changes:
    return determine(register, forms, actor=actor, context=Context(register.inventory(), WIB, NOW + NS))


def test_a_determination_ends_the_one_before_and_is_a_revision(register: Register) -> None:
    changes = give(register, GIVEN)
    held = register.inventory().allocations_of("BPKAD")
    assert (changes.revision, [item.decision_number for item in held]) == (2, ["SK-1", "SK-2"])
    assert held[0].valid_to_ns == held[1].valid_from_ns == WIB.parse("2026-09-01")
    assert (held[1].down_bps, held[1].floor_down_bps, held[1].klass) == (111_000_000, 20_000_000, "tinggi")
    assert register.check() == []
    assert not give(register, GIVEN)


def test_it_is_the_same_as_the_document_that_says_so(register: Register, tmp_path: Path) -> None:
    give(register, replace(GIVEN, up_mbps=12, legal_basis="Pasal 21", decided=date(2026, 6, 20)))
    text = WHOLE + later("SK-2", "2026-09-01").replace('"12.5"', "12")
    assert not register.diff(document(text))


def test_its_audit_record_names_the_paper_and_the_weights(register: Register) -> None:
    give(register, GIVEN)
    last = register.audit.records()[-1]
    assert (last.actor, last.action, last.object) == ("citra", ACTION, "revision 2")
    assert last.detail.endswith("1 added, 0 changed, 0 retired; SK-2; bobot tinggi 4, sedang 2, dasar 1")
    assert register.audit.verify() is None


@pytest.mark.parametrize("actor", [NOC, CHECKER, Actor("x", frozenset(("admin", "auditor", "opd")), "BPKAD")])
def test_only_an_official_determines_and_others_are_recorded(register: Register, actor: Actor) -> None:
    with pytest.raises(Forbidden, match="peran penetap"):
        give(register, GIVEN, actor=actor)
    last = register.audit.records()[-1]
    assert (last.actor, last.action, last.object, last.result) == (actor.name, ACTION, "SK-2", "refused")
    assert register.revision() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"opd": "LAIN"}, "OPD 'LAIN' tidak terdaftar"),
        ({"number": " SK-2"}, "number harus diisi"),
        ({"official": ""}, "official harus diisi"),
        ({"legal_basis": "a\nb"}, "legal_basis harus diisi"),
        ({"down_mbps": 0}, "down_mbps harus bilangan bulat"),
        ({"floor_up_mbps": 41}, "jaminan minimum"),
        ({"floor_up_mbps": -1}, "jaminan minimum"),
        ({"decided": date(2026, 8, 11)}, "sesudah hari ini"),
        ({"valid_to": date(2026, 9, 1)}, "valid_to harus sesudah"),
        ({"valid_from": date(1999, 1, 1)}, "antara tahun 2000"),
        ({"number": "SK-1", "valid_from": date(2026, 1, 1)}, "SK-1.* is there twice"),
        ({"valid_from": date(2026, 1, 1)}, "SK-"),
    ],
)
def test_what_cannot_be_determined_is_refused_whole(register: Register, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        give(register, replace(GIVEN, number="SK-3"), replace(GIVEN, **wrong))
    assert register.revision() == 1


def test_nothing_determined_is_refused(register: Register) -> None:
    with pytest.raises(Refused, match="sedikitnya satu"):
        give(register)


def test_what_somebody_else_registered_meanwhile_stays(register: Register) -> None:
    context = Context(register.inventory(), WIB, NOW + NS)
    more = WHOLE + '[[site]]\ncode = "baru"\nname = "Kantor baru"\n'
    register.apply(document(more), actor="siti", now_ns=NOW + NS)
    determine(register, [GIVEN], actor=OFFICIAL, context=context)
    assert "baru" in register.inventory().site
    assert register.revision() == 3
