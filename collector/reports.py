"""The reports in the data folder: ``reports/YYYY-MM/N/`` holds version N, whole or not at all, never changed.

``N-disahkan`` beside it is the approved edition, ``N-ditandatangani`` holds its signed copies, ``N-lembar`` the sheets
of single agencies that were asked for, ``N-tepat.json`` the exact figures behind it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.clock import NS, Month, Zone
from agent.identity import Key
from collector.judge.datacentre import DataCentreMonth
from collector.judge.month import Evaluation
from collector.report.approval import APPROVED
from collector.report.build import Edition, build
from collector.report.frozen import Content
from collector.report.loop import NOTHING, Loop
from collector.report.manifest import NAME, Origin, verify
from collector.report.period import Period
from collector.report.revision import Revision, differences
from collector.report.rollup import Member, Rollup
from collector.report.settings import ReportSettings
from collector.report.sheet import agencies, stem
from collector.report.tables import json_bytes
from collector.report.words import DRAFT


class NotApproved(Exception):
    """A version that is not approved yet, where only an approved one will do."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One version of one month's report."""

    month: Month
    version: int
    folder: Path

    @property
    def manifest(self) -> Path:
        """The manifest of the draft."""
        return self.folder / NAME

    @property
    def manifest_sha256(self) -> str:
        """The hash by which the register knows the version."""
        return hashlib.sha256(self.manifest.read_bytes()).hexdigest()

    @property
    def approved_folder(self) -> Path:
        """Where the approved edition is, or will be."""
        return self.folder.with_name(f"{self.version}-{APPROVED}")

    @property
    def signed_folder(self) -> Path:
        """Where signed copies are."""
        return self.folder.with_name(f"{self.version}-ditandatangani")

    @property
    def kept_file(self) -> Path:
        """Where the exact figures are to which later reports look back (``report/kept.py``)."""
        return self.folder.with_name(f"{self.version}-tepat.json")

    @property
    def is_approved(self) -> bool:
        """Whether its approved edition is there; it is written when the register says *disahkan*, never before."""
        return self.approved_folder.is_dir()

    @property
    def pdf(self) -> Path:
        """The PDF of the approved edition; NotApproved while there is none."""
        if not self.is_approved:
            raise NotApproved(f"{self.month} version {self.version} is not approved (disahkan) yet")
        return next(self.approved_folder.glob(f"*-{APPROVED}.pdf"))

    @property
    def editions(self) -> dict[str, Path]:
        """The folders of its files by what they are, the most binding one first."""
        signed = {"ditandatangani": self.signed[-1].parent} if self.signed else {}
        return {**signed, **({APPROVED: self.approved_folder} if self.is_approved else {}), DRAFT: self.folder}

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files of its draft."""
        return tuple(sorted(file.name for file in self.folder.iterdir() if file.is_file()))

    def content(self) -> dict[str, Any]:
        """Read the JSON of the whole content, which the manifest names."""
        return _content_of(self.folder)

    @property
    def code(self) -> str:
        """The verification code on its pages."""
        return str(json.loads(self.manifest.read_bytes())["verification_code"])

    def parted(self, *, journal_id: str, head_at: Callable[[int], str | None]) -> list[str]:
        """Say whether the ledger is no longer the one from which the figures came; what it forgot is not asked."""
        told = json.loads(self.manifest.read_bytes())["journal"]
        held = head_at(told["length"]) if told["id"] == journal_id and told["length"] else None
        if held is None or held == told["head"]:
            return []
        return [f"the ledger was rewritten after this report: entry {told['length']} had another chain head then"]

    def problems(self, public: bytes) -> list[str]:
        """Verify manifest and files of the draft and of the approved edition; empty when whole."""
        found = verify(self.manifest, public=public)
        if self.is_approved:
            edition = self.approved_folder
            found += [f"{edition.name}: {problem}" for problem in verify(edition / NAME, public=public)]
            if not found and json.loads((edition / NAME).read_bytes()).get("draft_sha256") != self.manifest_sha256:
                found.append(f"{edition.name}: not the approved edition of this draft")
        for copy in self.signed:
            place = copy.parent.relative_to(self.folder.parent)
            found += [f"{place}: {problem}" for problem in verify(copy, public=public)]
        for sheet in self.sheets:
            place = sheet.relative_to(self.folder.parent)
            found += [f"{place}: {problem}" for problem in verify(sheet / NAME, public=public)]
        return found

    @property
    def sheets(self) -> list[Path]:
        """The folders of the agencies' sheets that were made so far."""
        place = self.folder.with_name(f"{self.version}-lembar")
        return (
            sorted(item for item in place.iterdir() if item.is_dir() and item.name[0] != ".") if place.is_dir() else []
        )

    def sheet_folder(self, opd: str) -> Path:
        """Return where an agency's sheet is, or will be."""
        return self.folder.with_name(f"{self.version}-lembar") / opd

    def agencies(self) -> dict[str, str]:
        """Return the names of the agencies that have a sheet, by code."""
        return _agencies_of(self.folder)

    def sheet_stem(self, opd: str) -> str:
        """Return the common beginning of the names of the files of an agency's sheet."""
        table = json.loads(self.manifest.read_bytes())
        return stem(opd, period=table["period"], version=table["version"], label=table["label"])

    @property
    def signed(self) -> list[Path]:
        """The signed copies, oldest first."""
        place = self.signed_folder
        numbers = sorted(int(item.name) for item in place.iterdir() if item.name.isdecimal()) if place.is_dir() else []
        return [pdf for number in numbers for pdf in sorted((place / str(number)).glob("*-ttd.pdf"))]

    @property
    def next_signed(self) -> Path:
        """The folder of the next signed copy."""
        return self.signed_folder / str(len(self.signed) + 1)


class Reports:
    """Every version of every month's report."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def months(self) -> list[Month]:
        """Return the months that have a report, oldest first."""
        names = sorted(item.name for item in self._folder.iterdir()) if self._folder.is_dir() else []
        return [month for month in map(_month, names) if month is not None and self.versions(month)]

    def versions(self, month: Month) -> list[Issue]:
        """Return the versions of a month's report, oldest first."""
        place = self._folder / str(month)
        numbers = sorted(int(item.name) for item in place.iterdir() if item.name.isdecimal()) if place.is_dir() else []
        return [Issue(month, number, place / str(number)) for number in numbers]

    def newest(self, month: Month) -> Issue | None:
        """Return the newest version, None while there is none."""
        return next(reversed(self.versions(month)), None)

    def is_approved(self, month: Month) -> bool:
        """Tell whether a month's newest version is *disahkan*; only then may its batches be forgotten."""
        newest = self.newest(month)
        return newest is not None and newest.is_approved

    def approved(self, month: Month) -> list[Issue]:
        """Return the approved versions of a month, oldest first."""
        return [issue for issue in self.versions(month) if issue.is_approved]

    def issue(
        self,
        evaluation: Evaluation,
        *,
        datacentre: DataCentreMonth | None = None,
        loop: Loop = NOTHING,
        settings: ReportSettings,
        origin: Origin,
        key: Key,
        returned: bool = False,
    ) -> tuple[Issue, bool]:
        """Write the next version, unless its chapters say what the newest says already; tell whether it was written.

        Where the newest was ``returned`` (*dikembalikan*) the next one is written whatever it says.
        """
        from collector.report.folder import write  # xlsxwriter is wanted once a month

        with self.alone():
            before, edition = self.newest(evaluation.month), Edition()
            if before is not None:
                draft = build(
                    evaluation=evaluation,
                    datacentre=datacentre,
                    loop=loop,
                    settings=settings,
                    origin=origin,
                    edition=Edition(),
                )
                after = self._next(before, json.loads(json_bytes(draft)), returned=returned)
                if after is None:
                    return before, False
                edition = after
            folder = self._folder / str(evaluation.month) / str(edition.version)
            write(
                evaluation=evaluation,
                datacentre=datacentre,
                loop=loop,
                settings=settings,
                origin=origin,
                key=key,
                folder=folder,
                edition=edition,
            )
            return Issue(evaluation.month, edition.version, folder), True

    def _next(self, before: Issue, after: Content, *, returned: bool) -> Edition | None:
        """Return the edition that follows, None where nothing changed and nobody gave the newest back."""
        changed = _changed(before.content(), after)
        if not changed and not returned:
            return None
        again = (f"Versi {before.version} dikembalikan; laporan disusun kembali.",) if returned else ()
        revision = self._revision(before.month, after)
        return Edition(version=before.version + 1, changes=(*again, *changed), revision=revision)

    def sheet(self, issue: Issue, opd: str, *, key: Key) -> Path:
        """Return the folder of an agency's sheet of an approved version, made when it is first asked for.

        KeyError where the report has no sheet of that agency; ReportDamaged, TypesetError.
        """
        place = issue.sheet_folder(opd)
        if place.is_dir():
            return place
        if opd not in issue.agencies():
            raise KeyError(opd)
        from collector.report.folder import write_sheet  # as above

        with self.alone():
            if not place.is_dir():
                write_sheet(issue.folder, issue.approved_folder, opd=opd, key=key, folder=place)
        return place

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off whoever else would write reports now: jobs, requests, the command line."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def rollup(
        self, period: Period, *, settings: ReportSettings, zone: Zone, origin: Origin, key: Key
    ) -> tuple[Path, bool]:
        """Write the roll-up of a period's approved months, unless its newest version says the same.

        ValueError while none is approved, or where one is not as it was written.
        """
        from collector.report.folder import write_document

        found = self._members(period, key)
        with self.alone():
            place = self._folder / str(period)
            last = max((int(item.name) for item in self._versions_of(period)), default=0)
            changed: tuple[str, ...] = ()
            if last:
                before = _content_of(place / str(last))
                changed = _changed(before, json.loads(json_bytes(found.document(settings=settings, zone=zone))))
                if not changed:
                    return place / str(last), False
            document = found.document(settings=settings, zone=zone, version=last + 1, changes=changed)
            write_document(
                document,
                settings=settings,
                parameters=found.sources(),
                allocations=[],
                origin=origin,
                key=key,
                folder=place / str(last + 1),
            )
            return place / str(last + 1), True

    def _versions_of(self, period: Period) -> list[Path]:
        place = self._folder / str(period)
        return [item for item in place.iterdir() if item.name.isdecimal()] if place.is_dir() else []

    def rollups(self) -> list[Path]:
        """Return the folder of every version of every roll-up."""
        places = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        periods = [Period.parse(place.name) for place in places if _is_period(place.name)]
        return [item for one in periods for item in sorted(self._versions_of(one), key=lambda item: int(item.name))]

    def _members(self, period: Period, key: Key) -> Rollup:
        """Read the approved months of a period; say of each other one why it is left out."""
        members, missing = [], {}
        for month in period.months:
            approved, versions = self.approved(month), self.versions(month)
            if not approved:
                missing[month] = "laporan belum disahkan" if versions else "tidak ada laporan"
                continue
            issue = approved[-1]
            wrong = issue.problems(key.public)
            if wrong:
                raise ValueError(f"{issue.folder}: not as it was written: {'; '.join(wrong)}")
            data = (issue.approved_folder / NAME).read_bytes()
            at = datetime.fromisoformat(json.loads(data)["approval"]["approved"]["at"])
            sha256 = hashlib.sha256(data).hexdigest()
            members.append(Member(month, issue.version, round(at.timestamp()) * NS, sha256, issue.content()))
        return Rollup(period=period, members=members, missing=missing)

    def _revision(self, month: Month, after: Content) -> Revision | None:
        """Compare with the newest approved version; None while nothing of the month is approved."""
        approved = self.approved(month)
        if not approved:
            return None
        return Revision(len(approved), approved[-1].version, differences(approved[-1].content(), after))


@lru_cache(maxsize=120)
def _agencies_of(folder: Path) -> dict[str, str]:
    """Read it once: a version never changes, and pages and lists ask for it again and again."""
    return agencies(_content_of(folder))


def _content_of(folder: Path) -> dict[str, Any]:
    name = json.loads((folder / NAME).read_bytes())["content"]
    table: dict[str, Any] = json.loads((folder / name).read_bytes())
    return table


def _month(name: str) -> Month | None:
    try:
        return Month.parse(name)
    except ValueError:
        return None


def _is_period(name: str) -> bool:
    try:
        Period.parse(name)
    except ValueError:
        return False
    return True


def _changed(before: Content, after: Content) -> tuple[str, ...]:
    """Name the chapters that say something else than the version before, in words for the control sheet."""
    old = {chapter["judul"]: chapter for chapter in before["bab"]}
    new = {chapter["judul"]: chapter for chapter in after["bab"]}
    return tuple(
        f"{title}: isi berubah terhadap versi {before['versi']}."
        for title in {**old, **new}
        if old.get(title) != new.get(title)
    )
