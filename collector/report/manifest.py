"""The manifest of a report: what belongs to it, where its figures come from, and a signature over both.

``manifest.json`` is canonical JSON; ``manifest.json.sig`` is base64 of Ed25519 by the collector's key over
``"nadi-manifest-1\\n"`` + manifest. Verification needs these files alone, no network and no collector.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from agent.envelope import canonical
from agent.identity import Key
from agent.identity import verify as is_signed
from collector.judge.month import Evaluation
from collector.report.document import Document
from collector.report.tables import verification_code
from collector.report.words import DRAFT

NAME = "manifest.json"
SIGNATURE = "manifest.json.sig"
FORMAT = "nadi-manifest-1"


class ReportDamaged(Exception):
    """A report that is not as it was written; the message names what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the figures come from: journal, chain head, root of the seals (hexadecimal, "" if none), code version."""

    journal_id: str
    journal_length: int
    head: str
    seals_root: str
    code_version: str


def allocation_set(evaluation: Evaluation) -> list[dict[str, object]]:
    """Return every determination that touches the month, by agency, as plain values."""
    return [
        {"opd": opd.code, "class": opd.klass, **_plain(asdict(span))}
        for opd in sorted(evaluation.opds, key=lambda opd: opd.code)
        for span in opd.allocations
    ]


def parameter_set(evaluation: Evaluation) -> dict[str, object]:
    """Return the parameters of the evaluation as plain values (ratios as "numerator/denominator")."""
    return _plain(asdict(evaluation.parameters))


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _one(value) for key, value in values.items()}


def _one(value: object) -> object:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, date):
        return value.isoformat()
    return [_one(item) for item in value] if isinstance(value, tuple) else value


def digest(value: object) -> str:
    """Return the SHA-256 (hexadecimal) of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def manifest_bytes(
    document: Document,
    *,
    files: Mapping[str, bytes],
    content: str,
    parameters: Mapping[str, object],
    allocations: Sequence[object],
    origin: Origin,
    key: Key,
) -> bytes:
    """Return the manifest over ``files`` (name to bytes); ``content`` names the JSON of the whole content."""
    return canonical(
        {
            "format": FORMAT,
            "label": document.label,
            "region": document.region,
            "period": document.period,
            "zone": document.zone.name,
            "version": document.version,
            "state": DRAFT,
            "closed": document.zone.iso(document.closed_ns),
            "method": document.method,
            "code_version": origin.code_version,
            "content": content,
            "verification_code": verification_code(files[content]),
            "files": _entries(files),
            "parameters": parameters,
            "parameters_sha256": digest(parameters),
            "allocations": allocations,
            "allocations_sha256": digest(allocations),
            "journal": {
                "id": origin.journal_id,
                "length": origin.journal_length,
                "head": origin.head,
                "seals_root": origin.seals_root,
            },
            "public_key": key.public.hex(),
        }
    )


def approved_manifest(draft: bytes, files: Mapping[str, bytes], *, approval: Mapping[str, object], state: str) -> bytes:
    """Return the manifest of the approved edition, which names the manifest of its draft by its hash."""
    table = json.loads(draft)
    changed = {"state": state, "approval": approval, "draft_sha256": hashlib.sha256(draft).hexdigest()}
    return canonical({**table, **changed, "files": _entries(files)})


def registered_manifest(edition: bytes, files: Mapping[str, bytes], *, copy: Mapping[str, object]) -> bytes:
    """Return the manifest of a signed copy, which names the manifest of the approved edition by its hash."""
    changed = {"signed_copy": copy, "edition_sha256": hashlib.sha256(edition).hexdigest()}
    return canonical({**json.loads(edition), **changed, "files": _entries(files)})


def sheet_manifest(edition: bytes, files: Mapping[str, bytes], *, content: str, opd: str) -> bytes:
    """Return the manifest of one agency's sheet of an approved edition; of determinations it names that agency's."""
    table = json.loads(edition)
    own = [item for item in table["allocations"] if item["opd"] == opd]
    changed = {
        "sheet_of": opd,
        "edition_sha256": hashlib.sha256(edition).hexdigest(),
        "content": content,
        "verification_code": verification_code(files[content]),
        "allocations": own,
        "allocations_sha256": digest(own),
    }
    return canonical({**table, **changed, "files": _entries(files)})


def _entries(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    return [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]


def signed(manifest: bytes) -> bytes:
    """Return the bytes that are signed for a manifest."""
    return FORMAT.encode() + b"\n" + manifest


def signature_bytes(manifest: bytes, *, key: Key) -> bytes:
    """Return the content of the signature file."""
    return base64.b64encode(key.sign(signed(manifest))) + b"\n"


def verify(path: Path, *, public: bytes | None = None) -> list[str]:
    """Check a report offline and return its problems, none if it is whole.

    ``path`` is a manifest, or a file of the report beside its manifest. With ``public`` (the collector's pinned
    key, 32 bytes) the manifest must be signed by that key; without it, by the key which it names itself.
    """
    folder = path.parent
    place = path if path.name == NAME else folder / NAME
    try:
        data = place.read_bytes()
        table = _decoded(data)
    except OSError as error:
        return [f"{place}: cannot be read ({error.strerror}); keep the manifest beside the report's files"]
    except (ValueError, RecursionError) as error:
        return [f"{place}: not a manifest of this format ({error})"]
    problems = _signature_problems(folder, data, table, public)
    problems += _content_problems(folder, table)
    if path.name not in (NAME, SIGNATURE) and path.name not in {item["name"] for item in table["files"]}:
        problems.append(f"{path.name}: not named in the manifest")
    return problems


def _decoded(data: bytes) -> dict[str, Any]:
    """Read a manifest and check its form; ValueError says what is wrong."""
    table = json.loads(data)
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise ValueError(f"format is not {FORMAT}")
    if canonical(table) != data:
        raise ValueError("not canonical JSON")
    for key, kind in {"files": list, "content": str, "public_key": str, "verification_code": str}.items():
        if not isinstance(table.get(key), kind):
            raise ValueError(f"{key} is missing or of another type")
    for item in table["files"]:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in ("name", "sha256")):
            raise ValueError("an entry of files has no name or no sha256")
        if Path(item["name"]).name != item["name"] or item["name"] in ("", ".", ".."):
            raise ValueError(f"file name {item['name']!r} leaves the folder")
    return table


def _signature_problems(folder: Path, data: bytes, table: dict[str, Any], public: bytes | None) -> list[str]:
    try:
        signature = base64.b64decode((folder / SIGNATURE).read_bytes().strip(), validate=True)
    except OSError as error:
        return [f"{SIGNATURE}: cannot be read ({error.strerror})"]
    except binascii.Error:
        return [f"{SIGNATURE}: not base64"]
    try:
        named = bytes.fromhex(table["public_key"])
    except ValueError:
        return [f"{NAME}: public_key is not hexadecimal"]
    if public is not None and public != named:
        return [f"{NAME}: signed by another key ({table['public_key'][:16]}…) than the collector's pinned one"]
    return [] if is_signed(named, signed(data), signature) else [f"{NAME}: the signature does not belong to it"]


def _content_problems(folder: Path, table: dict[str, Any]) -> list[str]:
    problems, found = [], {}
    for item in table["files"]:
        name = item["name"]
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            problems.append(f"{name}: cannot be read ({error.strerror})")
            continue
        found[name] = data
        if hashlib.sha256(data).hexdigest() != item["sha256"]:
            problems.append(f"{name}: changed (its SHA-256 is not that of the manifest)")
    for part in ("parameters", "allocations"):
        if digest(table.get(part)) != table.get(f"{part}_sha256"):
            problems.append(f"{NAME}: {part} do not match their hash")
    content = table["content"]
    if content in found and verification_code(found[content]) != table["verification_code"]:
        problems.append(f"{NAME}: the verification code is not that of {content}")
    return problems
