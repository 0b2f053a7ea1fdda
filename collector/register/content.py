"""The content of a record: its dataclass as plain JSON, and back, strictly.

Days are ``YYYY-MM-DD``, instants ISO 8601 with an offset; a local time without one is not accepted.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from agent.config import ConfigError, Decoder

T = TypeVar("T")


class ContentError(Exception):
    """Content that does not fit its form; each of ``problems`` names the field."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def plain(form: Any) -> dict[str, Any]:
    """Return a form as JSON values."""
    return {name: plain_value(value) for name, value in asdict(form).items()}


def plain_value(value: Any) -> Any:
    """Return one value as JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    return value


def content(cls: type[T], table: Mapping[str, Any]) -> T:
    """Return JSON values as the dataclass ``cls``; ContentError names every field that does not fit."""
    try:
        return Decoder("", "").table(cls, _fields(cls, table), "")
    except ConfigError as error:
        raise ContentError(*(line.removeprefix(": ") for line in str(error).splitlines())) from error


def _fields(cls: type[Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with their times as times; null is the same as not given."""
    hints = typing.get_type_hints(cls)
    return {name: _timed(hints.get(name), value) for name, value in table.items() if value is not None}


def _timed(hint: Any, value: Any) -> Any:
    """Return a value with its texts of time as times, as deep as ``hint`` goes; what is none stays a text."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        return _timed(inner[0], value)
    if typing.get_origin(hint) is tuple and isinstance(value, list | tuple):
        return [_timed(typing.get_args(hint)[0], item) for item in value]
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return _fields(hint, value)
    if hint in (date, datetime) and isinstance(value, str):
        return _time(hint, value)
    return value


def _time(hint: type[Any], text: str) -> Any:
    try:
        found = hint.fromisoformat(text)
    except ValueError:
        return text
    return text if hint is datetime and found.tzinfo is None else found


def utc_ns(moment: datetime) -> int:
    """Return the UTC nanoseconds of an instant, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
