"""Derived series of the data centre: the worst of a server's backups, unknown that is neither good nor missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from collector.datacentre import PowerToDate
from collector.feeds.centre import backups, hosts, supply
from collector.feeds.derived import DERIVED, Number, Written
from collector.inventory import Backup, Device, Inventory
from collector.judge.allocation import SEVERITY, Rule
from collector.judge.datacentre import DataCentreNow
from collector.judge.rows import BackupRow, BackupState, ServerRow
from collector.newest import Latest
from collector.power import Power
from collector.web.facts import RULES
from tests.collector.centre_sample import BARE, CARRIED, DAY_MS, END_MS, GENERATOR, GOOD, NONE, NOON, PROTECTED, UPS

LATE = replace(GOOD, backup=Backup("simpeg-arsip", "srv-simpeg", "srv-x", "arsip", "restic", tape_copies=0))
LATE = replace(LATE, state=BackupState.TERLAMBAT, age_ms=8 * DAY_MS, tapes=(), tape_ok=None)


def now(*rows: BackupRow, servers: Iterable[ServerRow] = (PROTECTED,)) -> DataCentreNow:
    return DataCentreNow(END_MS, NOON, (UPS,), (CARRIED,), (GENERATOR,), rows, tuple(servers), (), ())


def told(written: Written) -> dict[tuple[str, ...], Number | None]:
    found = {}
    for name, labels, value in written:
        assert len(labels) == len(DERIVED[name].labels), name
        found[name, *labels] = value
    return found


def server(*rows: BackupRow) -> dict[str, Number | None]:
    return {
        name.removeprefix("nadi_backup_").removeprefix("nadi_server_"): value
        for (name, *labels), value in told(backups(now(*rows))).items()
        if labels == ["srv-simpeg"]
    }


def test_the_state_and_the_age_of_a_server_are_those_of_its_worst_backup() -> None:
    found = server(GOOD, LATE)
    assert (found["state"], found["age_seconds"], found["policy_seconds"]) == (2, 8 * 86400, 7 * 86400)
    gone = replace(LATE, state=BackupState.TIDAK_ADA, age_ms=None)
    critical = replace(GOOD, state=BackupState.KRITIS)
    assert (server(critical, gone)["state"], server(critical, gone)["age_seconds"]) == (0, None)


def test_unknown_is_worse_than_late_better_than_critical_and_never_good() -> None:
    unknown, critical = replace(GOOD, state=None), replace(GOOD, state=BackupState.KRITIS)
    assert [server(*rows)["state"] for rows in ((GOOD, unknown), (LATE, unknown), (critical, unknown))] == [4, 4, 3]


def test_a_server_without_any_backup_has_none() -> None:
    assert server() == {"protected": 1, "state": 0}


def test_one_backup_never_tested_is_not_hidden_by_another_that_was() -> None:
    untested = replace(LATE, restore_test_ms=None, restore_test_passed=None)
    assert server(GOOD)["restore_test_timestamp_seconds"] == (GOOD.restore_test_ms or 0) / 1000
    found = server(GOOD, untested)
    assert (found["restore_test_timestamp_seconds"], found["restore_test_passed"]) == (None, None)
    failed = replace(untested, restore_test_passed=False)
    assert server(GOOD, failed)["restore_test_passed"] is False


def test_a_copy_on_tape_counts_where_it_is_valid_and_asked_for() -> None:
    assert server(GOOD, LATE)["tape_copy_timestamp_seconds"] == (END_MS - 30 * 3_600_000) / 1000
    asked = replace(LATE, backup=replace(LATE.backup, tape_copies=1))
    assert server(GOOD, asked)["tape_copy_timestamp_seconds"] is None
    spoilt = replace(GOOD, tapes=(replace(GOOD.tapes[0], valid=False),))
    assert server(spoilt)["tape_copy_timestamp_seconds"] is None


def test_off_site_is_unknown_where_nothing_is_heard() -> None:
    home = replace(GOOD, tapes=(replace(GOOD.tapes[0], offsite=False),))
    silent = replace(GOOD, tapes=(), silent=True)
    assert [server(row)["offsite"] for row in (GOOD, home, silent)] == [True, False, None]


def test_a_server_is_protected_not_or_not_known_to_be() -> None:
    dark = replace(PROTECTED, server=replace(PROTECTED.server, device="srv-z"), protected=None)
    found = told(backups(now(GOOD, NONE, servers=(PROTECTED, BARE, dark))))
    states = [found["nadi_server_protected", code] for code in ("srv-simpeg", "srv-db", "srv-z")]
    assert states == [1, 0, 2]


def test_a_job_goes_by_its_registered_code() -> None:
    labels = ("srv-simpeg", "simpeg-harian", "bacula")
    found = told(backups(now(GOOD)))
    assert found["nadi_backup_last_success_timestamp_seconds", *labels] == END_MS / 1000 - 3600
    assert (found["nadi_backup_last_files", *labels], found["nadi_backup_last_errors", *labels]) == (10**6, 0)


def test_a_host_that_is_silent_is_told_as_such_and_one_without_ups_has_an_empty_label() -> None:
    one, two = (Device(code, code.upper(), "noc", code, "server", 0) for code in ("srv-simpeg", "srv-db"))
    register = Inventory("", 1, (), (), (one, two), (), (), (), servers=(PROTECTED.server, BARE.server))
    heard = Latest(one, "nadi_host", {}, END_MS, END_MS, True, {"load1": 0.0})
    found = told(hosts(register, Power(latest=(heard, replace(heard, device=two, fresh=False, fields={})))))
    assert (found["nadi_host_up", "noc", "srv-simpeg"], found["nadi_host_up", "noc", "srv-db"]) == (True, False)
    assert ("nadi_host_info", "noc", "srv-simpeg", "aplikasi", "BKPSDM", "Rak A2", "ups-1", "") in found
    assert [key[6] for key in found if key[:3] == ("nadi_host_info", "noc", "srv-db")] == [""]


def test_a_transfer_is_told_by_its_upper_bound_and_none_that_is_not_known() -> None:
    switch = Device("ats-1", "ATS", "noc", "a", "ats", 0)
    register = Inventory("", 1, (), (), (switch,), (), (), ())
    to_date = PowerToDate({"ups-1": (2, 150_000)}, {"genset-1": 3}, {"genset-1": 49_001})
    found = told(supply(now(), register, to_date))
    assert found["nadi_ats_last_transfer_duration_seconds", "noc", "ats-1"] == 49.001
    assert (
        found["nadi_ats_transfers_total", "noc", "ats-1"],
        found["nadi_ats_transfer_limit_seconds", "noc", "ats-1"],
    ) == (3, 30)
    assert found["nadi_ups_on_battery_seconds_total", "pusat-data", "ups-1"] == 150
    unknown = told(supply(now(), register, PowerToDate({}, {}, {})))
    assert unknown["nadi_ats_last_transfer_duration_seconds", "noc", "ats-1"] is None
    assert unknown["nadi_ups_battery_events", "pusat-data", "ups-1"] is None


def test_every_rule_has_one_severity_and_is_counted() -> None:
    assert set(SEVERITY) == set(get_args(Rule)) == {rule for rule, _ in RULES}
    assert {word for _, word in RULES} == {"tinggi", "sedang", "rendah"}
