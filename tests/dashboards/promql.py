"""Reads as much of a PromQL expression as the rules of the boards need: names, matchers, ranges."""

from __future__ import annotations

import re
from typing import NamedTuple

_HIDDEN = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]')
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?(\[[^\]]*\])?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_INSIDE = re.compile(r"(\w+)\($")


class Matcher(NamedTuple):
    """``label op "value"`` in braces."""

    label: str
    op: str
    value: str


class Selector(NamedTuple):
    """A series with its matchers, the window of a range vector, and the function right around it."""

    name: str
    matchers: tuple[Matcher, ...]
    window: str
    function: str


def selectors(expr: str) -> list[Selector]:
    """Return the series that an expression names: words that begin with nadi_, or ALERTS."""
    bare = _GROUPING.sub(lambda found: " " * len(found.group()), expr)
    found = []
    for match in _SELECTOR.finditer(bare):
        name, braces, window = match.group(1), match.group(2) or "", match.group(3) or ""
        if name.startswith("nadi_") or name == "ALERTS":
            around = _INSIDE.search(bare[: match.start()])
            matchers = tuple(Matcher(*item) for item in _MATCHER.findall(braces))
            found.append(Selector(name, matchers, window.strip("[]"), around.group(1) if around else ""))
    return found


def grouped(expr: str) -> set[str]:
    """Return the labels in by (…), on (…) and the like."""
    return {name.strip() for _, names in _GROUPING.findall(expr) for name in names.split(",") if name.strip()}


def words(expr: str) -> set[str]:
    """Return functions, operators and names, without what stands in quotes, braces or brackets."""
    return set(re.findall(r"[a-zA-Z_]\w*", _HIDDEN.sub(" ", expr)))
