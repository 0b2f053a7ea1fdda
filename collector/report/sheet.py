"""One agency's sheet of an approved report: what that agency may have of it, and nothing of any other.

Made from the frozen content and the frozen paper of the report, so that its figures are the report's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from agent.clock import ZONES, Zone
from collector.report import columns, words
from collector.report.document import Column, Table
from collector.report.fitting import drawable
from collector.report.frozen import Content, tables
from collector.report.tables import csv_bytes, verification_code

FORMAT: Final = "nadi-lembar-1"
PAPER: Final = ".kertas.json"
"""Ends the name of the file from which a report is set."""
OWN: Final = (
    "bab-vi-penggunaan",
    "lampiran-a-angka",
    "lampiran-a-subperiode",
    "lampiran-a-harian",
    "lampiran-a-bulanan",
    "lampiran-a-tren",
)
"""Tables of which an agency gets its own rows; every row of theirs is about one agency, in the column kode_pd."""

_CODE: Final = "kode_pd"


def agencies(content: Content) -> dict[str, str]:
    """Return the names of the agencies that have a sheet, by code."""
    held = tables(content)["lampiran-a-angka"]
    return {row[_CODE]: row["perangkat_daerah"] for row in held.rows}


def stem(opd: str, *, period: str, version: int, label: str) -> str:
    """Return the common beginning of the names of a sheet's files."""
    return f"lembar-{period}-v{version}-{opd}" + (f"-{label}" if label else "")


def own_content(content: Content, opd: str, *, approval: Mapping[str, Any]) -> dict[str, Any]:
    """Return one agency's part of a report's content, with the dictionary of its columns."""
    kept = ("penanda", "wilayah", "periode", "zona_waktu", "klasifikasi", "versi", "tutup_data", "metode")
    own: list[dict[str, Any]] = [
        {"kunci": key, "judul": table.title, "kolom": list(table.columns), "baris": _rows(table.rows, opd)}
        for key, table in tables(content).items()
        if key in OWN
    ]
    return {
        "format": FORMAT,
        **{name: content[name] for name in kept},
        "kode_pd": opd,
        "perangkat_daerah": agencies(content)[opd],
        "pengesahan": {"nomor": approval["record"], "saat": approval["approved"]["at"]},
        "tabel": own,
        "kamus_data": list(_dictionary(content, {item["kunci"] for item in own})),
    }


def _rows(rows: tuple[Mapping[str, Any], ...], opd: str) -> list[dict[str, Any]]:
    return [dict(row) for row in rows if row[_CODE] == opd]


def _dictionary(content: Content, keys: set[str]) -> Iterator[dict[str, str]]:
    for entry in content["kamus_data"]:
        places = [place for place in entry["tabel"].split(", ") if place in keys]
        if places:
            yield {**entry, "tabel": ", ".join(places)}


def open_data(content: Content, own: Mapping[str, Any]) -> tuple[str, dict[str, bytes]]:
    """Return how the names begin, and the files of figures: one JSON, a CSV a table, the data dictionary as CSV."""
    label = own["penanda"] or ""
    name = stem(own["kode_pd"], period=own["periode"], version=own["versi"], label=label)
    files = {f"{name}.json": (json.dumps(own, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()}
    frozen = tables(content)
    for item in own["tabel"]:
        held = frozen[item["kunci"]]
        shown = tuple(
            Column(entry["kunci"], entry["judul"], entry["jenis"], entry["definisi"], entry["satuan"])
            for key in held.columns
            for entry in own["kamus_data"]
            if entry["kunci"] == key and held.key in entry["tabel"].split(", ")
        )
        rows = tuple(tuple(held.cell(row, key) for key in held.columns) for row in item["baris"])
        files[f"{name}-{held.key}.csv"] = csv_bytes(Table(held.key, held.title, shown, rows), label=label)
    files[f"{name}-kamus.csv"] = csv_bytes(_explained(own), label=label)
    return name, files


def _explained(own: Mapping[str, Any]) -> Table:
    keys = ("kunci", "judul", "definisi", "satuan", "jenis", "tabel")
    rows = tuple(
        tuple(words.KIND[entry[key]] if key == "jenis" else entry[key] or None for key in keys)
        for entry in own["kamus_data"]
    )
    return Table("kamus", words.DICTIONARY, columns.DICTIONARY, rows)


def sheet_paper(paper: bytes, own: Mapping[str, Any], *, data: bytes, report_code: str) -> bytes:
    """Return the paper content (report.typ) of one agency's sheet from that of the whole draft.

    ``data`` is the sheet's JSON, by which its verification code is made; ``report_code`` is that of the report.
    """
    whole: dict[str, Any] = json.loads(paper)
    (sheet,) = (item for item in whole["sheets"] if item["code"] == drawable(own["kode_pd"]))
    zone = _zone(own)
    approved = datetime.fromisoformat(own["pengesahan"]["saat"])
    facts = [
        ["Kutipan dari", f"laporan versi {own['versi']}, disahkan {words.instant(approved, zone)}"],
        ["Pengesahan dalam register", own["pengesahan"]["nomor"]],
        ["Kode verifikasi laporan", report_code],
        ["Data ditutup", whole["meta"]["closed-text"]],
    ]
    # "A.7 Dinas ..." is the place in the annex of the whole report.
    title = str(sheet["title"]).partition(" ")[2]
    meta = {**whole["meta"], "code": verification_code(data)}
    cut: dict[str, Any] = {"control": None, **{key: [] for key in ("chapters", "annexes", "changes", "hashes")}}
    shown = {"sheets": [{**sheet, "title": title}], "extract": [[name, drawable(str(text))] for name, text in facts]}
    return json.dumps({**whole, **cut, **shown, "meta": meta}, ensure_ascii=False).encode()


def _zone(own: Mapping[str, Any]) -> Zone:
    return ZONES[str(own["zona_waktu"]).partition(" ")[0]]
