"""Acts on reports, by API and command line alike: write, register a signed copy, send.

What may not be done is ``Refused`` in words for officials; a fault of files or certificates comes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.clock import Month
from collector import mailing
from collector.folder import Folder
from collector.register.book import Forbidden, Missing, Refused
from collector.register.people import Actor
from collector.register.records.delivery import DELIVERY
from collector.register.records.report_state import REPORT_STATE
from collector.report.document import plain
from collector.report.period import Period
from collector.report.words import mail_text
from collector.reports import Issue


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message: the delivery's number in the register, and why it was not taken ("" it was)."""

    recipient: str
    code: str
    failure: str


def write(folder: Folder, month: Month, *, actor: Actor) -> tuple[Issue, bool]:
    """Write a month's report, unless its newest version says the same; Forbidden, Refused."""
    _hold_role(actor, frozenset(REPORT_STATE.openers), "menyusun laporan")
    if month.end_ns(folder.zone) > folder.clock.now().wall_ns:
        raise Refused(f"bulan {month} belum berakhir; laporannya disusun sesudah data bulan itu ditutup")
    return folder.issue(month, actor=actor)


def roll_up(folder: Folder, period: Period, *, actor: Actor) -> tuple[Path, bool]:
    """Write the roll-up of a period's approved months, unless its newest version says the same; Forbidden, Refused."""
    _hold_role(actor, frozenset(REPORT_STATE.openers), "menyusun rekapitulasi")
    folder.life.settle()
    if not any(folder.reports.approved(month) for month in period.months):
        raise Refused(f"belum ada laporan bulanan {period} yang disahkan; rekapitulasi hanya dibuat dari yang disahkan")
    settings = folder.settings.report_settings()
    place, written = folder.reports.rollup(
        period, settings=settings, zone=folder.zone, origin=folder.origin(), key=folder.key
    )
    if written:
        now_ns = folder.clock.now().wall_ns
        folder.register.audit.record(
            actor=actor.name, action="report.rollup", object=str(period), at_ns=now_ns, detail=f"version {place.name}"
        )
    return place, written


def approved(folder: Folder, month: Month, version: int | None = None) -> Issue:
    """Return the newest approved version of a month, or the one that is named; Missing."""
    folder.life.settle()
    found = [issue for issue in folder.reports.approved(month) if version in (None, issue.version)]
    if not found:
        what = f"laporan {month}" + ("" if version is None else f" versi {version}")
        raise Missing(f"belum ada {what} yang disahkan; hanya yang disahkan dapat ditandatangani atau dikirim")
    return found[-1]


def register_signed(folder: Folder, issue: Issue, data: bytes, *, by: str, rewritten: bool) -> Path:
    """Register a signed copy of an approved version, return its PDF; SigningFault unless it is one."""
    from collector.report.signed import register_signed as registered  # pyHanko is wanted by few

    now_ns = folder.clock.now().wall_ns
    with folder.reports.alone():
        place = registered(
            issue.approved_folder,
            data,
            folder=issue.next_signed,
            by=by,
            at=folder.zone.iso(now_ns),
            moment=folder.zone.local(now_ns),
            key=folder.key,
            rewritten=rewritten,
        )
    what = f"{issue.month} version {issue.version}"
    folder.register.audit.record(actor=by, action="report.signed", object=what, at_ns=now_ns, detail=place.name)
    return place


def send(
    folder: Folder, server: mailing.MailServer, issue: Issue, recipients: Sequence[str], *, actor: Actor
) -> Iterator[Sent]:
    """Send an approved version, its signed copy where there is one; record each delivery. Forbidden, Refused.

    Each message is sent when it is asked for, so that the record of one does not wait for the next.
    """
    hold_sender(actor)
    pdf = issue.signed[-1] if issue.signed else issue.pdf
    region = folder.register.inventory().region or folder.settings.region
    subject, text = mail_text(issue.month, issue.version, region=plain(region), code=issue.code)
    files = {file.name: file.read_bytes() for file in pdf.parent.iterdir() if file.is_file()}
    for recipient in dict.fromkeys(recipients):
        made = mailing.message(
            sender=server.sender,
            recipient=recipient,
            subject=subject,
            text=text,
            at=folder.zone.local(folder.clock.now().wall_ns),
            pdf=pdf,
            files=files,
        )
        failure = mailing.deliver(server, made)
        code = folder.life.delivered(issue, recipient, pdf, actor=actor, note=made["Message-ID"], why=failure)
        yield Sent(recipient, code, failure)


def hold_sender(actor: Actor) -> None:
    """Refuse who may not send."""
    _hold_role(actor, frozenset(DELIVERY.openers), "mengirim laporan")


def _hold_role(actor: Actor, roles: frozenset[str], act: str) -> None:
    if not actor.roles & roles:
        raise Forbidden(f"{actor.name}: {act} memerlukan peran {' atau '.join(sorted(roles))}")
