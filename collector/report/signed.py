"""Signed copies of an approved edition, registered beside it, and their verification offline.

A signed PDF differs in bytes from the one whose hash the edition's manifest holds. So each signed copy has a folder
of its own: the edition's other files, the signed PDF, and a manifest that names the unsigned PDF by its hash. What
was written before stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.identity import Key
from collector.report.folder import write_all
from collector.report.manifest import NAME, SIGNATURE, registered_manifest, signature_bytes, verify
from collector.report.signing import SigningFault, authorities, inspect

if TYPE_CHECKING:
    from collector.report.signing import Signature

SUFFIX: Final = "-ttd.pdf"


@dataclass(frozen=True, slots=True)
class Checked:
    """What offline verification found: facts to tell, and what is wrong."""

    facts: tuple[str, ...]
    problems: tuple[str, ...]


def register_signed(
    edition: Path, data: bytes, *, folder: Path, by: str, at: str, moment: datetime, key: Key, rewritten: bool = False
) -> Path:
    """Write a signed copy into the new folder ``folder``, return its PDF; SigningFault unless it is of the edition's.

    ``rewritten`` takes a copy which the signer's program wrote anew, so that it does not begin with the approved
    PDF's own bytes; the manifest then says so, for nobody can compare the pages by hash.
    """
    problems = verify(edition / NAME, public=key.public)
    if problems:
        raise SigningFault(f"{edition}: not as it was written: {'; '.join(problems)}")
    before = (edition / NAME).read_bytes()
    files = {item["name"]: (edition / item["name"]).read_bytes() for item in json.loads(before)["files"]}
    name: str = next(item for item in files if item.endswith(".pdf"))
    unsigned = files.pop(name)
    if not (rewritten or data.startswith(unsigned)):
        raise SigningFault(f"the signed file does not begin with the bytes of {name}: sign that very file, or, if the "
                           "signing service writes PDFs anew, compare the pages and use --rewritten")  # fmt: skip
    found = inspect(data, roots=None, moment=moment)
    wrong = [problem for item in found for problem in item.problems]
    if not found or wrong:
        raise SigningFault("; ".join(wrong) or "there is no signature in the file")
    copy = {
        "unsigned": {"name": name, "size": len(unsigned), "sha256": hashlib.sha256(unsigned).hexdigest()},
        "begins_with_unsigned": data.startswith(unsigned),
        "signatures": [_plain(item) for item in found],
        "registered_at": at,
        "registered_by": by,
    }
    files[name.removesuffix(".pdf") + SUFFIX] = data
    manifest = registered_manifest(before, files, copy=copy)
    write_all(folder, {**files, NAME: manifest, SIGNATURE: signature_bytes(manifest, key=key)})
    return folder / (name.removesuffix(".pdf") + SUFFIX)


def _plain(signature: Signature) -> dict[str, Any]:
    table = asdict(signature)
    kept = ("signer", "issuer", "serial", "expires", "said_at", "stamped_at", "stamped_by")
    return {name: table[name] for name in kept}


def check(path: Path, *, public: bytes | None, trust: Path | None, moment: datetime) -> Checked:
    """Verify a manifest, a file beside one, or a signed PDF by itself.

    ``public`` is the collector's pinned key, ``trust`` a file of authorities, at ``moment`` certificates must hold.
    """
    beside = (path.parent / NAME).is_file()
    pdf = path if path.suffix.lower() == ".pdf" else None
    if not beside and pdf is None:
        return Checked((), tuple(verify(path, public=public)))
    problems = verify(path, public=public) if beside else []
    copy: dict[str, Any] | None = None
    if beside:
        copy = _copy(path.parent)
        if copy is not None:
            pdf = pdf or next(iter(sorted(path.parent.glob(f"*{SUFFIX}"))), None)
    facts: list[str] = []
    if pdf is not None:
        told, wrong = _signatures(pdf, copy, trust, moment)
        if not beside and not told and not wrong:
            return Checked((), tuple(verify(path, public=public)))
        facts += told
        problems += wrong
    if not beside:
        facts.append(f"{path.name}: no {NAME} beside it, so it is not compared with what the collector registered")
    return Checked(tuple(facts), tuple(problems))


def _copy(folder: Path) -> dict[str, Any] | None:
    """Return what a manifest says of its signed copy, None where it is none or is not to be read."""
    try:
        table = json.loads((folder / NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    copy = table.get("signed_copy") if isinstance(table, dict) else None
    unsigned = copy.get("unsigned") if isinstance(copy, dict) else None
    if not isinstance(copy, dict) or not isinstance(unsigned, dict):
        return None
    return copy if isinstance(unsigned.get("size"), int) and isinstance(unsigned.get("sha256"), str) else None


def _signatures(
    pdf: Path, copy: dict[str, Any] | None, trust: Path | None, moment: datetime
) -> tuple[list[str], list[str]]:
    roots = None if trust is None else authorities(trust)
    try:
        data = pdf.read_bytes()
        found: Sequence[Signature] = inspect(data, roots=roots, moment=moment)
    except OSError as error:
        return [], [f"{pdf.name}: cannot be read ({error.strerror})"]
    except SigningFault as error:
        return [], [f"{pdf.name}: {error}"]
    facts, problems = [], []
    for number, item in enumerate(found, start=1):
        where = f"{pdf.name}: signature {number} by {item.signer}"
        problems += [f"{where}: {problem}" for problem in item.problems]
        if not item.problems:
            facts.append(f"{where}, certified by {item.issuer}, dated {item.said_at or 'nowhere'}: intact")
            stamp = f"time stamp of {item.stamped_at} by {item.stamped_by}" if item.stamped_at else "no time stamp"
            facts.append(f"{where}: {stamp}")
        facts += [f"{where}: {note}" for note in item.notes]
    if copy is not None:
        if not found:
            problems.append(f"{pdf.name}: the signature that was registered is not in it")
        if copy.get("begins_with_unsigned") is not True:
            facts.append(f"{pdf.name}: the signing service wrote it anew; its pages are not compared with the original")
        elif hashlib.sha256(data[: copy["unsigned"]["size"]]).hexdigest() != copy["unsigned"]["sha256"]:
            problems.append(f"{pdf.name}: does not begin with the bytes of the approved PDF")
    return facts, problems
