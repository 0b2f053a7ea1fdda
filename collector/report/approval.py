"""The approved edition: the files of the draft that was approved, and a PDF that names who approved it and when.

Every file with figures is taken over byte by byte, so the approved figures are those that were checked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agent.clock import Zone
from collector.report import words
from collector.report.document import plain
from collector.report.fitting import drawable

APPROVED = "disahkan"


@dataclass(frozen=True, slots=True)
class Act:
    """Who made, checked or approved a version: account, the person's name ("" unknown), and when (UTC ns)."""

    account: str
    name: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Approval:
    """The three acts behind an approved version, and the register's record that holds them."""

    record: str
    record_sha256: str
    made: Act
    checked: Act
    approved: Act

    @property
    def acts(self) -> tuple[Act, Act, Act]:
        """The acts in the order of the sheet."""
        return self.made, self.checked, self.approved

    def table(self, zone: Zone) -> dict[str, object]:
        """Return it for the manifest, with times in ISO 8601."""
        acts = {
            name: {"account": act.account, "name": act.name, "at": zone.iso(act.at_ns)}
            for name, act in zip(("made", "checked", "approved"), self.acts, strict=True)
        }
        return {"record": self.record, "record_sha256": self.record_sha256, **acts}


def approved_paper(paper: bytes, approval: Approval, zone: Zone) -> str:
    """Return the paper content (report.typ) of the approved edition from that of its draft."""
    content: dict[str, Any] = json.loads(paper)
    meta = content["meta"]
    meta["state"] = APPROVED
    meta["signature-state"] = words.SIGNED_WITHIN  # this file itself may be signed later
    meta["approval"] = f"{approval.record} (sidik {approval.record_sha256[:16]})"
    meta["signatories"] = [
        _signatory(line, act, zone) for line, act in zip(meta["signatories"], approval.acts, strict=True)
    ]
    return json.dumps(content, ensure_ascii=False)


def _signatory(line: dict[str, str], act: Act, zone: Zone) -> dict[str, str]:
    """Fill in who acted; rank and number of the configured official stay only where it was he."""
    name = drawable(plain(act.name))
    if not name or line["name"].casefold() != name.casefold():
        line = {**line, "name": name, "rank": "", "nip": ""}
    return {
        **line,
        "account": drawable(plain(act.account)),
        "date": words.instant(zone.local(act.at_ns), zone),
    }
