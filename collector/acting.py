"""Acts on the registers of a data folder, by API and command line alike; what a report's state demands of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.clock import Month
from collector.folder import Folder
from collector.inventory import InventoryError
from collector.register import acts
from collector.register.attachments import Sort, examined
from collector.register.book import Forbidden, Missing, Record, Refused
from collector.register.changes import Changes
from collector.register.content import ContentError, content
from collector.register.determination import Determination, determine
from collector.register.document import Document, reads
from collector.register.kinds import Context, Kind
from collector.register.people import Actor, Role
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


def apply_inventory(folder: Folder, data: bytes, *, actor: Actor, apply: bool) -> Changes:
    """Return what an inventory document (TOML) changes, and record it with ``apply``; Forbidden or Refused.

    Who administers the inventory determines nothing: a document with other allocations needs the role *penetap* too.
    """
    now_ns = folder.clock.now().wall_ns
    if "admin" not in actor.roles:
        raise Forbidden("mengubah inventaris memerlukan peran admin")

    def held(before: Document) -> Document:
        if set(before.allocation) != set(document.allocation) and "penetap" not in actor.roles:
            raise Forbidden("dokumen ini mengubah penetapan alokasi; itu memerlukan peran penetap")
        return document

    try:
        document = reads(data.decode(), source="inventaris", zone=folder.zone)
        if apply:
            return folder.register.amend(held, actor=actor.name, now_ns=now_ns)
        held(folder.register.document())
        return folder.register.diff(document)
    except Forbidden as error:  # recorded here, after the transaction that it ended
        told = {"actor": actor.name, "action": "inventory.apply", "object": "allocation", "reason": str(error)}
        folder.register.audit.refuse(**told, at_ns=now_ns)
        raise
    except InventoryError as error:
        raise Refused(*error.problems) from error
    except UnicodeDecodeError as error:
        raise Refused("inventaris bukan teks UTF-8") from error


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


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment of a record: its name, what it is, and its content."""

    name: str
    sort: Sort
    data: bytes


def attach(folder: Folder, kind: Kind, code: str, sha256: str, data: bytes, *, actor: Actor) -> tuple[Attached, bool]:
    """Keep the file that a record names; tell whether it was not there. Forbidden, Missing, Refused, NoRoom."""
    name = _named(folder, kind, code, sha256, actor)
    roles = acting_roles(kind)
    if not roles & actor.roles:
        raise Forbidden(f"melampirkan berkas pada {kind.title} memerlukan peran {' atau '.join(sorted(roles))}")
    sort, new = folder.attachments.store(code, data, sha256=sha256, name=name)
    if new:
        now_ns, told = folder.clock.now().wall_ns, f"{name}, {len(data)} octets, sha256 {sha256}"
        folder.register.audit.record(
            actor=actor.name, action=f"{kind.name}.lampiran", object=code, at_ns=now_ns, detail=told
        )
    return Attached(name, sort, data), new


def attachment(folder: Folder, kind: Kind, code: str, sha256: str, *, actor: Actor) -> Attached:
    """Return a record's attachment for who may read the record; Forbidden, Missing, Refused where it was altered."""
    name = _named(folder, kind, code, sha256, actor)
    data = folder.attachments.read(code, sha256)
    if data is None:
        raise Missing(f"berkas lampiran {code} tidak disimpan di sini; hanya sidiknya yang dicatat")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Refused(f"berkas lampiran {code} tidak utuh lagi; hubungi admin")
    return Attached(name, examined(data, name=name), data)


def acting_roles(kind: Kind) -> frozenset[Role]:
    """Return who may do anything to a record of a register."""
    return kind.openers.union(*(move.roles for move in kind.moves))


def _named(folder: Folder, kind: Kind, code: str, sha256: str, actor: Actor) -> str:
    """Return the name under which a record that the actor may read has an attachment of this hash."""
    found = acts.history(folder.register.book, kind, code, actor=actor)
    names = [item.papers.attachment_name for item in found if item.papers.attachment_sha256 == sha256]
    if not sha256 or not names:
        raise Missing(
            f"{code} tidak menyebut lampiran bersidik itu; sebutkan attachment_sha256 dan attachment_name saat mencatat"
        )
    return names[-1]


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
