"""What can go wrong with one device; no message holds a credential."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.snmp.values import Oid, Value

STATUS = (
    *("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength"),
    *("wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed"),
    *("undoFailed", "authorizationError", "notWritable", "inconsistentName"),
)
"""The names of error-status by number (RFC 3416 §3)."""


class SnmpError(Exception):
    """Say why a device gave no values; the device of the next line is not concerned.

    ``rows`` are what a walk that it ended had read in full, by column and index.
    """

    rows: Mapping[Oid, Mapping[Oid, Value]] = MappingProxyType({})


class TimedOut(SnmpError):
    """No believable answer came: a wrong community or context, a blocked port, a device that is off."""


class Unreachable(SnmpError):
    """This machine could not even send: no route, a local firewall."""


class AuthenticationFailed(SnmpError):
    """The device refused an SNMPv3 login with a report (RFC 3414 §3.2); ``reason`` is its name, as ``wrongDigests``."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ErrorStatus(SnmpError):
    """The device answered with an error-status (RFC 3416 §3); ``index`` counts the asked names from 1, 0 is none."""

    def __init__(self, message: str, status: int, index: int) -> None:
        super().__init__(message)
        self.status = status
        self.index = index


class NotIncreasing(SnmpError):
    """A name came that does not follow the one before: the walk would never end (RFC 3416 §4.2.2)."""


class TooMuch(SnmpError):
    """A cap was reached: the rows of a column or the time of a device."""


class BadReply(SnmpError):
    """The answer is well-formed and belongs to us, and is not an answer to what was asked."""


class Unsupported(SnmpError):
    """This installation cannot do what the credential asks."""


def status_name(status: int) -> str:
    """Return the name of an error-status."""
    return STATUS[status] if 0 <= status < len(STATUS) else f"error-status {status}"
