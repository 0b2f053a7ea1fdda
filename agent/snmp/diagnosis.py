"""Why a device gives no readings, in words that tell an administrator what to look at."""

from __future__ import annotations

import socket
from typing import Literal

from agent.snmp.address import address_of
from agent.snmp.engine import Engine
from agent.snmp.errors import AuthenticationFailed, SnmpError, TimedOut, Unreachable
from agent.snmp.interfaces import UPTIME
from agent.snmp.session import Community, Target, get
from agent.snmp.usm import UsmUser

Reached = Literal["answers", "closed", "silent"]
_PATIENCE_S = 1.0

_REFUSALS = {
    "unknownUserNames": "the device does not know this SNMPv3 user; compare the user's name",
    "wrongDigests": "the device knows the SNMPv3 user, but auth_password or auth (the protocol) is wrong",
    "decryptionErrors": "auth is right, but privacy_password or privacy (the protocol) is wrong",
    "unsupportedSecLevels": "the device does not allow this user at this level: auth or privacy is missing or too much",
    "notInTimeWindows": "the device's SNMPv3 clock does not stand; restart its SNMP service",
    "unknownContexts": "the device does not know this context",
    "unavailableContexts": "the device does not serve this context now",
}


def reach(target: Target) -> Reached:
    """Tell whether anything answers SNMP there: an SNMPv3 discovery needs no credential (RFC 3414 §4)."""
    probe = Target(host=target.host, port=target.port, credential=UsmUser("nadi"), timeout_s=_PATIENCE_S, retries=1)
    with Engine() as engine:
        [outcome] = engine.run([get(probe, [UPTIME])])
    if outcome.error is None or not isinstance(outcome.error, TimedOut | Unreachable):
        return "answers"
    return "closed" if _refused(target) else "silent"


def _refused(target: Target) -> bool:
    """Tell whether the host says that nothing listens on the port (ICMP port unreachable)."""
    family, address, _ = address_of(target.host, target.port)
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_PATIENCE_S)
        try:
            probe.connect(address)
            probe.send(b"\x30\x00")
            probe.recv(1)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def explain(target: Target, error: SnmpError) -> str:
    """Return what is wrong and what to do; asks the device once more where it was silent."""
    if isinstance(error, AuthenticationFailed):
        told = _REFUSALS.get(error.reason, "the device refused the SNMPv3 login")
        return f"login refused ({error.reason}): {told}"
    if not isinstance(error, TimedOut):
        return str(error)
    return f"{error}: {_silence(isinstance(target.credential, Community), reach(target), target.port)}"


def _silence(by_community: bool, reached: Reached, port: int) -> str:
    if reached == "closed":
        return f"nothing listens on UDP port {port} there; SNMP is off, or has another port"
    if reached == "answers" and by_community:
        return (
            "the device does answer SNMP, but not this community: it is wrong, "
            "or the device takes it from other addresses only"
        )
    if reached == "answers":
        return (
            "the device does answer SNMPv3, but is silent to this user: privacy_password or privacy is wrong "
            "(such requests are dropped without a word), or the context is"
        )
    if by_community:
        return (
            "silence: a firewall or access list blocks it, SNMP is off, or the community is wrong "
            "(SNMPv2c never tells a wrong community)"
        )
    return "silence, though a wrong SNMPv3 login would be told: a firewall or access list blocks it, or SNMP is off"
