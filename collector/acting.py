"""Acts on the registers of a data folder, by API and command line alike; what a report's state demands of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.clock import Month
from collector.folder import Folder
from collector.register import acts
from collector.register.book import Record, Refused
from collector.register.changes import Changes
from collector.register.content import ContentError, content
from collector.register.determination import Determination, determine
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.records.report_state import REPORT_STATE, ReportState

MOST_DETERMINED: Final = 2000


@dataclass(frozen=True, slots=True)
class Determined:
    """What one paper determines: the allocation of each OPD that it names."""

    determinations: tuple[Determination, ...]


def determine_allocations(folder: Folder, body: Mapping[str, Any], *, actor: Actor) -> Changes:
    """Determine the allocations of ``{"determinations": [...]}``, all or none; Forbidden or Refused."""
    try:
        forms = content(Determined, body).determinations
    except ContentError as error:
        raise Refused(*error.problems) from error
    if len(forms) > MOST_DETERMINED:
        raise Refused(f"paling banyak {MOST_DETERMINED} penetapan sekaligus")
    return determine(folder.register, forms, actor=actor, context=_context(folder))


def open_record(folder: Folder, kind: Kind, body: Mapping[str, Any], *, actor: Actor) -> Record:
    """Begin a record; Forbidden or Refused."""
    return acts.open_record(folder.register.book, kind, body, actor=actor, context=_context(folder))


def move_record(folder: Folder, kind: Kind, code: str, target: str, body: Mapping[str, Any], *, actor: Actor) -> Record:
    """Take a step; Forbidden, Missing, Conflict or Refused. A report is moved only while its files are whole."""
    book = folder.register.book
    if kind is REPORT_STATE:
        _hold_whole(folder, acts.history(book, kind, code, actor=actor)[-1])
    moved = acts.move_record(book, kind, code, target, body, actor=actor, context=_context(folder))
    if kind is REPORT_STATE:
        folder.life.settle()
    return moved


def _context(folder: Folder) -> Context:
    return Context(folder.register.inventory(), folder.zone, folder.clock.now().wall_ns)


def _hold_whole(folder: Folder, record: Record) -> None:
    """Refuse to move a version whose files are not there, or not as they were when its record began."""
    form: ReportState = record.form
    versions = folder.reports.versions(Month.parse(form.month))
    issue = next((item for item in versions if item.version == form.version), None)
    if issue is None:
        raise Refused(f"tidak ada laporan {form.month} versi {form.version}")
    wrong = issue.problems(folder.key.public)
    if form.manifest_sha256 != issue.manifest_sha256:
        wrong.append("manifes bukan yang dicatat dalam register")
    if wrong:
        raise Refused(f"berkas laporan {form.month} versi {form.version} tidak utuh", *wrong)
