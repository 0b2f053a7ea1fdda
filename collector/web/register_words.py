"""What OpenAPI says of the registers' routes, made from ``KINDS``: bodies, answers, examples."""

from __future__ import annotations

from typing import Any, Final

from collector.register.describe import example, opening, schema
from collector.register.kinds import Kind
from collector.web.problems import REFERENCE

_TEXT: Final = {"type": "string", "maxLength": 2000}
_TIME: Final = {"type": "string", "format": "date-time"}
_PAPERS: Final[dict[str, Any]] = {
    "legal_basis": {**_TEXT, "description": "Dasar hukum", "example": "Perbup Lampung Timur 16/2023 Pasal 21"},
    "note": {**_TEXT, "description": "Catatan", "example": ""},
    "attachment_sha256": {
        "type": "string",
        "pattern": "^([0-9a-f]{64})?$",
        "description": "SHA-256 lampiran; berkasnya lalu disimpan dengan PUT .../attachments/{sha256}, atau hanya "
        "sidiknya dicatat bila berkasnya ada di tata naskah",
        "example": "",
    },
    "attachment_name": {**_TEXT, "description": "Nama berkas lampiran", "example": ""},
}
_MONTH: Final[dict[str, Any]] = {
    "type": "object",
    "nullable": True,
    "required": ["p95_bps", "coverage", "at_limit"],
    "properties": {
        "p95_bps": {"type": "number", "nullable": True, "description": "P95 dalam bit/s; null: tidak diketahui"},
        "coverage": {"type": "number", "nullable": True, "description": "Cakupan, 1 = 100 %"},
        "at_limit": {"type": "number", "nullable": True, "description": "Bagian waktu pada batas, 1 = 100 %"},
    },
}
BESIDE: Final[dict[str, Any]] = {
    "type": "array",
    "description": "Pemakaian OPD dalam tiga bulan sebelum usulan, terbaru lebih dahulu; hanya pada usulan",
    "items": {
        "type": "object",
        "required": ["month", "closed", "report_version", "unduh", "unggah"],
        "properties": {
            "month": {"type": "string", "example": "2026-02"},
            "closed": {"type": "boolean", "description": "Data bulan itu sudah ditutup"},
            "report_version": {"type": "integer", "nullable": True, "description": "Versi laporan bulan itu"},
            "unduh": _MONTH,
            "unggah": _MONTH,
        },
    },
}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


def record_schema(kind: Kind) -> dict[str, Any]:
    """Return the schema of one revision."""
    return _object(
        {
            "kind": {"type": "string", "enum": [kind.name]},
            "code": {"type": "string", "description": "Nomor", "example": f"{kind.prefix}-2026-00001"},
            "revision": {"type": "integer", "description": "Perubahan ke berapa", "example": 1},
            "state": {"type": "string", "enum": list(kind.states)},
            "opd": {"type": "string", "description": "OPD yang bersangkutan; kosong: tidak ada"},
            "at": {**_TIME, "description": "Saat yang menjadi pokok catatan"},
            "form": schema(kind.form, whole=True),
            "legal_basis": {"type": "string"},
            "note": {"type": "string"},
            "attachment_sha256": {"type": "string"},
            "attachment_name": {"type": "string"},
            "attachment_stored": {"type": "boolean", "description": "Berkasnya tersimpan di sini"},
            "actor": {"type": "string", "description": "Akun yang bertindak"},
            "role": {"type": "string", "description": "Peran yang dipakai"},
            "recorded_at": {**_TIME, "description": "Saat dicatat"},
            "sha256": {"type": "string", "description": "Sidik perubahan ini, juga di log audit"},
            "next": {"type": "array", "items": {"type": "string"}, "description": "Keadaan yang dapat mengikutinya"},
        }
    )


def answer(content: dict[str, Any], text: str) -> dict[str, Any]:
    """Return an answer of OpenAPI with JSON content."""
    return {"description": text, "content": {"application/json": {"schema": content}}}


def history_schema(kind: Kind) -> dict[str, Any]:
    """Return the schema of a record with all of its revisions."""
    revisions = {"type": "array", "items": record_schema(kind)}
    return _object({"kind": {"type": "string"}, "code": {"type": "string"}, "revisions": revisions, "before": BESIDE})


def answers(status: int, content: dict[str, Any], text: str, *refused: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route: the good one, and its refusals."""
    words = {
        400: "Isian tidak sesuai; problems menyebutkan satu per satu",
        404: "Tidak ada catatan bernomor itu",
        408: "Isi tidak tiba pada waktunya",
        409: "Langkah ini tidak mengikuti keadaan catatan sekarang",
        413: "Isi terlalu besar",
        415: "Isi harus application/json",
        503: "Sibuk; coba lagi setelah Retry-After",
    }
    refusals: dict[int | str, dict[str, Any]] = {
        each: {"description": words[each], "content": REFERENCE} for each in refused
    }
    return {status: answer(content, text), **refusals}


def opening_body(kind: Kind) -> dict[str, Any]:
    """Return the request body with which a record begins."""
    return _body({"form": opening(kind)}, {"form": example(kind)}, required=("form",))


def step_body(kind: Kind, target: str) -> dict[str, Any]:
    """Return the request body of the steps to a state; where several lead there, each brings what it needs."""
    moves = [move for move in kind.moves if move.target == target]
    properties: dict[str, Any] = {}
    given: dict[str, Any] = {}
    if any(move.whole for move in moves):
        properties["form"], given["form"] = opening(kind), example(kind)
    sets = [move.sets for move in moves if not move.whole]
    if sets:
        names = max(sets, key=len)
        properties["values"] = schema(kind.form, names=names)
        given["values"] = example(kind, names=names)
    needed = len(moves) == sum(move.whole for move in moves) or (len(sets) == len(moves) and all(sets))
    return _body(properties, given, required=tuple(properties) if needed else ())


def _body(properties: dict[str, Any], given: dict[str, Any], *, required: tuple[str, ...]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {**properties, **{name: {**item, "nullable": True} for name, item in _PAPERS.items()}},
    }
    if required:
        content["required"] = list(required)
    return {"required": True, "content": {"application/json": {"schema": content, "example": given}}}
