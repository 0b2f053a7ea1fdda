"""The filter ``to_toml``: variables of the inventory as the TOML that Nadi's programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"to_toml": to_toml}


def to_toml(table: dict[str, Any]) -> str:
    """Return a table as TOML 1.0, values before sub-tables; ValueError for what TOML has no form of."""
    return "\n".join(_table(table, ())) + "\n"


def _table(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table whose header stands above already."""
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value, (*path, key))}"
    for key, value in table.items():
        here = (*path, key)
        dotted = ".".join(map(_key, here))
        for item in value if _is_tables(value) else [value] if _is_table(value) else []:
            yield ""
            yield f"[[{dotted}]]" if _is_tables(value) else f"[{dotted}]"
            yield from _table(item, here)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))


def _key(name: object) -> str:
    return str(name) if _BARE.fullmatch(str(name)) else _text(str(name))


def _text(value: str) -> str:
    # JSON's escapes are TOML's too, but for the pairs that stand for letters beyond 16 bits, and DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object, path: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, int | float):
        return repr(value + 0)  # Ansible's own subclasses show more than the number
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_value(item, path) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_value(item, (*path, key))}' for key, item in value.items())} }}"
    raise ValueError(f"{'.'.join(map(str, path))}: TOML has no form of {value!r}; leave the key out")
