"""``nadi register``: every act on a register from the command line of the collector's machine.

Who may write the data folder may do everything to it; so that each act is somebody's nevertheless, it names an
account (``--as``), which must have the role, and the audit log holds under which user of the machine it was done.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import json
import tomllib
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from collector import acting, importing_commands, terminal
from collector.config import Settings
from collector.folder import Folder, Impossible
from collector.register import acts
from collector.register.attachments import NoRoom, examined
from collector.register.book import Record, Refused
from collector.register.content import plain, plain_value
from collector.register.kinds import Kind
from collector.register.people import Actor
from collector.register.registers import KINDS

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]


def declare(group: argparse.ArgumentParser, placed: Placed) -> None:
    """Add the actions of ``nadi register``; ``placed`` lets each be told its data folder."""
    adding = group.add_subparsers(metavar="ACTION", required=True)
    made = _named(adding.add_parser("list", help="the records of a register, each as it stands now"))
    made.add_argument("--state", help="only those in this state")
    made.add_argument("--opd", metavar="CODE", help="only those of this OPD")
    made.add_argument("--limit", type=int, default=acts.MOST_SHOWN)
    placed(made, show_all)
    made = _named(adding.add_parser("show", help="one record with all of its revisions, as JSON"))
    made.add_argument("code")
    placed(made, show)
    made = _named(adding.add_parser("open", help="begin a record"))
    made.add_argument("--file", type=Path, required=True, metavar="FILE", help="its form as TOML")
    _add_papers(made)
    placed(made, begin)
    made = _named(adding.add_parser("move", help="take a record to another state"))
    made.add_argument("code")
    made.add_argument("target", help="the state")
    made.add_argument("--set", action="append", default=[], metavar="K=V", help="a field that the step sets, V as TOML")
    made.add_argument("--file", type=Path, metavar="FILE", help="what the step sets, or the whole form, as TOML")
    _add_papers(made)
    placed(made, move)
    importing_commands.declare_register(adding, placed)

    made = _named(adding.add_parser("attachment", help="take an attachment of a record out into a file"))
    made.add_argument("code")
    made.add_argument("sha256", help="as the record names it")
    made.add_argument("--out", type=Path, required=True, metavar="FILE")
    placed(made, take_out)
    made = adding.add_parser("determine", help="determine allocations, all of a file or none (role penetap)")
    made.add_argument("--file", type=Path, required=True, metavar="FILE", help="[[determinations]] as TOML")
    made.add_argument("--as", dest="account", required=True, metavar="ACCOUNT", help="whose act it is; needs the role")
    placed(made, determine)


def _named(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    return made


def _add_papers(made: argparse.ArgumentParser) -> None:
    made.add_argument("--as", dest="account", required=True, metavar="ACCOUNT", help="whose act it is; needs the role")
    made.add_argument("--legal-basis", default="", metavar="TEXT")
    made.add_argument("--note", default="", metavar="TEXT")
    made.add_argument("--attach", type=Path, metavar="FILE", help="keep this file with the record")
    made.add_argument("--attachment-sha256", default="", metavar="HEX", help="of a file that is kept elsewhere")
    made.add_argument("--attachment-name", default="", metavar="TEXT")


def show_all(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List the records of a register."""
    kind = KINDS[options.kind]
    wanted = acts.Filter(state=options.state, opd=options.opd, limit=options.limit)
    with _opened(settings) as folder:
        found = _told(lambda: acts.listed(folder.register.book, kind, wanted, actor=_everything()))
        rows = [
            [item.code, item.state, item.opd, folder.zone.iso(item.at_ns), str(item.revision), item.actor]
            for item in found
        ]
    for line in terminal.table(["number", "state", "OPD", "time", "revision", "by"], rows, right=[4]):
        tell(line)
    return 0


def show(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show one record with its history."""
    kind = KINDS[options.kind]
    with _opened(settings) as folder:
        found = _told(lambda: acts.history(folder.register.book, kind, options.code, actor=_everything()))
        revisions = [_shown(kind, item, folder) for item in found]
    tell(json.dumps(revisions, indent=1, ensure_ascii=False))
    return 0


def begin(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Begin a record."""
    body = {"form": _read(options.file), **_papers(options)}
    kind = KINDS[options.kind]
    return _act(settings, options, tell, lambda folder, actor: acting.open_record(folder, kind, body, actor=actor))


def move(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Take a record to another state."""
    kind = KINDS[options.kind]

    def act(folder: Folder, actor: Actor) -> Record:
        last = acts.history(folder.register.book, kind, options.code, actor=actor)[-1]
        step = kind.move(last.state, options.target)
        given = _read(options.file) if options.file else {}
        given |= _set(options.set)
        body = {("form" if step is not None and step.whole else "values"): given, **_papers(options)}
        return acting.move_record(folder, kind, options.code, options.target, body, actor=actor)

    return _act(settings, options, tell, act)


def take_out(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write an attachment into a new file."""
    kind = KINDS[options.kind]
    with _opened(settings) as folder:
        found = _told(lambda: acting.attachment(folder, kind, options.code, options.sha256, actor=_everything()))
        with options.out.open("xb") as file:
            file.write(found.data)
        _note(folder, options.code, folder.clock.now().wall_ns, f"attachment {options.sha256} taken out")
    tell(f"{options.out}: {found.name}, {found.sort.words}")
    return 0


def determine(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Determine allocations, as a new revision of the inventory."""
    body = _read(options.file)
    with _opened(settings) as folder:
        actor = folder.register.accounts.actor(options.account)
        changes = _told(lambda: acting.determine_allocations(folder, body, actor=actor))
        _note(folder, f"revision {changes.revision}", folder.clock.now().wall_ns, f"determined as {actor.name}")
    tell(f"{changes}\nrevision {changes.revision}")
    return 0


def _act(settings: Settings, options: Namespace, tell: Tell, act: Callable[[Folder, Actor], Record]) -> int:
    """Do an act as an account, and record under which user of the machine it was done."""
    data = options.attach.read_bytes() if options.attach else None
    if data is not None:
        _told(lambda: examined(data, name=options.attach.name))  # before anything is recorded
    with _opened(settings) as folder:
        actor = folder.register.accounts.actor(options.account)
        made = _told(lambda: act(folder, actor))
        _note(folder, made.code, made.recorded_ns, f"revision {made.revision} as {actor.name}")
        if data is not None:
            place = KINDS[options.kind], made.code, made.papers.attachment_sha256
            _told(lambda: acting.attach(folder, *place, data, actor=actor))
        tell(f"{made.code} revision {made.revision}: {made.state}")
    return 0


def _note(folder: Folder, what: str, at_ns: int, detail: str) -> None:
    """Record under which user of the machine an account's act was done."""
    user = f"cli:{getpass.getuser()}"
    folder.register.audit.record(actor=user, action="register.cli", object=what, at_ns=at_ns, detail=detail)


def _told(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refused as error:
        raise Impossible("\n".join(error.problems)) from error
    except NoRoom as error:
        raise Impossible(str(error)) from error


def _everything() -> Actor:
    """Return who reads on the machine itself: everything, as its admin and an auditor do."""
    return Actor(f"cli:{getpass.getuser()}", frozenset(("auditor", "admin")))


def _opened(settings: Settings) -> Folder:
    return Folder(settings, clock=SystemClock(), writer=False)


def _papers(options: Namespace) -> dict[str, str]:
    given = {name: getattr(options, name) for name in acts.PAPERS}
    if options.attach:
        if options.attachment_sha256 or options.attachment_name:
            raise Impossible("--attach tells hash and name itself; leave the other two out")
        sha256 = hashlib.sha256(options.attach.read_bytes()).hexdigest()
        given |= {"attachment_sha256": sha256, "attachment_name": options.attach.name}
    return given


def _read(file: Path) -> dict[str, Any]:
    try:
        return _json(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Impossible(f"{file}: not valid TOML: {error}") from error


def _set(pairs: list[str]) -> dict[str, Any]:
    """Return ``K=V`` as values; a V that is no TOML is text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name.isidentifier():
            raise Impossible(f"--set {pair!r} is not K=V, such as --set evidence='BA-7'")
        try:
            found |= _json({name: tomllib.loads(f"v = {text}")["v"]})
        except tomllib.TOMLDecodeError:
            found[name] = text
    return found


def _json(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return TOML values as JSON has them, so that file and API are read by the same rules (times need an offset)."""
    return {name: plain_value(value) for name, value in table.items()}


def _shown(kind: Kind, item: Record, folder: Folder) -> dict[str, Any]:
    return {
        **{"code": item.code, "revision": item.revision, "state": item.state, "opd": item.opd},
        **{"at": folder.zone.iso(item.at_ns), "form": plain(item.form), **plain(item.papers)},
        **{"actor": item.actor, "role": item.role, "recorded_at": folder.zone.iso(item.recorded_ns)},
        **{"sha256": item.sha256, "next": acts.steps(kind, item)},
    }
