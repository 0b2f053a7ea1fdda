"""Entries of the logbook as the API asks for them: values in, every fault told in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from agent.clock import NS
from collector.inventory import Inventory
from collector.register.acts import YEARS
from collector.register.book import Refused
from collector.register.content import ContentError, content, utc_ns
from collector.register.logbook import MAX_NOTE, MOST_AHEAD_NS, Logbook, PowerEntry, PowerKind, RestoreTest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PowerNote:
    """What somebody saw of mains or generator; ``value`` is percent of the tank, or 1 (passed) and 0 (failed)."""

    kind: PowerKind
    at: datetime
    generator: str = ""
    value: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RestoreNote:
    """A restore test that somebody did by hand, of a backup in the inventory."""

    job: str
    at: datetime
    passed: bool
    note: str = ""


def log_power(
    logbook: Logbook, body: Mapping[str, Any], *, inventory: Inventory, actor: str, now_ns: int
) -> PowerEntry:
    """Write an entry of the log of power; Refused."""
    form = _read(PowerNote, body)
    wrong = _common(form.at, form.note, now_ns)
    if form.generator and form.generator not in inventory.generator:
        wrong.append(f"genset {form.generator!r} tidak terdaftar")
    if form.kind == "bahan-bakar" and (form.value is None or not 0 <= form.value <= 100):
        wrong.append("bahan-bakar memerlukan value: persen isi tangki, 0 sampai 100")
    if form.kind == "uji-genset" and form.value not in (None, 0, 1):
        wrong.append("value pada uji-genset adalah 1 (berhasil) atau 0 (gagal), atau kosong bila tidak diketahui")
    if wrong:
        raise Refused(*wrong)
    return logbook.add_power(
        kind=form.kind,
        at_ns=utc_ns(form.at),
        object=form.generator,
        value=form.value,
        note=form.note,
        actor=actor,
        now_ns=now_ns,
    )


def log_restore_test(
    logbook: Logbook, body: Mapping[str, Any], *, inventory: Inventory, actor: str, now_ns: int
) -> RestoreTest:
    """Record a restore test; Refused."""
    form = _read(RestoreNote, body)
    wrong = _common(form.at, form.note, now_ns)
    if form.job not in {item.code for item in inventory.backups}:
        wrong.append(f"cadangan {form.job!r} tidak terdaftar")
    if wrong:
        raise Refused(*wrong)
    return logbook.add_restore_test(
        backup=form.job, at_ns=utc_ns(form.at), passed=form.passed, note=form.note, actor=actor, now_ns=now_ns
    )


def _read(form: type[T], body: Mapping[str, Any]) -> T:
    try:
        return content(form, body)
    except ContentError as error:
        raise Refused(*error.problems) from error


def _common(at: datetime, note: str, now_ns: int) -> list[str]:
    wrong = []
    if at.year not in YEARS:
        wrong.append(f"at: tahun harus antara {YEARS[0]} dan {YEARS[-1]}")
    elif utc_ns(at) > now_ns + MOST_AHEAD_NS:
        wrong.append(f"at belum tiba; catatan memuat yang telah terjadi (kelonggaran {MOST_AHEAD_NS // NS} detik)")
    if len(note) > MAX_NOTE or not note.isprintable():
        wrong.append(f"note satu baris, paling panjang {MAX_NOTE} karakter")
    return wrong
