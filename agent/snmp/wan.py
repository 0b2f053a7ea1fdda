"""Which interface of a device looks like its line to the WAN: a suggestion for the person who registers the link."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from agent.snmp.interfaces import Interface
from agent.snmp.values import Oid, Value

_ROUTE: Oid = (1, 3, 6, 1, 2, 1, 4, 21, 1, 2, 0, 0, 0)
_CIDR: Oid = (1, 3, 6, 1, 2, 1, 4, 24, 4, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0)
_INET: Oid = (1, 3, 6, 1, 2, 1, 4, 24, 7, 1, 7, 1, 4, 0, 0, 0, 0, 0)
DEFAULT_ROUTES = (_INET, _CIDR, _ROUTE)
"""Where a device tells the interface of its default route: by RFC 4292 (two tables), by RFC 1213."""

_NAMES = re.compile(r"wan|uplink|internet|isp|pppoe|astinet|metro|hulu|lte", re.IGNORECASE)
_LOOPBACK, _BRIDGE = 24, 209


def default_indexes(walked: Mapping[Oid, Mapping[Oid, Value]]) -> set[int]:
    """Return the ifIndexes of the default routes from the answers to ``DEFAULT_ROUTES``."""
    found = set()
    for column, rows in walked.items():
        for index, value in rows.items():
            if isinstance(value.value, int) and value.value > 0 and (column != _ROUTE or index == (0,)):
                found.add(value.value)
    return found


def likely(interfaces: Sequence[Interface], routes: Container[int]) -> tuple[Interface, str] | None:
    """Return the interface that looks like the WAN, and why; None where nothing speaks for one."""
    able = [one for one in interfaces if one.type not in (_LOOPBACK, _BRIDGE) and one.oper == "up"]
    routed = [one for one in able if one.index in routes]
    if routed:
        return routed[0], "the default route leaves by it"
    named = [one for one in able if any(text and _NAMES.search(text) for text in (one.name, one.alias, one.descr))]
    if named:
        return named[0], "its name says so"
    busy = max(able, key=lambda one: one.receive or 0, default=None)
    if busy is None or not busy.receive:
        return None
    return busy, "it has received the most octets; check this"
