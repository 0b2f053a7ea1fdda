"""A register's form as JSON Schema (as OpenAPI 3.0 has it) and an example of it: one description for every reader.

What it says is what ``content.content`` takes: nothing more, nothing else.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from typing import Any

from collector.register.field_words import EXAMPLES, WORDS
from collector.register.filling import MOST_ITEMS
from collector.register.kinds import Kind

MOST_TEXT = 2000
_PLAIN: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64", "minimum": -(2**53 - 1), "maximum": 2**53 - 1},
    float: {"type": "number"},
    str: {"type": "string", "maxLength": MOST_TEXT},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}


def schema(form: type[Any], *, names: Iterable[str] | None = None, whole: bool = False) -> dict[str, Any]:
    """Return the schema of a form, or of some of its fields, all of which are then required (also with ``whole``)."""
    wanted = None if names is None else set(names)
    hints = typing.get_type_hints(form)
    chosen = [item for item in fields(form) if wanted is None or item.name in wanted]
    required = [item.name for item in chosen if whole or names is not None or not _has_default(item)]
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: {**_described(item.name), **_schema(hints[item.name], whole)} for item in chosen},
    }
    for item in chosen:
        if not whole and _has_default(item):
            shown = found["properties"][item.name]
            shown["nullable"] = True  # null is the same as not given
            if "enum" in shown:
                shown["enum"] = [*shown["enum"], None]
    return {**found, "required": required} if required else found


def example(kind: Kind, *, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return an example of a form as it is brought at the opening, or of the fields that a step sets."""
    wanted = names if names is not None else (item.name for item in fields(kind.form) if item.name not in kind.later)
    return {name: EXAMPLES.get((kind.name, name), WORDS[name][1]) for name in wanted}


def opening(kind: Kind) -> dict[str, Any]:
    """Return the schema of what is brought at the opening: without what a later step or the book fills in."""
    later = kind.later
    found = schema(kind.form)
    found["properties"] = {name: item for name, item in found["properties"].items() if name not in later}
    return found


def _described(name: str) -> dict[str, Any]:
    return {"description": WORDS[name][0]} if name in WORDS else {}


def _has_default(item: Field[Any]) -> bool:
    return item.default is not MISSING or item.default_factory is not MISSING


def _schema(hint: Any, whole: bool) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (only,) = (item for item in inner if item is not type(None))
        return {**_schema(only, whole), "nullable": True}
    if origin is typing.Literal:
        return {"type": "string", "enum": list(inner)}
    if origin is tuple:
        return {"type": "array", "maxItems": MOST_ITEMS, "items": _schema(inner[0], whole)}
    if is_dataclass(hint) and isinstance(hint, type):
        return schema(hint, whole=whole)
    return dict(_PLAIN[hint])
