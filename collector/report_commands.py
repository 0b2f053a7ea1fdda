"""``nadi report``: write a month's report, take it through its states, sign it, send it; and ``nadi verify``.

Whoever checks or approves shows by a password whose account acts; a password or passphrase comes from a prompt or
from a file that only its owner may read, never from the command line, which every user of the machine can see.
"""

from __future__ import annotations

import argparse
import getpass
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.clock import WIB, Month, SystemClock
from agent.secret import read as read_secret
from collector import mailing, report_acts
from collector.config import JOURNAL, Settings
from collector.folder import Folder, Impossible
from collector.register.book import Refused
from collector.register.people import Actor
from collector.report.period import Period
from collector.reports import Issue

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]

WRITE = "write"
STEPS = {
    "check": ("diperiksa", "say as pemeriksa that the newest version was checked"),
    "approve": ("disahkan", "approve it as penetap; nothing of it changes after that"),
    "return": ("dikembalikan", "give it back; the next version has to be made"),
}


def month(text: str) -> Month:
    """Read a month of the command line."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def month_or_period(text: str) -> Month | Period:
    """Read a month, a quarter or a year of the command line."""
    for read in (Month.parse, Period.parse):
        try:
            return read(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(f"{text!r} is no month (2026-10), quarter (2026-Q3) or year (2026)")


def declare(group: argparse.ArgumentParser, placed: Placed) -> None:
    """Add the actions of ``nadi report``; ``placed`` lets each be told its data folder."""
    adding = group.add_subparsers(metavar="ACTION", required=True)
    made = adding.add_parser(WRITE, help="write the report (a new version if its content changed); the usual action")
    made.add_argument("month", type=month_or_period, metavar="PERIOD", help="2026-10; 2026-Q3 or 2026: a roll-up")
    made.add_argument("--out", type=Path, metavar="DIR", help="copy the files into DIR too")
    placed(made, write)
    made = adding.add_parser("list", help="every version and what became of it")
    placed(made, show)
    for action, (_, text) in STEPS.items():
        made = adding.add_parser(action, help=text, allow_abbrev=False)
        made.add_argument("month", type=month, metavar="YYYY-MM")
        made.add_argument("--account", required=True, metavar="NAME", help="whose act it is")
        made.add_argument("--password-file", type=Path, metavar="FILE", help="of mode 0600 (default: asked for)")
        made.add_argument("--note", default="", metavar="TEXT")
        made.set_defaults(action=action)
        placed(made, step)
    made = adding.add_parser("sign", help="sign the approved PDF and register the copy", allow_abbrev=False)
    made.add_argument("month", type=month, metavar="YYYY-MM")
    keys = made.add_mutually_exclusive_group(required=True)
    keys.add_argument("--p12", type=Path, metavar="FILE", help="PKCS#12 file of the one who signs")
    keys.add_argument("--pkcs11", type=Path, metavar="MODULE", help="library of the token of the one who signs")
    made.add_argument("--token", default="", metavar="LABEL", help="which token, with --pkcs11")
    made.add_argument("--certificate", default="", metavar="LABEL", help="which certificate in it, with --pkcs11")
    text = "with the passphrase or the PIN, of mode 0600 (default: asked for)"
    made.add_argument("--passphrase-file", "--pin-file", type=Path, metavar="FILE", help=text)
    placed(made, sign)
    made = adding.add_parser("register-signed", help="register a copy that was signed elsewhere, such as by BSrE")
    made.add_argument("month", type=month, metavar="YYYY-MM")
    made.add_argument("file", type=Path, metavar="FILE")
    made.add_argument(
        "--rewritten", action="store_true", help="the service wrote the PDF anew; its pages were compared"
    )
    placed(made, register_signed)
    made = adding.add_parser("send", help="send the approved report by e-mail and record it", allow_abbrev=False)
    made.add_argument("month", type=month, metavar="YYYY-MM")
    made.add_argument("--to", action="append", required=True, metavar="ADDRESS", help="may be given several times")
    made.add_argument("--server", type=Path, required=True, metavar="FILE", help="mail account, TOML of mode 0600")
    made.add_argument("--account", required=True, metavar="NAME", help="whose act it is")
    made.add_argument("--password-file", type=Path, metavar="FILE", help="of mode 0600 (default: asked for)")
    made.set_defaults(action="send")
    placed(made, send)


def with_action(arguments: list[str]) -> list[str]:
    """Put in the action that may be left out: ``nadi report 2026-10`` writes."""
    actions = {WRITE, "list", *STEPS, "sign", "register-signed", "send", "-h", "--help"}
    if arguments[:1] == ["report"] and not actions & set(arguments[1:]):
        return ["report", WRITE, *arguments[1:]]
    return arguments


def write(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write the report of a month that has ended, or the roll-up of a quarter or a year."""
    if isinstance(options.month, Period):
        return _rollup(settings, options.month, tell)
    with _opened(settings) as folder:
        issue, written = folder.issue(options.month, actor=_user())
    place = issue.folder
    if options.out:
        place = shutil.copytree(issue.folder, options.out, dirs_exist_ok=True)
    tell(f"{options.month} version {issue.version}" + ("" if written else " (as before: nothing changed)"))
    for name in issue.files:
        tell(str(place / name))
    return 0


def _rollup(settings: Settings, period: Period, tell: Tell) -> int:
    with _opened(settings) as folder, _refusals(), _told():
        try:
            place, written = report_acts.roll_up(folder, period, actor=_user())
        except ValueError as error:
            raise Impossible(str(error)) from error
    tell(f"{period} version {place.name}" + ("" if written else " (as before: nothing changed)"))
    for file in sorted(place.iterdir()):
        tell(str(file))
    return 0


def show(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List every version of every month with its state in the register."""
    from collector import terminal

    with _opened(settings) as folder:
        rows = []
        for one in folder.reports.months():
            for issue in folder.reports.versions(one):
                record = folder.life.record(issue)
                code, state = (record.code, record.state) if record else (terminal.UNKNOWN, terminal.UNKNOWN)
                rows.append([str(one), str(issue.version), state, code, str(len(issue.signed)), issue.code])
    for line in terminal.table(["month", "version", "state", "record", "signed", "code"], rows, right=[1, 4]):
        tell(line)
    return 0


def step(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Take the newest version to its next state, as somebody who has an account."""
    target = STEPS[options.action][0]
    with _opened(settings) as folder:
        actor = _account(folder, options)
        with _refusals(), _told():
            record = folder.life.move(options.month, target, actor=actor, note=options.note)
        issue = _newest(folder, options.month)
        tell(f"{options.month} version {record.form.version} is {record.state} ({record.code}) by {actor.name}")
        if issue.is_approved:
            tell(str(issue.pdf))
    return 0


def sign(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Sign the approved PDF with a PKCS#12 file or a PKCS#11 token and register the signed copy."""
    from collector.report import signing

    if options.pkcs11 and not (options.token and options.certificate):
        raise Impossible("--pkcs11 needs --token LABEL and --certificate LABEL")
    with _opened(settings) as folder:
        issue, file = _approved(folder, options.month), options.passphrase_file
        office = folder.settings.report_settings()
        by: signing.Pkcs12 | signing.Token
        if options.pkcs11:
            pin = _secret(file, f"PIN of token {options.token}: ")
            by = signing.Token(options.pkcs11, options.token, options.certificate, pin)
        else:
            by = signing.Pkcs12(options.p12, _secret(file, f"passphrase of {options.p12}: ").encode())
        with _told():
            data = signing.sign(
                issue.pdf.read_bytes(),
                by=by,
                reason=f"Pengesahan laporan {issue.month} versi {issue.version}",
                location=office.letterhead.place,
                timestamp=office.timestamp,
            )
        return _registered(folder, issue, data, tell, rewritten=False)


def register_signed(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Register a copy that was signed outside Nadi."""
    with _opened(settings) as folder:
        issue = _approved(folder, options.month)
        return _registered(folder, issue, options.file.read_bytes(), tell, rewritten=options.rewritten)


def send(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Send the newest approved version, its signed copy where there is one; record each delivery."""
    server = mailing.read_server(options.server)
    if len(options.to) > mailing.MOST_RECIPIENTS:
        raise Impossible(f"at most {mailing.MOST_RECIPIENTS} recipients at one time")
    failures = 0
    with _opened(settings) as folder:
        issue, actor = _approved(folder, options.month), _account(folder, options)
        with _refusals():
            for item in report_acts.send(folder, server, issue, options.to, actor=actor):
                failures += bool(item.failure)
                told = f"FAILED: {item.failure}" if item.failure else "handed over"
                tell(f"{item.recipient}: {told} ({item.code})")
    return 1 if failures else 0


def _registered(folder: Folder, issue: Issue, data: bytes, tell: Tell, *, rewritten: bool) -> int:
    with _told():
        place = report_acts.register_signed(folder, issue, data, by=_user().name, rewritten=rewritten)
    tell(f"{issue.month} version {issue.version}: {place}")
    return 0


def verify(options: Namespace, tell: Tell) -> int:
    """Check a report, or a signed copy of one, offline."""
    from collector.report.signed import check

    try:
        public = bytes.fromhex(options.key) if options.key else None
    except ValueError as error:
        raise Impossible(f"--key {options.key!r} is not hexadecimal") from error
    now = WIB.local(SystemClock().now().wall_ns)
    with _told():
        found = check(options.file, public=public, trust=options.trust, moment=now)
    for fact in found.facts:
        tell(fact)
    for problem in found.problems:
        tell(problem)
    if not found.problems:
        tell(f"{options.file}: whole" + ("" if public else "; signed by the key it names itself (pin it by --key)"))
    return 1 if found.problems else 0


def _user() -> Actor:
    """Return who writes on the machine itself."""
    return Actor(f"cli:{getpass.getuser()}", frozenset(("noc",)))


def _opened(settings: Settings) -> Folder:
    if not (settings.data / JOURNAL).is_file():
        raise Impossible(f"{settings.data}: no {JOURNAL} is in it; start a collector there first: nadi run")
    return Folder(settings, clock=SystemClock(), writer=False)


@contextmanager
def _refusals() -> Iterator[None]:
    """Let what the register refuses end the command with its message."""
    try:
        yield
    except Refused as error:
        raise Impossible(str(error)) from error


@contextmanager
def _told() -> Iterator[None]:
    """Let a fault of signatures or of written files end the command with its message."""
    from collector.report.manifest import ReportDamaged
    from collector.report.signing import SigningFault  # pyHanko is wanted by few commands

    try:
        yield
    except (ReportDamaged, SigningFault) as error:
        raise Impossible(str(error)) from error


def _newest(folder: Folder, one: Month) -> Issue:
    issue = folder.reports.newest(one)
    if issue is None:
        raise Impossible(f"there is no report of {one} yet; write it: nadi report {one}")
    return issue


def _approved(folder: Folder, one: Month) -> Issue:
    with _told():
        folder.life.settle()
    found = folder.reports.approved(one)
    if not found:
        raise Impossible(f"no version of {one} is approved (disahkan) yet; only an approved one is signed or sent")
    return found[-1]


def _account(folder: Folder, options: Namespace) -> Actor:
    """Return the account that acts, once its password fits."""
    secret = _secret(options.password_file, f"password of {options.account}: ")
    accounts = folder.register.accounts
    if not accounts.matches(options.account, secret):
        now_ns, what = folder.clock.now().wall_ns, f"report.{options.action}"
        reason = "name or password is wrong"
        folder.register.audit.refuse(actor="cli", action=what, object=options.account, reason=reason, at_ns=now_ns)
        raise Impossible(f"{options.account}: {reason}")
    return accounts.actor(options.account)


def _secret(file: Path | None, question: str) -> str:
    if file is not None:
        return read_secret(file.absolute()).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Impossible("there is no terminal to ask for it; put it into a file of mode 0600 and name that file")
    return getpass.getpass(question)
