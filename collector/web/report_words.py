"""What OpenAPI says of the reports' routes: bodies, answers, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from collector.report import words as report
from collector.web.problems import REFERENCE

DRAFT: Final = report.DRAFT
NOT_THE_SAME: Final = (
    "berkas tidak diawali isi {name} yang disahkan; tandatangani berkas itu, atau bila layanan penanda tangan menulis "
    "ulang PDF dan halamannya telah dibandingkan, kirim dengan rewritten=true"
)

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer"}
_MONTH: Final = {**_TEXT, "example": "2026-10"}
_FILES: Final = {"type": "array", "items": _TEXT, "description": "Nama berkas"}
_REFUSALS: Final = {
    400: "Isian tidak sesuai; problems menyebutkan satu per satu",
    404: "Tidak ada",
    408: "Isi tidak tiba pada waktunya",
    409: "Tidak dapat dilakukan pada keadaan sekarang",
    413: "Isi terlalu besar",
    415: "Jenis isi tidak diterima",
    503: "Sibuk; coba lagi setelah Retry-After",
}
Answers = dict[int | str, dict[str, Any]]


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with exactly these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": item}


def answers(status: int, schema: dict[str, Any], text: str, *refused: int, example: Any = None) -> Answers:
    """Return the answers of a route: the good one, and its refusals."""
    content = {"schema": schema} | ({} if example is None else {"example": example})
    good: Answers = {status: {"description": text, "content": {"application/json": content}}}
    return good | refusals(*refused)


def refusals(*refused: int) -> Answers:
    """Return refusals as answers."""
    return {each: {"description": _REFUSALS[each], "content": REFERENCE} for each in refused}


def body_of(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return a request body of JSON."""
    content = {"schema": {**schema, "additionalProperties": False}, "example": example}
    return {"required": True, "content": {"application/json": content}}


_REPORT: Final = {
    "month": _MONTH,
    "version": {**_COUNT, "example": 1},
    "state": {**_TEXT, "description": "Keadaan dalam register laporan", "example": "disahkan"},
    "record": {**_TEXT, "nullable": True, "description": "Nomor dalam register laporan", "example": "LAP-2026-00001"},
    "edition": {**_TEXT, "enum": ["draf", "disahkan", "ditandatangani"], "description": "Berkas yang disajikan"},
    "signed": {**_COUNT, "description": "Banyaknya salinan bertanda tangan"},
    "code": {**_TEXT, "description": "Kode verifikasi", "example": "EB7B-D2BF-FB19-4F37"},
    "files": _FILES,
}
_SHOWN: Final = object_of(_REPORT)
_ROLLUP: Final = object_of({"period": {**_TEXT, "example": "2026-Q3"}, "version": _COUNT, "files": _FILES})
_CHECKED: Final = object_of(
    {
        "whole": {"type": "boolean", "description": "Tidak ada yang berubah"},
        "message": {**_TEXT, "example": "tidak utuh: 1 hal tidak sesuai"},
        "facts": list_of(_TEXT),
        "problems": {**list_of(_TEXT), "description": "Apa yang berubah, satu per satu"},
    }
)
_SENT: Final = object_of(
    {
        "recipient": {**_TEXT, "example": "sekda@contoh.example"},
        "code": {**_TEXT, "description": "Nomor penyampaian", "example": "SMP-2026-00001"},
        "failure": {**_TEXT, "description": "Sebab tidak terkirim; kosong bila diterima server surel", "example": ""},
    }
)

BUSY: Final = refusals(503)
FILE: Final[Answers] = {200: {"description": "Berkas"}, **refusals(400, 404)}
LISTED: Final = answers(200, list_of(_SHOWN), "Tiap versi; per bulan yang disahkan lebih dahulu")
WRITTEN: Final = {
    **answers(201, _SHOWN, "Versi baru tersusun", 400, 503),
    **answers(200, _SHOWN, "Tidak ada yang berubah; ini versi terakhir"),
}
SIGNED: Final = answers(
    201, object_of({**_REPORT, "file": _TEXT}), "Salinan terdaftar", 400, 404, 408, 413, 415, 503
)  # fmt: skip
SENT: Final = answers(
    200,
    object_of({"version": _COUNT, "sent": list_of(_SENT)}),
    "Hasil tiap penerima",
    *(400, 404, 408, 409, 413, 415, 503),
)
ROLLUPS: Final = answers(200, list_of(_ROLLUP), "Rekapitulasi")
ROLLED: Final = {
    **answers(201, _ROLLUP, "Versi baru tersusun", 400, 503),
    **answers(200, _ROLLUP, "Tidak ada yang berubah; ini versi terakhir"),
}
_SHEET: Final = {"month": _MONTH, "version": _COUNT, "opd": {**_TEXT, "example": "DINKES"}}
SHEETS: Final = answers(200, list_of(object_of({**_SHEET, "name": _TEXT})), "Lembar", 404)
SHEET: Final = answers(200, object_of({**_SHEET, "files": _FILES}), "Berkas lembar", 400, 404, 503)
VERIFIED: Final = answers(200, _CHECKED, "Hasil pemeriksaan", 400, 408, 413, 415, 503)
VERIFIED_STORED: Final = answers(200, _CHECKED, "Hasil pemeriksaan", 400, 404)

BROUGHT: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
RECIPIENTS: Final = body_of(
    object_of(
        {"recipients": {**list_of({**_TEXT, "format": "email", "maxLength": 200}), "minItems": 1, "maxItems": 5}}
    ),
    {"recipients": ["sekda@contoh.example"]},
)


def rollup(place: Path) -> dict[str, Any]:
    """Return a roll-up as JSON."""
    files = sorted(file.name for file in place.iterdir() if file.is_file())
    return {"period": place.parent.name, "version": int(place.name), "files": files}
