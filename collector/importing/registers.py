"""Every register as a table for other offices: the newest revision of each record, with its dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from agent.clock import Zone
from collector.importing import inventory, proposals, words
from collector.importing.columns import Column
from collector.importing.files import Written
from collector.importing.grid import Cell
from collector.importing.inventory import row_of_dictionary
from collector.register.book import Record
from collector.register.content import plain_value
from collector.register.describe import schema
from collector.register.field_words import WORDS
from collector.register.kinds import Kind
from collector.register.records.proposal import PROPOSAL

TABLES: Final[Mapping[str, Sequence[Column]]] = {
    **{words.TABLES[kind][0]: columns for kind, columns in inventory.COLUMNS.items()},
    proposals.TABLE: proposals.COLUMNS,
}
"""Every table that can be imported, by name."""

_ABOUT: Final = {
    "nomor": "Nomor catatan",
    "perubahan_ke": "Perubahan ke berapa",
    "keadaan": "Keadaan catatan",
    "oleh": "Akun yang bertindak terakhir",
    "peran": "Peran yang dipakainya",
    "dicatat": "Saat dicatat, ISO 8601",
    "dasar_hukum": "Dasar hukum",
    "catatan": "Catatan",
    "sidik": "SHA-256 perubahan ini, juga di log audit",
}


def exported(kind: Kind, records: Iterable[Record], *, zone: Zone) -> tuple[Written, list[list[Cell]]]:
    """Return a register as a table with its dictionary; proposals stand as they are imported."""
    if kind is PROPOSAL:
        return proposals.exported(records), [row_of_dictionary(kind.name, column) for column in proposals.COLUMNS]
    names = [item.name for item in fields(kind.form)]
    properties = schema(kind.form, whole=True)["properties"]
    rows = [[*_about(item, zone), *(_cell(getattr(item.form, name)) for name in names)] for item in records]
    explained: list[list[Cell]] = [
        [kind.name, name, name, None, "teks", None, text, None] for name, text in _ABOUT.items()
    ]
    for name in names:
        meaning = WORDS[name][0] if name in WORDS else None
        choices = ", ".join(properties[name].get("enum", ()))
        explained.append([kind.name, name, name, None, str(properties[name]["type"]), choices or None, meaning, None])
    return (kind.name, [*_ABOUT, *names], rows), explained


def _about(item: Record, zone: Zone) -> list[Cell]:
    return [item.code, item.revision, item.state, item.actor, item.role, zone.iso(item.recorded_ns),
            item.papers.legal_basis or None, item.papers.note or None, item.sha256]  # fmt: skip


def _cell(value: Any) -> Cell:
    found = plain_value(value)
    if isinstance(found, list | dict):
        return json.dumps(found, ensure_ascii=False) if found else None
    return None if found == "" else found
