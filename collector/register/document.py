"""The inventory document: what one TOML file says, checked and in resolved objects.

A document is complete: it lists every object and every determination ever registered (see ``revisions``).
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from agent.clock import Zone
from agent.config import ConfigError, Decoder
from agent.envelope import canonical
from collector.inventory import (
    Allocation,
    Backup,
    Contract,
    Device,
    Generator,
    InventoryError,
    Link,
    Opd,
    Server,
    Site,
    Ups,
)
from collector.register import centre, checks, forms
from collector.register.spans import Declared, Revoked

MAX_BYTES = 16 << 20
MAX_PROBLEMS = 100

FORMS: dict[str, tuple[type[Any], Callable[[forms.Item, Any], Any]]] = {
    "site": (forms.SiteForm, forms.site),
    "opd": (forms.OpdForm, forms.opd),
    "device": (forms.DeviceForm, forms.device),
    "contract": (forms.ContractForm, forms.contract),
    "link": (forms.LinkForm, forms.link),
    "allocation": (forms.AllocationForm, forms.allocation),
    "server": (centre.ServerForm, centre.server),
    "ups": (centre.UpsForm, centre.ups),
    "generator": (centre.GeneratorForm, centre.generator),
    "backup": (centre.BackupForm, centre.backup),
}
_LATER = ("server", "ups", "generator", "backup")
"""Kinds that documents had not from the beginning: one without any of them says so by leaving the kind out."""

_LATER_FIELDS = ("probe",)
"""Fields that came later: empty ones are left out, so that what was registered before stays the same document."""


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says, each kind in order of its keys; contracts and allocations as declared, ends unresolved.

    ``decoder`` and ``paths`` (by kind and key) tell where in the file an object stands.
    """

    site: tuple[Site, ...]
    opd: tuple[Opd, ...]
    device: tuple[Device, ...]
    contract: tuple[Declared[Contract], ...]
    link: tuple[Link, ...]
    allocation: tuple[Declared[Allocation], ...]
    server: tuple[Server, ...] = ()
    ups: tuple[Ups, ...] = ()
    generator: tuple[Generator, ...] = ()
    backup: tuple[Backup, ...] = ()
    decoder: Decoder = field(default=Decoder("", ""), compare=False, repr=False)
    paths: Mapping[tuple[str, checks.AnyKey | None], str] = field(default_factory=dict, compare=False, repr=False)

    def canonical(self) -> bytes:
        """Return the canonical JSON by which documents are the same or not; the order in the file plays no part."""
        tables = {kind: [_plain(item) for item in getattr(self, kind)] for kind in FORMS}
        return canonical({kind: rows for kind, rows in tables.items() if rows or kind not in _LATER})

    @classmethod
    def from_canonical(cls, data: bytes) -> Document:
        """Return the document whose canonical JSON is ``data``."""
        table = json.loads(data)
        return cls(
            site=tuple(Site(**item) for item in table["site"]),
            opd=tuple(Opd(**item) for item in table["opd"]),
            device=tuple(Device(**item) for item in table["device"]),
            contract=tuple(_contract(item) for item in table["contract"]),
            link=tuple(Link(**item) for item in table["link"]),
            allocation=tuple(_allocation(item) for item in table["allocation"]),
            server=tuple(_server(item) for item in table.get("server", ())),
            ups=tuple(Ups(**_dated(item, "battery_installed")) for item in table.get("ups", ())),
            generator=tuple(Generator(**item) for item in table.get("generator", ())),
            backup=tuple(Backup(**item) for item in table.get("backup", ())),
        )

    def problem(self, kind: str, key: checks.AnyKey, what: str) -> str:
        """Return ``file:line: what``, without a line for an object which the document has not."""
        return str(self.decoder.fail(self.paths.get((kind, key), ""), what))


EMPTY = Document((), (), (), (), (), ())
"""What is registered before the first document."""


def _plain(item: Any) -> dict[str, Any]:
    table = asdict(item)
    if isinstance(item, Declared):
        table = {**table["record"], "revoked": table["revoked"]}
    for name in _LATER_FIELDS:
        if not table.get(name, True):
            del table[name]
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in table.items()}


def _revoked(table: dict[str, Any] | None) -> Revoked | None:
    return None if table is None else Revoked(**table)


def _contract(table: dict[str, Any]) -> Declared[Contract]:
    revoked = _revoked(table.pop("revoked"))
    return Declared(Contract(**table), revoked)


def _allocation(table: dict[str, Any]) -> Declared[Allocation]:
    revoked = _revoked(table.pop("revoked"))
    return Declared(Allocation(**{**table, "decision_date": date.fromisoformat(table["decision_date"])}), revoked)


def _server(table: dict[str, Any]) -> Server:
    return Server(**{**_dated(table, "insured_until"), "ups": tuple(table["ups"])})


def _dated(table: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table with one value, where it is there, as the date that it is."""
    text = table[name]
    return {**table, name: None if text is None else date.fromisoformat(text)}


def read(path: Path, *, zone: Zone) -> Document:
    """Read and check an inventory file; InventoryError tells every problem with file, line and mend."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InventoryError((f"{path}: cannot be read: {error.strerror}",)) from error
    if len(data) > MAX_BYTES:
        raise InventoryError((f"{path}: larger than {MAX_BYTES >> 20} MiB; this is no inventory",))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InventoryError((f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8",)) from error
    return reads(text, source=str(path), zone=zone)


def reads(text: str, *, source: str, zone: Zone) -> Document:
    """Check the TOML ``text`` of an inventory; ``source`` names it in problems."""
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InventoryError((f"{source}: not valid TOML: {error}",)) from error
    return _Reader(text, source, zone).document(top)


def assembled(tables: Mapping[str, Any], *, zone: Zone) -> Document:
    """Check the tables of an inventory by kind, as forms have them; problems begin with the path: ``link[3].opd``."""
    return _Reader("", "", zone).document(dict(tables))


def _order(row: checks.Row) -> tuple[object, ...]:
    return row.key if isinstance(row.key, tuple) else (row.key,)


class _Reader:
    """Reads one document and goes on after a problem, so that all are told together."""

    def __init__(self, text: str, source: str, zone: Zone) -> None:
        self._decoder = Decoder(source, text)
        self._source = source
        self._zone = zone
        self._problems: list[str] = []

    def document(self, top: dict[str, Any]) -> Document:
        for kind in top.keys() - FORMS.keys():
            near = difflib.get_close_matches(kind, FORMS, n=1)
            mend = f"did you mean [[{near[0]}]]?" if near else f"known: {', '.join(f'[[{kind}]]' for kind in FORMS)}"
            self._wrong(kind, f"unknown key; {mend}")
        tables = {kind: self._rows(kind, top.get(kind, [])) for kind in FORMS}
        for path, what in checks.problems(tables):
            self._wrong(path, what)
        if self._problems:
            raise InventoryError(self._in_order())
        found = {kind: tuple(row.item for row in sorted(rows, key=_order)) for kind, rows in tables.items()}
        paths = {(kind, row.key): row.path for kind, rows in tables.items() for row in rows}
        return Document(**found, decoder=self._decoder, paths=paths)

    def _wrong(self, path: str, what: str) -> None:
        self._note(str(self._decoder.fail(path, what)))

    def _note(self, problem: str) -> None:
        self._problems.append(problem)
        if len(self._problems) >= MAX_PROBLEMS:
            raise InventoryError((*self._in_order(), "there may be more; mend these first"))

    def _in_order(self) -> tuple[str, ...]:
        def line(problem: str) -> int:
            found = re.compile(r":(\d+):").match(problem, len(self._source))
            return int(found[1]) if found else 0

        return tuple(sorted(self._problems, key=line))

    def _rows(self, kind: str, value: Any) -> list[checks.Row]:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(kind, f"must be written as [[{kind}]] tables")
            return []
        return [self._row(kind, f"{kind}[{i}]", table) for i, table in enumerate(value)]

    def _row(self, kind: str, path: str, table: dict[str, Any]) -> checks.Row:
        form, convert = FORMS[kind]
        try:
            item = forms.Item(self._zone, lambda key, what: self._wrong(f"{path}.{key}", what))
            made = convert(item, self._decoder.table(form, table, path))
        except ConfigError as error:
            for problem in str(error).splitlines():
                self._note(problem)
            code = table.get("code" if "code" in table else "device")
            return checks.Row(path, code if isinstance(code, str) else None, None)
        return checks.Row(path, checks.key(made), made)
