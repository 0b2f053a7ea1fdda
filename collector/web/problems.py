"""Answers that say what is wrong, all in one form: code, message, and the problems one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

CODES: Final = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many",
    500: "internal",
    503: "unavailable",
}

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "Jenis kesalahan, untuk program"},
        "message": {"type": "string", "description": "Apa yang salah dan cara memperbaikinya"},
        "problems": {"type": "array", "items": {"type": "string"}, "description": "Kesalahan satu per satu"},
    },
    "example": {
        "code": "invalid",
        "message": "down_mbps harus bilangan bulat Mbps antara 1 dan 1000000",
        "problems": ["down_mbps harus bilangan bulat Mbps antara 1 dan 1000000"],
    },
}
"""What OpenAPI says of such an answer; the senders' routes leave ``problems`` out."""

REFERENCE: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def problem(
    status: int, message: str, *, problems: Sequence[str] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the answer."""
    content = {"code": CODES.get(status, "refused"), "message": message, "problems": list(problems or (message,))}
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))


def add_handlers(app: FastAPI) -> None:
    """Let every refusal of the framework have this form."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


def described(table: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI table in which every refusal has this form; what is not valid is 400, not 422."""
    for operations in table["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if answers.pop("422", None) is not None:
                answers.setdefault("400", {"description": "Parameter tidak sesuai"})
            for status, answer in answers.items():
                if int(status) >= 400:
                    answer["content"] = REFERENCE
    schemas = table.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = SCHEMA
    return table


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    words = {404: "alamat ini tidak ada", 405: "metode ini tidak berlaku bagi alamat ini"}
    known = error.detail if error.detail not in ("Not Found", "Method Not Allowed") else words[error.status_code]
    return problem(error.status_code, known, headers=error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is registered for
    told = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    return problem(400, "parameter tidak sesuai: " + "; ".join(told), problems=told)
