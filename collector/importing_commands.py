"""``nadi inventory import|export|template`` and ``nadi register import|export|template``: tables for spreadsheets."""

from __future__ import annotations

import argparse
import getpass
import hashlib
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.clock import SystemClock
from collector.config import Settings
from collector.folder import Folder, Impossible
from collector.importing import inventory, proposals, registers
from collector.importing.difference import Differences
from collector.importing.files import Written, read, write
from collector.importing.grid import MOST_BYTES, Sheet, Unreadable
from collector.importing.words import TABLES
from collector.register.book import MOST_READ, Refused
from collector.register.document import EMPTY
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.proposal import PROPOSAL
from collector.register.registers import KINDS

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]

NAMES = ", ".join(name for name, _ in TABLES.values())


def declare_inventory(adding: argparse._SubParsersAction[argparse.ArgumentParser], placed: Placed) -> None:
    """Add what ``nadi inventory`` does with tables."""
    for action, text, command in (
        ("import", "compare a CSV or XLSX file with what is registered; --apply records it, whole or not", bring),
        ("export", "write what is registered as XLSX, or one table of it as CSV, with its data dictionary", export),
        ("template", "write an empty file to fill in, with its data dictionary", template),
    ):
        made = adding.add_parser(action, help=text, description=text)
        made.add_argument("file", type=Path, metavar="FILE", help=".xlsx or .csv")
        made.add_argument("--table", metavar="NAME", help=f"of a CSV (default: its name): {NAMES}")
        if action == "import":
            made.add_argument("--apply", action="store_true", help="record it")
        placed(made, command)


def declare_register(adding: argparse._SubParsersAction[argparse.ArgumentParser], placed: Placed) -> None:
    """Add what ``nadi register`` does with tables."""
    made = adding.add_parser("import", help="compare proposals in a CSV or XLSX file; --apply brings them")
    made.add_argument("kind", choices=[PROPOSAL.name], metavar="KIND", help=PROPOSAL.name)
    made.add_argument("file", type=Path, metavar="FILE")
    made.add_argument("--as", dest="account", required=True, metavar="ACCOUNT", help="whose act it is; needs the role")
    made.add_argument("--apply", action="store_true", help="bring the rows that are not refused")
    placed(made, bring_proposals)
    made = adding.add_parser("export", help="write a register as XLSX or CSV, with its data dictionary")
    made.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    made.add_argument("file", type=Path, metavar="FILE")
    placed(made, export_register)
    made = adding.add_parser("template", help="write an empty file of proposals to fill in")
    made.add_argument("kind", choices=[PROPOSAL.name], metavar="KIND", help=PROPOSAL.name)
    made.add_argument("file", type=Path, metavar="FILE")
    placed(made, template_register)


def bring(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Compare an inventory's tables with what is registered, and record them with ``--apply``."""
    data = _data(options.file)
    sheets = _sheets(options.file, data, table=options.table or options.file.stem)
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        register, zone = folder.register, folder.zone
        found = inventory.differences(register.document(), sheets, zone=zone, determines=True)
        _tell(found, tell)
        if not found.whole or not options.apply:
            return _outcome(found, tell)
        changes = inventory.apply(
            register,
            sheets,
            zone=zone,
            determines=True,
            actor=f"cli:{getpass.getuser()}",
            now_ns=folder.clock.now().wall_ns,
            detail=_detail(options.file, data),
        )
    tell(f"revision {changes.revision}" + ("" if changes else " stays"))
    return 0


def export(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write the inventory as tables."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        tables = inventory.exported(folder.register.document(), zone=folder.zone)
    return _write(options, tables, tell)


def template(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write the inventory's tables without rows."""
    return _write(options, inventory.exported(EMPTY, zone=settings.place), tell)


def bring_proposals(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Compare proposals with the register, and bring them with ``--apply``."""
    data = _data(options.file)
    sheets = _sheets(options.file, data, table=PROPOSAL.name)
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        register = folder.register
        actor, now_ns = register.accounts.actor(options.account), folder.clock.now().wall_ns
        context = Context(register.inventory(), folder.zone, now_ns)
        try:
            records = register.book.current(PROPOSAL, actor=actor)
            found, steps = proposals.differences(records, sheets, actor=actor, context=context)
        except Refused as error:
            raise Impossible(str(error)) from error
        if options.apply and not found.problems:
            note = _detail(options.file, data)
            found = proposals.apply(register.book, found, steps, actor=actor, context=context, note=note)
            user, what = f"cli:{getpass.getuser()}", f"{PROPOSAL.name} as {actor.name}"
            register.audit.record(actor=user, action="register.import", object=what, at_ns=now_ns, detail=note)
    _tell(found, tell)
    return _outcome(found, tell) if not options.apply or not found.whole else 0


def export_register(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write a register as a table."""
    kind = KINDS[options.kind]
    reader = Actor(f"cli:{getpass.getuser()}", frozenset(("auditor", "admin")))
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        records = folder.register.book.current(kind, actor=reader)
        table, dictionary = registers.exported(kind, records, zone=folder.zone)
    if len(records) == MOST_READ:
        raise Impossible(f"{kind.name}: more than {MOST_READ} records; read them by the API in parts")
    for file in _written(lambda: write(options.file, [table], dictionary=dictionary)):
        tell(str(file))
    return 0


def template_register(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write an empty table of proposals."""
    table, dictionary = registers.exported(PROPOSAL, (), zone=settings.place)
    for file in _written(lambda: write(options.file, [table], dictionary=dictionary)):
        tell(str(file))
    return 0


def _write(options: Namespace, tables: Sequence[Written], tell: Tell) -> int:
    table = options.table or options.file.stem
    for file in _written(lambda: write(options.file, tables, dictionary=inventory.dictionary(), table=table)):
        tell(str(file))
    return 0


def _written(act: Callable[[], list[Path]]) -> list[Path]:
    try:
        return act()
    except Unreadable as error:
        raise Impossible(str(error)) from error


def _data(file: Path) -> bytes:
    with file.open("rb") as source:
        return source.read(MOST_BYTES + 1)


def _sheets(file: Path, data: bytes, *, table: str) -> list[Sheet]:
    try:
        return read(data, table=table, known=registers.TABLES)
    except Unreadable as error:
        raise Impossible(f"{file}: {error}") from error


def _detail(file: Path, data: bytes) -> str:
    return f"impor {file.name[:100]}, sha256 {hashlib.sha256(data).hexdigest()}"


def _tell(found: Differences, tell: Tell) -> None:
    for line in found.lines():
        tell(line)


def _outcome(found: Differences, tell: Tell) -> int:
    if not found.whole:
        tell("ada yang ditolak; perbaiki berkasnya, lalu impor lagi")
        return 1
    changes = found.count("added") + found.count("changed")
    tell("belum dicatat; ulangi dengan --apply" if changes else "tidak ada perbedaan")
    return 0
