"""Write one version of a report: every format, the manifest and its signature, in a folder that is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.clock import NS, Zone
from agent.identity import Key
from collector.judge.datacentre import DataCentreMonth
from collector.judge.month import Evaluation
from collector.report.approval import APPROVED, Approval, approved_paper
from collector.report.build import Edition, build
from collector.report.document import Document
from collector.report.loop import NOTHING, Loop
from collector.report.manifest import (
    NAME,
    SIGNATURE,
    Origin,
    ReportDamaged,
    allocation_set,
    approved_manifest,
    manifest_bytes,
    parameter_set,
    sheet_manifest,
    signature_bytes,
    verify,
)
from collector.report.paper import paper_bytes, pdf_bytes
from collector.report.settings import ReportSettings
from collector.report.sheet import PAPER, open_data, own_content, sheet_paper
from collector.report.tables import csv_bytes, json_bytes, verification_code
from collector.report.workbook import xlsx_bytes


class ReportExists(Exception):
    """A version that was written before; a report is never rewritten, a later one has the next version."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: the folder, the PDF among its files, and the verification code."""

    folder: Path
    pdf: Path
    manifest: Path
    code: str
    files: tuple[str, ...]


def write(
    *,
    evaluation: Evaluation,
    datacentre: DataCentreMonth | None = None,
    loop: Loop = NOTHING,
    settings: ReportSettings,
    origin: Origin,
    key: Key,
    folder: Path,
    edition: Edition | None = None,
) -> Report:
    """Write the report into the new folder ``folder``; ReportExists if it is there already. OSError as it comes."""
    if folder.exists():
        raise ReportExists(f"{folder} exists; a written version is kept, write the next version beside it")
    document = build(
        evaluation=evaluation,
        datacentre=datacentre,
        loop=loop,
        settings=settings,
        origin=origin,
        edition=edition or Edition(),
    )
    return write_document(
        document,
        settings=settings,
        parameters=parameter_set(evaluation),
        allocations=allocation_set(evaluation),
        origin=origin,
        key=key,
        folder=folder,
    )


def write_document(
    document: Document,
    *,
    settings: ReportSettings,
    parameters: Mapping[str, object],
    allocations: Sequence[object],
    origin: Origin,
    key: Key,
    folder: Path,
) -> Report:
    """Write a document in every format, with manifest and signature, into the new folder ``folder``."""
    files, code = _files(document, settings)
    manifest = manifest_bytes(
        document,
        files=files,
        content=f"{document.stem}.json",
        parameters=parameters,
        allocations=allocations,
        origin=origin,
        key=key,
    )
    every = {**files, NAME: manifest, SIGNATURE: signature_bytes(manifest, key=key)}
    write_all(folder, every)
    return Report(folder, folder / f"{document.stem}.pdf", folder / NAME, code, tuple(sorted(every)))


def _files(document: Document, settings: ReportSettings) -> tuple[dict[str, bytes], str]:
    """Return the files of the report by name, and the verification code of their content."""
    stem = document.stem
    content = json_bytes(document)
    code = verification_code(content)
    files = {f"{stem}.json": content, f"{stem}.xlsx": xlsx_bytes(document, code=code)}
    for table in document.tables:
        files[f"{stem}-{table.key}.csv"] = csv_bytes(table, label=document.label)
    paper = paper_bytes(document, settings, code=code, files=files)
    files[f"{stem}.pdf"] = pdf_bytes(paper, at_ns=document.closed_ns)
    # Kept so that the approved edition can be set from the same content, whatever the ledger says by then.
    files[f"{stem}{PAPER}"] = paper
    return files, code


def write_approved(draft: Path, *, approval: Approval, zone: Zone, key: Key, folder: Path) -> None:
    """Write the approved edition of a draft into the new folder ``folder``; ReportDamaged unless the draft is whole.

    Every file but the PDF (and its content) is the draft's, byte by byte.
    """
    if folder.exists():
        raise ReportExists(f"{folder} exists; an approved edition is never rewritten")
    problems = verify(draft / NAME, public=key.public)
    if problems:
        raise ReportDamaged(f"{draft}: not as it was written, so it cannot be approved: {'; '.join(problems)}")
    before = (draft / NAME).read_bytes()
    table = json.loads(before)
    files = {item["name"]: (draft / item["name"]).read_bytes() for item in table["files"]}
    paper = next((name for name in files if name.endswith(PAPER)), "")
    if not paper:
        raise ReportDamaged(f"{draft}: written before approvals were kept; have the month's next version approved")
    stem = paper.removesuffix(PAPER)
    text = approved_paper(files.pop(paper), approval, zone)
    del files[f"{stem}.pdf"]
    files[f"{stem}-{APPROVED}.pdf"] = pdf_bytes(text.encode(), at_ns=approval.approved.at_ns)
    manifest = approved_manifest(before, files, approval=approval.table(zone), state=APPROVED)
    write_all(folder, {**files, NAME: manifest, SIGNATURE: signature_bytes(manifest, key=key)})


def write_sheet(draft: Path, edition: Path, *, opd: str, key: Key, folder: Path) -> None:
    """Write one agency's sheet of the approved ``edition`` of ``draft`` into the new folder ``folder``.

    ReportDamaged unless both are whole; KeyError where the report has no sheet of that agency.
    """
    problems = verify(draft / NAME, public=key.public) + verify(edition / NAME, public=key.public)
    if problems:
        raise ReportDamaged(f"{edition}: not as it was written, so no sheet is made of it: {'; '.join(problems)}")
    before = (edition / NAME).read_bytes()
    table = json.loads(before)
    content = json.loads((edition / table["content"]).read_bytes())
    own = own_content(content, opd, approval=table["approval"])
    name, files = open_data(content, own)
    paper = (draft / table["content"].replace(".json", PAPER)).read_bytes()
    text = sheet_paper(paper, own, data=files[f"{name}.json"], report_code=table["verification_code"])
    approved_ns = round(datetime.fromisoformat(table["approval"]["approved"]["at"]).timestamp()) * NS
    files[f"{name}.pdf"] = pdf_bytes(text, at_ns=approved_ns)
    manifest = sheet_manifest(before, files, content=f"{name}.json", opd=opd)
    write_all(folder, {**files, NAME: manifest, SIGNATURE: signature_bytes(manifest, key=key)})


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write beside the place and rename, so that nobody ever sees half a report."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, data in files.items():
        with (part / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    part.rename(folder)
