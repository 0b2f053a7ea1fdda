"""``nadi accounts``: who there is, what they may do, and their tokens.

A password comes from a prompt or from a file that only its owner may read, never from the command line, which
every user of the machine can see.
"""

from __future__ import annotations

import argparse
import getpass
import os
import stat
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from agent.clock import SystemClock
from collector import terminal
from collector.config import Settings
from collector.folder import Folder, Impossible
from collector.register.people import ROLES
from collector.register.sessions import DEFAULT_DAYS

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]

MOST_FILE = 4096


def declare(group: argparse.ArgumentParser, placed: Placed) -> None:
    """Add the actions of ``nadi accounts``; ``placed`` lets each be told its data folder."""
    adding = group.add_subparsers(metavar="ACTION", required=True)
    placed(adding.add_parser("list", help="accounts, their roles and tokens (the list of who has access)"), show)
    made = adding.add_parser("add", help="make an account; its password is asked for", allow_abbrev=False)
    made.add_argument("name")
    made.add_argument("--full-name", required=True, metavar="TEXT")
    _add_roles(made)
    _add_password(made)
    made.add_argument("--no-password", action="store_true", help="no login; only personal tokens open it")
    placed(made, add)
    made = adding.add_parser("roles", help="give an account these roles and no others")
    made.add_argument("name")
    _add_roles(made)
    placed(made, roles)
    made = adding.add_parser("password", help="replace a password, which ends its sessions", allow_abbrev=False)
    made.add_argument("name")
    _add_password(made)
    placed(made, password)
    made = adding.add_parser("disable", help="end an account at once; what it did stays its own")
    made.add_argument("name")
    placed(made, disable)
    made = adding.add_parser("token", help="print a personal token; it is shown once")
    made.add_argument("name")
    made.add_argument("label", help="what it is for, such as skrip-laporan")
    made.add_argument("--days", type=int, default=DEFAULT_DAYS, help=f"its life (default {DEFAULT_DAYS})")
    placed(made, token)
    made = adding.add_parser("revoke-token", help="end a personal token")
    made.add_argument("name")
    made.add_argument("label")
    placed(made, revoke_token)


def _add_roles(made: argparse.ArgumentParser) -> None:
    made.add_argument("--role", action="append", choices=ROLES, required=True, help="may be given several times")
    made.add_argument("--opd", default="", metavar="CODE", help="with the role opd: the OPD for which it speaks")


def _add_password(made: argparse.ArgumentParser) -> None:
    made.add_argument("--password-file", type=Path, metavar="FILE", help="of mode 0600, or a systemd credential")


def show(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List accounts, then personal tokens."""
    with _opened(settings) as folder:
        zone, now_ns = folder.zone, folder.clock.now().wall_ns
        rows = [
            [
                *(item.name, item.full_name, " ".join(item.roles), item.opd, str(zone.day(item.created_ns))),
                *("disabled" if item.disabled_ns is not None else "open", "yes" if item.has_password else "no"),
            ]
            for item in folder.register.accounts.all()
        ]
        tokens = [
            [
                *(item.account, item.name, str(zone.day(item.minted_ns)), str(zone.day(item.expires_ns))),
                terminal.UNKNOWN if item.used_ns is None else str(zone.day(item.used_ns)),
                "revoked" if item.revoked_ns else "expired" if item.expires_ns <= now_ns else "valid",
            ]
            for item in folder.register.sessions.personal()
        ]
    for line in terminal.table(["account", "full name", "roles", "OPD", "since", "state", "password"], rows):
        tell(line)
    if tokens:
        tell("")
        for line in terminal.table(["account", "token", "since", "until", "last used", "state"], tokens):
            tell(line)
    return 0


def add(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Make an account."""
    secret = "" if options.no_password else _password(options.name, options.password_file)
    with _opened(settings) as folder:
        made = folder.register.accounts.add(
            options.name,
            full_name=options.full_name,
            roles=options.role,
            opd=options.opd,
            opds=folder.register.inventory().opd,
            password=secret,
            actor=_user(),
            now_ns=folder.clock.now().wall_ns,
        )
    tell(f"{made.name}: {' '.join(made.roles)}" + (f" of {made.opd}" if made.opd else ""))
    return 0


def roles(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Change what an account may do."""
    with _opened(settings) as folder:
        opds, now_ns = folder.register.inventory().opd, folder.clock.now().wall_ns
        folder.register.accounts.set_roles(
            options.name, options.role, opd=options.opd, opds=opds, actor=_user(), now_ns=now_ns
        )
    tell(f"{options.name}: {' '.join(options.role)}" + (f" of {options.opd}" if options.opd else ""))
    return 0


def password(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Replace a password."""
    secret = _password(options.name, options.password_file)
    with _opened(settings) as folder:
        folder.register.accounts.set_password(options.name, secret, actor=_user(), now_ns=folder.clock.now().wall_ns)
    tell(f"{options.name} has a new password; its sessions are ended")
    return 0


def disable(settings: Settings, options: Namespace, tell: Tell) -> int:
    """End an account."""
    with _opened(settings) as folder:
        folder.register.accounts.disable(options.name, actor=_user(), now_ns=folder.clock.now().wall_ns)
    tell(f"{options.name} is disabled")
    return 0


def token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Mint a personal token."""
    with _opened(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        tell(
            folder.register.sessions.mint(
                options.name, label=options.label, days=options.days, actor=_user(), now_ns=now_ns
            )
        )
    return 0


def revoke_token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """End a personal token."""
    with _opened(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        folder.register.sessions.revoke(options.name, options.label, actor=_user(), now_ns=now_ns)
    tell(f"token {options.label} of {options.name} is revoked")
    return 0


def _opened(settings: Settings) -> Folder:
    return Folder(settings, clock=SystemClock(), writer=False)


def _user() -> str:
    return f"cli:{getpass.getuser()}"


def _password(name: str, file: Path | None) -> str:
    """Return the password that was typed twice, or that stands in a file."""
    if file is not None:
        return _from_file(file)
    if not sys.stdin.isatty():
        raise Impossible("there is no terminal to ask for the password; use --password-file FILE (mode 0600)")
    first = getpass.getpass(f"password of {name}: ")
    if getpass.getpass("again: ") != first:
        raise Impossible("the two passwords differ; nothing was changed")
    return first


def _from_file(file: Path) -> str:
    with file.open("rb") as opened:
        mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        if mode & 0o077:
            raise Impossible(f"{file}: its mode {mode:04o} lets others read it; chmod 0600 {file}")
        return opened.read(MOST_FILE).decode("utf-8", "replace").rstrip("\r\n")
