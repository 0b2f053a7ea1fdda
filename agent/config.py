"""Strict TOML into frozen dataclasses.

Each option is declared once, as a field of the dataclass beside its user. What the file has and the
dataclass has not is an error that names the file, the path of the key and the keys that would do.
"""

from __future__ import annotations

import re
import tomllib
import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class ConfigError(Exception):
    """A configuration that cannot be used; each line of the message names file, place and mend."""


def load(cls: type[T], path: Path) -> T:
    """Read ``path`` as TOML and return it as ``cls``; raise ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    return loads(cls, text, source=str(path))


def loads(cls: type[T], text: str, *, source: str) -> T:
    """Decode TOML ``text`` as ``cls``; ``source`` names it in errors."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from error
    return Decoder(source, text).table(cls, table, "")


class Decoder:
    """Turns parsed TOML into dataclasses; ``source`` and ``text`` say where, all that is wrong is told at once."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._lines = text.splitlines()

    def fail(self, path: str, message: str) -> ConfigError:
        """Return the error ``file:line: path: message`` for the caller to raise."""
        line = self._line_of(path)
        where = f"{self._source}:{line}" if line else self._source
        return ConfigError(f"{where}: {path or 'top level'}: {message}")

    def _line_of(self, path: str) -> int:
        """Find the line of a dotted path, or of the innermost table above it that stands in the file; 0 if none."""
        line, dotted = 0, ""
        for part in path.split("."):
            name, _, index = part.partition("[")
            skip = int(index.rstrip("]")) if index else 0
            dotted = f"{dotted}.{name}" if dotted else name
            header = re.compile(rf"\s*\[+\s*{re.escape(dotted)}\s*\]")
            found = [i for i in range(line, len(self._lines)) if header.match(self._lines[i])]
            if len(found) <= skip:
                at = self._key_line(name, line)
                return self._item_line(at, skip) if index else at
            line = found[skip] + 1
        return line

    def _key_line(self, name: str, table: int) -> int:
        """Find a key in the table whose header is line ``table`` (0: before the first); else that line."""
        key = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
        for i in range(table, len(self._lines)):
            if key.match(self._lines[i]):
                return i + 1
            if self._lines[i].lstrip().startswith("["):
                break
        return table

    def _item_line(self, at: int, skip: int) -> int:
        """Find an inline table of the list that begins in line ``at``, where they stand one on a line; else ``at``."""
        for i in range(at, len(self._lines)):
            if self._lines[i].startswith("]"):
                break
            if self._lines[i].lstrip().startswith("{"):
                if skip == 0:
                    return i + 1
                skip -= 1
        return at

    def table(self, cls: type[T], table: dict[str, Any], path: str) -> T:
        """Return ``table``, which stands at ``path``, as ``cls``; raise ConfigError with every problem."""
        hints = typing.get_type_hints(cls)
        known: dict[str, Field[Any]] = {f.name: f for f in fields(cls) if f.init}  # type: ignore[arg-type]
        values: dict[str, Any] = {}
        problems: list[str] = []
        for key, value in table.items():
            here = f"{path}.{key}" if path else key
            try:
                if key not in known:
                    import difflib  # only mistakes need it, and the resident agent counts its memory

                    near = difflib.get_close_matches(key, known, n=1)
                    mend = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
                    raise self.fail(here, f"unknown key; {mend}")
                values[key] = self.value(hints[key], value, here)
            except ConfigError as error:
                problems.append(str(error))
        for name, option in known.items():
            if name not in table and option.default is MISSING and option.default_factory is MISSING:
                problems.append(str(self.fail(f"{path}.{name}" if path else name, "is required and not set")))
        if problems:
            raise ConfigError("\n".join(problems))
        try:
            return cls(**values)
        except ValueError as error:
            raise self.fail(path, str(error)) from error

    def value(self, hint: Any, value: Any, path: str) -> Any:
        """Return ``value`` as the annotation ``hint`` asks; of a union, the member of its type, else the first."""
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            inner = [a for a in args if a is not type(None)]
            return self.value(next((a for a in inner if a is type(value)), inner[0]), value, path)
        if origin is tuple:
            if not isinstance(value, list):
                raise self.fail(path, f"must be a list, not {type(value).__name__}")
            return tuple(self.value(args[0], item, f"{path}[{i}]") for i, item in enumerate(value))
        if origin is dict:
            if not isinstance(value, dict):
                raise self.fail(path, f"must be a table, not {type(value).__name__}")
            return {key: self.value(args[1], item, f"{path}.{key}") for key, item in value.items()}
        if origin is typing.Literal:
            if value not in args:
                raise self.fail(path, f"{value!r} is not one of {', '.join(map(repr, args))}")
            return value
        return self._scalar(hint, value, path)

    def _scalar(self, hint: Any, value: Any, path: str) -> Any:
        if is_dataclass(hint) and isinstance(hint, type):
            if not isinstance(value, dict):
                raise self.fail(path, f"must be a table, not {type(value).__name__}")
            return self.table(hint, value, path)
        if hint is Path and isinstance(value, str):
            return Path(value)
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if hint is not object and (not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool)):
            raise self.fail(path, f"must be {hint.__name__}, not {type(value).__name__} ({value!r})")
        return value


def between(what: str, value: float, least: float, most: float) -> None:
    """Raise ValueError when an option is out of its range."""
    if not least <= value <= most:
        raise ValueError(f"{what} must be between {least:g} and {most:g}, not {value:g}")
