"""The command line of the collector: ``nadi COMMAND``. Exit status 0 done, 1 not possible, 2 wrong use."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from agent.clock import ZONES
from agent.config import ConfigError
from agent.identity import KeyFileError
from collector import (
    audit_commands,
    backup_commands,
    commands,
    feeding,
    importing_commands,
    limits_commands,
    logbook_commands,
    notifying,
    people_commands,
    register_commands,
    report_commands,
)
from collector.config import FILE, Settings, of_folder, read
from collector.feeds.settings import FeedFault
from collector.folder import Impossible
from collector.inventory import InventoryError
from collector.ledger.archive import ArchiveError
from collector.ledger.chunks import ChunkDamaged
from collector.ledger.entry import JournalError
from collector.register.engine import RegisterError
from collector.register.logbook import POWER_KINDS
from collector.report_commands import month

DEFAULT = Path("/etc/nadi") / FILE
TRIAL = Path("run/contoh")
FAILURES = (
    ArchiveError,
    ChunkDamaged,
    FeedFault,
    Impossible,
    InventoryError,
    JournalError,
    KeyFileError,
    RegisterError,
    OSError,
)

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(report_commands.with_action(given))
    command: Command = options.command
    try:
        return command(options)
    except ConfigError as error:
        print(f"nadi: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    except FAILURES as error:
        print(f"nadi: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    top = argparse.ArgumentParser(prog="nadi", description="Nadi's collector; nadi COMMAND --help tells more.")
    adding = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, text: str, command: Callable[[Settings, argparse.Namespace, commands.Tell], int]) -> _Parser:
        made = adding.add_parser(name, help=text, description=text)
        _placed(made, command)
        return made

    add("run", "run the collector until SIGTERM", commands.run)
    add("status", "show the live state of every OPD", commands.status).add_argument("--json", action="store_true")
    made = add("evaluate", "evaluate a month, or the month to date", commands.evaluate)
    made.add_argument("month", type=month, metavar="YYYY-MM")
    made.add_argument("--json", action="store_true", help="unrounded figures as JSON")
    report_commands.declare(
        adding.add_parser("report", help="a month's report: write, check, approve, sign ..."), _placed
    )
    add("check", "check the integrity of the data folder", commands.check)
    made = add("quarantine", "list what could not be stored, newest last", commands.quarantine)
    made.add_argument("--limit", type=int, default=100)
    add("rebuild", "make everything derived again from the journal", commands.rebuild)
    add("seal", "seal the closed days now", commands.seal)
    _add_agents(adding.add_parser("agents", help="who may send: list, token, bind, revoke"))
    _add_tokens(adding.add_parser("tokens", help="write and operator's tokens: list, write, operator, revoke"))
    _add_feed(adding.add_parser("feed", help="the time-series server: status, check, replay"))
    acting = adding.add_parser("notify", help="Nadi's own notifications: test").add_subparsers(
        metavar="ACTION", required=True
    )
    _placed(acting.add_parser("test", help="send one message through every channel"), notifying.test)
    _add_inventory(adding.add_parser("inventory", help="what should exist: apply, diff, show, import ..."))
    people_commands.declare(
        adding.add_parser("accounts", help="people: list, add, roles, password, token ..."), _placed
    )
    register_commands.declare(adding.add_parser("register", help="the registers: list, show, open, move ..."), _placed)
    limits_commands.declare(adding.add_parser("limits", help="what routers are set to: show, render"), _placed)
    audit_commands.declare(adding.add_parser("audit", help="what was done, by whom: list, verify"), _placed)
    _add_logbook(adding)
    _add_without_folder(adding)
    return top


_Parser = argparse.ArgumentParser


def _placed(made: _Parser, command: Callable[[Settings, argparse.Namespace, commands.Tell], int]) -> None:
    """Let a command be told its data folder, by configuration or by itself."""
    place = made.add_mutually_exclusive_group()
    place.add_argument("--config", type=Path, metavar="FILE", help=f"configuration (default {DEFAULT})")
    place.add_argument("--data", type=Path, metavar="DIR", help=f"data folder, with its {FILE} if there is one")

    def begin(options: argparse.Namespace) -> int:
        if not options.data:
            options.config = options.config or DEFAULT
        settings = of_folder(options.data) if options.data else read(options.config)
        return command(settings, options, print)

    made.set_defaults(command=begin)


def _add_agents(group: _Parser) -> None:
    adding = group.add_subparsers(metavar="ACTION", required=True)
    _placed(adding.add_parser("list", help="agents, invitations and their devices"), commands.agents)
    made = adding.add_parser("token", help="print a token for one enrolment within 24 hours")
    made.add_argument("name")
    made.add_argument("--device", action="append", metavar="NAME", help="a device it speaks of (default: its own name)")
    _placed(made, commands.agent_token)
    made = adding.add_parser("bind", help="change the devices an agent speaks of")
    made.add_argument("name")
    made.add_argument("--device", action="append", metavar="NAME", required=True)
    _placed(made, commands.bind_agent)
    made = adding.add_parser("revoke", help="end an agent's key and tokens")
    made.add_argument("name")
    _placed(made, commands.revoke_agent)


def _add_tokens(group: _Parser) -> None:
    adding = group.add_subparsers(metavar="ACTION", required=True)
    _placed(adding.add_parser("list", help="every token ever minted"), commands.tokens)
    made = adding.add_parser("write", help="print a token for an Influx client")
    made.add_argument("name")
    made.add_argument("--device", action="append", metavar="NAME", required=True, help="a device it may write")
    _placed(made, commands.write_token)
    made = adding.add_parser("operator", help="print a token with which pages and API may be read from elsewhere")
    made.add_argument("name")
    _placed(made, commands.operator_token)
    made = adding.add_parser("revoke", help="end a token")
    made.add_argument("kind", choices=("write", "operator"))
    made.add_argument("name")
    _placed(made, commands.revoke_token)


def _add_feed(group: _Parser) -> None:
    adding = group.add_subparsers(metavar="ACTION", required=True)
    _placed(adding.add_parser("status", help="how far the server was fed"), feeding.status)
    for action, text, command in (
        ("check", "read back what was written and compare it by sample", feeding.check),
        ("replay", "send what the server does not hold: fills a new or wiped one", feeding.replay),
    ):
        made = adding.add_parser(action, help=text, description=text)
        made.add_argument(
            "--from", dest="first", type=day, metavar="DATE", required=action == "replay", help="first day"
        )
        made.add_argument("--to", dest="last", type=day, metavar="DATE", help="last day (default: today)")
        made.add_argument("--wait", type=float, default=12, metavar="SECONDS", help="for what was sent lately")
        _placed(made, command)


def _add_inventory(group: _Parser) -> None:
    adding = group.add_subparsers(metavar="ACTION", required=True)
    for action, text, command in (
        ("apply", "record the file as the newest revision, whole or not at all", commands.apply_inventory),
        ("diff", "show what apply would change", commands.diff_inventory),
    ):
        made = adding.add_parser(action, help=text)
        made.add_argument("file", type=Path, metavar="FILE")
        _placed(made, command)
    made = adding.add_parser("show", help="show what is registered")
    _placed(made, commands.show_inventory)
    importing_commands.declare_inventory(adding, _placed)


def _add_logbook(adding: argparse._SubParsersAction[_Parser]) -> None:
    power = adding.add_parser("power", help="what people write down of mains and generator: log, list")
    acting = power.add_subparsers(metavar="ACTION", required=True)
    made = acting.add_parser("log", help="write an entry; it is never changed, and always shown as manual")
    made.add_argument("kind", choices=POWER_KINDS, metavar="KIND", help=", ".join(POWER_KINDS))
    made.add_argument("--at", metavar="TIME", help="local time such as 2026-11-20T08:05 (default: now)")
    made.add_argument("--value", type=float, metavar="X", help="bahan-bakar: percent; uji-genset: 1 passed, 0 failed")
    made.add_argument("--generator", default="", metavar="CODE", help="of several generators the one that is meant")
    made.add_argument("--note", default="", metavar="TEXT")
    _placed(made, logbook_commands.log_power)
    made = acting.add_parser("list", help="list the entries, newest last")
    made.add_argument("--limit", type=int, default=100)
    _placed(made, logbook_commands.list_power)
    text = "Nadi's own backup: make, verify, restore, drill; restore tests of servers by hand: tested, list"
    acting = adding.add_parser("backup", help=text).add_subparsers(metavar="ACTION", required=True)
    backup_commands.declare(acting, _placed)
    made = acting.add_parser("tested", help="record a restore test that somebody did")
    made.add_argument("job", metavar="JOB", help="code of the [[backup]] in the inventory")
    made.add_argument("--at", metavar="TIME", help="local time such as 2026-11-20T08:05 (default: now)")
    made.add_argument("--result", choices=("ok", "gagal"), required=True)
    made.add_argument("--note", default="", metavar="TEXT")
    _placed(made, logbook_commands.backup_tested)
    made = acting.add_parser("list", help="list the restore tests done by hand, newest last")
    made.add_argument("--limit", type=int, default=100)
    _placed(made, logbook_commands.list_tests)


def _add_without_folder(adding: argparse._SubParsersAction[_Parser]) -> None:
    made = adding.add_parser("verify", help="check a report offline: its manifest, a file beside it, or a signed PDF")
    made.add_argument("file", type=Path, metavar="FILE")
    made.add_argument("--key", metavar="HEX", help="the collector's public key; without it the report's own is used")
    made.add_argument("--trust", type=Path, metavar="FILE", help="certificates (PEM) to which a signature must lead")
    made.set_defaults(command=partial(report_commands.verify, tell=print))
    made = adding.add_parser("simulate", help="play a seeded month or year into a new data folder, marked SIMULASI")
    made.add_argument("--opd", type=int, default=60)
    span = made.add_mutually_exclusive_group(required=True)
    span.add_argument("--month", type=month, metavar="YYYY-MM", help="a month's readings")
    span.add_argument("--year", type=year, metavar="YYYY", help="a year's readings, registers, reports and roll-ups")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--zone", choices=sorted(ZONES), default="WIB")
    made.add_argument("--data", type=Path, required=True, metavar="DIR")
    made.set_defaults(command=partial(commands.simulate, tell=print))
    made = adding.add_parser("try", help="a collector and an agent on this machine, live in the terminal")
    made.add_argument("--data", type=Path, default=TRIAL, metavar="DIR", help=f"default {TRIAL}")
    made.set_defaults(command=commands.try_here)


def year(text: str) -> int:
    """Read a year of the command line."""
    if not (text.isdecimal() and 2000 <= int(text) < 2200):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year such as 2026")
    return int(text)


def day(text: str) -> date:
    """Read a day of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-30") from error


if __name__ == "__main__":
    sys.exit(main())
