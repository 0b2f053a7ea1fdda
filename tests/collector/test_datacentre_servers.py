"""The matrix server x protection cell by cell, what is found wanting, and the words of UPSes, switches, controllers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from collector.inventory import Server, Ups
from collector.judge.rows import BackupRow, BackupState, Cover, GeneratorRow, Measured, Reason, ServerRow, UpsRow
from collector.judge.servers import Around, server_row
from collector.judge.shortcomings import Found, shortcomings
from collector.judge.told import Told, controller_words, switch_words, ups_words
from collector.ledger.columns import Column, Columns, Series
from collector.ledger.fields import own_beats
from collector.measure.failures import Word
from collector.measure.running import ran
from collector.measure.states import UNSAID, UpsState
from tests.collector.centre_sample import END_MS, GENERATOR, UPS
from tests.collector.centre_sample import GOOD as BACKUP

SERVER = Server("srv-simpeg", "aplikasi", ups=("ups-1",))
PROVEN = replace(GENERATOR, late=0, failed=0, proven_ms=40_000)
FEEDING = replace(UPS, state=UpsState.PLN, ups=Ups("ups-1", generator="genset-1"))
GOOD = replace(
    BACKUP,
    backup=replace(BACKUP.backup, server="srv-simpeg", tape_copies=1, offsite=False, restore_test_every_days=180),
    state=BackupState.BAIK,
    tape_ok=True,
    offsite_ok=None,
    restore_test_overdue=False,
    tapes=(replace(BACKUP.tapes[0], valid=True),),
)


def row(
    server: Server = SERVER,
    *,
    ups: tuple[UpsRow, ...] = (FEEDING,),
    generators: tuple[GeneratorRow, ...] = (PROVEN,),
    backups: tuple[BackupRow, ...] = (GOOD,),
) -> ServerRow:
    around = Around(
        ups={item.ups.code: item for item in ups},
        generators={item.generator.code: item for item in generators},
        backups=backups,
        since={("without_ups", server.code): 5, ("without_backup", server.code): 6, ("without_tape", server.code): 7},
        at_ms=END_MS,
    )
    return server_row(server, "Server", "pusat-data", around)


def reasons(found: ServerRow) -> list[Reason]:
    return [item.reason for item in found.reasons]


def test_a_server_with_all_of_it_is_protected() -> None:
    found = row()
    assert (found.protected, found.reasons) == (True, ())
    cells = (found.ups, found.generator, found.backup, found.tape, found.restore_test)
    assert cells == (Cover.YES,) * 5


@pytest.mark.parametrize(
    ("state", "cover", "reason", "protected"),
    [
        (UpsState.BATERAI, Cover.YES, None, True),
        (UpsState.BATERAI_LEMAH, Cover.WEAK, None, True),
        (UpsState.BYPASS, Cover.WEAK, Reason.UPS_OFF, False),
        (UpsState.MATI, Cover.NO, Reason.UPS_OFF, False),
        (None, Cover.UNKNOWN, Reason.UPS_UNKNOWN, None),
    ],
)
def test_what_a_ups_is_doing_decides_whether_it_protects(
    state: UpsState | None, cover: Cover, reason: Reason | None, protected: bool | None
) -> None:
    found = row(ups=(replace(FEEDING, state=state),))
    assert (found.ups, reasons(found), found.protected) == (cover, [reason] if reason else [], protected)


def test_of_two_upses_one_is_enough() -> None:
    dark = replace(FEEDING, ups=Ups("ups-2"), state=None)
    found = row(replace(SERVER, ups=("ups-1", "ups-2")), ups=(FEEDING, dark))
    assert (found.ups, found.protected) == (Cover.YES, True)


def test_a_role_that_asks_for_no_ups_is_protected_without_one() -> None:
    assert row(replace(SERVER, ups=())).since_ms == 5
    found = row(replace(SERVER, role="berkas", ups=()))
    assert (found.ups, found.protected) == (Cover.NOT_ASKED, True)


@pytest.mark.parametrize(("seconds", "short"), [(159.9, True), (160.0, False)])
def test_a_ups_must_outlast_the_proven_transfer_and_the_margin(seconds: float, short: bool) -> None:
    last = Measured(1.0, 1.0, 1.0, seconds, END_MS, 1)
    found = row(ups=(replace(FEEDING, runtime_s=last),))
    assert (Reason.UPS_RUNTIME_SHORT in reasons(found)) is short
    unproven = row(ups=(replace(FEEDING, runtime_s=last),), generators=(replace(PROVEN, proven_ms=None),))
    assert (reasons(unproven), unproven.generator) == ([], Cover.WEAK)


@pytest.mark.parametrize(
    ("change", "backup", "tape", "reason"),
    [
        ({"state": BackupState.TERLAMBAT}, Cover.WEAK, Cover.YES, Reason.BACKUP_LATE),
        ({"state": BackupState.KRITIS}, Cover.NO, Cover.YES, Reason.BACKUP_CRITICAL),
        ({"state": BackupState.TIDAK_ADA}, Cover.NO, Cover.YES, Reason.BACKUP_NONE),
        ({"state": None}, Cover.UNKNOWN, Cover.YES, Reason.BACKUP_UNKNOWN),
        ({"tape_ok": False, "tapes": ()}, Cover.YES, Cover.NO, Reason.TAPE_NONE),
        ({"tape_ok": False}, Cover.YES, Cover.WEAK, Reason.TAPE_NONE),
        ({"tape_ok": None, "tapes": ()}, Cover.YES, Cover.UNKNOWN, Reason.TAPE_UNKNOWN),
        ({"offsite_ok": False}, Cover.YES, Cover.WEAK, None),
    ],
)
def test_backup_and_tape_are_judged_apart(
    change: dict[str, Any], backup: Cover, tape: Cover, reason: Reason | None
) -> None:
    found = row(backups=(replace(GOOD, **change),))
    assert (found.backup, found.tape, reasons(found)) == (backup, tape, [reason] if reason else [])


def test_every_server_needs_a_full_copy_on_tape_whatever_its_policy_says() -> None:
    plain = replace(GOOD, backup=replace(GOOD.backup, tape_copies=0), tape_ok=None, tapes=())
    found = row(backups=(plain,))
    assert ([(item.reason, item.since_ms) for item in found.reasons], found.tape) == (
        [(Reason.TAPE_NONE, 7)],
        Cover.NO,
    )
    none = row(backups=())
    assert (reasons(none), none.since_ms) == ([Reason.BACKUP_NONE, Reason.TAPE_NONE], 6)


def test_a_certain_reason_prevails_over_an_uncertain_one() -> None:
    found = row(ups=(replace(FEEDING, state=None, seen_ms=3),), backups=())
    assert (found.protected, found.since_ms) == (False, 6)
    assert row(ups=(replace(FEEDING, state=None, seen_ms=9),)).since_ms == 9


@pytest.mark.parametrize(("until", "found"), [(date(2026, 12, 29), True), (date(2026, 12, 30), False)])
def test_an_insurance_is_told_ninety_days_before_its_end(until: date, found: bool) -> None:
    insured = row(replace(SERVER, insured_until=until))
    seen = Found(
        ups=(),
        events=(),
        generators=(),
        backups=(GOOD,),
        servers=(insured,),
        since={},
        start_ms=0,
        at_ms=END_MS,
        today=date(2026, 10, 1),
    )
    assert [item.rule for item in shortcomings(seen)] == (["insurance_ending"] if found else [])


# --- words ---


def told(**fields: dict[int, int]) -> Told:
    """Return readings of fields: value by time."""
    return Told({name: (np.array(list(values)), np.array(list(values.values()))) for name, values in fields.items()})


def test_a_test_of_the_battery_is_no_loss_and_no_answer_is_no_word() -> None:
    words = ups_words(
        told(
            on_battery={1: 0, 2: 1, 3: 1, 4: 0, 5: 1},
            status={2: 2, 3: 8},
            output_off={4: 0, 5: 1, 6: 1},
            up={1: 1, 4: 0},
        )
    )
    assert dict(zip(words.time_ms.tolist(), words.value.tolist(), strict=True)) == {
        1: Word.OK,
        2: Word.LOST,
        3: Word.OK,
        4: UNSAID,
        5: Word.NOTHING,
        6: Word.NOTHING,
    }


def test_no_answer_takes_a_field_away_until_it_is_told_again() -> None:
    found = told(on_battery={1: 0, 3: 0, 9: 0}, up={1: 1, 3: 0, 5: 0, 9: 1}).samples("on_battery", unless="up")
    assert list(zip(found.time_ms.tolist(), found.value.tolist(), strict=True)) == [
        (1, 0),
        (3, UNSAID),
        (5, UNSAID),
        (9, 0),
    ]


def test_a_switch_says_where_the_load_lies_and_whether_the_mains_are_there() -> None:
    words = switch_words(
        told(
            source={1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 0, 8: 9},
            mains_present={2: 1, 3: 0, 5: 1, 6: 0, 9: 0, 10: 1},
        )
    )
    wanted = [
        *(Word.AT_MAINS, Word.OK, Word.LOST, Word.GENERATOR, Word.TRIED, Word.GENERATOR),
        *(Word.NOTHING, UNSAID, Word.LOST_ONLY, UNSAID),
    ]
    assert words.value.tolist() == wanted


def test_a_controller_that_does_not_answer_says_nothing() -> None:
    words = controller_words(
        told(carrying_load={1: 0, 2: 0, 3: 1, 4: 1}, mains_present={1: 1, 2: 0, 3: 0, 4: 0}, up={4: 0})
    )
    assert words.value.tolist() == [Word.OK, Word.LOST, Word.GENERATOR, UNSAID]


@pytest.mark.parametrize(("source", "down"), [("s1", True), ("poller", False)])
def test_the_boot_of_a_poller_is_no_boot_of_what_it_asks(source: str, down: bool) -> None:
    minute = 60 * 10**9
    time_ns = np.array([10**6 * minute, 10**6 * minute + minute, 10**6 * minute + 30 * minute])
    zeros = np.zeros(3, np.int64)
    columns = Columns(
        series=Series(source, "s1", "nadi_host,host=s1"),
        time_ns=time_ns,
        shift_ns=zeros,
        flags=zeros,
        boot_ids=("a", "b"),
        boot=np.array([0, 0, 1]),
        boot_ns=np.array([minute, 2 * minute, minute]),
        fields={"boot_time_seconds": Column(np.full(3, 10**6 * 60.0 - 60))},
    )
    assert bool(ran(own_beats(columns)).down.spans) is down
