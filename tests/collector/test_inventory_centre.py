"""Servers, UPSes, generators and backups in the inventory document; documents without them stay what they were."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from collector.inventory import Backup, InventoryError, Server, Ups
from collector.register.document import Document
from tests.collector.register_sample import NOW, WHOLE, document, opened


def device(code: str, kind: str) -> str:
    return f'[[device]]\ncode = "{code}"\nname = "{code.upper()}"\nsite = "noc"\nkind = "{kind}"\n'


KINDS = {"s1": "server", "s2": "server", "u1": "ups", "g1": "generator", "a1": "ats"}
DEVICES = "".join(device(code, kind) for code, kind in KINDS.items())
SERVER = '[[server]]\ndevice = "s1"\nrole = "aplikasi"\nopd = "BPKAD"\ninsured_until = 2027-01-31\nups = ["u1"]\n'
UPS = '[[ups]]\ndevice = "u1"\nbattery_installed = 2024-05-01\nbattery_life_years = 4\ngenerator = "genset"\n'
GENERATOR = '[[generator]]\ncode = "genset"\nname = "Genset"\ndevice = "g1"\nats = "a1"\n'
BACKUP = '[[backup]]\ncode = "harian"\nserver = "s1"\ndevice = "s2"\njob = "simpeg"\nengine = "restic"\n'
CENTRE = WHOLE + DEVICES + SERVER + UPS + GENERATOR + BACKUP


BEFORE = "030ba25765e7b364feda8175d2d1cc35d72df047831a0e07add2842d67d43b7c"
"""What the version without a data centre made of ``WHOLE``."""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InventoryError) as caught:
        document(text)
    return caught.value.problems


def test_the_data_centre_is_read_with_its_policies() -> None:
    found = document(CENTRE)
    assert found.server == (Server("s1", "aplikasi", "BPKAD", True, "", date(2027, 1, 31), ("u1",)),)
    assert found.ups == (Ups("u1", date(2024, 5, 1), 4, "genset"),)
    assert found.backup == (Backup("harian", "s1", "s2", "simpeg", "restic", 24, 7, 30, 180, 1, False),)
    assert document(CENTRE.replace('device = "s2"\njob', "job")).backup[0].device == "s1"


def test_a_document_comes_back_from_its_canonical_form_whole() -> None:
    found = document(CENTRE)
    assert Document.from_canonical(found.canonical()) == found


def test_a_document_without_a_data_centre_keeps_the_canonical_form_it_had() -> None:
    found = document(WHOLE)
    assert hashlib.sha256(found.canonical()).hexdigest() == BEFORE
    assert sorted(json.loads(found.canonical())) == ["allocation", "contract", "device", "link", "opd", "site"]
    assert Document.from_canonical(found.canonical()) == found


def test_a_registered_document_of_before_is_no_change(tmp_path: Path) -> None:
    register = opened(tmp_path)
    register.apply(document(WHOLE), actor="t", now_ns=NOW)
    assert register.inventory().servers == ()
    assert not register.apply(document(WHOLE), actor="t", now_ns=NOW + 1)
    assert register.check() == []
    changes = register.apply(document(CENTRE), actor="t", now_ns=NOW + 2)
    assert "added    server     s1: aplikasi u1" in str(changes)
    assert "added    backup     harian: restic simpeg of s1" in str(changes)
    inventory = register.inventory()
    assert (inventory.server["s1"].ups, inventory.ups["u1"].generator) == (("u1",), "genset")
    assert [item.code for item in inventory.backups_of("s1")] == ["harian"]
    register.close()


def test_a_change_of_a_server_is_told_and_what_is_left_out_is_retired(tmp_path: Path) -> None:
    register = opened(tmp_path)
    register.apply(document(CENTRE), actor="t", now_ns=NOW)
    moved = register.diff(document(CENTRE.replace(SERVER, SERVER.replace('ups = ["u1"]', "ups = []"))))
    assert [str(item) for item in moved.items] == ["changed  server     s1: ups u1 -> none"]
    gone = register.diff(document(CENTRE.replace(BACKUP, "")))
    assert [str(item) for item in gone.items] == ["retired  backup     harian"]
    register.close()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('role = "aplikasi"', 'role = "app"', "server[0].role"),
        ('kind = "server"', 'kind = "servr"', 'did you mean "server"?'),
        ('kind = "generator"', 'kind = "kulkas"', "known kinds: router, server, ups, ats, sensor, pdu, generator"),
        ('ups = ["u1"]', 'ups = ["u9"]', "there is no [[device]] 'u9'"),
        ('ups = ["u1"]', 'ups = ["a1"]', 'device \'a1\' is of kind "ats", not "ups"'),
        ('ups = ["u1"]', 'ups = ["u1", "u1"]', "names 'u1' twice"),
        ('device = "s1"\nrole', 'device = "r1"\nrole', 'device \'r1\' is of kind "router", not "server"'),
        ('opd = "BPKAD"\ninsured', 'opd = "X"\ninsured', "there is no [[opd]] 'X'"),
        ('generator = "genset"', 'generator = "g"', "there is no [[generator]] 'g'"),
        ('ats = "a1"', 'ats = "u1"', 'device \'u1\' is of kind "ups", not "ats"'),
        ('server = "s1"', 'server = "s2"', "there is no [[server]] 's2'"),
        ('engine = "restic"', 'engine = "restic"\nrpo_hours = 0', "0 is not between 1 and"),
        ('engine = "restic"', 'engine = "restic"\ntape_copies = -1', "-1 is not between 0 and 16"),
        ("battery_life_years = 4", "battery_life_years = 0", "0 is not between 1 and 30"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert old in CENTRE
    found = problems(CENTRE.replace(old, new, 1))
    assert any(told in problem for problem in found), found
    assert all(problem.startswith("inventory.toml:") for problem in found)


def test_a_device_has_one_entry_and_a_job_one_backup() -> None:
    (twice,) = problems(CENTRE + SERVER)
    assert "server 's1' is there twice; one entry a device: put both into one" in twice
    (same,) = problems(CENTRE + BACKUP.replace("harian", "mingguan"))
    assert "backup 'harian' is read from s2 simpeg restic too; keep one of them" in same


def test_the_order_in_the_file_plays_no_part() -> None:
    other = WHOLE + BACKUP + GENERATOR + UPS + SERVER + DEVICES
    digests = {hashlib.sha256(document(text).canonical()).hexdigest() for text in (CENTRE, other)}
    assert len(digests) == 1
